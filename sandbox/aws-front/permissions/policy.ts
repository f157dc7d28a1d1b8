/** What policy documents say of one action on one resource: IAM's evaluation, of documents that a principal has. */
import { AwsError } from "../aws-error";
import { type Conditions, type Context, holds, like } from "./conditions";

interface Statement {
  readonly allows: boolean;
  readonly actions: readonly string[];
  readonly notActions: readonly string[] | null;
  readonly resources: readonly string[];
  readonly notResources: readonly string[] | null;
  readonly conditions: Conditions;
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
  const statements = (document as { readonly Statement?: unknown } | null)?.Statement ?? [];
  return (Array.isArray(statements) ? statements : [statements]).map((raw: unknown) => {
    const one = raw as Readonly<Record<string, unknown>>;
    return {
      allows: one["Effect"] === "Allow",
      actions: listed(one["Action"]),
      notActions: one["NotAction"] === undefined ? null : listed(one["NotAction"]),
      resources: listed(one["Resource"]),
      notResources: one["NotResource"] === undefined ? null : listed(one["NotResource"]),
      conditions: (one["Condition"] ?? {}) as Conditions,
    };
  });
}

/** Puts values of the request in for `${aws:username}` and its like; null when the request has none. */
function filler(context: Context): (text: string) => string | null {
  return (text) => {
    if (!text.includes("${")) return text;
    let known = true;
    const filled = text.replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => {
      if (name === "*" || name === "?" || name === "$") return name;
      const value = context[name.toLowerCase()]?.[0];
      known &&= value !== undefined;
      return value ?? "";
    });
    return known ? filled : null;
  };
}

function applies(statement: Statement, { action, resource, context }: Question): boolean {
  const named = (pattern: string): boolean => like(pattern, action, "i");
  const acts = statement.notActions === null ? statement.actions.some(named) : !statement.notActions.some(named);
  if (!acts) return false;
  const fill = filler(context);
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
