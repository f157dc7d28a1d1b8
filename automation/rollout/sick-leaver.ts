/** The member that is to leave serves nobody any more, and most requests still go there: the rest goes over at once. */
import { isWeighted, type EnvironmentRecord } from "../../stacks/record";
import { baselineOf } from "../observation/baseline";
import type { Observation } from "../observation/observe";
import { healthOf } from "../observation/target-owners";
import { allAtOnce } from "../planning/all-at-once";
import { isUpgrade } from "../planning/step-builder";
import type { Turning } from "../planning/walk-back";
import type { Session } from "./session";

/**
 * Going back would lead to it, and staying leaves it its share: a target group without a healthy target answers its part
 * with errors, and where traffic is weighted nobody else takes that over. Null: it is not so, or those that stay are not
 * all healthy.
 */
export function pastTheSick(session: Session, observation: Observation, { worse }: Turning): EnvironmentRecord | null {
  const { record, owners, policy } = session;
  const { rollout, placement } = record;
  if (rollout === null || rollout.direction !== "forward" || !isUpgrade(rollout)) return null;
  if (!worse || rollout.strategy !== "replace" || !isWeighted(placement)) return null;
  const way = allAtOnce(record);
  if (way === null) return null;
  const seen = baselineOf(observation, owners, [way.leaves]).targets;
  const well = (name: string): boolean => healthOf(owners, observation, name, policy.excused.sick) === "healthy";
  const groups = Object.values(seen[way.leaves] ?? {});
  const dead = groups.length > 0 && groups.every(({ healthy }) => healthy === 0);
  if (!dead || way.stay.length === 0 || !way.stay.every(well)) return null;
  const { baseline } = rollout;
  return {
    ...record,
    revision: record.revision + 1,
    intent: way.intent,
    rollout: {
      ...rollout,
      steps: way.steps,
      // That it is sick is no news from here on; requests and alarms are compared with the time before.
      baseline: {
        requests: baseline?.requests ?? {},
        alarms: baseline?.alarms ?? [],
        targets: { ...baseline?.targets, ...seen },
      },
    },
  };
}
