/** Ids that AWS gave to things which a killed update made and could not write down. */
import { DescribeSecurityGroupRulesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { EKSClient, ListPodIdentityAssociationsCommand } from "@aws-sdk/client-eks";
import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";

import { failure, isGone } from "./call";

type Inputs = Readonly<Record<string, unknown>>;

async function rule(inputs: Inputs, region: string, egress: boolean): Promise<string | null> {
  const client = new EC2Client({ region });
  try {
    const { SecurityGroupRules: rules } = await client.send(
      new DescribeSecurityGroupRulesCommand({
        Filters: [{ Name: "group-id", Values: [String(inputs["securityGroupId"])] }],
      }),
      { abortSignal: AbortSignal.timeout(30_000) },
    );
    const same = (rules ?? []).find(
      (one) =>
        one.IsEgress === egress &&
        one.IpProtocol === String(inputs["ipProtocol"]) &&
        (one.FromPort ?? -1) === Number(inputs["fromPort"] ?? -1) &&
        (one.ToPort ?? -1) === Number(inputs["toPort"] ?? -1) &&
        one.ReferencedGroupInfo?.GroupId === inputs["referencedSecurityGroupId"] &&
        one.CidrIpv4 === inputs["cidrIpv4"],
    );
    return same?.SecurityGroupRuleId ?? null;
  } finally {
    client.destroy();
  }
}

async function association(inputs: Inputs, region: string): Promise<string | null> {
  const client = new EKSClient({ region });
  try {
    const { associations } = await client.send(
      new ListPodIdentityAssociationsCommand({
        clusterName: String(inputs["clusterName"]),
        namespace: String(inputs["namespace"]),
        serviceAccount: String(inputs["serviceAccount"]),
      }),
      { abortSignal: AbortSignal.timeout(30_000) },
    );
    const found = associations?.[0]?.associationId;
    // As the provider imports one: its own id says nothing of the cluster, and what has no outputs yet is read by import.
    return found === undefined ? null : `${String(inputs["clusterName"])},${found}`;
  } finally {
    client.destroy();
  }
}

async function balancing(type: string, inputs: Inputs, region: string): Promise<string | null> {
  const client = new ElasticLoadBalancingV2Client({ region });
  const Names = [String(inputs["name"])];
  const options = { abortSignal: AbortSignal.timeout(30_000) };
  try {
    if (type === "aws:lb/loadBalancer:LoadBalancer")
      return (
        (await client.send(new DescribeLoadBalancersCommand({ Names }), options)).LoadBalancers?.[0]?.LoadBalancerArn ??
        null
      );
    return (
      (await client.send(new DescribeTargetGroupsCommand({ Names }), options)).TargetGroups?.[0]?.TargetGroupArn ?? null
    );
  } finally {
    client.destroy();
  }
}

/**
 * The id of what has these inputs, in the form in which the provider imports it; null when there is none. `region`: the
 * driver's own, as the config has it; an input of the resource comes first. Throws what AWS answers.
 */
export async function findAwsId(type: string, inputs: Inputs, ownRegion: string): Promise<string | null> {
  const region = typeof inputs["region"] === "string" ? inputs["region"] : ownRegion;
  const action = `finding ${type.split(":").at(-1) ?? type}`;
  try {
    if (type.includes("securityGroup")) return await rule(inputs, region, type.includes("Egress"));
    if (type.includes("podIdentity")) return await association(inputs, region);
    return await balancing(type, inputs, region);
  } catch (error) {
    if (isGone(error)) return null;
    throw failure(action, error);
  }
}
