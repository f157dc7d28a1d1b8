/**
 * The order of a teardown. Pure: nothing is destroyed before its traffic is drained, and who owns the load balancer
 * goes last.
 */
import type { EnvironmentConfig } from "../../stacks/config";
import {
  absent,
  startRollout,
  type EnvironmentRecord,
  type MemberPlacement,
  type Placement,
  type Step,
} from "../../stacks/record";
import { ownershipOf, stopsWorkloads } from "../../stacks/config/target-groups";

const move = (
  kind: "drain" | "scale" | "retire",
  member: string,
  from: MemberPlacement,
  to: MemberPlacement,
): Step => ({ type: "move", kind, member, from, to });

/**
 * First every drain (traffic gathers on the last member, then ends), then every workload ends gracefully, then the
 * clusters go.
 * `last`: drained and destroyed after the others; the primary, or null for the order of the placement. `stops`: false
 * where every workload is somebody else's.
 */
export function planTeardown(placement: Placement, last: string | null, stops = true): Step[] {
  const names = Object.keys(placement).filter((name) => placement[name]?.role !== "absent");
  const ordered = last !== null && names.includes(last) ? [...names.filter((name) => name !== last), last] : names;
  const steps: Step[] = [];
  const stands = new Map(ordered.map((name) => [name, placement[name] ?? absent]));
  const go = (kind: "drain" | "scale" | "retire", name: string, to: MemberPlacement): void => {
    steps.push(move(kind, name, stands.get(name) ?? absent, to));
    stands.set(name, to);
  };
  for (const name of ordered) {
    const at = stands.get(name) ?? absent;
    if (at.role === "active") go("drain", name, { ...at, role: "standby" });
  }
  for (const name of stops ? ordered : []) {
    const at = stands.get(name) ?? absent;
    if (at.workload === "running" && at.evacuated === undefined) go("scale", name, { ...at, workload: "stopped" });
  }
  for (const name of ordered) go("retire", name, absent);
  return steps;
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
