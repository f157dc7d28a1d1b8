/** Members that are bound and have less than their share, with nothing under way that would give it to them. Pure. */
import { boundMembers, fullShare, isServing, type EnvironmentRecord } from "../../stacks/record";
import type { Finding } from "../finding";
import { typed } from "../text/command-line";

/** A rollout that was cut off leaves them so. None while one is under way. */
export function halfShareFindings({ rollout, placement }: EnvironmentRecord, environment: string): Finding[] {
  if (rollout !== null) return [];
  return boundMembers(placement)
    .filter((name) => (placement[name]?.share ?? fullShare) < fullShare)
    .map((name): Finding => {
      const share = placement[name]?.share ?? 0;
      const others = boundMembers(placement).some((other) => other !== name && isServing(placement[other]));
      return {
        code: "EBG-PREFLIGHT",
        severity: "recommended",
        message:
          share === 0
            ? `${name} is bound and has no share: no request goes there`
            : `${name} has a share of ${share}, and a member that serves in full has ${fullShare}`,
        remedy:
          `to bring it in: ${typed(environment, `admit ${name}`)}` +
          (others ? `; to take it out: ${typed(environment, `drain ${name}`)}` : ""),
      };
    });
}
