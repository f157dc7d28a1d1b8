/** What the engine says when it fails, as errors with a code and a remedy. */
import { FENCED } from "../../../../stacks/contract";
import { DriverError, type DriverErrorCode } from "../../../errors";
import { saysCredentials } from "../../credential-errors";
import { denialIn, denialRemedy, readable } from "../../denial";

export interface LockHolder {
  readonly user: string;
  readonly host: string;
  readonly pid: number;
  readonly since: string;
}

/** From the file backend's message: `created by user@host (pid 123) at 2026-…`. */
export function lockHolder(text: string): LockHolder | null {
  const match = /created by (\S+?)@(\S+) \(pid (\d+)\) at (\S+)/.exec(text);
  return match === null
    ? null
    : { user: match[1] ?? "", host: match[2] ?? "", pid: Number(match[3]), since: match[4] ?? "" };
}

const ownCodes: readonly DriverErrorCode[] = [
  "EBG-CONFIG",
  "EBG-RECORD-LOST",
  "EBG-RECORD-INVALID",
  "EBG-PENDING-CHANGES",
  "EBG-UNKNOWN-STACK",
  "EBG-PLAN-IMPOSSIBLE",
  "EBG-STOPPED",
  "EBG-FOREIGN-STACK",
];

/** Lines that say nothing about the cause. */
const noise =
  /^(\s*$|(?! {2}- \S) *-+ |Updating|Previewing|Destroying|Resources:|Duration:|Diagnostics:|code: |stdout:|stderr:|err\?:| *@ |error: update failed|error: preview failed|(update|preview|destroy) failed$|.*warning:)/;
export function gist(text: string, most = 12): string {
  const lines = text
    .replace(/\u001b\[[0-9;]*m/g, "")
    .split("\n")
    .map((line) => line.trimEnd().replace(/^Unhandled exception: (Error: )?/, ""))
    .filter((line) => !noise.test(line));
  // A list's lines belong to the error above them: a config's problems are told there, and the error alone only counts
  // them.
  const errors = lines.filter((line) => /^ {2}- \S|error|fail|EBG-|denied|refused|unreachable|\bEOF\b/i.test(line));
  return (
    [...new Set((errors.length > 0 ? errors : lines).map((line) => line.trim()))].slice(0, most).join("\n") ||
    "no message"
  );
}

export class LockedError extends DriverError {
  constructor(
    stack: string,
    readonly holder: LockHolder | null,
    cause: unknown,
  ) {
    const by =
      holder === null ? "another update" : `${holder.user}@${holder.host} (pid ${holder.pid}) since ${holder.since}`;
    super(
      "EBG-STACK-LOCKED",
      `stack ${stack} is locked by ${by}`,
      `wait for it to end; if it is gone for certain: pulumi cancel --stack ${stack}`,
      cause,
    );
  }
}

/** `diagnostics`: the engine's error diagnostics, which are cleaner than its output. */
export function failureOf(stack: string, action: string, error: unknown, diagnostics: readonly string[]): DriverError {
  if (error instanceof DriverError) return error;
  const raw = error instanceof Error ? error.message : String(error);
  const text = `${diagnostics.join("\n")}\n${raw}`;
  if (/currently locked by|\[409\] Conflict: Another update/.test(text))
    return new LockedError(stack, lockHolder(text), error);
  if (text.includes(FENCED)) {
    return new DriverError(
      "EBG-FENCED",
      `${stack}: somebody else has moved on: ${gist(diagnostics.join("\n") || raw, 3)}`,
      "look at eks-blue-green status; if no other driver runs, run the same command again",
      error,
    );
  }
  if (/no stack named/.test(text))
    return new DriverError(
      "EBG-UNKNOWN-STACK",
      `there is no stack ${stack}`,
      `pulumi stack ls; a new environment begins with: eks-blue-green up --stack ${stack}`,
      error,
    );
  if (/spawn pulumi ENOENT/.test(raw))
    return new DriverError(
      "EBG-TOOL-MISSING",
      "the pulumi command is not on PATH",
      "install Pulumi (https://www.pulumi.com/docs/install/), or run inside a sandbox's environment",
      error,
    );
  if (/incorrect passphrase|passphrase must be set|get stack secrets provider|no credentials/i.test(text)) {
    return new DriverError(
      "EBG-CREDENTIALS",
      `Pulumi refuses: ${gist(raw, 3)}`,
      "set PULUMI_CONFIG_PASSPHRASE (or log in: pulumi login), then run the same command again",
      error,
    );
  }
  // What a webhook answers is about the controller's own permissions.
  const denial = denialIn(
    text
      .split("\n")
      .filter((line) => !/admission webhook|failed calling webhook/.test(line))
      .join("\n"),
  );
  if (saysCredentials(text)) {
    const said = readable(gist(diagnostics.filter(saysCredentials).join("\n") || raw, 3));
    return new DriverError(
      "EBG-CREDENTIALS",
      `${action} of ${stack} was refused for its credentials: ${said}`,
      denial !== null
        ? denialRemedy(denial)
        : "renew them (aws sts get-caller-identity shows whose they are; pulumi login for the backend), then run the " +
            "same command again: it goes on where this one stopped",
      error,
    );
  }
  const own = ownCodes.find((code) => text.includes(code));
  // The engine's own last diagnostic only says that it failed. An update that ended early violates its plan by
  // everything that it did not come to:
  // a consequence, and a dozen lines that hide the cause. Alone, it is the cause.
  const words = diagnostics.filter((line) => !/^(update|preview|destroy) failed$/.test(line));
  const causes = words.filter((line) => !/^expected resource operations for .* but none were seen$/.test(line));
  const telling = causes.length > 0 ? causes : words;
  const message = gist(telling.length > 0 ? telling.join("\n") : raw);
  if (own !== undefined)
    return new DriverError(own, message.replace(`${own}: `, ""), "the message says what to do", error);
  return new DriverError(
    "EBG-UPDATE-FAILED",
    `${action} of ${stack} failed: ${message}`,
    denial !== null
      ? denialRemedy(denial)
      : `pulumi preview --stack ${stack} shows the same; then run the same command again`,
    error,
  );
}
