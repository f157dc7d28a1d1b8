/**
 * The actions that the AWS Load Balancer Controller needs, by what it is asked to do. From its v3.5.0
 * `docs/install/iam_policy.json`,
 * cut down by what it was seen to call; checked 2026-11-21.
 */

/**
 * `bindings`: TargetGroupBindings only · `binding-networking`: also their security-group rules · `load-balancers`: also
 * Services and Ingresses.
 */
export type ControllerFeature = "bindings" | "binding-networking" | "load-balancers";

export interface ControllerAction {
  readonly action: string;
  readonly feature: ControllerFeature;
  /**
   * `targets`: only the target groups that are named · `tagged`: only what carries the controller's cluster tag ·
   * `new-group`: only a security
   * group that is being created with that tag · `service-role`: only the role of Elastic Load Balancing itself · `any`:
   * can't be narrowed.
   */
  readonly scope: "targets" | "tagged" | "new-group" | "service-role" | "any";
}

const table = (
  feature: ControllerFeature,
  scope: ControllerAction["scope"],
  service: string,
  actions: string,
): ControllerAction[] => actions.split(" ").map((action) => ({ action: `${service}:${action}`, feature, scope }));

export const controllerActions: readonly ControllerAction[] = [
  ...table("bindings", "targets", "elasticloadbalancing", "RegisterTargets DeregisterTargets"),
  ...table(
    "bindings",
    "any",
    "elasticloadbalancing",
    "DescribeTargetGroups DescribeTargetHealth DescribeTargetGroupAttributes DescribeLoadBalancers " +
      "DescribeListeners DescribeRules DescribeTags",
  ),
  ...table(
    "bindings",
    "any",
    "ec2",
    "DescribeVpcs DescribeSubnets DescribeSecurityGroups DescribeAvailabilityZones DescribeInstances " +
      "DescribeNetworkInterfaces",
  ),
  ...table("binding-networking", "any", "ec2", "AuthorizeSecurityGroupIngress RevokeSecurityGroupIngress"),
  ...table(
    "load-balancers",
    "any",
    "ec2",
    "DescribeAccountAttributes DescribeAddresses DescribeInternetGateways DescribeVpcPeeringConnections " +
      "DescribeTags DescribeCoipPools GetCoipPoolUsage GetSecurityGroupsForVpc DescribeIpamPools " +
      "DescribeRouteTables CreateSecurityGroup",
  ),
  ...table("load-balancers", "tagged", "ec2", "CreateTags DeleteTags DeleteSecurityGroup"),
  // CreateSecurityGroup with tags is also checked as CreateTags, on a group that carries none yet.
  ...table("load-balancers", "new-group", "ec2", "CreateTags"),
  ...table(
    "load-balancers",
    "any",
    "elasticloadbalancing",
    "DescribeLoadBalancerAttributes DescribeListenerCertificates DescribeListenerAttributes DescribeSSLPolicies " +
      "DescribeTrustStores DescribeCapacityReservation CreateLoadBalancer CreateTargetGroup CreateListener " +
      "DeleteListener CreateRule DeleteRule SetWebAcl ModifyListener AddListenerCertificates " +
      "RemoveListenerCertificates ModifyRule SetRulePriorities AddTags",
  ),
  ...table(
    "load-balancers",
    "tagged",
    "elasticloadbalancing",
    "RemoveTags ModifyListenerAttributes ModifyLoadBalancerAttributes SetIpAddressType SetSecurityGroups " +
      "SetSubnets DeleteLoadBalancer ModifyTargetGroup ModifyTargetGroupAttributes DeleteTargetGroup " +
      "ModifyCapacityReservation ModifyIpPools",
  ),
  ...table("load-balancers", "any", "acm", "ListCertificates DescribeCertificate"),
  ...table("load-balancers", "any", "iam", "ListServerCertificates GetServerCertificate"),
  ...table("load-balancers", "service-role", "iam", "CreateServiceLinkedRole"),
  ...table("load-balancers", "any", "cognito-idp", "DescribeUserPoolClient"),
  ...table("load-balancers", "any", "wafv2", "GetWebACL GetWebACLForResource AssociateWebACL DisassociateWebACL"),
  ...table(
    "load-balancers",
    "any",
    "waf-regional",
    "GetWebACL GetWebACLForResource AssociateWebACL DisassociateWebACL",
  ),
  ...table(
    "load-balancers",
    "any",
    "shield",
    "GetSubscriptionState DescribeProtection CreateProtection DeleteProtection",
  ),
];

export interface ControllerPolicyOptions {
  readonly bindingNetworking: boolean;
  readonly loadBalancers: boolean;
  /** Empty: every target group of the account and region. */
  readonly targetGroupArns: readonly string[];
}

/** The policy document, as JSON text. */
export function controllerPolicy(options: ControllerPolicyOptions): string {
  const wanted = controllerActions.filter(({ feature }) => {
    switch (feature) {
      case "bindings":
        return true;
      case "binding-networking":
        return options.bindingNetworking || options.loadBalancers;
      case "load-balancers":
        return options.loadBalancers;
      default:
        return feature satisfies never;
    }
  });
  const actions = (scope: ControllerAction["scope"]): string[] =>
    wanted.filter((entry) => entry.scope === scope).map((entry) => entry.action);
  // With load balancers of its own the controller registers into groups that it makes and that nobody can name before.
  const targetGroups =
    options.loadBalancers || options.targetGroupArns.length === 0 ? ["*"] : [...options.targetGroupArns];
  const clusterTag = "elbv2.k8s.aws/cluster";
  const conditional = (
    Sid: string,
    scope: ControllerAction["scope"],
    Condition: Record<string, unknown>,
  ): Record<string, unknown>[] => {
    const Action = actions(scope);
    return Action.length === 0 ? [] : [{ Sid, Effect: "Allow", Action, Resource: "*", Condition }];
  };
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Sid: "Targets", Effect: "Allow", Action: actions("targets"), Resource: targetGroups },
      { Sid: "ReadAndCreate", Effect: "Allow", Action: actions("any"), Resource: "*" },
      ...conditional("OwnOnly", "tagged", { Null: { [`aws:ResourceTag/${clusterTag}`]: "false" } }),
      ...conditional("NewSecurityGroup", "new-group", {
        StringEquals: { "ec2:CreateAction": "CreateSecurityGroup" },
        Null: { [`aws:RequestTag/${clusterTag}`]: "false" },
      }),
      ...conditional("ServiceLinkedRole", "service-role", {
        StringEquals: { "iam:AWSServiceName": "elasticloadbalancing.amazonaws.com" },
      }),
    ],
  });
}
