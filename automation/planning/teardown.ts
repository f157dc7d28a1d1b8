/**
 * The order of a teardown. Pure: nothing is destroyed before its traffic is drained, and who owns the load balancer
 * goes last.
 */
import type { EnvironmentConfig } from "../../stacks/config";
import {
  absent,
  isBound,
  isServing,
  startRollout,
  type EnvironmentRecord,
  type Placement,
  type Step,
} from "../../stacks/record";
import { ownershipOf, stopsWorkloads } from "../../stacks/config/target-groups";
import { Steps } from "./step-builder";

/**
 * First every drain (traffic gathers on the last member, then ends), then every workload ends gracefully, then the
 * clusters go. Weighted traffic gathers there by one shift; the last member alone is drained with its share, because
 * the sum of the shares can't be 0.
 * `last`: drained and destroyed after the others; the primary, or null for the order of the placement. `stops`: false
 * where every workload is somebody else's.
 */
export function planTeardown(placement: Placement, last: string | null, stops = true): Step[] {
  const names = Object.keys(placement).filter((name) => placement[name]?.role !== "absent");
  const ordered = last !== null && names.includes(last) ? [...names.filter((name) => name !== last), last] : names;
  const steps = new Steps(placement);
  const final = ordered.findLast((name) => isServing(placement[name]));
  if (steps.weighted) steps.shift(Object.fromEntries(ordered.flatMap((name) => (name === final ? [] : [[name, 0]]))));
  const leaving = ordered.filter((name) => isBound(placement[name]));
  // Without shares the order is that of the names; whoever has all of the requests goes last.
  if (steps.weighted) leaving.sort((a, b) => Number(a === final) - Number(b === final));
  for (const name of leaving) steps.drain(name);
  for (const name of stops ? ordered : []) {
    const at = steps.at(name);
    if (at.workload === "running" && at.evacuated === undefined)
      steps.move("scale", name, { ...at, workload: "stopped" });
  }
  for (const name of ordered) steps.move("retire", name, absent);
  return steps.list;
}

/** The record with a teardown of what stands; nothing is destroyed yet. `startedAt`: ISO 8601, UTC. */
export function startTeardown(
  record: EnvironmentRecord,
  config: EnvironmentConfig,
  startedAt: string,
): EnvironmentRecord {
  const planned = planTeardown(record.placement, ownershipOf(record, config).primary, stopsWorkloads(config));
  return startRollout(record, {
    id: `${startedAt.replace(/[-:]|\.\d+/g, "")}-teardown`,
    command: { name: "teardown", member: null, percent: null },
    strategy: config.rollout.strategy,
    wantedVersion: config.kubernetesVersion,
    steps: planned,
    startedAt,
  });
}
