/** What the shipped policies refuse: networks, groups and load balancers of others, however they are asked for. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Request } from "../support/iam";
import { ec2Arn, elbArn, filled, may, policies, policy, root, text } from "./shipped";

const tag = "eks-blue-green/environment";
const carries = (environment: string) => ({ [`aws:ResourceTag/${tag}`]: environment });
const brings = (environment: string) => ({ [`aws:RequestTag/${tag}`]: environment });
const ofCluster = (name: string) => ({ "aws:ResourceTag/aws:eks:cluster-name": name });
type Asked = Omit<Request, "action">;

/** AWS asks about every resource of a call, and refuses it when one of them is not permitted. */
const permitted = (files: readonly string[], action: string, asked: readonly Asked[]): boolean =>
  asked.every((one) => may(files, { action, ...one }));
const deployer = ["deploy-environment", "deploy-members"];

/** `owner`: whose environment's tag what is there already carries. */
const onNetwork = (owner: string | null): Readonly<Record<string, readonly Asked[]>> => {
  const context = owner === null ? {} : carries(owner);
  const there = (kind: string): Asked => ({
    resource: ec2Arn(kind, "x-0b"),
    context: { ...context, ...brings("dev") },
  });
  const made = (kind: string): Asked => ({ resource: ec2Arn(kind, "*"), context: brings("dev") });
  return {
    "ec2:AssociateRouteTable": [there("route-table"), there("subnet")],
    "ec2:AttachInternetGateway": [there("internet-gateway"), there("vpc")],
    "ec2:CreateNatGateway": [made("natgateway"), there("elastic-ip"), there("subnet")],
    "ec2:CreateRoute": [there("route-table")],
    "ec2:CreateRouteTable": [made("route-table"), there("vpc")],
    "ec2:CreateSecurityGroup": [made("security-group"), there("vpc")],
    "ec2:CreateSubnet": [made("subnet"), there("vpc")],
    "ec2:DeleteRoute": [there("route-table")],
    "ec2:ModifySubnetAttribute": [there("subnet")],
    "ec2:ModifyVpcAttribute": [there("vpc")],
    "ec2:AuthorizeSecurityGroupEgress": [there("security-group"), made("security-group-rule")],
    "ec2:AuthorizeSecurityGroupIngress": [there("security-group"), made("security-group-rule")],
    "ec2:ModifySecurityGroupRules": [there("security-group"), { resource: ec2Arn("security-group-rule", "sgr-0b") }],
    "ec2:RevokeSecurityGroupEgress": [there("security-group")],
    "ec2:RevokeSecurityGroupIngress": [there("security-group")],
  };
};

