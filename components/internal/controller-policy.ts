/**
 * What the AWS Load Balancer Controller may do, by what it is asked to do. Actions and conditions are those of its
 * v3.5.0 `docs/install/iam_policy.json`, cut down by what it was seen to call (2026-11-21), and its cluster's tag is
 * compared with the cluster's name instead of only looked for: one cluster's controller can't touch another's load
 * balancers. All mutating actions of ELBv2 know the tags of their resource
 * (docs.aws.amazon.com/elasticloadbalancing/latest/userguide/security_iam_service-with-iam.html, 2026-11-30).
 */

/** The tag that the controller puts on everything that it makes, with its `--cluster-name`. */
const clusterTag = "elbv2.k8s.aws/cluster";

export interface ControllerPolicyOptions {
  /** `--cluster-name` of the controller. */
  readonly clusterName: string;
  /** Security-group rules of bindings: those who carry `spec.networking`. */
  readonly bindingNetworking: boolean;
  /** Network load balancers for Services. */
  readonly loadBalancers: boolean;
  /** Besides, what Ingresses may ask for: certificates, web ACLs, Shield, user pools. Needs `loadBalancers`. */
  readonly ingresses?: boolean;
  /** Target groups that others made, which it may register into; may be patterns. Empty: none. */
  readonly targetGroupArns: readonly string[];
  /**
   * Of target groups that are named by patterns: the cluster whose controller made them. Such a group is left alone
   * when it carries another cluster's tag; one without the tag was handed over.
   */
  readonly targetGroupCluster?: string;
}

export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

const of = (service: string, actions: string): string[] => actions.split(" ").map((action) => `${service}:${action}`);
const elb = (actions: string): string[] => of("elasticloadbalancing", actions);
const ec2 = (actions: string): string[] => of("ec2", actions);
const allow = (
  Sid: string,
  Action: readonly string[],
  Condition?: PolicyStatement["Condition"],
  Resource: PolicyStatement["Resource"] = "*",
): PolicyStatement => ({ Sid, Effect: "Allow", Action, Resource, ...(Condition === undefined ? {} : { Condition }) });

/** What can't be narrowed: reading. */
const reads = [
  ...elb(
    "DescribeTargetGroups DescribeTargetHealth DescribeTargetGroupAttributes DescribeLoadBalancers DescribeListeners " +
      "DescribeRules DescribeTags",
  ),
  ...ec2(
    "DescribeVpcs DescribeSubnets DescribeSecurityGroups DescribeAvailabilityZones DescribeInstances " +
      "DescribeNetworkInterfaces",
  ),
];
const readsOfOwners = [
  ...ec2(
    "DescribeAccountAttributes DescribeAddresses DescribeInternetGateways DescribeVpcPeeringConnections DescribeTags " +
      "DescribeCoipPools GetCoipPoolUsage GetSecurityGroupsForVpc DescribeIpamPools DescribeRouteTables",
  ),
  ...elb(
    "DescribeLoadBalancerAttributes DescribeListenerCertificates DescribeListenerAttributes DescribeSSLPolicies " +
      "DescribeTrustStores DescribeCapacityReservation",
  ),
];
const ingressActions = [
  ...elb("SetWebAcl"),
  ...of("acm", "ListCertificates DescribeCertificate"),
  ...of("iam", "ListServerCertificates GetServerCertificate"),
  ...of("cognito-idp", "DescribeUserPoolClient"),
  ...of("wafv2", "GetWebACL GetWebACLForResource AssociateWebACL DisassociateWebACL"),
  ...of("waf-regional", "GetWebACL GetWebACLForResource AssociateWebACL DisassociateWebACL"),
  ...of("shield", "GetSubscriptionState DescribeProtection CreateProtection DeleteProtection"),
];

/** Registering into target groups that others made. Without any there is nothing to permit. */
function targetStatements({ targetGroupArns, targetGroupCluster }: ControllerPolicyOptions): PolicyStatement[] {
  if (targetGroupArns.length === 0) return [];
  const condition =
    targetGroupCluster === undefined
      ? undefined
      : { StringEqualsIfExists: { [`aws:ResourceTag/${clusterTag}`]: targetGroupCluster } };
  return [allow("Targets", elb("RegisterTargets DeregisterTargets"), condition, targetGroupArns)];
}

