/** A rollout that has not touched traffic yet may be given up: its config wants the version that serves again. Pure. */
import { capacityOf, nodePercentOf } from "../../stacks/record";
import type { EnvironmentRecord, Step } from "../../stacks/record";
import { activeMembers, Steps } from "./step-builder";
import { placementBefore } from "./walk-back";
import { doing } from "../text/sentences";

export type Abandonment =
  | { readonly kind: "no"; readonly why: string }
  /** What was brought in goes out again; `retires` names the members that this destroys. */
  | { readonly kind: "steps"; readonly steps: readonly Step[]; readonly retires: readonly string[] };

const no = (why: string): Abandonment => ({ kind: "no", why });

/** Only before the first admit, and only back to the version that every active member runs. */
export function abandon(record: EnvironmentRecord, wantedVersion: string): Abandonment {
  const { rollout, intent, placement } = record;
  if (rollout === null) return no("no rollout is under way");
  if (rollout.direction === "back") return no("it is on its way back already");
  const behind = activeMembers(placement).filter((name) => placement[name]?.version !== wantedVersion);
  if (behind.length > 0) return no(`${doing(behind, "serve")} another version than ${wantedVersion}`);
  const done = rollout.steps.slice(0, rollout.done);
  const begun = [
    ...done.flatMap((step) => (step.type === "move" ? [step] : [])),
    ...(intent === null ? [] : [intent.move]),
  ];
  if (begun.some((move) => move.kind === "admit" || move.kind === "drain")) return no("it has moved traffic");
  if (intent !== null && intent.move.kind !== "provision")
    return no(`'${intent.move.kind} ${intent.move.member}' is open`);
  if (rollout.command !== undefined) return no(`it is a '${rollout.command.name}'`);
  if (rollout.strategy === "cycle") return { kind: "steps", steps: sizesBack(record), retires: [] };
  const steps: Step[] = [];
  // One that is half made has nothing that could be stopped gracefully, and was never bound.
  if (intent !== null)
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
    const stopped = { ...stands, workload: "stopped" } as const;
    if (stands.workload === "running")
      steps.push({ type: "move", kind: "scale", member: step.member, from: stands, to: stopped });
    steps.push({ type: "move", kind: "retire", member: step.member, from: stopped, to: step.from });
  }
  return {
    kind: "steps",
    steps,
    retires: steps.flatMap((step) => (step.type === "move" && step.kind === "retire" ? [step.member] : [])),
  };
}

/** Before the first drain of a cycle only sizes were changed (and standbys upgraded, which stay so). */
function sizesBack(record: EnvironmentRecord): readonly Step[] {
  const steps = new Steps(record.placement);
  for (const [name, before] of Object.entries(placementBefore(record)))
    if (before.role !== "absent") steps.resize(name, capacityOf(before), nodePercentOf(before));
  return steps.list;
}
