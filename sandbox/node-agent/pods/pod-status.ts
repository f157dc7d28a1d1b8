/** A pod's status from what its containers do: phase and conditions by a kubelet's rules. Pure; `now` is given. */
import type { Condition, ContainerStatus, Pod, PodPhase, PodStatus } from "../../kubernetes/types";

/** Everything that the agent knows about a pod beyond the pod object. */
export interface PodObservation {
  /** In the order of the spec. */
  readonly init: readonly ContainerStatus[];
  readonly main: readonly ContainerStatus[];
  /** All init containers ended well (sidecars: have started). */
  readonly initialized: boolean;
  /** Null until an address was free. */
  readonly podAddress: string | null;
  readonly hostAddress: string;
  readonly startedAt: string;
  /** Every process has ended for good: restarts are over. */
  readonly ended: boolean;
}

const exitedBadly = (status: ContainerStatus): boolean => (status.state.terminated?.exitCode ?? 0) !== 0;

export function podPhase(pod: Pod, seen: PodObservation): PodPhase {
  const policy = pod.spec.restartPolicy ?? "Always";
  const over = seen.main.length > 0 && seen.main.every((c) => c.state.terminated !== undefined);
  if (seen.ended) return over && !seen.main.some(exitedBadly) ? "Succeeded" : "Failed";
  if (!seen.initialized)
    return policy === "Never" && seen.init.some((c) => c.state.terminated && exitedBadly(c)) ? "Failed" : "Pending";
  if (over && policy === "Never") return seen.main.some(exitedBadly) ? "Failed" : "Succeeded";
  if (over && policy === "OnFailure" && !seen.main.some(exitedBadly)) return "Succeeded";
  if (seen.main.every((c) => c.state.waiting && c.restartCount === 0 && !c.lastState.terminated)) return "Pending";
  return "Running";
}

interface Verdict {
  readonly status: "True" | "False";
  readonly reason?: string;
  readonly message?: string;
}

const yes: Verdict = { status: "True" };

/** An init container that goes on running. */
const isSidecar = ({ restartPolicy }: { readonly restartPolicy?: string }): boolean => restartPolicy === "Always";

function initializedVerdict(pod: Pod, seen: PodObservation): Verdict {
  if (seen.initialized) return yes;
  const open = (pod.spec.initContainers ?? []).filter((c) => {
    const status = seen.init.find((s) => s.name === c.name);
    return isSidecar(c) ? status?.started !== true : status?.state.terminated?.exitCode !== 0;
  });
  return {
    status: "False",
    reason: "ContainersNotInitialized",
    message: `containers with incomplete status: [${open.map((c) => c.name).join(" ")}]`,
  };
}

/** Sidecars count, as the other containers do. */
function containersReadyVerdict(pod: Pod, phase: PodPhase, seen: PodObservation): Verdict {
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  const sidecars = (pod.spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name);
  const counted = [...seen.init.filter(({ name }) => sidecars.includes(name)), ...seen.main];
  const unready = counted.filter((c) => !c.ready).map((c) => c.name);
  if (unready.length === 0 && seen.initialized) return yes;
  return {
    status: "False",
    reason: "ContainersNotReady",
    message: `containers with unready status: [${unready.join(" ")}]`,
  };
}

function readyVerdict(pod: Pod, containersReady: Verdict): Verdict {
  if (containersReady.status === "False") return containersReady;
  const missing: string[] = [];
  for (const { conditionType } of pod.spec.readinessGates ?? []) {
    const gate = pod.status?.conditions?.find((c) => c.type === conditionType);
    if (!gate) missing.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`);
    else if (gate.status !== "True")
      missing.push(`the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`);
  }
  return missing.length === 0
    ? yes
    : { status: "False", reason: "ReadinessGatesNotReady", message: missing.join(", ") };
}

/** Keeps the time of the last transition as long as the status stays what it was. */
function condition(pod: Pod, type: string, verdict: Verdict, now: string): Condition {
  const before = pod.status?.conditions?.find((c) => c.type === type);
  const lastTransitionTime =
    before?.status === verdict.status && before.lastTransitionTime ? before.lastTransitionTime : now;
  return { type, ...verdict, lastTransitionTime };
}

/**
 * The status that the pod should have; conditions of others (target-health gates) are not in it and must survive the
 * patch.
 */
export function podStatus(pod: Pod, seen: PodObservation, now: string): PodStatus {
  const phase = podPhase(pod, seen);
  const containersReady = containersReadyVerdict(pod, phase, seen);
  return {
    phase,
    startTime: pod.status?.startTime ?? seen.startedAt,
    hostIP: seen.hostAddress,
    hostIPs: [{ ip: seen.hostAddress }],
    ...(seen.podAddress ? { podIP: seen.podAddress, podIPs: [{ ip: seen.podAddress }] } : {}),
    conditions: [
      condition(pod, "PodReadyToStartContainers", seen.podAddress && !seen.ended ? yes : { status: "False" }, now),
      condition(pod, "Initialized", initializedVerdict(pod, seen), now),
      condition(pod, "Ready", readyVerdict(pod, containersReady), now),
      condition(pod, "ContainersReady", containersReady, now),
      condition(pod, "PodScheduled", yes, now),
    ],
    ...(seen.init.length > 0 ? { initContainerStatuses: seen.init } : {}),
    containerStatuses: seen.main,
  };
}

/** True when `observed` already says all of `wanted` (it may say more: defaults, other people's conditions). */
export function saysAll(observed: unknown, wanted: unknown): boolean {
  if (wanted === observed) return true;
  if (typeof wanted !== "object" || wanted === null || typeof observed !== "object" || observed === null) return false;
  if (Array.isArray(wanted)) {
    if (!Array.isArray(observed)) return false;
    if (wanted.every((w) => typeof w === "object" && w !== null && "type" in w)) {
      return wanted.every((w: Condition) =>
        observed.some((o: Condition) => o.type === w.type && saysAll(o, w) && (o.reason ?? "") === (w.reason ?? "")),
      );
    }
    return wanted.length === observed.length && wanted.every((w, i) => saysAll(observed[i], w));
  }
  return (
    Object.entries(wanted).every(
      ([key, value]) => value === undefined || saysAll((observed as Record<string, unknown>)[key], value),
    ) && sameState(observed, wanted)
  );
}

/** A container's `state` has exactly one of three fields: a leftover one means that the status is old. */
function sameState(observed: object, wanted: object): boolean {
  const keys = ["waiting", "running", "terminated"];
  const isState = keys.some((key) => key in wanted);
  return !isState || keys.every((key) => key in wanted === key in observed);
}
