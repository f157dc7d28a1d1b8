/** Which kinds of resources an action is about (aws-permissions.json, written by scripts/aws-permissions.py). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../processes/scripts";

export interface ActionFacts {
  /** Kinds of resources; `!` at the end: always one of that kind. None: policies name it with the resource `*`. */
  readonly on: readonly string[];
  readonly keys?: readonly string[];
}
export interface ServiceFacts {
  /** What follows the account in the ARN of each kind. */
  readonly resources: Readonly<Record<string, string>>;
  readonly actions: Readonly<Record<string, ActionFacts>>;
}
let loaded: Readonly<Record<string, ServiceFacts>> | null = null;

export function permissionTable(): Readonly<Record<string, ServiceFacts>> {
  loaded ??= JSON.parse(
    readFileSync(join(packageRoot(), "sandbox/aws-front/permissions/aws-permissions.json"), "utf8"),
  ) as Readonly<Record<string, ServiceFacts>>;
  return loaded;
}

/** The prefix of a service's actions where it is not the name that its requests are signed for. */
const prefixes: Readonly<Record<string, string>> = { monitoring: "cloudwatch" };
export const prefixOf = (service: string): string => prefixes[service] ?? service;

export function factsOf(service: string, operation: string): ActionFacts | null {
  const actions = permissionTable()[prefixOf(service)]?.actions ?? {};
  return Object.hasOwn(actions, operation) ? (actions[operation] ?? null) : null;
}
