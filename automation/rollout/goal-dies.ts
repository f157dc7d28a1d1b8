/**
 * Whoever should get requests on the way back dies while somebody else is well. No gate waits for that as long as it may:
 * where traffic is weighted, its part of the requests fails meanwhile.
 */
import { isWeighted } from "../../stacks/record";
import { isDeadIn } from "../observation/dead-member";
import { mayBeEmptied } from "../observation/may-be-emptied";
import { groupsOfMember, type Observation } from "../observation/observe";
import { healthOf, targetsOf } from "../observation/target-owners";
import type { ObservedHealth } from "../planning/walk-back";
import { toTheWell } from "../planning/to-the-well";
import { GateFailed } from "./interruptions";
import type { Session } from "./session";
import { throughout } from "./throughout";

/** As it is seen now; what was sick before the rollout is excused. */
export const observedHealth = (session: Session, observation: Observation): ObservedHealth =>
  Object.fromEntries(
    session.present().map((name) => [name, healthOf(session.owners, observation, name, session.policy.excused.sick)]),
  );

/** Targets that are new get healthy, or not, within a minute. */
const comes = ({ owners }: Session, observation: Observation, member: string): boolean =>
  groupsOfMember(observation, member).some((key) =>
    targetsOf(owners, observation, key, member).some(({ state }) => state === "initial"),
  );

/** Of whoever is between two places the targets come or go because of that. */
const isBetween = ({ record: { intent } }: Session, member: string): boolean =>
  intent !== null && intent.move.kind !== "shift" && intent.move.member === member;

/** Members in traffic that serve nobody where others serve; none where members share their target groups. */
export const deadInTraffic = (session: Session, observation: Observation): string[] =>
  !isWeighted(session.record.placement)
    ? []
    : session
        .active()
        .filter(
          (name) =>
            !isBetween(session, name) &&
            isDeadIn(observation, session.owners, name) &&
            !comes(session, observation, name),
        );

/**
 * The same, of those that may lose everything to a member that is to leave: what made the rollout turn may be that one's
 * doing, and then the dead one's other services are better where they are.
 */
export const emptiedForLeavers = (session: Session, observation: Observation): string[] => {
  const { turned, again } = session.record.rollout ?? {};
  // When it turned once more, what was seen then does not tell any more how those answer that it had left.
  const rules = { untried: again === true, ...(turned === undefined ? {} : { seenBefore: turned }) };
  return deadInTraffic(session, observation).filter((name) => mayBeEmptied(observation, session.owners, name, rules));
};

/** Watches for as long as one gate waits. */
export class GoalWatch {
  private since: number | null = null;

  constructor(private readonly session: Session) {}

  /** @throws GateFailed when it has been so for as long as anything may look bad */
  look(observation: Observation): void {
    const { session } = this;
    const { record } = session;
    if (record.rollout?.direction !== "back" || session.policy.endsService) return;
    const way = toTheWell(record, seenDead(session, observation), observedHealth(session, observation));
    this.since = way === null ? null : (this.since ?? observation.at);
    if (way === null || this.since === null || observation.at - this.since < session.waits.shortMs) return;
    session.memory.seenDead = way.dead;
    throw new GateFailed(
      "EBG-GATE",
      `${way.dead.join(", ")} should serve and has no healthy target, and others are well`,
      "eks-blue-green status shows each target's state",
      { reason: "peers-unhealthy" },
    );
  }
}

/** As the way back is told of it. */
export const seenDead = (session: Session, observation: Observation) => ({
  dead: deadInTraffic(session, observation),
  forLeavers: emptiedForLeavers(session, observation),
});

/** The same, once it is sure: a gate has watched it, or it is looked at for as long. @throws Stop */
export async function sureDead(session: Session, observation: Observation): Promise<ReturnType<typeof seenDead>> {
  const sure =
    session.memory.seenDead ?? (await throughout(session, observation, (seen) => deadInTraffic(session, seen)));
  session.memory.seenDead = null;
  const { dead, forLeavers } = seenDead(session, observation);
  return {
    dead: dead.filter((name) => sure.includes(name)),
    forLeavers: forLeavers.filter((name) => sure.includes(name)),
  };
}
