/** Which schema a record is written in. Pure. */
import { changesOf } from "./moves";
import type { EnvironmentRecord, MemberPlacement } from "./types";

/** The newest schema that this version reads. */
const newest = 2;

/** Whether a value is a record of a schema that came after this version: it is whole, and only a newer one reads it. */
export const isNewerSchema = (value: unknown): boolean => {
  const schema = (value as { readonly schemaVersion?: unknown } | null | undefined)?.schemaVersion;
  return typeof schema === "number" && schema > newest;
};

const isWeighted = ({ share }: MemberPlacement): boolean => share !== undefined;

/**
 * 2 as soon as it has a share or a shift: a version that reads 1 alone would plan without them, and has to refuse the
 * record. Without them it stays 1, so that no environment is closed to older versions for a feature that it does not
 * use.
 */
export function schemaOf({
  placement,
  rollout,
  intent,
}: Pick<EnvironmentRecord, "placement" | "rollout" | "intent">): 1 | 2 {
  const moves = [...(rollout?.steps ?? []).flatMap((step) => (step.type === "move" ? [step] : [])), intent?.move];
  const weighted =
    Object.values(placement).some(isWeighted) ||
    moves.some(
      (move) =>
        move !== undefined &&
        (move.kind === "shift" ||
          Object.values(changesOf(move)).some(({ from, to }) => isWeighted(from) || isWeighted(to))),
    );
  return weighted ? 2 : 1;
}
