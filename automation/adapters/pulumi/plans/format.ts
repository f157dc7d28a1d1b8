/** An update plan as the engine (3.246) saves it, as far as the driver loosens it. */
import { isObject } from "../../../../components/internal/plain-object";

export const signatureKey = "4dabf18193072939515e22adb298388d";
const resourceSignature = "5cf8f73096256a8f31e491e813e4eb8e";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
/** A plain unknown, also as the id of a provider that is yet to be made. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export type Json = Record<string, unknown>;

/** The plan file writes a reference's unknown id as an empty text. */
export function holdsUnknown(value: unknown): boolean {
  if (value === unknown) return true;
  if (Array.isArray(value)) return value.some(holdsUnknown);
  if (!isObject(value)) return false;
  if (value[signatureKey] === resourceSignature) return value["id"] === "" || value["id"] === unknown;
  return Object.values(value).some(holdsUnknown);
}

/** Encrypted as a whole: what is in it, an unknown too, can't be seen. */
export function holdsSecret(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsSecret);
  return isObject(value) && (value[signatureKey] === secretSignature || Object.values(value).some(holdsSecret));
}

export type ResourcePlan = Json & { readonly goal: Json };

export const resourcePlansOf = (plan: Json): Json => (isObject(plan["resourcePlans"]) ? plan["resourcePlans"] : {});

/** The same plan with the resources' entries changed; one without a goal (a deletion) stays as it is. */
export function mapResourcePlans(plan: Json, change: (entry: ResourcePlan, urn: string) => Json): Json {
  const resourcePlans = Object.fromEntries(
    Object.entries(resourcePlansOf(plan)).map(([urn, entry]) => [
      urn,
      isObject(entry) && isObject(entry["goal"]) ? change(entry as ResourcePlan, urn) : entry,
    ]),
  );
  return { ...plan, resourcePlans };
}
