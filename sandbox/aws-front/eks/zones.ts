/** Zones in which EKS makes no control planes. */
import { AwsError } from "../aws-error";
import { type Ec2Subnet, items, str } from "../ec2";
import type { EksContext } from "./store";

/** By id. docs.aws.amazon.com/eks/latest/userguide/network-reqs.html; 2026-11-30. */
export const zonesWithoutControlPlanes: readonly string[] = ["use1-az3", "usw1-az2", "cac1-az3"];

/** As EKS does, with the zones of the account that it takes. */
export async function refuseZones(context: EksContext, name: string, subnets: readonly Ec2Subnet[]): Promise<void> {
  const unserved = (zoneId: string): boolean => zonesWithoutControlPlanes.includes(zoneId);
  const refused = subnets.filter(({ zoneId }) => unserved(zoneId)).map(({ zone }) => zone);
  if (refused.length === 0) return;
  const answer = await context.ec2.call("DescribeAvailabilityZones");
  const validZones = items(answer["availabilityZoneInfo"])
    .filter((one) => !unserved(str(one, "zoneId")))
    .map((one) => str(one, "zoneName"));
  throw new AwsError(
    "UnsupportedAvailabilityZoneException",
    `Cannot create cluster '${name}' because EKS does not support creating control plane instances in ` +
      `${refused.join(", ")}, the targeted availability zone. Retry cluster creation using control plane subnets ` +
      `that span at least two of these availability zones: ${validZones.join(", ")}.`,
    400,
    { clusterName: name, validZones },
  );
}
