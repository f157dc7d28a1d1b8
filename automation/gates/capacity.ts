/**
 * Before a member leaves traffic, or gets smaller: can those that stay carry it? Counted in ready endpoints that are
 * healthy targets.
 */
import {
  bad,
  isUnknown,
  listing,
  notYet,
  passed,
  untold,
  waiting,
  type Decided,
  type Decision,
  type GateMemory,
} from "./gate-result";
import { controllerRuns } from "../observation/controller";
import { isWhollyDead } from "../observation/dead-member";
import { driftedTargets, unlistedEndpoints } from "../observation/target-drift";
import type { Excused } from "../observation/baseline";
import { groupOfMember } from "../../stacks/config/group-refs";
import { groupsOfMember, silence, type Observation } from "../observation/observe";
import { healthOf, isRegistered, targetsOf, type TargetOwners } from "../observation/target-owners";
import { isDrift, probeProblem, remedyOf, toleratedFor } from "./peers";
import type { Health } from "../ports";
import { counted, doing } from "../text/sentences";

/** The floor of a target group whose number of targets an autoscaler owns: what those that leave have, or had. */
export interface LikeThoseThatLeave {
  /** Of their healthy targets, 0 to 100. */
  readonly percent: number;
  /** Counted now. */
  readonly leaving: readonly string[];
  /** Counted before the member's drain was begun, of those that are on their way out or gone. */
  readonly before: Readonly<Record<string, number>>;
  /** Who deploys the workload, or its files, say how many pods it has. Absent: an autoscaler of ours does. */
  readonly external?: true;
}

export interface CapacityRules {
  readonly member: string;
  /** The other active members. */
  readonly stayers: readonly string[];
  /** How many of those must be healthy; at least 1. */
  readonly minActive: number;
  /** Targets that must stay, by the service's port; null: nobody can say how many, so they only have to be healthy. */
  readonly required: Readonly<Record<string, number | LikeThoseThatLeave | null>>;
  /** Targets that the member itself keeps, by the service's port; none when it leaves. */
  readonly keeps: Readonly<Record<string, number>>;
  readonly toleratedMs: number;
  /** The same of failed requests; toleratedMs when absent. */
  readonly requestsToleratedMs?: number;
  /** What was so before the move. Absent: nothing. */
  readonly excused?: Excused;
  /**
   * How long targets that were taken away behind a controller's back may take to come back; toleratedMs when absent.
   */
  readonly repairMs?: number;
  /**
   * How long an autoscaler of those that stay may take to come up to what leaves, which serves meanwhile; toleratedMs
   * when absent.
   */
  readonly growMs?: number;
  /** The floor is asked for only as long as the member that leaves is healthy. Absent: always. */
  readonly whileHealthy?: true;
  /** The floor is asked for only of services in which the member that leaves has a healthy target. Absent: of all. */
  readonly whereHealthy?: true;
  /** Failed requests may be the doing of the member that leaves: it is not kept for them. Absent: no. */
  readonly suspectsLeaving?: boolean;
}

export function decideEnough(
  observation: Observation,
  owners: TargetOwners,
  rules: CapacityRules,
  memory: GateMemory,
): Decided {
  // What leaves does not serve: no number has to make up for it.
  if (rules.whileHealthy === true && healthOf(owners, observation, rules.member) === "unhealthy")
    return notYet(passed(`${rules.member} does not serve any more`));
  if (rules.whereHealthy === true && isWhollyDead(observation, owners, rules.member))
    return notYet(passed(`${rules.member} has no healthy target anywhere`));
  const { problem: lacking, grows } = lackingTargets(observation, owners, rules);
  const problem =
    lackingActive(observation, owners, rules) ??
    (isDrift(lacking)
      ? (probeProblem(observation, rules.excused) ?? lacking)
      : (lacking ?? probeProblem(observation, rules.excused)));
  if (problem === null)
    return notYet(
      passed(rules.stayers.length === 0 ? `${rules.member} keeps enough` : `${doing(rules.stayers, "carry")} the load`),
    );
  if (isUnknown(problem)) return untold(memory, problem);
  const requests = probeProblem(observation, rules.excused);
  if (rules.suspectsLeaving === true && requests !== null) {
    const lasted = bad(memory, observation.at, toleratedFor(requests, rules), requests, "");
    return lasted.decision.status === "failed" ? notYet(passed(`${rules.member} may be why requests fail`)) : lasted;
  }
  if (grows !== false && problem === lacking)
    return bad(
      memory,
      observation.at,
      Math.max(rules.growMs ?? 0, rules.toleratedMs),
      problem,
      `${raise(grows, rules.stayers.join(", "))} for the time of the upgrade, and run it again; ` +
        "rollout.minCapacityPercent is the floor",
    );
  return bad(
    memory,
    observation.at,
    toleratedFor(problem, rules),
    problem,
    remedyOf(problem, "eks-blue-green status shows each target's state; rollout.minCapacityPercent is the floor"),
    rules.repairMs,
  );
}

export const raise = (grows: Lacking["grows"], where: string): string =>
  grows === "external"
    ? `raise the number of pods on ${where} where the workload is deployed from (Git, Helm, its autoscaler's minReplicas)`
    : `raise minReplicas of the HorizontalPodAutoscaler on ${where}`;

