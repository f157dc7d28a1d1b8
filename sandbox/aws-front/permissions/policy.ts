/** What policy documents say of one action on one resource: IAM's evaluation, of documents that a principal has. */
import { AwsError } from "../aws-error";
import { type Conditions, type Context, holds, keyOf, like, literal } from "./conditions";

interface Statement {
  readonly allows: boolean;
  readonly actions: readonly string[];
  readonly notActions: readonly string[] | null;
  readonly resources: readonly string[];
  readonly notResources: readonly string[] | null;
  readonly conditions: Conditions;
  /** Whether `${…}` stands for something: only in documents of the newer version of the language. */
  readonly variables: boolean;
}
export type Policy = readonly Statement[];

/**
 * What one principal may do: what a policy of every layer allows and no policy denies. The layers are its own policies,
 * the boundary when it has one, and the session's policies when it was assumed with any.
 */
export type Layers = readonly (readonly Policy[])[];

export interface Question {
  /** `eks:DescribeCluster` */
  readonly action: string;
  /** An ARN; `*`: the action is about no resource. */
  readonly resource: string;
  readonly context: Context;
}
export type Verdict = "allowed" | "denied" | "not allowed";

const listed = (value: unknown): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value.map(String) : [String(value)];

/** @throws AwsError MalformedPolicyDocument */
export function parsePolicy(text: string): Policy {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new AwsError("MalformedPolicyDocument", "Syntax errors in policy.");
  }
  const { Statement: statements = [], Version } = (document ?? {}) as {
    readonly Statement?: unknown;
    readonly Version?: unknown;
  };
  return (Array.isArray(statements) ? statements : [statements]).map((raw: unknown) => {
    const one = raw as Readonly<Record<string, unknown>>;
    return {
      allows: one["Effect"] === "Allow",
      actions: listed(one["Action"]),
      notActions: one["NotAction"] === undefined ? null : listed(one["NotAction"]),
      resources: listed(one["Resource"]),
      notResources: one["NotResource"] === undefined ? null : listed(one["NotResource"]),
      conditions: (one["Condition"] ?? {}) as Conditions,
      variables: Version === "2012-10-17",
    };
  });
}

/** `${aws:username}`, or with what to take when the request has no such value: `${aws:username, 'nobody'}`. */
const variable = /\$\{\s*([^},']+?)\s*(?:,\s*'([^']*)'\s*)?\}/g;

/** Puts values of the request in for variables; null when the request has none. Signs in them are no wildcards. */
function filler(context: Context): (text: string) => string | null {
  return (text) => {
    let known = true;
    const filled = text.replaceAll(variable, (_, name: string, otherwise: string | undefined) => {
      if (name === "*" || name === "?" || name === "$") return literal(name);
      const value = context[keyOf(name)]?.[0] ?? otherwise;
      known &&= value !== undefined;
      return literal(value ?? "");
    });
    return known ? filled : null;
  };
}
const asItIs = (text: string): string => text;

function applies(statement: Statement, { action, resource, context }: Question): boolean {
  const named = (pattern: string): boolean => like(pattern, action, "i");
  const acts = statement.notActions === null ? statement.actions.some(named) : !statement.notActions.some(named);
  if (!acts) return false;
  const fill = statement.variables ? filler(context) : asItIs;
  const about = (pattern: string): boolean => {
    const filled = fill(pattern);
    return filled !== null && like(filled, resource);
  };
  const fits = statement.notResources === null ? statement.resources.some(about) : !statement.notResources.some(about);
  return fits && holds(statement.conditions, context, fill);
}

/** Denials win; what nothing allows is not allowed. */
export function evaluate(layers: Layers, question: Question): Verdict {
  const applying = layers.map((policies) => policies.flat().filter((statement) => applies(statement, question)));
  if (applying.some((statements) => statements.some(({ allows }) => !allows))) return "denied";
  return applying.every((statements) => statements.some(({ allows }) => allows)) ? "allowed" : "not allowed";
}

/** Whether the answer may depend on the tags of the resource: they are only looked up then. */
export function asksForResourceTags(layers: Layers, action: string): boolean {
  return layers
    .flat(2)
    .some(
      ({ actions, notActions, conditions, resources }) =>
        (notActions !== null || actions.some((pattern) => like(pattern, action, "i"))) &&
        /:resourcetag\//i.test(JSON.stringify([conditions, resources])),
    );
}
