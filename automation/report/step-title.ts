import { capacityOf, nodePercentOf, type Step } from "../../stacks/record";
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
      return `shift ${Object.entries(step.changes)
        .map(([member, { from, to }]) => `${member} ${from.share ?? "-"} → ${to.share ?? "-"}`)
        .join(", ")}`;
    case "retire":
      return `retire ${step.member}`;
    default:
      return unknownKind(step);
  }
}

function unknownKind(kind: never): string {
  return String(kind);
}
