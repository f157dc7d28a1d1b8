/**
 * A service's port has one target group that all members share, or one of each member's own. Whoever means groups and
 * not ports asks here. Pure.
 */
import { memberGroupKey } from "../../components/internal/names";
import type { ServiceTargetGroup } from "../contract";
import { targetGroupsOf } from "./target-groups";
import type { EnvironmentConfig, TrafficMode } from "./types";

export type { TrafficMode } from "./types";

/** One target group, as observations and the record name it. */
export interface GroupRef {
  /** Unique in the environment; the port's own key where all members share the group. */
  readonly key: string;
  /** Name of the service in the config. */
  readonly service: string;
  /** Key of the service's port (`TargetGroupSpec.key`): requests, replicas and members' outputs have this one. */
  readonly port: string;
  /** The one member whose targets are in it; null: all members'. */
  readonly member: string | null;
}

/** By the group's key. */
export type GroupRefs = Readonly<Record<string, GroupRef>>;

/** The target groups that the config asks for, in its order. */
export function groupsOf(
  config: Pick<EnvironmentConfig, "services">,
  members: readonly string[],
  traffic: TrafficMode = "shared",
): readonly GroupRef[] {
  return targetGroupsOf(config).flatMap(({ key: port, service }): GroupRef[] =>
    traffic === "shared"
      ? [{ key: port, service, port, member: null }]
      : members.map((member) => ({ key: memberGroupKey(port, member), service, port, member })),
  );
}

/** Outputs of the first versions name no service: there each had one port. */
type Known = Pick<ServiceTargetGroup, "name" | "portKey" | "member"> & Partial<Pick<ServiceTargetGroup, "service">>;

/** Those that an environment's outputs have. */
export const groupRefsOf = (groups: Readonly<Record<string, Known>>): GroupRefs =>
  Object.fromEntries(
    Object.values(groups).map(({ name, service, portKey, member }) => [
      name,
      { key: name, service: service ?? name, port: portKey ?? name, member: member ?? null },
    ]),
  );

/** Whether targets of this member may be in the group. A group that nobody knows more of is everybody's. */
export const hasPartIn = (refs: GroupRefs, key: string, member: string): boolean =>
  (refs[key]?.member ?? member) === member;

/** The port that a group serves. */
export const portOf = (refs: GroupRefs, key: string): string => refs[key]?.port ?? key;

/** One group of each port, for what is the same in all of them. */
export const onePerPort = (refs: GroupRefs): GroupRef[] =>
  Object.values(refs).filter((ref, index, all) => all.findIndex(({ port }) => port === ref.port) === index);

/** All groups of a port. */
export const groupsOfPort = (refs: GroupRefs, port: string): string[] =>
  Object.values(refs).flatMap((ref) => (ref.port === port ? [ref.key] : []));

/** The group in which a member serves a port; the port's own key where none is known. */
export const groupOfMember = (refs: GroupRefs, port: string, member: string): string =>
  groupsOfPort(refs, port).find((key) => hasPartIn(refs, key, member)) ?? port;

/** The groups in which a member serves, by port. */
export const ownGroupsOf = <G extends Known>(groups: Readonly<Record<string, G>>, member: string): Record<string, G> =>
  Object.fromEntries(
    Object.entries(groups).flatMap(([key, group]) =>
      (group.member ?? member) === member ? [[group.portKey ?? key, group] as const] : [],
    ),
  );
