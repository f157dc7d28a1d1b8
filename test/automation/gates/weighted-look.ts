/** A look at an environment in which each member has target groups of its own, and weights say how much it gets. */
import type { MemberObservation, Observation } from "../../../automation/observation/observe";
import { expectedWeights } from "../../../automation/observation/route-weights";
import type { Target } from "../../../automation/ports";
import type { Shares } from "../../../stacks/record";
import { ownGroups } from "../group-refs";

export const members = ["blue", "green"];
export const services = ["web", "api"];
export const groupOf = ownGroups(services, members);
export const weightsOf = (shares: Shares) => expectedWeights(groupOf, shares);

export const idsOf = (member: string): string[] =>
  [1, 2, 3].map((n) => `10.0.${members.indexOf(member) + 1}.${n}:8080`);
const target = (id: string, state: Target["state"]): Target => ({ id, state, reason: null, description: null });

const seenOf = (name: string): MemberObservation =>
  ({
    name,
    clusterName: `dev-${name}`,
    reachable: true,
    problem: "",
    nodes: null,
    controller: { available: true, version: "3.5.0", message: "2 of 2 pods ready" },
    services: Object.fromEntries(
      services.map((service) => [
        `${service}@${name}`,
        {
          declaredBinding: service,
          bindings: [
            { namespace: service, name: service, targetGroupArn: service, multiCluster: true, deleting: false },
          ],
          recorded: idsOf(name),
          endpoints: idsOf(name),
          deployment: null,
          pods: 3,
        },
      ]),
    ),
  }) as MemberObservation;

export interface Scene {
  readonly at?: number;
  /** What AWS says of the weights; null: it does not. */
  readonly weights?: Observation["weights"];
  /** States of targets in all groups of a member, in order; healthy where nothing is said. */
  readonly states?: Readonly<Record<string, readonly Target["state"][]>>;
  /** Groups that AWS does not tell. */
  readonly untold?: readonly string[];
  /** Members that do not answer. */
  readonly silent?: readonly string[];
  /** Of 16 requests to each port. */
  readonly failed?: number;
  /** Names of alarms that ring. Absent: nobody asked. */
  readonly alarms?: readonly string[];
}

export function look(scene: Scene = {}): Observation {
  const groups = Object.values(groupOf).map(({ key, member }): [string, readonly Target[] | null] => {
    const states = scene.states?.[member ?? ""];
    const ids = states === undefined ? idsOf(member ?? "") : idsOf(member ?? "").slice(0, states.length);
    return [
      key,
      scene.untold?.includes(key) === true ? null : ids.map((id, index) => target(id, states?.[index] ?? "healthy")),
    ];
  });
  const failed = scene.failed ?? 0;
  return {
    at: scene.at ?? 0,
    groups: Object.fromEntries(groups),
    groupOf,
    members: Object.fromEntries(
      members.map((name) => [
        name,
        scene.silent?.includes(name) === true
          ? { ...seenOf(name), reachable: false, problem: "refused", services: {} }
          : seenOf(name),
      ]),
    ),
    probes: Object.fromEntries(
      services.map((service) => [service, { sent: 16, failed, firstFailure: failed > 0 ? "500" : null }]),
    ),
    weights: scene.weights === undefined ? weightsOf({ blue: 90, green: 10 }) : scene.weights,
    alarms: scene.alarms === undefined ? null : Object.fromEntries(scene.alarms.map((name) => [name, "alarm"])),
    problems: scene.weights === null ? ["Throttling: Rate exceeded"] : [],
  };
}
