/**
 * When a pod that is being deleted gets which signal, in unscaled seconds since its deletion. As a kubelet: preStop
 * uses up the grace.
 */
import { scaledMs } from "../../shared/clock";
import type { Handler } from "../../kubernetes/types";

/** What a container has after SIGTERM at least, even when its preStop hook took the whole grace. */
const LEAST_GRACE_SECONDS = 2;
const DEFAULT_GRACE_SECONDS = 30;
export const LEAST_REAL_MS = 5000;

export interface Timetable {
  /** The hook is given up after this. */
  readonly preStopUntil: number;
  readonly sigtermAt: number;
  readonly sigkillAt: number;
}

/** `preStopSeconds`: how long the hook takes if left alone; 0 without one. */
export function timetable(graceSeconds: number, preStopSeconds: number): Timetable {
  const grace = Math.max(0, graceSeconds);
  const preStopUntil = Math.min(grace, Math.max(0, preStopSeconds));
  return { preStopUntil, sigtermAt: preStopUntil, sigkillAt: preStopUntil + secondsForSigterm(grace - preStopUntil) };
}

/** How long after SIGTERM comes SIGKILL, given what is left of the grace then. */
export function secondsForSigterm(remainingSeconds: number): number {
  return Math.max(LEAST_GRACE_SECONDS, remainingSeconds);
}

/**
 * Real milliseconds between SIGTERM and SIGKILL. Clients' keep-alive intervals are not scaled, so a scaled minute (one
 * second) would
 * not let a connection that is used every second hear that it must close: at least five real seconds, but never more
 * than in AWS.
 */
export function sigkillAfterMs(remainingSeconds: number, timeScale: number): number {
  const seconds = secondsForSigterm(remainingSeconds);
  return Math.max(scaledMs(seconds, timeScale), Math.min(seconds * 1000, LEAST_REAL_MS));
}

/** NLB: how long a deregistered target still gets new flows. */
const LAG_SECONDS = 180;
/**
 * What may pass from a pod's deletion to its deregistration. A tenth of a second when nothing else happens; but a node
 * that goes often takes
 * the load balancer controller's leader along, and the pods deleted with it wait for the next one to start (in AWS for
 * its lease, 15 s).
 */
const CONTROL_LOOPS_MS = 5000;

/**
 * Real milliseconds of a pod's preStop or grace of so many seconds. What exceeds the NLB's lag is there for the control
 * loops between a
 * deletion and the deregistration, and those are not scaled: of a margin of 20 s a third of a second would be left,
 * less than they
 * take. So up to five real seconds of that margin stay, never more than in AWS, and a preStop that is too short stays
 * so.
 */
export function stopMs(seconds: number, timeScale: number): number {
  const margin = Math.min(CONTROL_LOOPS_MS, Math.max(0, seconds - LAG_SECONDS) * 1000);
  return scaledMs(seconds, timeScale) + margin * (1 - 1 / timeScale);
}

/** The grace that holds for a deleted pod: the deletion's own, else the spec's, else Kubernetes' default. */
export function graceSeconds(deletion: number | undefined, spec: number | undefined): number {
  return deletion ?? spec ?? DEFAULT_GRACE_SECONDS;
}

export type PreStop =
  | { readonly kind: "none" }
  | { readonly kind: "sleep"; readonly seconds: number }
  | { readonly kind: "http"; readonly handler: Handler }
  /** A command that there is nothing to run with: taken as done at once. */
  | { readonly kind: "nothing-to-run" };

/** Understands `sleep`, `httpGet` and an exec whose words, in a shell or not, contain `sleep N`. */
export function parsePreStop(handler: Handler | undefined): PreStop {
  if (!handler) return { kind: "none" };
  if (handler.sleep) return { kind: "sleep", seconds: handler.sleep.seconds };
  if (handler.httpGet) return { kind: "http", handler };
  const seconds = sleepOf(handler.exec?.command ?? []);
  return seconds === null ? { kind: "nothing-to-run" } : { kind: "sleep", seconds };
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600 };

/** All `sleep N` of a command, added up; null when there is none. */
function sleepOf(command: readonly string[]): number | null {
  let seconds: number | null = null;
  for (const match of command.join(" ").matchAll(/(?:^|[\s;&|/])sleep\s+(\d+(?:\.\d+)?)([smh]?)(?=$|[\s;&|])/g)) {
    seconds = (seconds ?? 0) + Number(match[1]) * (UNIT_SECONDS[match[2] ?? ""] ?? 1);
  }
  return seconds;
}