/** Before pods of a member that serves go: its controller runs, and has each of its endpoints in its list. */
export function decideLettingGo(observation: Observation, member: string): Decided {
  const seen = observation.members[member];
  if (seen === undefined || !seen.reachable)
    return notYet(waiting("api-server", silence(seen ?? { name: member, problem: "no outputs" })));
  if (seen.controller === null || !controllerRuns(seen.controller))
    return notYet(
      waiting(
        "controller",
        `${member}'s load balancer controller does not run, so targets of pods that go would stay: ` +
          `${seen.controller?.message ?? "unknown"}`,
      ),
    );
  for (const [service, state] of Object.entries(seen.services)) {
    const unlisted = unlistedEndpoints(state);
    if (unlisted.length > 0)
      return notYet(
        waiting(
          "not-recorded",
          `${member}'s controller has not written down ${unlisted.length} of ${state.endpoints.length} endpoints ` +
            `of '${service}', and would not let them go: ${listing(unlisted)}`,
        ),
      );
  }
  return notYet(passed(`${member}'s controller runs and knows its targets`));
}

function lackingActive(
  observation: Observation,
  owners: TargetOwners,
  { member, stayers, minActive, keeps, excused }: CapacityRules,
): Decision | null {
  const health = (name: string): Health => healthOf(owners, observation, name, excused?.sick);
  const unread = Object.keys(observation.groups).filter((key) => observation.groups[key] === null);
  if (unread.length > 0) return waiting("unknown", `AWS did not tell the targets of ${unread.join(", ")}`);
  const healthy = stayers.filter((name) => health(name) === "healthy");
  const stays = Object.keys(keeps).length > 0 ? 1 : 0;
  if (healthy.length + stays >= minActive) return null;
  const states = stayers.map((name) => `${name}: ${health(name)}`).join(", ") || "none is active";
  return waiting(
    "last-active",
    `${member} is not drained: ${counted(healthy.length, "other member")} active and healthy, ${minActive} must ` +
      `be (${states})`,
  );
}

/**
 * Registered targets that serve. A target without its pod is no capacity; of a member that can't be asked, AWS's word
 * must do.
 */
export function healthyTargets(observation: Observation, owners: TargetOwners, key: string, name: string): number {
  const seen = observation.members[name];
  const registered = targetsOf(owners, observation, key, name).filter(isRegistered);
  const backed = seen?.reachable
    ? registered.filter((target) => (seen.services[key]?.endpoints ?? []).includes(target.id))
    : registered;
  return backed.filter((target) => target.state === "healthy").length;
}

/** Of one member, by target group: what its drain writes down for the floor of those that an autoscaler owns. */
export const healthyByGroup = (
  observation: Observation,
  owners: TargetOwners,
  member: string,
): Record<string, number> =>
  Object.fromEntries(
    groupsOfMember(observation, member).map((key) => [key, healthyTargets(observation, owners, key, member)]),
  );

function leastOf(
  observation: Observation,
  owners: TargetOwners,
  port: string,
  required: number | LikeThoseThatLeave | null,
): number | null {
  if (required === null || typeof required === "number") return required;
  const { percent, leaving, before } = required;
  const now = (name: string): number =>
    leaving.includes(name)
      ? healthyTargets(observation, owners, groupOfMember(observation.groupOf, port, name), name)
      : 0;
  const all = [...new Set([...leaving, ...Object.keys(before)])].reduce(
    (sum, name) => sum + Math.max(before[name] ?? 0, now(name)),
    0,
  );
  return Math.ceil((percent * all) / 100);
}

interface Lacking {
  readonly problem: Decision | null;
  /** An autoscaler may still bring what lacks, or who deploys the workload; false: nobody may. */
  readonly grows: false | "autoscaler" | "external";
}

function lackingTargets(
  observation: Observation,
  owners: TargetOwners,
  { member, stayers, required, keeps, excused, whereHealthy }: CapacityRules,
): Lacking {
  for (const [port, needed] of Object.entries(required)) {
    const groupOf = (name: string): string => groupOfMember(observation.groupOf, port, name);
    if (whereHealthy === true && healthyTargets(observation, owners, groupOf(member), member) === 0) continue;
    const most = leastOf(observation, owners, port, needed);
    // No autoscaler makes up for one that was sick before.
    const sickBefore =
      typeof needed === "number"
        ? 0
        : stayers.reduce((sum, name) => sum + (excused?.sick(name, groupOf(name)) ?? 0), 0);
    const least = most === null ? null : Math.max(0, most - sickBefore);
    const grown = needed !== null && typeof needed === "object" && (needed.external ? "external" : "autoscaler");
    let good = keeps[port] ?? 0;
    let drifted = 0;
    let sick = false;
    for (const name of stayers) {
      const key = groupOf(name);
      const registered = targetsOf(owners, observation, key, name).filter(isRegistered);
      const healthy = healthyTargets(observation, owners, key, name);
      if (least === null && healthy + (excused?.sick(name, key) ?? 0) < registered.length)
        return {
          problem: waiting(
            "peers-unhealthy",
            `${registered.length - healthy} of ${registered.length} targets of ${name} are not healthy in ` +
              `'${key}', and ${member} is not taken out meanwhile`,
          ),
          grows: false,
        };
      good += healthy;
      sick ||= registered.some((target) => target.state !== "healthy" && target.state !== "initial");
      const service = observation.members[name]?.services[key];
      if (healthy > 0 && service !== undefined) drifted += driftedTargets(observation, key, service).length;
    }
    if (least !== null && good < least) {
      const back = good + drifted >= least;
      const where = stayers.join(", ");
      const why =
        grown === "external"
          ? `: as many as what leaves has, and the number on ${where} is theirs who deploy the workload`
          : grown === "autoscaler"
            ? `: as many as what leaves has, and the number on ${where} is an autoscaler's (its minReplicas is the ` +
              "way to raise it)"
            : "";
      return {
        problem: waiting(
          back ? "drift" : "capacity",
          `without ${member} ${good} healthy targets stay in '${port}', ${least} ` +
            `must${why}${drifted > 0 ? `; ${drifted} were taken out behind their controller's back` : ""}`,
        ),
        grows: !back && !sick && grown,
      };
    }
  }
  return { problem: null, grows: false };
}
