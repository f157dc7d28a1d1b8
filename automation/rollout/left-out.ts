/** Members that a walk-back leaves out of traffic, or larger than configured, to a person. */
import { capacityOf, isServing, isShiftStep, servingMembers, type Step } from "../../stacks/record";
import { placementBefore } from "../planning/walk-back";
import type { Session } from "./session";

/**
 * What a walk-back leaves to a person, because no plan does it by itself: who is out again after its upgrade comes back
 * by name, and who carried its load gets smaller.
 */
export function leftToDo(session: Session): string[] {
  const { placement } = session.record;
  const out = session.present().filter((name) => session.memory.leftOut.has(name) && !isServing(placement[name]));
  const larger = servingMembers(placement).filter((name) => capacityOf(placement[name]) > 100);
  return [
    ...(out.length === 0
      ? []
      : [
          `once ${out.join(" and ")} is good again: ` +
            `${out.map((name) => `eks-blue-green admit ${name}`).join("; ")}; then run the upgrade again: eks-blue-green upgrade`,
        ]),
    ...(larger.length === 0
      ? []
      : [
          `${larger.map((name) => `${name} is kept at ${capacityOf(placement[name])} %`).join(", ")}; when ` +
            `everybody serves: ${larger.map((name) => `eks-blue-green scale ${name} --percent 100`).join("; ")}`,
        ]),
  ];
}

/** Those of them that served when the rollout began. */
export function rememberLeftOut(session: Session, steps: readonly Step[]): void {
  const before = servingMembers(placementBefore(session.record));
  for (const step of steps)
    if (step.type === "move" && step.kind === "drain" && before.includes(step.member))
      session.memory.leftOut.add(step.member);
    else if (isShiftStep(step))
      for (const [name, { to }] of Object.entries(step.changes))
        if (before.includes(name) && !isServing(to)) session.memory.leftOut.add(name);
}
