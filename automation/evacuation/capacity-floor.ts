/** In the middle of a rollout nobody whose pods still serve is taken out below the floor of capacity. Pure. */
import { capacityOf, memberMoves, servingMembers, type EnvironmentRecord, type MemberMove } from "../../stacks/record";
import { DriverError } from "../errors";
import { groupsOfMember, type Observation } from "../observation/observe";
import { healthOf, serves, type TargetOwners } from "../observation/target-owners";
import { capacityFloor } from "../planning/capacity";
import { placementBefore, walkBack } from "../planning/walk-back";
import { describeAsked, typed } from "../text/command-line";

import type { EvacuationRequest } from "./eligibility";

/** A move that makes those beside it carry more. */
const adds = ({ kind, from, to }: MemberMove): boolean =>
  kind === "admit" || (kind === "scale" && to.role === "active" && capacityOf(to) > capacityOf(from));

/** The move that makes others carry more, when these steps come to it before they need the member or anybody leaves. */
function firstGain(moves: readonly MemberMove[], member: string): MemberMove | null {
  const needs = moves.findIndex((move) => move.member === member || move.kind === "drain" || move.kind === "retire");
  return moves.slice(0, needs < 0 ? moves.length : needs).find(adds) ?? null;
}

const describeGain = ({ kind, member }: MemberMove): string =>
  `${member} ${kind === "admit" ? "comes in" : "gets larger"}`;

interface Lacking {
  readonly out: readonly string[];
  readonly sick: readonly string[];
  /** In traffic and healthy, and smaller than when the rollout began. */
  readonly smaller: readonly string[];
}

const describeLacking = (record: EnvironmentRecord, { out, sick, smaller }: Lacking): string =>
  [
    ...out.map((name) => `${name} is not in traffic now`),
    ...sick.map((name) => `${name} is in traffic, and unhealthy`),
    ...smaller.map(
      (name) =>
        `${name} is at ${capacityOf(record.placement[name])} % now, and was at ` +
        `${capacityOf(placementBefore(record)[name])} %`,
    ),
  ].join(", ");

/** Each way out leads somewhere: a command that would stop at this very member is not named. */
function waysOut(
  record: EnvironmentRecord,
  { sick }: Lacking,
  health: Parameters<typeof walkBack>[1],
  { member, environment }: EvacuationRequest,
): string {
  const { rollout, intent } = record;
  if (rollout === null) return "";
  const stops = `; it stops by itself where it needs ${member}`;
  const command = typed(environment, describeAsked(rollout.command ?? null));
  const ahead = firstGain(memberMoves(rollout.steps.slice(intent?.step ?? rollout.done)), member);
  const way = rollout.direction === "forward" ? walkBack(record, health, { requested: true }) : null;
  const back = way?.kind === "steps" ? memberMoves(way.steps) : null;
  const gain = back === null ? null : firstGain(back, member);
  const ends =
    back?.every((move) => move.member !== member && move.kind !== "drain" && move.kind !== "retire") === true;
  const ways = [
    ...(sick.length === 0 ? [] : [`repair ${sick.join(", ")}: ${typed(environment, "status")}`]),
    ...(ahead === null
      ? []
      : [`go on with what is under way, where ${describeGain(ahead)} before ${member} is needed: ${command}${stops}`]),
    ...(gain !== null
      ? [`go back, where ${describeGain(gain)} before ${member} is needed: ${typed(environment, "rollback")}${stops}`]
      : ends
        ? [`end what is under way, which needs nothing of ${member}: ${typed(environment, "rollback")}`]
        : []),
  ];
  return ways.length === 0
    ? `repair ${member} itself, then go on with: ${command}`
    : `first ${ways.join("; or ")}; then run the same command again`;
}

/**
 * In the middle of a rollout somebody may be out on purpose. One whose pods still serve is not taken out as well before
 * that one is in again: what is broken is its API server or its controller, and nobody's requests.
 * `beside`: members beside it that are in traffic, or half in. @throws EBG-EVACUATE
 */
export function refuseBelowFloor(
  record: EnvironmentRecord,
  observation: Observation,
  owners: TargetOwners,
  request: EvacuationRequest,
  beside: readonly string[],
): void {
  const { member, minCapacityPercent } = request;
  const { rollout, intent, placement } = record;
  if (rollout === null || record.evacuation != null || intent?.move.member === member) return;
  const serving = groupsOfMember(observation, member).some((key) => serves(owners, observation, key, member));
  if (!serving) return;
  const before = placementBefore(record);
  const { [member]: _leaves, ...others } = before;
  const needed = capacityFloor(others, { minCapacityPercent: minCapacityPercent ?? 100 });
  const health = Object.fromEntries(
    Object.keys(placement).map((name) => [name, healthOf(owners, observation, name)] as const),
  );
  const stay = beside.filter((name) => health[name] === "healthy");
  const carried = stay.reduce((sum, name) => sum + capacityOf(placement[name]), 0);
  if (carried >= needed) return;
  const wanted = servingMembers(others);
  const lacking = {
    out: wanted.filter((name) => !beside.includes(name)),
    sick: wanted.filter((name) => beside.includes(name) && !stay.includes(name)),
    smaller: stay.filter((name) => wanted.includes(name) && capacityOf(placement[name]) < capacityOf(before[name])),
  };
  throw new DriverError(
    "EBG-EVACUATE",
    `${member} still serves, and without it ${stay.join(", ") || "nobody"} would carry ${carried} % of a member's ` +
      `capacity; ${needed} % are needed (${describeLacking(record, lacking)})`,
    waysOut(record, lacking, health, request),
  );
}
