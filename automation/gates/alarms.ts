/** Alarms of the config, as gates judge them. Pure. */
import { nothingExcused, type Excused } from "../observation/baseline";
import type { Observation } from "../observation/observe";
import { failed, listing, type Decision } from "./gate-result";

/** One that rang before says nothing. Null: none rings, or CloudWatch did not tell. */
export function ringing({ alarms }: Pick<Observation, "alarms">, excused: Excused = nothingExcused): Decision | null {
  const names = Object.entries(alarms ?? {}).flatMap(([name, state]) =>
    state === "alarm" && !excused.rang(name) ? [name] : [],
  );
  if (names.length === 0) return null;
  return failed(
    "alarm",
    `alarm ${listing(names)} rings`,
    "look at the alarm's metric in CloudWatch, then run the upgrade again: eks-blue-green upgrade",
  );
}
