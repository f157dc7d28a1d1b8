/** The two security groups of `eks.Cluster` and their six rules. */
import * as pulumi from "@pulumi/pulumi";
import { AwsResource } from "./parts";
import type { Dynamic } from "../rpc/values";

const anywhere = { fromPort: 0, toPort: 0, protocol: "-1" };

export interface Groups {
  readonly cluster: AwsResource;
  readonly node: AwsResource;
  rules(cluster: AwsResource): void;
}

export function securityGroups(name: string, args: pulumi.Inputs, parent: pulumi.Resource): Groups {
  const group = (suffix: string, description: string, tags: pulumi.Input<Dynamic>) =>
    new AwsResource(
      "aws:ec2/securityGroup:SecurityGroup",
      `${name}-${suffix}`,
      {
        vpcId: args["vpcId"],
        revokeRulesOnDelete: true,
        description,
        tags: pulumi
          .all([args["tags"], tags])
          .apply(([all, own]: Dynamic[]) => ({ Name: `${name}-${suffix}`, ...all, ...own })),
      },
      ["arn"],
      { parent },
    );
  const rule = (suffix: string, inputs: pulumi.Inputs) =>
    new AwsResource(
      "aws:ec2/securityGroupRule:SecurityGroupRule",
      `${name}-${suffix}`,
      inputs,
      ["securityGroupRuleId"],
      { parent },
    );
  const cluster = group("eksClusterSecurityGroup", "Managed by Pulumi", args["clusterSecurityGroupTags"]);
  const clusterName = args["name"] ?? `${name}-eksCluster`;
  const node = group(
    "nodeSecurityGroup",
    "Managed by Pulumi",
    pulumi
      .all([args["nodeSecurityGroupTags"], clusterName])
      .apply(([own, of]: Dynamic[]) => ({ [`kubernetes.io/cluster/${of}`]: "owned", ...own })),
  );
  return {
    cluster,
    node,
    rules: () => {
      rule("eksClusterInternetEgressRule", {
        description: "Allow internet access.",
        type: "egress",
        ...anywhere,
        cidrBlocks: ["0.0.0.0/0"],
        securityGroupId: cluster.id,
      });
      rule("eksNodeIngressRule", {
        description: "Allow nodes to communicate with each other",
        type: "ingress",
        ...anywhere,
        self: true,
        securityGroupId: node.id,
      });
      rule("eksNodeClusterIngressRule", {
        description: "Allow worker Kubelets and pods to receive communication from the cluster control plane",
        type: "ingress",
        fromPort: 1025,
        toPort: 65535,
        protocol: "tcp",
        sourceSecurityGroupId: cluster.id,
        securityGroupId: node.id,
      });
      rule("eksExtApiServerClusterIngressRule", {
        description:
          "Allow pods running extension API servers on port 443 to receive communication from cluster control plane",
        type: "ingress",
        fromPort: 443,
        toPort: 443,
        protocol: "tcp",
        sourceSecurityGroupId: cluster.id,
        securityGroupId: node.id,
      });
      rule("eksNodeInternetEgressRule", {
        description: "Allow internet access.",
        type: "egress",
        ...anywhere,
        cidrBlocks: ["0.0.0.0/0"],
        securityGroupId: node.id,
      });
      rule("eksClusterIngressRule", {
        description: "Allow pods to communicate with the cluster API Server",
        type: "ingress",
        fromPort: 443,
        toPort: 443,
        protocol: "tcp",
        sourceSecurityGroupId: node.id,
        securityGroupId: cluster.id,
      });
    },
  };
}
