/** What a series of probe answers means: thresholds as a kubelet counts them. No clock and no I/O here. */
import type { ProbeSpec } from "../../kubernetes/types";

export type ProbeKind = "startup" | "readiness" | "liveness";
export type ProbeResult = "unknown" | "success" | "failure";

export interface ProbeState {
  readonly result: ProbeResult;
  readonly last: ProbeResult;
  /** How many answers in a row were like `last`. */
  readonly run: number;
}

/** Before the first answer: a container counts as alive, not as started and not as ready. */
export function initialProbeState(kind: ProbeKind): ProbeState {
  switch (kind) {
    case "liveness":
      return { result: "success", last: "unknown", run: 0 };
    case "readiness":
      return { result: "failure", last: "unknown", run: 0 };
    case "startup":
      return { result: "unknown", last: "unknown", run: 0 };
    default:
      return kind satisfies never;
  }
}

export function observe(state: ProbeState, spec: ProbeSpec, succeeded: boolean): ProbeState {
  const last: ProbeResult = succeeded ? "success" : "failure";
  const run = state.last === last ? state.run + 1 : 1;
  const threshold = succeeded ? (spec.successThreshold ?? 1) : (spec.failureThreshold ?? 3);
  return { result: run >= threshold ? last : state.result, last, run };
}

/**
 * Least time between two probes on this machine: each costs 0.7 ms of CPU, and at 50 ms those of a few pods were most of
 * what a node agent did.
 */
export const PROBE_FLOOR_MS = 150;
/**
 * A scaled timeout may be shorter than a busy machine's scheduling hiccup (1 s becomes 17 ms at scale 60), which no
 * real
 * program would be blamed for: probes get at least this long to answer.
 */
export const PROBE_TIMEOUT_FLOOR_MS = 500;

export interface ProbeTimes {
  readonly initialDelayMs: number;
  readonly periodMs: number;
  readonly timeoutMs: number;
}

export function probeTimes(spec: ProbeSpec, timeScale: number): ProbeTimes {
  const scaled = (seconds: number): number => (seconds * 1000) / timeScale;
  return {
    initialDelayMs: scaled(spec.initialDelaySeconds ?? 0),
    periodMs: Math.max(PROBE_FLOOR_MS, scaled(spec.periodSeconds ?? 10)),
    timeoutMs: Math.max(PROBE_TIMEOUT_FLOOR_MS, scaled(spec.timeoutSeconds ?? 1)),
  };
}
