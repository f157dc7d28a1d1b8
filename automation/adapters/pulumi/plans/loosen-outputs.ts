/**
 * Outputs that a component makes of resources which don't exist yet (eks.Cluster's `core`) get keys, and references to
 * resources get
 * ids, only during the update. The engine (3.246) accepts any value where a plan has a plain unknown, but calls a
 * violation what was
 * an object with an unknown somewhere inside. So in the plan's *outputs* a property that holds an unknown becomes one;
 * inputs,
 * operations, parents and everything else stay as binding as they were.
 */
import { readFileSync, writeFileSync } from "node:fs";

const signatureKey = "4dabf18193072939515e22adb298388d";
const resourceSignature = "5cf8f73096256a8f31e491e813e4eb8e";
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The plan file writes a reference's unknown id as an empty text. */
function holdsUnknown(value: unknown): boolean {
  if (value === unknown) return true;
  if (Array.isArray(value)) return value.some(holdsUnknown);
  if (!isObject(value)) return false;
  if (value[signatureKey] === resourceSignature) return value["id"] === "" || value["id"] === unknown;
  return Object.values(value).some(holdsUnknown);
}

const loosened = (properties: unknown): unknown =>
  isObject(properties)
    ? Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, holdsUnknown(value) ? unknown : value]))
    : properties;

/** Pure; exported for tests. */
export function withUnknownOutputs(plan: Json): Json {
  const resources = isObject(plan["resourcePlans"]) ? plan["resourcePlans"] : {};
  const changed = Object.entries(resources).map(([urn, entry]) => {
    const goal = isObject(entry) ? entry["goal"] : undefined;
    if (!isObject(entry) || !isObject(goal) || !isObject(goal["outputDiff"])) return [urn, entry];
    const { adds, updates, ...rest } = goal["outputDiff"];
    const outputDiff = {
      ...rest,
      ...(adds === undefined ? {} : { adds: loosened(adds) }),
      ...(updates === undefined ? {} : { updates: loosened(updates) }),
    };
    return [urn, { ...entry, goal: { ...goal, outputDiff } }];
  });
  return { ...plan, resourcePlans: Object.fromEntries(changed) };
}

export function loosenOutputs(planFile: string): void {
  writeFileSync(planFile, JSON.stringify(withUnknownOutputs(JSON.parse(readFileSync(planFile, "utf8")) as Json)));
}
