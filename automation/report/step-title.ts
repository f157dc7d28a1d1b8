import { capacityOf, nodePercentOf } from "../../stacks/record";
import type { Change, MemberPlacement, ShiftMove, Step } from "../../stacks/record";
import { percentOf } from "../planning/shares";
import { seconds } from "./format";

/** What a person calls a step. */
export function stepTitle(step: Step): string {
  if (step.type === "bake") return `bake ${seconds(step.seconds)} (${step.why})`;
  switch (step.kind) {
    case "provision":
      return `provision ${step.member} at ${step.to.version ?? "?"}`;
    case "admit":
      return `admit ${step.member}`;
    case "drain":
      return `drain ${step.member}`;
    case "upgrade":
      return `upgrade ${step.member} ${step.from.version ?? "?"} → ${step.to.version ?? "?"}`;
    case "scale":
      if (capacityOf(step.to) !== capacityOf(step.from)) return `scale ${step.member} to ${capacityOf(step.to)} %`;
      if (nodePercentOf(step.to) !== nodePercentOf(step.from))
        return `scale ${step.member}'s nodes to ${nodePercentOf(step.to)} %`;
      return step.to.workload === "stopped" ? `scale ${step.member} to zero` : `scale ${step.member} up`;
    case "shift":
      return shiftTitle(step);
    case "retire":
      return `retire ${step.member}`;
    default:
      return unknownKind(step);
  }
}

/** `shift green 10 %, blue 90 %`: who gets more comes first. */
function shiftTitle({ changes, sum }: ShiftMove): string {
  const of = ({ share = 0 }: MemberPlacement): string =>
    sum === undefined || sum === 0 ? String(share) : percentOf(share / sum);
  const grows = ({ from, to }: Change): boolean => (to.share ?? 0) > (from.share ?? 0);
  const entries = Object.entries(changes).sort(([, a], [, b]) => Number(grows(b)) - Number(grows(a)));
  return `shift ${entries.map(([member, { to }]) => `${member} ${of(to)}`).join(", ")}`;
}

function unknownKind(kind: never): string {
  return String(kind);
}
