/** What a policy document permits: Effect, Action, Resource and those conditions that our documents use. */

interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Action: string | readonly string[];
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
  readonly context?: Readonly<Record<string, string>>;
}

const listed = (value: string | readonly string[]): readonly string[] => (typeof value === "string" ? [value] : value);
const like = (pattern: string, value: string, flags = ""): boolean =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replace(/\*/g, "[^]*")
      .replace(/\?/g, "[^]")}$`,
    flags,
  ).test(value);

type Operator = (actual: string | undefined, wanted: readonly string[]) => boolean;
const operators: Readonly<Record<string, Operator>> = {
  StringEquals: (actual, wanted) => actual !== undefined && wanted.includes(actual),
  StringNotEquals: (actual, wanted) => actual === undefined || !wanted.includes(actual),
  StringEqualsIfExists: (actual, wanted) => actual === undefined || wanted.includes(actual),
  StringLike: (actual, wanted) => actual !== undefined && wanted.some((pattern) => like(pattern, actual)),
  ArnLike: (actual, wanted) => actual !== undefined && wanted.some((pattern) => like(pattern, actual)),
  // Of keys with several values tests give one.
  "ForAllValues:StringLike": (actual, wanted) =>
    actual === undefined || wanted.some((pattern) => like(pattern, actual)),
  Null: (actual, wanted) => wanted.includes(String(actual === undefined)),
};

function holds(conditions: Statement["Condition"], context: Readonly<Record<string, string>>): boolean {
  return Object.entries(conditions ?? {}).every(([name, keys]) => {
    const operator = operators[name];
    // A condition that is passed over would make a test see more or less than AWS does.
    if (operator === undefined) throw new Error(`the condition operator ${name} is not known here`);
    return Object.entries(keys).every(([key, wanted]) => operator(context[key], listed(wanted)));
  });
}

/** Denials win; what nothing allows is denied. */
export function permits(
  documents: readonly PolicyDocument[],
  { action, resource = "*", context = {} }: Request,
): boolean {
  const applying = documents
    .flatMap(({ Statement }) => Statement)
    .filter(
      (statement) =>
        listed(statement.Action).some((pattern) => like(pattern, action, "i")) &&
        listed(statement.Resource ?? "*").some((pattern) => like(pattern, resource)) &&
        holds(statement.Condition, context),
    );
  return applying.some(({ Effect }) => Effect === "Allow") && !applying.some(({ Effect }) => Effect === "Deny");
}
