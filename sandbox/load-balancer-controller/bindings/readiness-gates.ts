/** Readiness gates: a pod is ready only once its target is healthy. */
import type { ApiClient } from "../../kubernetes/api-client";
import { orGone } from "../../kubernetes/retry";
import { paths } from "../api-paths";
import { GATE_PREFIX } from "./endpoints";
import { conditionOf, type PodObject, type Target, type TargetGroupBinding } from "../types";

export const gateOf = (binding: TargetGroupBinding): string => GATE_PREFIX + binding.metadata.name;

export function hasGate(pod: PodObject | undefined, gate: string): pod is PodObject {
  return pod?.spec?.readinessGates?.some((one) => one.conditionType === gate) ?? false;
}

/** A condition was written and isn't True yet: an equal checkpoint must not stop the pass. */
export function awaitsHealth(pod: PodObject | undefined, gate: string): boolean {
  const condition = pod && conditionOf(pod, gate);
  return condition !== undefined && condition.status !== "True";
}

export type Health = Pick<Target, "state" | "reason" | "description">;

/** Writes the gate's condition. True when the target must be looked at again. */
export async function showHealth(
  client: ApiClient,
  pod: PodObject | undefined,
  gate: string,
  health: Health,
): Promise<boolean> {
  if (!hasGate(pod, gate)) return false;
  const status = health.state === null ? "Unknown" : health.state === "healthy" ? "True" : "False";
  const { reason = "", description: message = "" } = health;
  const old = conditionOf(pod, gate);
  if (old?.status !== status || (old.reason ?? "") !== reason || (old.message ?? "") !== message) {
    const lastTransitionTime =
      old?.status === status ? old.lastTransitionTime : new Date().toISOString().replace(/\.\d+Z$/, "Z");
    const { name, namespace = "", uid } = pod.metadata;
    // With the uid a pod made anew under the name is not taken for this one.
    await orGone(
      client.patch(`${paths.pod(namespace, name)}/status`, "strategic", {
        metadata: { uid },
        status: { conditions: [{ type: gate, status, reason, message, lastTransitionTime }] },
      }),
    );
  }
  return status !== "True";
}

interface PodRequest {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
  readonly spec: PodObject["spec"];
}

interface Selecting {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly selector?: Readonly<Record<string, string>> };
}

/**
 * The patch for a new pod: a gate for each binding of ip targets whose Service selects it. Bindings made later give it
 * none.
 */
export function gatePatch(
  pod: PodRequest,
  bindings: readonly TargetGroupBinding[],
  services: readonly Selecting[],
): object[] {
  const labels = pod.metadata.labels ?? {};
  const selects = (name: string): boolean => {
    const selector = Object.entries(services.find((one) => one.metadata.name === name)?.spec.selector ?? {});
    return selector.length > 0 && selector.every(([key, value]) => labels[key] === value);
  };
  const present = pod.spec?.readinessGates ?? [];
  const gates = bindings
    .filter((one) => one.spec.targetType === "ip" && selects(one.spec.serviceRef.name))
    .map((one) => ({ conditionType: gateOf(one) }));
  const added = gates.filter((one) => !present.some((other) => other.conditionType === one.conditionType));
  return added.length === 0 ? [] : [{ op: "add", path: "/spec/readinessGates", value: [...present, ...added] }];
}
