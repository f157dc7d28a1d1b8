/** Who serves nobody when a command is planned: what it plans depends on that. */
import { isWeighted, type RolloutCommand } from "../../stacks/record";
import { isWhollyDead } from "../observation/dead-member";
import { type Observation, plainLook } from "../observation/observe";
import { Stop } from "../rollout/interruptions";
import type { Session } from "../rollout/session";
import { throughout } from "../rollout/throughout";

/** An admit goes by steps until its first one, where it is looked at again (rollout/past-the-dead.ts). */
const plansAround: ReadonlySet<RolloutCommand["name"]> = new Set(["drain", "rollback"]);

/**
 * Members in traffic by the record that have had no healthy target in any service for as long as anything may look bad.
 * What AWS does not tell is no sign of it. None for a rollback where traffic is shared: there nobody is sent to them, and
 * who comes in brings a size of its own; none either when it is to stop meanwhile.
 */
export async function deadMembers(session: Session, asked: RolloutCommand | null): Promise<string[]> {
  if (asked === null || !plansAround.has(asked.name)) return [];
  if (asked.name === "rollback" && !isWeighted(session.record.placement)) return [];
  const serving = session.serving();
  try {
    // Whose targets are in a shared group only the member itself tells.
    const told = ({ members }: Observation, name: string): boolean =>
      isWeighted(session.record.placement) || members[name]?.reachable === true;
    return await throughout(session, await session.look(plainLook), (seen) =>
      serving.filter((name) => told(seen, name) && isWhollyDead(seen, session.owners, name)),
    );
  } catch (error) {
    if (error instanceof Stop) return [];
    throw error;
  }
}
