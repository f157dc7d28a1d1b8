/**
 * Requests that fail before a member comes in are not its doing: it may be what ends it. What is known of before the
 * rollout began does not tell, because it may have begun since. The record keeps it until the other member is out, so
 * that whoever goes on in another process knows it too.
 */
import { withFailing, type Baseline, type MemberMove, type Move } from "../../stacks/record";
import { groupsOfMember, type Observation } from "../observation/observe";
import { isRegistered, targetsOf } from "../observation/target-owners";
import type { Session } from "./session";

/** Enough to say that nothing answers. */
export const requestsBefore = 32;

/** Whether the look before this move asks for requests. */
export const asksBefore = (session: Session, { kind }: Pick<Move, "kind">): boolean =>
  kind === "admit" && session.record.rollout !== null && session.record.rollout.direction !== "back";

/** Before the act; the write of the intent carries it. */
export function noteFailing(
  session: Session,
  move: Pick<MemberMove, "kind" | "member">,
  observation: Observation,
): void {
  if (!asksBefore(session, move)) return;
  const failing = failingBefore(session, observation, move.member);
  // One that was begun may get requests by now: what was noted before it did still holds.
  if (failing === null && session.record.intent !== null) return;
  session.record = withFailing(session.record, failing ?? {});
}

/** Groups of which not one request is answered before the member gets any. Null: it may get some already. */
function failingBefore(session: Session, observation: Observation, member: string): Baseline["requests"] | null {
  const { groups, probes } = observation;
  const mayServe = groupsOfMember(observation, member).some(
    (key) => groups[key] == null || targetsOf(session.owners, observation, key, member).some(isRegistered),
  );
  if (mayServe) return null;
  return Object.fromEntries(
    Object.entries(probes).flatMap(([key, { sent, failed }]) =>
      sent > 0 && failed === sent ? [[key, { sent, failed }] as const] : [],
    ),
  );
}
