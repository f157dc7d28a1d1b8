/** Members that were made larger for one that was out, and were left so. */
import type { EnvironmentRecord } from "../../stacks/record";
import type { Finding } from "../finding";
import { largerThanNeeded } from "../planning/capacity";
import { largerMessage, largerRemedy } from "../text/larger";

/** None while a rollout is under way: it needs them as they are. */
export function largerFindings({ rollout, placement }: EnvironmentRecord, environment: string): Finding[] {
  const larger = rollout === null ? largerThanNeeded(placement) : [];
  if (larger.length === 0) return [];
  return [
    {
      code: "EBG-PREFLIGHT",
      severity: "recommended",
      message: largerMessage(larger, placement),
      remedy: largerRemedy(larger, environment),
    },
  ];
}
