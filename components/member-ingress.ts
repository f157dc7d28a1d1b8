import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { nodePortRange, ports } from "./internal/aws-limits";
import { describeForEc2 } from "./internal/descriptions";
import { type Problem, throwProblems, wholeNumberProblems } from "./internal/problems";

/** Which traffic of the load balancer a member's security group lets in. */
export interface MemberIngressArgs {
  /** The security group that the member's pods carry. */
  podSecurityGroupId: pulumi.Input<string>;
  /** The shared load balancer's own group. */
  loadBalancerSecurityGroupId: pulumi.Input<string>;
  /** Service and health-check ports of the pods; repeats are dropped. */
  ports: number[];
  /** Also the range of NodePorts, for instance targets. Default false. */
  nodePorts?: boolean;
}

/** All that is wrong with the arguments. */
export function memberIngressProblems(args: MemberIngressArgs): Problem[] {
  return args.ports.flatMap((port, index) =>
    wholeNumberProblems(`ports[${index}]`, port, ports.least, ports.most, ports.source),
  );
}

/**
 * Lets the shared load balancer reach a member's pods. Made with the member, so that admitting it creates bindings
 * alone.
 */
export class MemberIngress extends pulumi.ComponentResource {
  /** Ids of the rules. */
  public readonly ruleIds: pulumi.Output<string[]>;

  constructor(name: string, args: MemberIngressArgs, opts?: pulumi.ComponentResourceOptions) {
    super("eks-blue-green:index:MemberIngress", name, {}, opts);
    throwProblems(`MemberIngress '${name}'`, memberIngressProblems(args));
    // The description must not look like the controller's own (`elbv2.k8s.aws/targetGroupBinding=shared`), which it
    // would remove.
    const rules = [...new Set(args.ports)].map(
      (port) =>
        new aws.vpc.SecurityGroupIngressRule(
          `${name}-${port}`,
          {
            securityGroupId: args.podSecurityGroupId,
            referencedSecurityGroupId: args.loadBalancerSecurityGroupId,
            ipProtocol: "tcp",
            fromPort: port,
            toPort: port,
            description: describeForEc2(`Shared load balancer to pod port ${port}`),
          },
          { parent: this },
        ),
    );
    if (args.nodePorts === true) {
      const { first, last } = nodePortRange;
      rules.push(
        new aws.vpc.SecurityGroupIngressRule(
          `${name}-node-ports`,
          {
            securityGroupId: args.podSecurityGroupId,
            referencedSecurityGroupId: args.loadBalancerSecurityGroupId,
            ipProtocol: "tcp",
            fromPort: first,
            toPort: last,
            description: describeForEc2("Shared load balancer to NodePorts"),
          },
          { parent: this },
        ),
      );
    }
    this.ruleIds = pulumi.output(rules.map((rule) => rule.id));
    this.registerOutputs({ ruleIds: this.ruleIds });
  }
}
