/** What the engine says when it fails, as errors with a code and a remedy. */
import { FENCED } from "../../../../stacks/contract";
import { DriverError, type DriverErrorCode } from "../../../errors";
import { kubectl } from "../../../text/kubectl";
import { saysCredentials } from "../../credential-errors";
import { type Denial, denialIn, denialRemedy, readable } from "../../denial";
import { type Diagnostic, hasCode, type Words, wordsOf } from "./words";

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
  /^(\s*$|(?! {2}- \S) *-+ |Updating|Previewing|Destroying|Resources:|Duration:|Diagnostics:|code: |stdout:|stderr:|err\?:| *@ |error: update failed|error: preview failed|(update|preview|destroy) failed$|\d+ errors? occurred:$|.*warning:)/;
const stackFrame = /^\s+at .+:\d+:\d+\)?$/;

export function gist(text: string, most = 12): string {
  const lines = text
    .replace(/\u001b\[[0-9;]*m/g, "")
    .split("\n")
    .filter((line) => !stackFrame.test(line))
    .map((line) => ({
      isThrown: /^\s*(error: )?Unhandled exception: /.test(line),
      line: line.trimEnd().replace(/^\s*(error: )?Unhandled exception: (Error: )?|^\s*\* /, ""),
    }))
    .filter(({ line }) => !noise.test(line));
  // A list's lines belong to the error above them: a config's problems are told there, and the error alone only counts
  // them.
  const errors = lines.filter(
    ({ isThrown, line }) =>
      isThrown || line.includes("EBG-") || /^ {2}- \S|error|fail|denied|refused|unreachable|\bEOF\b/i.test(line),
  );
  return (
    [...new Set((errors.length > 0 ? errors : lines).map(({ line }) => line.trim()))].slice(0, most).join("\n") ||
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

/** AWS's refusal of what the engine itself, or AWS's provider, asked for. */
function denialOf({ engine, aws }: Words): Denial | null {
  // What a webhook answers is about the controller's own permissions.
  const lines = [...aws, ...engine.filter((line) => !/\bkubernetes:|\bhelm\b/i.test(line))];
  return denialIn(lines.filter((line) => !/admission webhook|failed calling webhook/.test(line)).join("\n"));
}

function credentialsRefused(
  { stack, action }: { readonly stack: string; readonly action: string },
  said: string,
  denial: Denial | null,
  cause: unknown,
): DriverError {
  return new DriverError(
    "EBG-CREDENTIALS",
    `${action} of ${stack} was refused for its credentials: ${readable(gist(said, 3))}`,
    denial !== null
      ? denialRemedy(denial)
      : "renew them (aws sts get-caller-identity shows whose they are; pulumi login for the backend), then run the " +
          "same command again: it goes on where this one stopped",
    cause,
  );
}

/** What the engine itself refuses to do anything for; null: it began. */
function refusedAtOnce(stack: string, raw: string, text: string, words: Words, cause: unknown): DriverError | null {
  const engine = words.engine.join("\n");
  if (/currently locked by|\[409\] Conflict: Another update/.test(engine))
    return new LockedError(stack, lockHolder(`${text}\n${raw}`), cause);
  if (hasCode(words.engine, FENCED)) {
    return new DriverError(
      "EBG-FENCED",
      `${stack}: somebody else has moved on: ${gist(text || raw, 3)}`,
      "look at eks-blue-green status; if no other driver runs, run the same command again",
      cause,
    );
  }
  if (/no stack named/.test(engine))
    return new DriverError(
      "EBG-UNKNOWN-STACK",
      `there is no stack ${stack}`,
      `pulumi stack ls; a new environment begins with: eks-blue-green up --stack ${stack}`,
      cause,
    );
  if (/spawn pulumi ENOENT/.test(engine))
    return new DriverError(
      "EBG-TOOL-MISSING",
      "the pulumi command is not on PATH",
      "install Pulumi (https://www.pulumi.com/docs/install/), or run inside a sandbox's environment",
      cause,
    );
  if (/incorrect passphrase|passphrase must be set|get stack secrets provider|no credentials/i.test(engine)) {
    return new DriverError(
      "EBG-CREDENTIALS",
      `Pulumi refuses: ${gist(raw, 3)}`,
      "set PULUMI_CONFIG_PASSPHRASE (or log in: pulumi login), then run the same command again",
      cause,
    );
  }
  return null;
}

/**
 * The kubernetes provider asks an API server for a dry run in every preview, and the API server asks its webhooks: a
 * preview fails as well while nobody answers for one. Null: that is not what happened.
 */
function webhookRemedy(cluster: string, text: string): string | null {
  const away = /failed calling webhook "([\w.-]{1,253})".{0,200}?https:\/\/([\w-]{1,63})\.([\w-]{1,63})\.svc\b/s.exec(
    text,
  );
  if (away === null) return null;
  const [, webhook = "", service = "", namespace = ""] = away;
  return (
    `see why no pod answers for the webhook ${webhook} (${kubectl(cluster, namespace)} describe service ${service}), ` +
    "then run the same command again"
  );
}

/** `diagnostics`: the engine's error diagnostics, which are cleaner than its output. */
export function failureOf(
  stack: string,
  action: string,
  error: unknown,
  diagnostics: readonly Diagnostic[],
): DriverError {
  if (error instanceof DriverError) return error;
  const raw = error instanceof Error ? error.message : String(error);
  const texts = diagnostics.map(({ text }) => text);
  const words = wordsOf(raw, diagnostics);
  const refused = refusedAtOnce(stack, raw, texts.join("\n"), words, error);
  if (refused !== null) return refused;
  const denial = denialOf(words);
  const sound = [...words.engine, ...words.aws, ...words.others];
  if (saysCredentials(sound.join("\n")))
    return credentialsRefused({ stack, action }, sound.filter(saysCredentials).join("\n"), denial, error);
  const own = ownCodes.find((code) => hasCode(words.engine, code));
  // The engine's own last diagnostic only says that it failed. An update that ended early violates its plan by
  // everything that it did not come to:
  // a consequence, and a dozen lines that hide the cause. Alone, it is the cause.
  const tellings = texts.filter((line) => !/^(update|preview|destroy) failed$/.test(line));
  const causes = tellings.filter((line) => !/^expected resource operations for .* but none were seen$/.test(line));
  const telling = causes.length > 0 ? causes : tellings;
  const message = gist(telling.length > 0 ? telling.join("\n") : raw);
  if (own !== undefined)
    return new DriverError(own, message.replace(`${own}: `, ""), "the message says what to do", error);
  const remedy =
    denial !== null
      ? denialRemedy(denial)
      : (webhookRemedy(stack, [raw, ...texts].join("\n")) ??
        `pulumi preview --stack ${stack} shows the same; then run the same command again`);
  return new DriverError("EBG-UPDATE-FAILED", `${action} of ${stack} failed: ${message}`, remedy, error);
}
