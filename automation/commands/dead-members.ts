/** Who serves nobody when a command is planned: what it plans depends on that. */
import { isWeighted, type RolloutCommand } from "../../stacks/record";
import { isWhollyDead } from "../observation/dead-member";
import { plainLook } from "../observation/observe";
import type { Session } from "../rollout/session";

/** An admit goes by steps until its first one, where it is looked at again (rollout/past-the-dead.ts). */
const plansAround: ReadonlySet<RolloutCommand["name"]> = new Set(["drain", "rollback"]);

/** Between two looks, unscaled. */
const againSeconds = 10;

/**
 * Members in traffic by the record that have had no healthy target in any service for as long as anything may look bad.
 * What AWS does not tell is no sign of it. None where traffic is shared: there nobody is sent to them.
 */
export async function deadMembers(session: Session, asked: RolloutCommand | null): Promise<string[]> {
  const { clock } = session.ports;
  const { stop } = session.options;
  if (asked === null || !plansAround.has(asked.name) || !isWeighted(session.record.placement)) return [];
  let dead = session.serving();
  const sure = clock.now() + session.shortMs;
  for (;;) {
    const observation = await session.look(plainLook);
    dead = dead.filter((name) => isWhollyDead(observation, session.owners, name));
    if (dead.length === 0 || clock.now() >= sure) return dead;
    await clock.sleep(Math.max(clock.scaled(againSeconds), 1000), stop);
    if (stop.aborted) return [];
  }
}
