/**
 * A provider whose own inputs are unknown at the preview (the kubeconfig of a cluster that is yet to be made) is not
 * asked to check what is declared with it: the plan then has the program's inputs, while the update has what the
 * provider's Check makes of them. The official kubernetes provider fills up a Release with every field it has, drops
 * the SDK's own `compat`, and leaves out empty values elsewhere; the engine (3.246) calls each difference a violation
 * of the plan, a quarter of an hour after the update began.
 * So in the plan every *input* of such a resource becomes unknown, and so do the keys that Check may add. What is done
 * with the resource (its operation), its parent, provider, dependencies and protection stay binding, and so does every
 * other resource.
 */
import { isObject } from "../../../../components/internal/plain-object";
import {
  holdsSecret,
  holdsUnknown,
  mapResourcePlans,
  resourcePlansOf,
  unknown,
  type Json,
  type ResourcePlan,
} from "./format";

/** The fields of a Release in the official provider (4.34), whichever of them a chart uses. */
const releaseKeys = [
  "allowNullValues atomic chart cleanupOnFail createNamespace dependencyUpdate description devel disableCRDHooks",
  "disableOpenapiValidation disableWebhooks forceUpdate keyring lint maxHistory name namespace postrender recreatePods",
  "renderSubchartNotes replace repositoryOpts resetValues resourceNames reuseValues skipAwait skipCrds status timeout",
  "valueYamlFiles values verify version waitForJobs compat manifest checksum",
].flatMap((line) => line.split(" "));

/** Keys that a provider's Check may add to what was declared. A key that does not come after all is no violation. */
function keysOfCheck(type: string): readonly string[] {
  if (type === "kubernetes:helm.sh/v3:Release") return releaseKeys;
  if (type.startsWith("kubernetes:")) return ["apiVersion", "kind", "metadata"];
  return ["__defaults", "name", "namePrefix", "region", "tags", "tagsAll"];
}

const stepsOf = (entry: unknown): readonly unknown[] =>
  isObject(entry) && Array.isArray(entry["steps"]) ? entry["steps"] : [];

/** Whether an encrypted input derives from something that this update makes or changes. */
function mayHideUnknown({ goal }: ResourcePlan, inputs: Json, plans: Json): boolean {
  const dependencies = isObject(goal["propertyDependencies"]) ? goal["propertyDependencies"] : {};
  return Object.entries(inputs).some(([key, value]) => {
    const urns = dependencies[key];
    return (
      holdsSecret(value) &&
      Array.isArray(urns) &&
      urns.some((urn) => stepsOf(plans[String(urn)]).some((step) => step !== "same"))
    );
  });
}

function inputsOf({ goal }: ResourcePlan): Json {
  const diff = isObject(goal["inputDiff"]) ? goal["inputDiff"] : {};
  return Object.fromEntries(
    [diff["adds"], diff["updates"]].flatMap((part) => (isObject(part) ? Object.entries(part) : [])),
  );
}

/** A provider with a parent has the parent's type before its own. */
const providerUrn = /(::|\$)pulumi:providers:/;

/** URNs of the providers that the preview could not configure. */
function unconfigured(plan: Json): ReadonlySet<string> {
  const plans = resourcePlansOf(plan);
  return new Set(
    Object.entries(plans).flatMap(([urn, entry]) => {
      if (!providerUrn.test(urn) || !isObject(entry) || !isObject(entry["goal"])) return [];
      const provider = entry as ResourcePlan;
      const inputs = inputsOf(provider);
      return holdsUnknown(inputs) || mayHideUnknown(provider, inputs, plans) ? [urn] : [];
    }),
  );
}

const providerOf = ({ goal }: ResourcePlan): string => String(goal["provider"] ?? "").replace(/::[^:]*$/, "");
const unknowns = (keys: readonly string[]): Json => Object.fromEntries(keys.map((key) => [key, unknown]));
const keysOf = (value: unknown): string[] => (isObject(value) ? Object.keys(value) : []);

/** Pure. */
export function withUnknownInputs(plan: Json): Json {
  const providers = unconfigured(plan);
  return mapResourcePlans(plan, (entry) => {
    const { goal } = entry;
    // One that only goes away has nothing to check.
    if (goal["custom"] !== true || !providers.has(providerOf(entry))) return entry;
    const diff = isObject(goal["inputDiff"]) ? goal["inputDiff"] : {};
    const deletes = Array.isArray(diff["deletes"]) ? diff["deletes"].map(String) : [];
    // A key that was planned as a change was there before: it may change, stay or go. Only that is also true of one
    // that was planned to go; of all others nobody knows whether they were there.
    const updates = [...keysOf(diff["updates"]), ...deletes];
    const adds = [...keysOf(diff["adds"]), ...keysOfCheck(String(goal["type"] ?? ""))].filter(
      (key) => !updates.includes(key),
    );
    const { adds: _adds, updates: _updates, deletes: _deletes, ...rest } = diff;
    const inputDiff = {
      ...rest,
      adds: unknowns(adds),
      ...(updates.length === 0 ? {} : { updates: unknowns(updates) }),
    };
    return { ...entry, goal: { ...goal, inputDiff } };
  });
}
