import assert from "node:assert/strict";
import {
  controllerPolicy,
  type ControllerPolicyOptions,
  podIdentityTrust,
} from "../../../components/internal/controller-policy";
import { permits, type PolicyDocument, type Request } from "../../support/iam";

const account = "arn:aws:elasticloadbalancing:us-east-1:111122223333";
const shared = `${account}:targetgroup/dev-web/1`;
const anyBalancer = `${account}:loadbalancer/net/somebodys/1`;
const anyGroup = `${account}:targetgroup/somebodys/1`;
const tag = "elbv2.k8s.aws/cluster";
const onResource = (cluster: string) => ({ [`aws:ResourceTag/${tag}`]: cluster });
const inRequest = (cluster: string) => ({ [`aws:RequestTag/${tag}`]: cluster });

const documentOf = (options: Partial<ControllerPolicyOptions> = {}): PolicyDocument =>
  JSON.parse(
    controllerPolicy({
      clusterName: "dev-blue",
      bindingNetworking: false,
      loadBalancers: false,
      targetGroupArns: [shared],
      ...options,
    }),
  ) as PolicyDocument;
const may = (
  options: Partial<ControllerPolicyOptions>,
  action: string,
  request: Omit<Request, "action"> = {},
): boolean =>
  permits([documentOf(options)], {
    action: action.includes(":") ? action : `elasticloadbalancing:${action}`,
    ...request,
  });

const owner = { loadBalancers: true };
const changing = [
  "ModifyLoadBalancerAttributes",
  "SetSecurityGroups",
  "DeleteLoadBalancer",
  "DeleteTargetGroup",
  "ModifyTargetGroupAttributes",
  "CreateListener",
  "ModifyListener",
  "DeleteListener",
  "DeleteRule",
  "RegisterTargets",
  "DeregisterTargets",
];

describe("the policy of a controller that only binds", () => {
  it("permits registering into the named groups, and no other", () => {
    assert.equal(may({}, "RegisterTargets", { resource: shared }), true);
    assert.equal(may({}, "RegisterTargets", { resource: anyGroup }), false);
  });
  it("permits nothing when no group is known, instead of everything", () => {
    assert.equal(may({ targetGroupArns: [] }, "RegisterTargets", { resource: anyGroup }), false);
    assert.equal(may({ targetGroupArns: [] }, "DescribeTargetGroups"), true);
  });
  it("permits to read, and to change nothing besides", () => {
    const actions = documentOf().Statement.flatMap(({ Action }) => Action);
    assert.deepEqual(
      actions.filter((action) => !/:Describe/.test(action)),
      ["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"],
    );
    for (const action of changing.filter((name) => !/registerTargets/i.test(name)))
      assert.equal(may({}, action, { resource: anyBalancer, context: onResource("dev-blue") }), false, action);
  });
  it("leaves groups alone that a name's pattern fits but another cluster's controller made", () => {
    const options = {
      targetGroupArns: ["arn:*:elasticloadbalancing:us-east-1:*:targetgroup/k8s-checkout-payments-*/*"],
      targetGroupCluster: "dev-blue",
    };
    const resource = `${account}:targetgroup/k8s-checkout-payments-0123456789/1`;
    assert.equal(may(options, "RegisterTargets", { resource, context: onResource("dev-blue") }), true);
    assert.equal(may(options, "RegisterTargets", { resource, context: onResource("prod-blue") }), false);
    // Handed over: the tags are off, the name stays.
    assert.equal(may(options, "RegisterTargets", { resource }), true);
  });
  it("adds the rules of pods for bindings that carry networking", () => {
    assert.equal(may({}, "ec2:AuthorizeSecurityGroupIngress"), false);
    assert.equal(may({ bindingNetworking: true }, "ec2:AuthorizeSecurityGroupIngress"), true);
    assert.equal(may({ bindingNetworking: true }, "ec2:CreateSecurityGroup"), false);
  });
});

