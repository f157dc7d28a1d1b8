/** How a member's placement is said. Pure. */
import { capacityOf, type MemberPlacement } from "../../stacks/record";

/** `active at 1.35`, `standby at 1.34, workload stopped`, `active at 1.35, 150 % of its size`. */
export function standing(placement: MemberPlacement): string {
  if (placement.role === "absent") return "absent";
  return [
    `${placement.role} at ${placement.version}`,
    ...(capacityOf(placement) === 100 ? [] : [`${capacityOf(placement)} % of its size`]),
    ...(placement.workload === "stopped" ? ["workload stopped"] : []),
    ...(placement.evacuated === undefined ? [] : [`evacuated ${placement.evacuated.at}`]),
  ].join(", ");
}
