/** How a member's placement is said. Pure. */
import { absent, capacityOf, partOf, type Placement } from "../../stacks/record";
import { percentOf } from "../planning/shares";

/**
 * `active at 1.35`, `standby at 1.34, workload stopped`, `active at 1.35, 150 % of its size`, `active at 1.35, 10 % of
 * the requests`.
 */
export function standing(all: Placement, member: string): string {
  const placement = all[member] ?? absent;
  const part = partOf(all, member);
  if (placement.role === "absent") return "absent";
  return [
    `${placement.role} at ${placement.version}`,
    ...(part === null ? [] : [`${percentOf(part)} of the requests`]),
    ...(capacityOf(placement) === 100 ? [] : [`${capacityOf(placement)} % of its size`]),
    ...(placement.workload === "stopped" ? ["workload stopped"] : []),
    ...(placement.evacuated === undefined ? [] : [`evacuated ${placement.evacuated.at}`]),
  ].join(", ");
}