describe("the deployer's policies on a network", () => {
  it("permit to build in the environment's own", () => {
    const refused = Object.entries(onNetwork("dev")).filter(([action, asked]) => !permitted(deployer, action, asked));
    assert.deepEqual(refused, []);
  });

  it("permit nothing in a network of somebody else, or of another environment", () => {
    for (const owner of [null, "prod"])
      assert.deepEqual(
        Object.entries(onNetwork(owner)).filter(([action, asked]) => permitted(deployer, action, asked)),
        [],
        String(owner),
      );
  });

  it("permit nothing when one part of a call is another's: the address, the subnet, the gateway", () => {
    const own = Object.entries(onNetwork("dev"));
    const other = onNetwork("prod");
    for (const [action, asked] of own)
      asked.forEach((one, at) => {
        if (!("aws:ResourceTag/eks-blue-green/environment" in (one.context ?? {}))) return;
        const mixed = asked.map((each, index) => (index === at ? (other[action]?.[at] ?? each) : each));
        assert.ok(!permitted(deployer, action, mixed), `${action}: ${one.resource}`);
      });
  });

  it("permit to make nothing without the environment's tag, which would then belong to nobody", () => {
    for (const environment of [null, "prod"])
      for (const [action, kind] of [
        ["ec2:CreateVpc", "vpc"],
        ["ec2:CreateInternetGateway", "internet-gateway"],
        ["ec2:AllocateAddress", "elastic-ip"],
        ["ec2:CreateSubnet", "subnet"],
        ["ec2:CreateRouteTable", "route-table"],
        ["ec2:CreateSecurityGroup", "security-group"],
        ["ec2:CreateNatGateway", "natgateway"],
      ] as const) {
        const asked = (given: Asked["context"]) => ({ resource: ec2Arn(kind, "*"), context: given ?? {} });
        assert.ok(!permitted(deployer, action, [asked(environment === null ? {} : brings(environment))]), action);
        assert.ok(permitted(deployer, action, [asked(brings("dev"))]), action);
      }
  });

  it("permit the load balancer's group, and no more, in an existing VPC that is named", () => {
    const inVpc = (vpc: string): Asked[] => [
      { resource: ec2Arn("security-group", "*"), context: brings("dev") },
      { resource: ec2Arn("vpc", vpc), context: brings("dev") },
    ];
    assert.ok(permitted(deployer, "ec2:CreateSecurityGroup", inVpc(filled.existingVpc)));
    assert.ok(!permitted(deployer, "ec2:CreateSecurityGroup", inVpc("vpc-0b")));
    for (const action of ["ec2:CreateSubnet", "ec2:ModifyVpcAttribute", "ec2:DeleteVpc", "ec2:AttachInternetGateway"])
      assert.ok(!may(deployer, { action, resource: ec2Arn("vpc", filled.existingVpc) }), action);
  });
});

describe("the deployer's policies on rules", () => {
  const actions = [
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:ModifySecurityGroupRules",
    "ec2:RevokeSecurityGroupIngress",
  ];
  const on = (id: string, context: Asked["context"] = {}) => ({ resource: ec2Arn("security-group", id), context });

  it("permit those on the groups of members, which EKS tags with the cluster's name", () => {
    for (const action of actions) {
      assert.ok(may(deployer, { action, ...on("sg-0b", ofCluster("dev-blue")) }), action);
      assert.ok(may(deployer, { action, ...on("sg-0b", ofCluster(filled.existingCluster)) }), action);
      assert.ok(may(deployer, { action, ...on(filled.existingPods) }), action);
    }
  });

  it("permit none on any other group", () => {
    for (const action of [...actions, "ec2:AuthorizeSecurityGroupEgress", "ec2:RevokeSecurityGroupEgress"])
      for (const context of [{}, ofCluster("prod-blue"), ofCluster(`${filled.existingCluster}-too`), brings("dev")])
        assert.ok(!may(deployer, { action, ...on("sg-0b", context) }), `${action} ${JSON.stringify(context)}`);
  });
});

