/** What must hold where traffic is weighted. */
import { groupsPerAction } from "../../../components/internal/aws-limits";
import type { Rule } from "../declare/group";
import type { OwnKeys } from "../keys/environment";
import { ownerOf } from "../target-groups";

const ownerIsStack: Rule<OwnKeys> = (config, place) => {
  if (config.traffic === "weighted" && ownerOf(config) === "service")
    place.add(
      "traffic",
      config.traffic,
      "needs loadBalancer.owner stack: the weights of a Service's load balancer are its controller's",
      "Set loadBalancer.owner to stack, or traffic to shared",
    );
};

/** Every action lists the groups of all members, so that their health checks run. */
const membersFitAction: Rule<OwnKeys> = ({ traffic, members }, place) => {
  const { most, source } = groupsPerAction;
  if (traffic === "weighted" && members.length > most)
    place.add(
      "members",
      members.length,
      `must be at most ${most} with traffic: weighted: an action has a target group of each (${source})`,
      "Name fewer members, or set traffic to shared",
    );
};

/** A group of one member has no DNS failover, or a member that stands by would take zones away from all. */
const crossesZones: Rule<OwnKeys> = ({ traffic, loadBalancer }, place) => {
  if (traffic === "weighted" && loadBalancer?.crossZone === false)
    place.add(
      "loadBalancer.crossZone",
      false,
      "can't be off with traffic: weighted: a zone in which the serving member has no target would refuse clients",
      "Remove it, or set traffic to shared",
    );
};

export const weightedRules: readonly Rule<OwnKeys>[] = [ownerIsStack, membersFitAction, crossesZones];
