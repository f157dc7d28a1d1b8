/** Ids that AWS gave to things which a killed update made and could not write down. */
import { DescribeSecurityGroupRulesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { EKSClient, ListPodIdentityAssociationsCommand } from "@aws-sdk/client-eks";
import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";

type Inputs = Readonly<Record<string, unknown>>;
const missing = /NotFound|ResourceNotFoundException/;

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
    return associations?.[0]?.associationId ?? null;
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

/** The id of what has these inputs; null when there is none. Throws what AWS answers. */
export async function findAwsId(type: string, inputs: Inputs): Promise<string | null> {
  const region = String(inputs["region"] ?? process.env["AWS_REGION"] ?? "us-east-1");
  try {
    if (type.includes("securityGroup")) return await rule(inputs, region, type.includes("Egress"));
    if (type.includes("podIdentity")) return await association(inputs, region);
    return await balancing(type, inputs, region);
  } catch (error) {
    if (missing.test((error as { name?: string }).name ?? "")) return null;
    throw error;
  }
}
