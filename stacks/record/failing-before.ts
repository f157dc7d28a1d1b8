/** What the rollout keeps of the requests that failed before the member came in that came in last. */
import type { Baseline, EnvironmentRecord, Rollout } from "./types";

/** Of one that turns, or whose other member is out: what fails from here on is judged by itself. */
export function withoutFailing(rollout: Rollout): Rollout {
  const { failingBefore: _before, ...rest } = rollout;
  return rest;
}

/** The record as its next write will have it. Same revision: it says nothing new about traffic. */
export function withFailing(record: EnvironmentRecord, failingBefore: Baseline["requests"]): EnvironmentRecord {
  if (record.rollout === null) return record;
  const rollout = withoutFailing(record.rollout);
  return { ...record, rollout: Object.keys(failingBefore).length === 0 ? rollout : { ...rollout, failingBefore } };
}
