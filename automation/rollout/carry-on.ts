/** A way back that somebody asked for, and that those who are to leave make necessary meanwhile: it goes on. */
import type { EnvironmentRecord } from "../../stacks/record";
import { baselineOf } from "../observation/baseline";
import type { Observation } from "../observation/observe";
import { targetsOf, type Ownership } from "../observation/target-owners";
import type { GateFailed } from "./interruptions";
import type { Session } from "./session";

/** So likely may it be at most that all requests of a round went to the newcomer by chance. */
const mostChance = 0.01;

/**
 * Whether some service answers nothing though others than the newcomer are healthy there: the load balancer sends most
 * of the requests, or at least some, to those, so they err too.
 */
export function othersErr(observation: Observation, owners: Ownership, newcomer: string): boolean {
  return Object.entries(observation.probes).some(([key, { sent, failed }]) => {
    const healthy = (observation.groups[key] ?? []).filter(({ state }) => state === "healthy").length;
    const its = targetsOf(owners, observation, key, newcomer).filter(({ state }) => state === "healthy").length;
    return sent > 0 && failed === sent && healthy > its && (its / healthy) ** sent < mostChance;
  });
}

/**
 * The record with what is seen now as what there was before, and without a bake ahead; null: it does not go on. Once
 * only: behind it, nobody who leaves counts as one that serves.
 */
export function carriedOn(session: Session, cause: GateFailed, observation: Observation): EnvironmentRecord | null {
  const { record, owners, policy } = session;
  const { rollout, intent } = record;
  if (rollout?.direction !== "back" || intent?.move.kind !== "admit" || policy.refuge.length === 0) return null;
  if (cause.reason !== "probe" || !othersErr(observation, owners, intent.move.member)) return null;
  const members = [...new Set([...session.active(), intent.move.member])];
  const steps = rollout.steps.filter((step, index) => index < rollout.done || step.type !== "bake");
  return {
    ...record,
    revision: record.revision + 1,
    rollout: { ...rollout, steps, turned: baselineOf(observation, owners, members) },
  };
}
