/** `memberClusters`: members whose clusters are there already. */
import { oneOf, text } from "../declare/form";
import { group, groupPerMember, type Rule } from "../declare/group";
import { orNull, required, type ValueOf, withDefault } from "../declare/key";
import { objectName } from "./names";

const existingKeys = {
  clusterName: required(
    text({
      pattern: /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/,
      rule: "must be the name of an EKS cluster of this account and region",
      remedy: "Look it up: aws eks list-clusters",
    }),
    { doc: "Name of the EKS cluster, in the environment's account, region and VPC." },
  ),
  controller: withDefault(oneOf("existing", "managed"), "existing", {
    doc: "`existing`: the cluster has its AWS Load Balancer Controller. `managed`: this package installs it.",
  }),
  controllerNamespace: withDefault(objectName(), "kube-system", {
    doc: "Where an existing controller's Deployment is.",
  }),
  controllerDeployment: withDefault(objectName(), "aws-load-balancer-controller", {
    doc: "Name of an existing controller's Deployment.",
  }),
  podSecurityGroupId: orNull(
    text({
      pattern: /^sg-[0-9a-z]+$/,
      rule: "must be the id of a security group",
      remedy: "Write it like sg-0123456789abcdef0",
    }),
    "the cluster's own group, which managed nodes carry",
    { doc: "Security group that the pods carry; the load balancer is let in there." },
  ),
};

/** A cluster that is there already and stays somebody else's. */
export interface ExistingClusterConfig extends ValueOf<typeof existingKeys> {}

const memberKeys = {
  existing: orNull(group(existingKeys), "this project makes the member's cluster", {
    doc: "A cluster that is there already and stays somebody else's: it is never upgraded or destroyed from here.",
  }),
};

export interface MemberClusterConfig extends ValueOf<typeof memberKeys> {}

const oneClusterEach: Rule<Readonly<Record<string, MemberClusterConfig>>> = (members, place) => {
  const taken = new Map<string, string>();
  for (const [member, { existing }] of Object.entries(members)) {
    if (existing === null) continue;
    const other = taken.get(existing.clusterName);
    if (other !== undefined)
      place.add(
        `${member}.existing.clusterName`,
        existing.clusterName,
        `is member '${other}' already`,
        "Give every member its own cluster: two under one name adopt each other's load balancers",
      );
    taken.set(existing.clusterName, member);
  }
};

export const memberClusters = groupPerMember(group(memberKeys), [oneClusterEach]);
