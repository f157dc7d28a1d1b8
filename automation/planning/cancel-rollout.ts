/** A rollout that has not touched traffic yet may be given up: its config wants the version that serves again. Pure. */
import {
  capacityOf,
  compareVersions,
  describeMove,
  isMemberMove,
  nodePercentOf,
  placementAfter,
  boundMembers,
  servingMembers,
  isServing,
} from "../../stacks/record";
import type { EnvironmentRecord, Placement, Rollout, Step } from "../../stacks/record";
import { Steps } from "./step-builder";
import { placementBefore } from "./walk-back";
import { doing } from "../text/sentences";

export type Abandonment =
  | { readonly kind: "no"; readonly why: string }
  /** What was brought in goes out again; `retires` names the members that this destroys. */
  | { readonly kind: "steps"; readonly steps: readonly Step[]; readonly retires: readonly string[] };

/**
 * Whether a forward upgrade may destroy a member of version `doomed` while the config wants `wanted`: not the version
 * that is wanted, and nothing at all when the config was set back behind where the rollout goes.
 */
export const mayRetireAs = (
  rollout: Pick<Rollout, "command" | "direction" | "wantedVersion">,
  doomed: string | null,
  wanted: string,
): boolean =>
  rollout.command !== undefined ||
  rollout.direction === "back" ||
  // A rollout to the very version that is wanted: what it destroys was evacuated, or is to be made anew.
  rollout.wantedVersion === wanted ||
  (doomed !== wanted && compareVersions(wanted, rollout.wantedVersion) >= 0);

/** Whether the members that served when the upgrade began all run the version that the config wants again. */
export function beganAt(record: EnvironmentRecord, wantedVersion: string): boolean {
  const { rollout } = record;
  if (rollout === null || rollout.command !== undefined || rollout.direction === "back") return false;
  const before = placementBefore(record);
  const active = servingMembers(before);
  return active.length > 0 && active.every((name) => before[name]?.version === wantedVersion);
}

/**
 * Whether the config was set back, with no rollout under way, to a version that still stands by: then it is a rollback
 * that is wanted, not a version lower than what serves.
 */
export function standsByAt(placement: Placement, wantedVersion: string): boolean {
  const active = servingMembers(placement).map((name) => placement[name]?.version ?? wantedVersion);
  const older = Object.values(placement)
    .filter((stands) => stands.role !== "absent" && !isServing(stands) && stands.evacuated === undefined)
    .map(({ version }) => version ?? "")
    .filter((version) => active.some((serving) => compareVersions(version, serving) < 0));
  return (
    active.some((version) => compareVersions(version, wantedVersion) > 0) &&
    older.sort(compareVersions).at(-1) === wantedVersion
  );
}

const no = (why: string): Abandonment => ({ kind: "no", why });

/**
 * Only before the first admit, and only back to the version that every active member runs. `stops`: false where every
 * workload is somebody else's.
 */
export function abandon(record: EnvironmentRecord, wantedVersion: string, stops = true): Abandonment {
  const { rollout, intent, placement } = record;
  if (rollout === null) return no("no rollout is under way");
  if (rollout.direction === "back") return no("it is on its way back already");
  const tidied = onlyTidies(record);
  if (tidied !== null) return { kind: "steps", steps: tidied, retires: [] };
  const behind = boundMembers(placement).filter((name) => placement[name]?.version !== wantedVersion);
  if (behind.length > 0) return no(`${doing(behind, "serve")} another version than ${wantedVersion}`);
  const done = rollout.steps.slice(0, rollout.done);
  const begun = [
    ...done.flatMap((step) => (step.type === "move" ? [step] : [])),
    ...(intent === null ? [] : [intent.move]),
  ];
  if (begun.some((move) => move.kind === "admit" || move.kind === "drain")) return no("it has moved traffic");
  if (intent !== null && intent.move.kind !== "provision") return no(`'${describeMove(intent.move)}' is open`);
  if (rollout.command !== undefined) return no(`it is a '${rollout.command.name}'`);
  if (rollout.strategy === "cycle") return { kind: "steps", steps: sizesBack(record), retires: [] };
  const steps: Step[] = [];
  // One that is half made has nothing that could be stopped gracefully, and was never bound.
  if (intent?.move.kind === "provision")
    steps.push({
      type: "move",
      kind: "retire",
      member: intent.move.member,
      from: intent.move.to,
      to: intent.move.from,
    });
  for (const step of done) {
    if (step.type !== "move" || step.kind !== "provision") continue;
    const stands = placement[step.member];
    if (stands === undefined || stands.role !== "standby") continue;
    const stopped = stops ? ({ ...stands, workload: "stopped" } as const) : stands;
    if (stops && stands.workload === "running")
      steps.push({ type: "move", kind: "scale", member: step.member, from: stands, to: stopped });
    steps.push({ type: "move", kind: "retire", member: step.member, from: stopped, to: step.from });
  }
  return {
    kind: "steps",
    steps,
    retires: steps.flatMap((step) => (step.type === "move" && step.kind === "retire" ? [step.member] : [])),
  };
}

/**
 * A rollout that only takes leftovers away has moved nobody, so any other version may be gone for instead: what was not
 * destroyed yet stays. Null: it does more than that, or is destroying one.
 */
function onlyTidies({ rollout, intent, placement }: EnvironmentRecord): readonly Step[] | null {
  if (rollout === null || rollout.command !== undefined || intent?.move.kind === "retire") return null;
  const tidies = (step: Step): boolean =>
    step.type === "bake" || step.kind === "retire" || (step.kind === "scale" && step.to.workload === "stopped");
  const doomed = rollout.steps.slice(rollout.done).some((step) => step.type === "move" && step.kind === "retire");
  if (!doomed || !rollout.steps.every(tidies)) return null;
  if (intent === null) return [];
  if (!isMemberMove(intent.move)) return null;
  const steps = new Steps(placementAfter(placement, intent.move));
  steps.move("scale", intent.move.member, intent.move.from);
  return steps.list;
}

/** Before the first drain of a cycle only sizes were changed (and standbys upgraded, which stay so). */
function sizesBack(record: EnvironmentRecord): readonly Step[] {
  const steps = new Steps(record.placement);
  for (const [name, before] of Object.entries(placementBefore(record)))
    if (before.role !== "absent") steps.resize(name, capacityOf(before), nodePercentOf(before));
  return steps.list;
}
