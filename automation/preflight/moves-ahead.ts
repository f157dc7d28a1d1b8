/** What a run will still do of a rollout, whatever is asked for. Pure. */
import type { EnvironmentRecord, RolloutCommand, Step } from "../../stacks/record";
import { abandon, beganAt } from "../planning/cancel-rollout";

/**
 * Whether the run takes a rollout back: it is asked to, the rollout is on its way back, or the config was set back to
 * where it began. The way back makes nobody and upgrades nobody.
 */
export function goesBack(record: EnvironmentRecord, asked: RolloutCommand | null, wantedVersion: string): boolean {
  const { rollout } = record;
  if (rollout === null) return asked?.name === "rollback";
  if (rollout.direction === "back" || asked?.name === "rollback") return true;
  return (
    asked === null &&
    rollout.command === undefined &&
    rollout.wantedVersion !== wantedVersion &&
    (abandon(record, wantedVersion).kind === "steps" || beganAt(record, wantedVersion))
  );
}

/** Steps that are still to be gone forward, the open one among them: nothing of what they need keeps a way back. */
export const stepsAhead = (
  record: EnvironmentRecord,
  steps: readonly Step[],
  asked: RolloutCommand | null,
  wantedVersion: string,
): readonly Step[] => (goesBack(record, asked, wantedVersion) ? [] : steps.slice(record.rollout?.done ?? 0));

/** The Kubernetes version that these steps bring to a member first; undefined: none. */
export const newVersionIn = (steps: readonly Step[]): string | undefined =>
  steps.flatMap((step) =>
    step.type === "move" && (step.kind === "provision" || step.kind === "upgrade") ? (step.to.version ?? []) : [],
  )[0];
