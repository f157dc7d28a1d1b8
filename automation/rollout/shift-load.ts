/** How many pods each part of the requests needs, as a shift that raises a member asks it. */
import { groupOfMember, groupRefsOf, onePerPort } from "../../stacks/config/group-refs";
import { isExternal, replicasAreTheirs } from "../../stacks/config/target-groups";
import { partByShares, servingMembers, sharesIn, type Rollout } from "../../stacks/record";
import type { Load, LoadRules } from "../gates/shift-load";
import { floorOf } from "../planning/capacity";
import { placementBefore } from "../planning/walk-back";
import { growMsOf } from "./capacity-check";
import type { Session } from "./session";
import type { ShiftAims } from "./shift-rules";

/**
 * On the way forward alone: on the way back, and where a member serves nobody, requests fail already, and too few pods
 * are better than none. Empty: it is not asked.
 */
export function loadOf(session: Session, { rising, to }: ShiftAims): { readonly load?: LoadRules } {
  const { rollout } = session.record;
  const { sickServes, endsService } = session.policy;
  if (rollout === null || rollout.direction === "back" || rollout.atOnce === true || sickServes || endsService)
    return {};
  const parts = Object.fromEntries(rising.map((member) => [member, partByShares(to, member)]));
  return {
    load: { parts, loads: loadsOf(session, rollout), excused: session.policy.excused, growMs: growMsOf(session) },
  };
}

function loadsOf(session: Session, rollout: Rollout): Record<string, Load> {
  const { record, environment, rules } = session;
  const start = placementBefore(record);
  const members = servingMembers(start);
  const refs = groupRefsOf(environment.loadBalancer.services);
  const targets = rollout.baseline?.targets ?? {};
  const loads: Record<string, Load> = {};
  for (const { port, service: name } of onePerPort(refs)) {
    const service = environment.config.services.find((one) => one.name === name);
    // Nodes are the targets there, and nobody can say how many a part of the requests needs.
    if (service === undefined || service.targetType === "instance") continue;
    loads[port] = replicasAreTheirs(service)
      ? {
          owner: isExternal(service) ? "external" : "autoscaler",
          before: Object.fromEntries(
            members.map((member) => [member, targets[member]?.[groupOfMember(refs, port, member)]?.healthy ?? 0]),
          ),
          partsBefore: Object.fromEntries(members.map((member) => [member, partByShares(sharesIn(start), member)])),
          percent: rules.minCapacityPercent,
        }
      : { owner: "config", targets: Math.ceil((service.replicas * floorOf(start, rollout, rules)) / 100) };
  }
  return loads;
}
