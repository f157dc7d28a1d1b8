/**
 * Whoever should get requests on the way back dies while somebody else is well. No gate waits for that as long as it may:
 * where traffic is weighted, its part of the requests fails meanwhile.
 */
import { isWeighted } from "../../stacks/record";
import { isDeadIn } from "../observation/dead-member";
import { groupsOfMember, type Observation } from "../observation/observe";
import { healthOf, targetsOf } from "../observation/target-owners";
import type { ObservedHealth } from "../planning/walk-back";
import { toTheWell } from "../planning/to-the-well";
import { GateFailed } from "./interruptions";
import type { Session } from "./session";

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

/** Members in traffic that serve nobody where others serve; none where members share their target groups. */
export const deadInTraffic = (session: Session, observation: Observation): string[] =>
  !isWeighted(session.record.placement)
    ? []
    : session
        .active()
        .filter((name) => isDeadIn(observation, session.owners, name) && !comes(session, observation, name));

/** Of one without a healthy target, as of whatever looks bad. */
const sureSeconds = 30;

/** Watches for as long as one gate waits. */
export class GoalWatch {
  private since: number | null = null;

  constructor(private readonly session: Session) {}

  /** @throws GateFailed when it has been so for as long as anything may look bad */
  look(observation: Observation): void {
    const { session } = this;
    const { record, ports } = session;
    if (record.rollout?.direction !== "back" || session.policy.endsService) return;
    const dead = deadInTraffic(session, observation);
    const way = toTheWell(record, dead, observedHealth(session, observation));
    this.since = way === null ? null : (this.since ?? observation.at);
    if (way === null || this.since === null) return;
    if (observation.at - this.since < Math.max(ports.clock.scaled(sureSeconds), 3000)) return;
    throw new GateFailed(
      "EBG-GATE",
      `${way.dead.join(", ")} should serve and has no healthy target, and others are well`,
      "eks-blue-green status shows each target's state",
      { reason: "peers-unhealthy" },
    );
  }
}
