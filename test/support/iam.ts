/** What policy documents permit, as the sandbox evaluates them. */
import { evaluate, parsePolicy } from "../../sandbox/aws-front/permissions/policy";

interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Action: string | readonly string[];
  /** None in a policy of trust: that is about the role that has it. */
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}
export interface PolicyDocument {
  readonly Statement: readonly Statement[];
}

export interface Request {
  readonly action: string;
  /** Default: none that has an ARN, as of a call that lists. */
  readonly resource?: string;
  /** Condition keys that AWS knows for this request; others are absent. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

/** Denials win; what nothing allows is denied. */
export function permits(
  documents: readonly PolicyDocument[],
  { action, resource = "*", context = {} }: Request,
): boolean {
  const known = Object.fromEntries(Object.entries(context).map(([key, value]) => [key.toLowerCase(), [value].flat()]));
  const policies = documents.map(({ Statement }) =>
    parsePolicy(JSON.stringify({ Statement: Statement.map((one) => ({ Resource: "*", ...one })) })),
  );
  return evaluate([policies], { action, resource, context: known }) === "allowed";
}
