/** The conditions of a policy's statement, with the operators of IAM's language. */
import { contains } from "../cidr";
import { AwsError } from "../aws-error";

/** Values of a request's condition keys, by the key in lower case. What AWS does not know of the request is absent. */
export type Context = Readonly<Record<string, readonly string[]>>;
/** `{"StringEquals": {"aws:RequestTag/team": ["a", "b"]}}` */
export type Conditions = Readonly<Record<string, Readonly<Record<string, string | boolean | readonly string[]>>>>;

/** Keys that the sandbox tells of a request; of any other it does not know whether AWS would have it. */
const knownKeys = new RegExp(
  "^(aws:(username|principalarn|principalaccount|resourceaccount|requestedregion|securetransport|sourceip|" +
    "currenttime|tagkeys)|aws:(principaltag|requesttag|resourcetag)/.+|(ec2|elasticloadbalancing|eks):resourcetag/.+|" +
    "(ec2|elasticloadbalancing):createaction|iam:(passedtoservice|awsservicename|policyarn|permissionsboundary))$",
  "i",
);

/** What a policy asks of the request. @throws AwsError: a key that is taken for absent would make a denial pass */
export function keyOf(name: string): string {
  if (knownKeys.test(name)) return name.toLowerCase();
  throw new AwsError("InternalFailure", `The sandbox does not know a policy's condition key ${name}`, 500);
}

/** Characters that policies can't have, for `${*}` and its like: a wildcard's sign that is none. */
const literals: Readonly<Record<string, string>> = { "*": "\ue000", "?": "\ue001" };
export const literal = (text: string): string => text.replaceAll(/[*?]/g, (sign) => literals[sign] ?? sign);
const plainText = (text: string): string => text.replaceAll("\ue000", "*").replaceAll("\ue001", "?");

const patterns = new Map<string, RegExp>();

/** IAM's wildcards: `*` for any text, `?` for one character. What went through `literal` stands for itself. */
export function like(pattern: string, value: string, flags = ""): boolean {
  const key = `${flags}/${pattern}`;
  let known = patterns.get(key);
  if (known === undefined) {
    const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&");
    const signs = escaped.replaceAll(/\*+/g, "[^]*").replaceAll("?", "[^]");
    known = new RegExp(`^${signs.replaceAll("\ue000", "\\*").replaceAll("\ue001", "\\?")}$`, flags);
    // Policy variables make patterns without end.
    if (patterns.size > 5_000) patterns.clear();
    patterns.set(key, known);
  }
  return known.test(value);
}

/** Part by part: a wildcard stands for what is between two colons. */
function arnLike(pattern: string, value: string): boolean {
  const [wanted, given] = [split(pattern), split(value)];
  return wanted.length === given.length && wanted.every((part, index) => like(part, given[index] ?? ""));
}
const split = (arn: string): string[] => {
  const parts = arn.split(":");
  return [...parts.slice(0, 5), parts.slice(5).join(":")];
};

type Compare = (given: string, wanted: string) => boolean;
const number =
  (compare: (a: number, b: number) => boolean): Compare =>
  (given, wanted) =>
    compare(Number(given), Number(wanted));
const time = (text: string): number => (/^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text));
const date =
  (compare: (a: number, b: number) => boolean): Compare =>
  (given, wanted) =>
    compare(time(given), time(wanted));
const inRange: Compare = (given, wanted) => contains(wanted.includes("/") ? wanted : `${wanted}/32`, given);

/** Those that are true when one of the statement's values fits. */
const comparisons: Readonly<Record<string, Compare>> = {
  StringEquals: (given, wanted) => given === wanted,
  StringEqualsIgnoreCase: (given, wanted) => given.toLowerCase() === wanted.toLowerCase(),
  StringLike: (given, wanted) => like(wanted, given),
  ArnEquals: (given, wanted) => arnLike(wanted, given),
  ArnLike: (given, wanted) => arnLike(wanted, given),
  Bool: (given, wanted) => given.toLowerCase() === wanted.toLowerCase(),
  IpAddress: inRange,
  NumericEquals: number((a, b) => a === b),
  NumericLessThan: number((a, b) => a < b),
  NumericLessThanEquals: number((a, b) => a <= b),
  NumericGreaterThan: number((a, b) => a > b),
  NumericGreaterThanEquals: number((a, b) => a >= b),
  DateEquals: date((a, b) => a === b),
  DateLessThan: date((a, b) => a < b),
  DateLessThanEquals: date((a, b) => a <= b),
  DateGreaterThan: date((a, b) => a > b),
  DateGreaterThanEquals: date((a, b) => a >= b),
};
/** Those that are true when none of the values fits, and when the key is absent. */
const negations: Readonly<Record<string, string>> = {
  StringNotEquals: "StringEquals",
  StringNotEqualsIgnoreCase: "StringEqualsIgnoreCase",
  StringNotLike: "StringLike",
  ArnNotEquals: "ArnEquals",
  ArnNotLike: "ArnLike",
  NotIpAddress: "IpAddress",
  NumericNotEquals: "NumericEquals",
  DateNotEquals: "DateEquals",
};

function one(operator: string, given: readonly string[] | undefined, wanted: readonly string[]): boolean {
  const [, set, name = "", ifExists] = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/.exec(operator) ?? [];
  if (name === "Null") return wanted.some((value) => (value.toLowerCase() === "true") === (given === undefined));
  const negated = Object.hasOwn(negations, name);
  const compare = comparisons[negations[name] ?? name];
  // A condition that is passed over would make a run see more or less than AWS does.
  if (compare === undefined || !(Object.hasOwn(comparisons, name) || negated))
    throw new AwsError("InternalFailure", `The sandbox does not know a policy's condition operator ${operator}`, 500);
  if (given === undefined && ifExists !== undefined) return true;
  const like = /Like$|^Arn/.test(name);
  const fits = (value: string): boolean =>
    wanted.some((each) => compare(value, like ? each : plainText(each))) !== negated;
  if (set === "ForAllValues") return (given ?? []).every(fits);
  if (set === "ForAnyValue") return (given ?? []).some(fits);
  if (given === undefined) return negated;
  return negated ? given.every(fits) : given.some(fits);
}

/** `fill` puts the request's values in for policy variables; null: there is none, and nothing can be equal to it. */
export function holds(conditions: Conditions, context: Context, fill: (text: string) => string | null): boolean {
  return Object.entries(conditions).every(([operator, keys]) =>
    Object.entries(keys).every(([key, values]) => {
      const wanted = (Array.isArray(values) ? (values as readonly string[]) : [String(values)])
        .map((value) => fill(String(value)))
        .filter((value): value is string => value !== null);
      return one(operator, context[keyOf(key)], wanted);
    }),
  );
}