describe("the policy of a controller that owns load balancers", () => {
  it("lets it make them with its tag, and keep and remove what carries that", () => {
    for (const action of ["CreateLoadBalancer", "CreateTargetGroup"])
      assert.equal(may(owner, action, { resource: anyBalancer, context: inRequest("dev-blue") }), true, action);
    for (const made of ["CreateLoadBalancer", "CreateTargetGroup", "CreateListener", "CreateRule"])
      assert.equal(
        may(owner, "AddTags", { context: { ...inRequest("dev-blue"), "elasticloadbalancing:CreateAction": made } }),
        true,
        made,
      );
    for (const action of changing) assert.equal(may(owner, action, { context: onResource("dev-blue") }), true, action);
    assert.equal(may(owner, "AddTags", { context: { ...onResource("dev-blue"), "aws:RequestTag/team": "a" } }), true);
    assert.equal(
      may(owner, "ec2:CreateTags", {
        context: { ...inRequest("dev-blue"), "ec2:CreateAction": "CreateSecurityGroup" },
      }),
      true,
    );
    assert.equal(may(owner, "ec2:DeleteSecurityGroup", { context: onResource("dev-blue") }), true);
    assert.equal(may(owner, "RegisterTargets", { resource: shared }), true);
  });

  it("does not let it take what has no tag: neither change it, nor tag it first", () => {
    for (const resource of [anyBalancer, anyGroup]) {
      for (const action of changing) assert.equal(may(owner, action, { resource }), false, action);
      assert.equal(may(owner, "AddTags", { resource, context: inRequest("dev-blue") }), false);
      assert.equal(may(owner, "AddTags", { resource, context: inRequest("x") }), false);
    }
    assert.equal(may(owner, "ec2:CreateTags", { context: inRequest("dev-blue") }), false);
  });

  it("does not let it touch another cluster's", () => {
    for (const action of [...changing, "RemoveTags", "AddTags", "ec2:DeleteSecurityGroup", "ec2:DeleteTags"])
      assert.equal(may(owner, action, { resource: anyBalancer, context: onResource("prod-blue") }), false, action);
    assert.equal(
      may(owner, "AddTags", { context: { ...onResource("prod-blue"), ...inRequest("dev-blue") } }),
      false,
      "taking over by tag",
    );
  });

  it("does not let it make anything in another cluster's name, or without a name", () => {
    for (const action of ["CreateLoadBalancer", "CreateTargetGroup"]) {
      assert.equal(may(owner, action, { context: inRequest("prod-blue") }), false, action);
      assert.equal(may(owner, action), false, action);
    }
    const create = { "elasticloadbalancing:CreateAction": "CreateLoadBalancer" };
    assert.equal(may(owner, "AddTags", { context: { ...create, ...inRequest("prod-blue") } }), false);
  });

  it("makes no role but the load balancers' own", () => {
    const as = (service: string) => ({ context: { "iam:AWSServiceName": service } });
    assert.equal(may(owner, "iam:CreateServiceLinkedRole", as("elasticloadbalancing.amazonaws.com")), true);
    assert.equal(may(owner, "iam:CreateServiceLinkedRole", as("eks.amazonaws.com")), false);
  });

  it("leaves web ACLs, Shield, certificates and user pools alone unless it serves Ingresses", () => {
    for (const action of [
      "wafv2:DisassociateWebACL",
      "waf-regional:AssociateWebACL",
      "shield:DeleteProtection",
      "cognito-idp:DescribeUserPoolClient",
      "acm:ListCertificates",
      "elasticloadbalancing:SetWebAcl",
    ]) {
      assert.equal(may(owner, action), false, action);
      assert.equal(may({ ...owner, ingresses: true }, action), true, action);
      assert.equal(may({ ingresses: true }, action), false, `${action} without load balancers`);
    }
  });

  it("fits into a role's inline policy", () => {
    const arns = Array.from({ length: 50 }, (_, index) => `${account}:targetgroup/k8s-namespac-service-${index}*/*`);
    const text = controllerPolicy({
      clusterName: "x".repeat(100),
      bindingNetworking: true,
      loadBalancers: true,
      ingresses: true,
      targetGroupArns: arns,
      targetGroupCluster: "x".repeat(100),
    });
    assert.ok(text.length < 10_240, String(text.length));
  });
});

describe("the trust of a controller's role", () => {
  const trust = JSON.parse(
    podIdentityTrust({
      clusterName: "dev-blue",
      region: "us-east-1",
      namespace: "kube-system",
      serviceAccount: "aws-load-balancer-controller",
    }),
  ) as PolicyDocument;
  const session = {
    "aws:RequestTag/eks-cluster-name": "dev-blue",
    "aws:RequestTag/eks-cluster-arn": "arn:aws:eks:us-east-1:111122223333:cluster/dev-blue",
    "aws:RequestTag/kubernetes-namespace": "kube-system",
    "aws:RequestTag/kubernetes-service-account": "aws-load-balancer-controller",
  };
  const taken = (other: Record<string, string>): boolean =>
    permits([trust], { action: "sts:AssumeRole", context: { ...session, ...other } });
  it("is of its service account in its cluster", () => assert.equal(taken({}), true));
  it("is not of any other association of the account", () => {
    for (const [key, value] of Object.entries({
      "eks-cluster-name": "prod-blue",
      "eks-cluster-arn": "arn:aws:eks:eu-west-1:111122223333:cluster/dev-blue",
      "kubernetes-namespace": "web",
      "kubernetes-service-account": "default",
    }))
      assert.equal(taken({ [`aws:RequestTag/${key}`]: value }), false, key);
    assert.equal(permits([trust], { action: "sts:AssumeRole" }), false, "without session tags");
  });
});
