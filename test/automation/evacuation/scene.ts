/** Members and what is observed of them, for deciders. */
import { sharedGroups } from "../group-refs";
import type { MemberObservation, Observation } from "../../../automation/observation/observe";

export const blueIds = ["10.0.1.1:80", "10.0.1.2:80"];
export const greenIds = ["10.0.2.1:80", "10.0.2.2:80"];

export function member(name: string, ids: readonly string[], more: Partial<MemberObservation> = {}): MemberObservation {
  const web = { declaredBinding: "web", bindings: [], recorded: ids, endpoints: ids, deployment: null, pods: 0 };
  return {
    name,
    clusterName: `dev-${name}`,
    reachable: true,
    problem: "",
    nodes: null,
    controller: { available: true, version: "3.5.0", message: "2 of 2 pods ready" },
    services: { web },
    ...more,
  };
}
export const dead = (name: string): MemberObservation =>
  member(name, [], { reachable: false, problem: "connect ECONNREFUSED", controller: null, services: {} });

export function observation(
  members: readonly MemberObservation[],
  states: Readonly<Record<string, string>> = {},
): Observation {
  const targets = [...blueIds, ...greenIds].map((id) => ({
    id,
    state: (states[id] ?? "healthy") as "healthy",
    reason: null,
    description: null,
  }));
  return {
    at: 0,
    groups: { web: targets },
    groupOf: sharedGroups("web"),
    members: Object.fromEntries(members.map((one) => [one.name, one])),
    probes: {},
    alarms: null,
    problems: [],
  };
}