describe("the policy for adopting", () => {
  const adopt = (action: string, resource: string, keys: readonly string[], context: Asked["context"] = {}): boolean =>
    may(["adopt"], {
      action,
      resource,
      context: keys.length === 0 ? context : { ...context, "aws:TagKeys": keys },
    });
  const controllers = ["elbv2.k8s.aws/cluster", "service.k8s.aws/stack", "service.k8s.aws/resource"];
  const parts = (balancer: string, group: string): string[] => [
    elbArn(`loadbalancer/net/${balancer}/1`),
    elbArn(`listener/net/${balancer}/1/2`),
    elbArn(`targetgroup/${group}/1`),
  ];
  const onBalancers = ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"];
  const onGroups = ["ec2:CreateTags", "ec2:DeleteTags"];

  it("permits to take the controller's tags off what is handed over, and to give them back", () => {
    for (const resource of parts(filled.loadBalancer, filled.targetGroup))
      for (const action of onBalancers) assert.ok(adopt(action, resource, controllers), `${action} ${resource}`);
    for (const action of onGroups)
      assert.ok(adopt(action, ec2Arn("security-group", filled.adoptedGroup), controllers), action);
  });

  it("permits no tag of a load balancer or a group that others have, whoever's controller made it", () => {
    const cluster = "aws:ResourceTag/elbv2.k8s.aws/cluster";
    for (const context of [undefined, { [cluster]: "prod-blue" }, { [cluster]: "dev-blue" }]) {
      for (const resource of parts("k8s-shop-shop-0123456789", "k8s-shop-shop-abcdef0123"))
        for (const action of onBalancers) assert.ok(!adopt(action, resource, controllers, context), resource);
      for (const action of onGroups)
        assert.ok(!adopt(action, ec2Arn("security-group", "sg-0b"), controllers, context), action);
    }
  });

  it("permits no call that names no tags: DeleteTags without any takes all of them", () => {
    for (const id of [filled.adoptedGroup, "sg-0b"])
      for (const action of onGroups) assert.ok(!adopt(action, ec2Arn("security-group", id), []), `${action} ${id}`);
    for (const resource of parts(filled.loadBalancer, filled.targetGroup))
      for (const action of onBalancers) assert.ok(!adopt(action, resource, []), `${action} ${resource}`);
  });

  it("permits no tags but the controller's", () => {
    for (const key of ["Name", tag, "team"]) {
      for (const action of onGroups)
        for (const keys of [[key], [...controllers, key]])
          assert.ok(!adopt(action, ec2Arn("security-group", filled.adoptedGroup), keys), `${action} ${keys.join()}`);
      for (const resource of parts(filled.loadBalancer, filled.targetGroup))
        for (const action of onBalancers) assert.ok(!adopt(action, resource, [key]), `${action} ${key}`);
    }
  });

  it("permits to clear leftovers of the groups that the environment's controllers made or that were handed over", () => {
    const clear = (name: string, cluster?: string): boolean =>
      may(["look", "move", "adopt"], {
        action: "elasticloadbalancing:DeregisterTargets",
        resource: elbArn(`targetgroup/${name}/1`),
        context: cluster === undefined ? {} : { "aws:ResourceTag/elbv2.k8s.aws/cluster": cluster },
      });
    assert.ok(clear(filled.targetGroup));
    assert.ok(clear("k8s-web-new-0123456789", "dev-blue"));
    assert.ok(clear("k8s-web-new-0123456789", filled.existingCluster));
    assert.ok(!clear("k8s-shop-shop-abcdef0123"));
    assert.ok(!clear("k8s-shop-shop-abcdef0123", "prod-blue"));
  });
});

describe("the deployer's policy for what was handed over", () => {
  const adopted = (action: string, resource: string): boolean =>
    may(["deploy-environment", "deploy-members", "deploy-adopted"], { action, resource });
  const names = (balancer: string, group: string): readonly (readonly [string, string])[] => [
    ["elasticloadbalancing:ModifyLoadBalancerAttributes", elbArn(`loadbalancer/net/${balancer}/1`)],
    ["elasticloadbalancing:DeleteLoadBalancer", elbArn(`loadbalancer/net/${balancer}/1`)],
    ["elasticloadbalancing:SetSecurityGroups", elbArn(`loadbalancer/net/${balancer}/1`)],
    ["elasticloadbalancing:CreateListener", elbArn(`loadbalancer/net/${balancer}/1`)],
    ["elasticloadbalancing:ModifyListener", elbArn(`listener/net/${balancer}/1/2`)],
    ["elasticloadbalancing:DeleteListener", elbArn(`listener/net/${balancer}/1/2`)],
    ["elasticloadbalancing:ModifyTargetGroupAttributes", elbArn(`targetgroup/${group}/1`)],
    ["elasticloadbalancing:DeleteTargetGroup", elbArn(`targetgroup/${group}/1`)],
  ];

  it("lets the stack change and remove it, though it has no tag of ours", () => {
    for (const [action, resource] of names(filled.loadBalancer, filled.targetGroup)) {
      assert.ok(adopted(action, resource), action);
      assert.ok(!may(["deploy-environment"], { action, resource }), action);
    }
    assert.ok(adopted("ec2:DeleteSecurityGroup", ec2Arn("security-group", filled.adoptedGroup)));
  });

  it("leaves every other one alone that a controller named", () => {
    for (const name of ["k8s-shop-shop-0123456789", `${filled.loadBalancer}0`, "prod-web"])
      for (const [action, resource] of names(name, name))
        assert.ok(!adopted(action, resource), `${action} ${resource}`);
    assert.ok(!adopted("ec2:DeleteSecurityGroup", ec2Arn("security-group", "sg-0b")));
  });

  it("covers every call that the stack's own load balancers need once they are there", () => {
    const own = policy("deploy-environment").Statement.find(({ Action }) =>
      Action.includes("elasticloadbalancing:DeleteListener"),
    )?.Action;
    assert.deepEqual(policy("deploy-adopted").Statement[0]?.Action, own);
  });
});

