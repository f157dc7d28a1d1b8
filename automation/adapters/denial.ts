/** What AWS says when somebody may not do something, and which of the package's policies would let them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Denial {
  /** ARN of the user or the role's session; null: not said. */
  readonly who: string | null;
  /** `eks:DescribeCluster` */
  readonly action: string;
  readonly resource: string | null;
  /** A policy forbids it; another one that allows it would not help. */
  readonly explicit: boolean;
}

const said =
  /User: (?<who>arn:aws[\w-]*:(?:iam|sts)::\d{12}:\S+) is not authorized to perform: (?<action>[\w-]+:\w+)(?: on resource: (?<resource>\S+))?(?<explicit>[^\n]*? with an explicit deny)?/;

/** null: the text speaks of no denial of AWS. */
export function denialIn(text: string): Denial | null {
  const found = said.exec(text)?.groups;
  if (found?.["action"] === undefined) return null;
  return {
    who: found["who"] ?? null,
    action: found["action"],
    resource: found["resource"] ?? null,
    explicit: found["explicit"] !== undefined,
  };
}

/** What a person can read of AWS's words: the encoded rest says nothing. */
export const readable = (text: string): string => text.replace(/\.? Encoded authorization failure message: \S+/, "");

interface Statement {
  readonly Effect: string;
  readonly Action?: string | readonly string[];
}

/** dist/automation/adapters, or automation/adapters under ts-node: the package's folder is three or two up. */
function policiesFolder(): string | null {
  const folders = ["../../..", "../.."].map((up) => join(__dirname, up, "policies"));
  return folders.find((folder) => existsSync(join(folder, "look.json"))) ?? null;
}

/** Names of the package's policies that allow the action, on whatever resource. */
export function policiesWith(action: string): readonly string[] {
  const folder = policiesFolder();
  if (folder === null) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json") && name !== "ci-trust.json" && !name.startsWith("controller-"))
    .filter((name) => {
      const { Statement } = JSON.parse(readFileSync(join(folder, name), "utf8")) as {
        readonly Statement: readonly Statement[];
      };
      return Statement.some(({ Effect, Action }) => Effect === "Allow" && [Action].flat().includes(action));
    });
}

/** What to do about it: which permission, on what, for whom, and where it is written. */
export function denialRemedy({ who, action, resource, explicit }: Denial): string {
  const missing = `${action}${resource === null ? "" : ` on ${resource}`}`;
  const whom = who ?? "the identity that aws sts get-caller-identity shows";
  if (explicit)
    return `a policy denies ${missing} to ${whom}: that statement has to go, then run the same command again`;
  const files = policiesWith(action).map((name) => `policies/${name}`);
  const where =
    files.length > 0
      ? `${files.join(" and ")} of the package ${files.length === 1 ? "has" : "have"} it, for the names and tags of its environment`
      : "no policy of the package has it, so it is for something of your own";
  return `allow ${missing} to ${whom} (${where}), then run the same command again`;
}
