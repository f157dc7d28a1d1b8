/** Who serves nobody when a command is planned: what it plans depends on that. */
import type { RolloutCommand } from "../../stacks/record";
import { servesNobody } from "../observation/dead-member";
import { plainLook } from "../observation/observe";
import type { Session } from "../rollout/session";

/** An upgrade waits until all is well, and a teardown asks nobody. */
const plansAround: ReadonlySet<RolloutCommand["name"]> = new Set(["admit", "drain", "rollback"]);

/** Members in traffic by the record that have no healthy target, in one look. What AWS does not tell is no sign of it. */
export async function deadMembers(session: Session, asked: RolloutCommand | null): Promise<string[]> {
  if (asked === null || !plansAround.has(asked.name) || session.serving().length === 0) return [];
  const observation = await session.look(plainLook);
  return session.serving().filter((name) => servesNobody(observation, session.owners, name));
}
