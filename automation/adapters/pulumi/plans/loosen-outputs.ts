/**
 * Outputs that a component makes of resources which don't exist yet (eks.Cluster's `core`) get keys, and references to
 * resources get ids, only during the update. The engine (3.246) accepts any value where a plan has a plain unknown, but
 * calls a violation what was an object with an unknown somewhere inside. So in the plan's *outputs* a property that
 * holds an unknown becomes one.
 */
import { isObject } from "../../../../components/internal/plain-object";
import { holdsUnknown, mapResourcePlans, unknown, type Json } from "./format";

const loosened = (properties: unknown): unknown =>
  isObject(properties)
    ? Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, holdsUnknown(value) ? unknown : value]))
    : properties;

/** Pure. */
export function withUnknownOutputs(plan: Json): Json {
  return mapResourcePlans(plan, (entry) => {
    const { goal } = entry;
    if (!isObject(goal["outputDiff"])) return entry;
    const { adds, updates, ...rest } = goal["outputDiff"];
    const outputDiff = {
      ...rest,
      ...(adds === undefined ? {} : { adds: loosened(adds) }),
      ...(updates === undefined ? {} : { updates: loosened(updates) }),
    };
    return { ...entry, goal: { ...goal, outputDiff } };
  });
}