/** Load balancers of its own: made with its tag, and touched only with it. */
function ownerStatements(clusterName: string): PolicyStatement[] {
  const own = { StringEquals: { [`aws:ResourceTag/${clusterTag}`]: clusterName } };
  const tagged = { [`aws:RequestTag/${clusterTag}`]: clusterName };
  const keepsTag = { ...own, Null: { [`aws:RequestTag/${clusterTag}`]: "true" } };
  return [
    allow("OwnTargets", elb("RegisterTargets DeregisterTargets"), own),
    allow("Create", elb("CreateLoadBalancer CreateTargetGroup"), { StringEquals: tagged }),
    // A tag is given while something is made, and then once more checked as AddTags; to what is there already none.
    allow("TagNew", elb("AddTags"), {
      StringEquals: {
        "elasticloadbalancing:CreateAction": [
          "CreateLoadBalancer",
          "CreateTargetGroup",
          "CreateListener",
          "CreateRule",
        ],
        ...tagged,
      },
    }),
    allow("TagOwn", [...elb("AddTags RemoveTags"), ...ec2("CreateTags DeleteTags")], keepsTag),
    allow(
      "OwnOnly",
      [
        ...elb(
          "CreateListener DeleteListener ModifyListener ModifyListenerAttributes CreateRule DeleteRule ModifyRule " +
            "SetRulePriorities AddListenerCertificates RemoveListenerCertificates ModifyLoadBalancerAttributes " +
            "SetIpAddressType SetSecurityGroups SetSubnets DeleteLoadBalancer ModifyTargetGroup " +
            "ModifyTargetGroupAttributes DeleteTargetGroup ModifyCapacityReservation ModifyIpPools",
        ),
        ...ec2("DeleteSecurityGroup"),
      ],
      own,
    ),
    allow("CreateSecurityGroup", ec2("CreateSecurityGroup")),
    allow("TagNewSecurityGroup", ec2("CreateTags"), {
      StringEquals: { "ec2:CreateAction": "CreateSecurityGroup", ...tagged },
    }),
    allow("ServiceLinkedRole", ["iam:CreateServiceLinkedRole"], {
      StringEquals: { "iam:AWSServiceName": "elasticloadbalancing.amazonaws.com" },
    }),
  ];
}

export function controllerStatements(options: ControllerPolicyOptions): PolicyStatement[] {
  const { loadBalancers, bindingNetworking, clusterName } = options;
  return [
    ...targetStatements(options),
    allow("Read", [...reads, ...(loadBalancers ? readsOfOwners : [])]),
    // Of pods' groups, which carry no tag of the controller's.
    ...(loadBalancers || bindingNetworking
      ? [allow("PodRules", ec2("AuthorizeSecurityGroupIngress RevokeSecurityGroupIngress"))]
      : []),
    ...(loadBalancers ? ownerStatements(clusterName) : []),
    ...(loadBalancers && options.ingresses === true ? [allow("Ingresses", ingressActions)] : []),
  ];
}

/** The policy document, as JSON text. */
export const controllerPolicy = (options: ControllerPolicyOptions): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: controllerStatements(options) });

export interface ControllerTrustOptions {
  readonly clusterName: string;
  readonly region: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/**
 * Who may take the role by EKS Pod Identity: this service account of this cluster. EKS passes both as tags of the
 * session (docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html, 2026-11-30); without them any association of the
 * account could use the role.
 */
export const podIdentityTrust = ({ clusterName, region, namespace, serviceAccount }: ControllerTrustOptions): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "pods.eks.amazonaws.com" },
        Action: ["sts:AssumeRole", "sts:TagSession"],
        Condition: {
          StringEquals: {
            "aws:RequestTag/eks-cluster-name": clusterName,
            "aws:RequestTag/kubernetes-namespace": namespace,
            "aws:RequestTag/kubernetes-service-account": serviceAccount,
          },
          StringLike: { "aws:RequestTag/eks-cluster-arn": `arn:*:eks:${region}:*:cluster/${clusterName}` },
        },
      },
    ],
  });
