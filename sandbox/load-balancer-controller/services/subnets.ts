/** Which subnets a Service's load balancer is in. */
import type { Ec2, Subnet } from "../aws/ec2";

export interface SubnetsInput {
  readonly ec2: Ec2;
  readonly vpcId: string;
  readonly clusterName: string;
  /** Ids or `Name` tags of the annotation. */
  readonly named: readonly string[];
  readonly scheme: "internal" | "internet-facing";
}

/**
 * Named ones, else tagged ones, else those that fit by their routes; one for each Availability Zone. @throws Error when
 * there is none.
 */
export async function resolveSubnets({ ec2, vpcId, clusterName, named, scheme }: SubnetsInput): Promise<string[]> {
  if (named.length > 0) return resolveNamed(ec2, vpcId, named);
  const role = `kubernetes.io/role/${scheme === "internal" ? "internal-elb" : "elb"}`;
  const tagged = await ec2.subnets({ filters: { "vpc-id": [vpcId], [`tag:${role}`]: ["", "1"] } });
  if (tagged.length > 0) return onePerZone(tagged, clusterName);
  const all = await ec2.subnets({ filters: { "vpc-id": [vpcId] } });
  const open = await ec2.publicSubnets(vpcId, all);
  const fitting = all.filter((one) => open.has(one.id) === (scheme === "internet-facing"));
  if (fitting.length === 0)
    throw new Error(
      `unable to resolve at least one subnet (0 match VPC and tags: [${role}], 0 are ` +
        `${scheme === "internal" ? "private" : "public"} by their routes)`,
    );
  return onePerZone(fitting, clusterName);
}

async function resolveNamed(ec2: Ec2, vpcId: string, named: readonly string[]): Promise<string[]> {
  const ids = named.filter((one) => one.startsWith("subnet-"));
  const names = named.filter((one) => !one.startsWith("subnet-"));
  const found = [
    ...(ids.length > 0 ? await ec2.subnets({ ids }) : []),
    ...(names.length > 0 ? await ec2.subnets({ filters: { "vpc-id": [vpcId], "tag:Name": names } }) : []),
  ];
  if (found.length !== named.length)
    throw new Error(`couldn't find all subnets, nameOrIDs: [${named.join(" ")}], found: ${found.length}`);
  return found.map((one) => one.id).sort();
}

function onePerZone(subnets: readonly Subnet[], clusterName: string): string[] {
  const ofCluster = (one: Subnet): number => (one.tags.has(`kubernetes.io/cluster/${clusterName}`) ? 0 : 1);
  const sorted = [...subnets].sort((a, b) => ofCluster(a) - ofCluster(b) || (a.id < b.id ? -1 : 1));
  const chosen = new Map<string, string>();
  for (const one of sorted) if (!chosen.has(one.zone)) chosen.set(one.zone, one.id);
  return [...chosen.values()].sort();
}
