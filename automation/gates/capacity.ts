/** Before a member leaves traffic, or gets smaller: can those that stay carry it? Counted in ready endpoints that are healthy targets. */
import { bad, listing, notYet, passed, waiting, type Decided, type Decision, type GateMemory } from "./decision";
import { driftedTargets, unlistedEndpoints } from "./drift";
import { silence, type Observation } from "./observation";
import { healthOf, isRegistered, targetsOf, type Ownership } from "./ownership";
import { isDrift, probeProblem, remedyOf } from "./peers";
import { counted, doing } from "../words";

export interface CapacityRules {
  readonly member: string;
  /** The other active members. */
  readonly stayers: readonly string[];
  /** How many of those must be healthy; at least 1. */
  readonly minActive: number;
  /** Targets that must stay, by target group; null: an autoscaler owns their number, so they only have to be healthy. */
  readonly required: Readonly<Record<string, number | null>>;
  /** Targets that the member itself keeps, by target group; none when it leaves. */
  readonly keeps: Readonly<Record<string, number>>;
  readonly toleratedMs: number;
  /** How long targets that were taken away behind a controller's back may take to come back; toleratedMs when absent. */
  readonly repairMs?: number;
}

export function decideEnough(observation: Observation, owners: Ownership, rules: CapacityRules, memory: GateMemory): Decided {
  const lacking = lackingTargets(observation, owners, rules);
  const problem = lackingActive(observation, owners, rules) ?? (isDrift(lacking) ? probeProblem(observation) ?? lacking : lacking ?? probeProblem(observation));
  if (problem === null) return notYet(passed(rules.stayers.length === 0 ? `${rules.member} keeps enough` : `${doing(rules.stayers, "carry")} the load`));
  if (problem.status === "waiting" && problem.reason === "unknown") return notYet(problem);
  return bad(memory, observation.at, rules.toleratedMs, problem, remedyOf(problem, "eks-blue-green status shows each target's state; rollout.minCapacityPercent is the floor"), rules.repairMs);
}

/** Before pods of a member that serves go: its controller runs, and has each of its endpoints in its list. */
export function decideLettingGo(observation: Observation, member: string): Decided {
  const seen = observation.members[member];
  if (seen === undefined || !seen.reachable) return notYet(waiting("api-server", silence(seen ?? { name: member, problem: "no outputs" })));
  if (seen.controller === null || !seen.controller.available) return notYet(waiting("controller", `${member}'s load balancer controller does not run, so targets of pods that go would stay: ${seen.controller?.message ?? "unknown"}`));
  for (const [service, state] of Object.entries(seen.services)) {
    const unlisted = unlistedEndpoints(state);
    if (unlisted.length > 0) return notYet(waiting("not-recorded", `${member}'s controller has not written down ${unlisted.length} of ${state.endpoints.length} endpoints of '${service}', and would not let them go: ${listing(unlisted)}`));
  }
  return notYet(passed(`${member}'s controller runs and knows its targets`));
}

function lackingActive(observation: Observation, owners: Ownership, { member, stayers, minActive, keeps }: CapacityRules): Decision | null {
  const unread = Object.keys(observation.groups).filter((key) => observation.groups[key] === null);
  if (unread.length > 0) return waiting("unknown", `AWS did not tell the targets of ${unread.join(", ")}`);
  const healthy = stayers.filter((name) => healthOf(owners, observation, name) === "healthy");
  const stays = Object.keys(keeps).length > 0 ? 1 : 0;
  if (healthy.length + stays >= minActive) return null;
  const states = stayers.map((name) => `${name}: ${healthOf(owners, observation, name)}`).join(", ") || "none is active";
  return waiting("last-active", `${member} is not drained: ${counted(healthy.length, "other member")} active and healthy, ${minActive} must be (${states})`);
}

function lackingTargets(observation: Observation, owners: Ownership, { member, stayers, required, keeps }: CapacityRules): Decision | null {
  for (const [key, least] of Object.entries(required)) {
    let good = keeps[key] ?? 0;
    let drifted = 0;
    for (const name of stayers) {
      const seen = observation.members[name];
      const registered = targetsOf(owners, observation, key, name).filter(isRegistered);
      // A target without its pod is no capacity; of a member that can't be asked, AWS's word must do.
      const counted = seen?.reachable ? registered.filter((target) => (seen.services[key]?.endpoints ?? []).includes(target.id)) : registered;
      const healthy = counted.filter((target) => target.state === "healthy").length;
      if (least === null && healthy < registered.length) return waiting("peers-unhealthy", `${registered.length - healthy} of ${registered.length} targets of ${name} are not healthy in '${key}', and ${member} is not taken out meanwhile`);
      good += healthy;
      const service = seen?.services[key];
      if (healthy > 0 && service !== undefined) drifted += driftedTargets(observation, key, service).length;
    }
    if (least !== null && good < least) return waiting(good + drifted >= least ? "drift" : "capacity", `without ${member} ${good} healthy targets stay in '${key}', ${least} must${drifted > 0 ? `; ${drifted} were taken out behind their controller's back` : ""}`);
  }
  return null;
}
