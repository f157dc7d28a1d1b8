/**
 * Before a member is bound, the others must have told their bindings: one that lost its multi-cluster flag evicts the
 * newcomer's targets, and everybody else's.
 */
import type { Observation } from "../observation/observe";
import { healthOf } from "../observation/target-owners";
import { betweenLooks } from "./interruptions";
import type { Session } from "./session";

/**
 * Ten seconds apart. `serves`: its targets are healthy, so its controller may be at work as well; one that is dead, or
 * refuses the driver, answers no better later. On the way back users may be waiting for who comes in.
 */
const mostLooks = { serves: 30, other: 6 };

/** Members in traffic that told nothing. In a group of its own nobody is evicted. */
function silentPeers(session: Session, member: string, { members, groupOf }: Observation): string[] {
  if (Object.values(groupOf).every((group) => group.member !== null)) return [];
  return session.active().filter((name) => name !== member && members[name]?.reachable === false);
}

/** The newest look, in which they all answer, or have not for that long: a dead one keeps nobody out. */
export async function untilPeersTell(
  session: Session,
  member: string,
  first: Observation,
  look: () => Promise<Observation>,
): Promise<Observation> {
  let seen = first;
  for (let looked = 1; ; looked += 1) {
    const silent = silentPeers(session, member, seen);
    if (silent.length === 0) return seen;
    const back = session.record.rollout?.direction === "back";
    const serves =
      !back &&
      silent.some(
        (name) => seen.members[name]?.refusal === undefined && healthOf(session.owners, seen, name) === "healthy",
      );
    if (looked >= (serves ? mostLooks.serves : mostLooks.other)) return withoutTheirWord(session, silent, seen);
    await betweenLooks(session);
    seen = await look();
  }
}

function withoutTheirWord(session: Session, silent: readonly string[], seen: Observation): Observation {
  session.options.emit({
    kind: "note",
    message: `${silent.join(", ")} can't be asked, so nobody knows whether the bindings there have the multi-cluster flag`,
  });
  return seen;
}