describe("statements of every file", () => {
  const statements = readdirSync(policies)
    .filter((file) => file.endsWith(".json") && file !== "ci-trust.json")
    .flatMap((file) => policy(file.replace(".json", "")).Statement.map((one) => ({ file, ...one })));

  it("ask for a key that ForAllValues speaks of: without it that condition is always true", () => {
    const asks = statements.flatMap(({ file, Condition = {} }) =>
      Object.entries(Condition)
        .filter(([operator]) => operator.startsWith("ForAllValues:"))
        .flatMap(([, keys]) => Object.keys(keys).map((key) => ({ file, key, must: Condition["Null"]?.[key] }))),
    );
    assert.ok(asks.length > 0);
    assert.deepEqual(
      asks.filter(({ must }) => must !== "false"),
      [],
    );
  });

  it("have no placeholder that the page of permissions does not explain", () => {
    const page = readFileSync(join(root, "docs/reference/permissions.md"), "utf8");
    const names = readdirSync(policies)
      .filter((file) => file.endsWith(".json") && file !== "ci-trust.json")
      .flatMap((file) => [...text(file.replace(".json", "")).matchAll(/(?<=[/:"])[A-Z][A-Z_]+(?=[/:"*-])/g)])
      .map(([name]) => name);
    assert.ok(names.includes("LOAD_BALANCER") && names.includes("ENVIRONMENT"));
    assert.deepEqual(
      [...new Set(names)].filter((name) => !page.includes(`\`${name}\``)),
      [],
    );
  });

  it("change something on everything of a kind only where the page of permissions says so", () => {
    const changing = /:(?!Describe|List|Get)\w+$/;
    const wide = statements
      .filter(({ Condition }) => Condition === undefined)
      .filter(({ Resource }) => [Resource ?? "*"].flat().some((one) => /^\*$|:[a-z-]+\/\*$/.test(one)))
      .flatMap(({ file, Action }) => [Action].flat().map((action) => `${file}: ${action}`))
      .filter((one) => changing.test(one));
    assert.deepEqual(wide.sort(), [
      "controller-load-balancers.json: ec2:AuthorizeSecurityGroupIngress",
      "controller-load-balancers.json: ec2:CreateSecurityGroup",
      "controller-load-balancers.json: ec2:RevokeSecurityGroupIngress",
      // Of rules; which groups they are on is asked besides.
      "deploy-environment.json: ec2:AuthorizeSecurityGroupEgress",
      "deploy-environment.json: ec2:AuthorizeSecurityGroupIngress",
      "deploy-environment.json: ec2:ModifySecurityGroupRules",
      // EKS's own zone: whoever makes a cluster does not know it.
      "deploy-members.json: route53:AssociateVPCWithHostedZone",
    ]);
    const page = readFileSync(join(root, "docs/reference/permissions.md"), "utf8");
    for (const said of ["`PodRules`", "`ec2:CreateSecurityGroup`", "`route53:AssociateVPCWithHostedZone`"])
      assert.ok(page.includes(said), said);
  });
});
