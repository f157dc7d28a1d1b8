/** The policies that are shipped: enough for what the driver and `pulumi up` call, and not more. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { permissionTable } from "../../sandbox/aws-front/permissions/table";
import { permits, type PolicyDocument, type Request } from "../support/iam";
import { longestLoadBalancingName } from "../../components/internal/aws-limits";
import { derivedName } from "../../components/internal/names";
import { controllerPolicies } from "./controller";
import { driverActions } from "./driver-actions";
import { ec2Arn, elbArn, filled, may, policies, policy, root, text } from "./shipped";

const tagged = { "aws:ResourceTag/eks-blue-green/environment": "dev" };
const group = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/dev-web/1";
const handedOver = elbArn(`loadbalancer/net/${filled.loadBalancer}/1`);
const controllersKey = { "aws:TagKeys": "elbv2.k8s.aws/cluster" };
/** What a call is about, where a policy asks. */
const about: Readonly<Record<string, Omit<Request, "action">>> = {
  eks: { resource: "arn:aws:eks:us-east-1:111122223333:cluster/dev-blue" },
  "eks:DescribeAddon": { resource: "arn:aws:eks:us-east-1:111122223333:addon/dev-blue/coredns/1" },
  "elasticloadbalancing:DeregisterTargets": { resource: group, context: tagged },
  "elasticloadbalancing:AddTags": { resource: handedOver, context: controllersKey },
  "elasticloadbalancing:RemoveTags": { resource: handedOver, context: controllersKey },
  "ec2:CreateTags": { resource: ec2Arn("security-group", filled.adoptedGroup), context: controllersKey },
  "ec2:DeleteTags": {
    resource: ec2Arn("security-group", filled.adoptedGroup),
    context: { "aws:TagKeys": "service.k8s.aws/stack" },
  },
  "iam:PutRolePolicy": { resource: "arn:aws:iam::111122223333:role/blue-1a2b3c4" },
  "iam:GetRolePolicy": { resource: "arn:aws:iam::111122223333:role/blue-1a2b3c4" },
  "iam:DeleteRolePolicy": { resource: "arn:aws:iam::111122223333:role/blue-1a2b3c4" },
};
const requestOf = (action: string): Request => ({
  action,
  ...(about[action] ?? about[action.split(":")[0] ?? ""] ?? {}),
});
const driver = ["look", "move", "adopt", "destroy"];

describe("the driver's policies", () => {
  it("permit every call that the driver makes", () => {
    const actions = driverActions();
    assert.ok(actions.length > 30, `only ${actions.length} actions were found`);
    assert.deepEqual(
      actions.filter((action) => !may(driver, requestOf(action))),
      [],
    );
  });

  it("permit nothing that the driver does not call", () => {
    const actions = new Set(driverActions());
    const written = driver.flatMap((name) => policy(name).Statement.flatMap(({ Action }) => Action));
    assert.deepEqual(
      [...new Set(written)].filter((action) => !actions.has(action)),
      [],
    );
  });

  it("change nothing, of those who may only look", () => {
    const written = policy("look").Statement.flatMap(({ Action }) => Action);
    assert.deepEqual(
      written.filter((action) => !/:(Describe|List|Get)/.test(action)),
      [],
    );
  });

  it("take the deletion protection off this environment's clusters alone, for moves and a teardown", () => {
    const asked = (cluster: string) => ({
      action: "eks:UpdateClusterConfig",
      resource: `arn:aws:eks:us-east-1:111122223333:cluster/${cluster}`,
    });
    for (const name of ["move", "destroy"]) {
      assert.ok(may([name], asked("dev-blue")), name);
      for (const other of ["prod-blue", "theirs"]) assert.ok(!may([name], asked(other)), `${name}: ${other}`);
    }
    for (const name of ["look", "adopt"]) assert.ok(!may([name], asked("dev-blue")), name);
  });

  it("leave other environments' target groups, clusters and roles alone", () => {
    const other = { "aws:ResourceTag/eks-blue-green/environment": "prod" };
    assert.equal(
      may(driver, { action: "elasticloadbalancing:DeregisterTargets", resource: group, context: other }),
      false,
    );
    assert.equal(may(driver, { action: "elasticloadbalancing:DeregisterTargets", resource: group }), false);
    assert.equal(may(driver, { action: "iam:PutRolePolicy", resource: "arn:aws:iam::111122223333:role/admin" }), false);
    assert.equal(
      may(driver, { action: "eks:DescribeCluster", resource: "arn:aws:eks:us-east-1:111122223333:cluster/prod-blue" }),
      false,
    );
  });
});

describe("an error of AWS", () => {
  it("names the action that was sent, at every call of the driver: some answers don't say it themselves", () => {
    const folder = join(root, "automation/adapters");
    let seen = 0;
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((one) =>
      one.endsWith(".ts"),
    )) {
      const source = readFileSync(join(folder, name), "utf8");
      for (const [, named = "", between = "", sent = ""] of source.matchAll(
        /"((?:ec2|eks|iam|sts|elasticloadbalancing|cloudwatch):[A-Z]\w+)",((?:(?!"(?:ec2|eks|iam|sts|elasticloadbalancing|cloudwatch):)[^;])*?)new (\w+)Command\(/g,
      )) {
        if (!between.includes("=>")) continue;
        assert.equal(named.split(":")[1], sent, `${name}: ${named}`);
        seen += 1;
      }
    }
    assert.ok(seen >= 30, String(seen));
  });
});

describe("an existing cluster", () => {
  const arn = (kind: string, name: string): string => `arn:aws:eks:us-east-1:111122223333:${kind}/${name}`;

  it("that is named can be looked at, and gets the controller's identity: nothing else of it changes", () => {
    const needs: readonly (readonly [string, string])[] = [
      ["eks:DescribeCluster", arn("cluster", "theirs")],
      ["eks:DescribeAddon", arn("addon", "theirs/eks-pod-identity-agent/1")],
    ];
    for (const [action, resource] of needs)
      for (const files of [["look"], ["deploy-members"]]) assert.ok(may(files, { action, resource }), action);
    const deploys = (action: string, resource: string): boolean =>
      may(["deploy-environment", "deploy-members"], { action, resource });
    assert.ok(deploys("eks:CreatePodIdentityAssociation", arn("cluster", "theirs")));
    assert.ok(deploys("eks:TagResource", arn("podidentityassociation", "theirs/a-1")));
    assert.ok(deploys("eks:DeletePodIdentityAssociation", arn("podidentityassociation", "theirs/a-1")));
    for (const action of [
      "eks:DeleteCluster",
      "eks:UpdateClusterVersion",
      "eks:UpdateClusterConfig",
      "eks:TagResource",
    ])
      assert.ok(!deploys(action, arn("cluster", "theirs")), action);
    for (const action of ["eks:DescribeCluster", "eks:CreatePodIdentityAssociation"])
      assert.ok(!deploys(action, arn("cluster", "theirs-too")), action);
  });
});

describe("the deployer's policies", () => {
  const cluster = "arn:aws:eks:us-east-1:111122223333:cluster/dev-blue";
  const role = "arn:aws:iam::111122223333:role/blue-nodes-1a2b3c4";
  const nodegroupRole =
    "arn:aws:iam::111122223333:role/aws-service-role/eks-nodegroup.amazonaws.com/AWSServiceRoleForAmazonEKSNodegroup";
  const inRequest = { "aws:RequestTag/eks-blue-green/environment": "dev" };
  const deploy = (action: string, request: Omit<Request, "action"> = {}) =>
    may(["deploy-environment", "deploy-members"], { action, ...request });

  it("permits what the resources of an environment and its members are made, changed and removed with", () => {
    const needs: readonly (readonly [string, Omit<Request, "action">?])[] = [
      ["ec2:CreateVpc", { context: inRequest }],
      ["ec2:CreateTags", { context: { "ec2:CreateAction": "CreateSubnet", ...inRequest } }],
      ["ec2:DeleteVpc", { context: tagged }],
      ["elasticloadbalancing:CreateLoadBalancer", { context: inRequest }],
      [
        "elasticloadbalancing:AddTags",
        { context: { ...inRequest, "elasticloadbalancing:CreateAction": "CreateListener" } },
      ],
      ["elasticloadbalancing:CreateListener", { context: tagged }],
      ["elasticloadbalancing:DeleteLoadBalancer", { context: tagged }],
      ["eks:CreateCluster", { resource: cluster }],
      ["eks:UpdateClusterVersion", { resource: cluster }],
      ["eks:CreateNodegroup", { resource: cluster }],
      ["eks:DeleteNodegroup", { resource: "arn:aws:eks:us-east-1:111122223333:nodegroup/dev-blue/ng/1" }],
      ["eks:CreatePodIdentityAssociation", { resource: cluster }],
      ["eks:DescribeAddonVersions"],
      ["iam:CreateRole", { resource: role }],
      [
        "iam:AttachRolePolicy",
        { resource: role, context: { "iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy" } },
      ],
      ["iam:PassRole", { resource: role, context: { "iam:PassedToService": "eks.amazonaws.com" } }],
      ["iam:CreateServiceLinkedRole", { context: { "iam:AWSServiceName": "eks-nodegroup.amazonaws.com" } }],
      // GuardDuty's Runtime Monitoring puts both into a VPC, and the aws provider takes them out before it deletes that
      // (hashicorp/terraform-provider-aws#46953; 2026-11-30).
      ["ec2:DescribeVpcEndpoints"],
      ["ec2:ModifyVpcEndpoint", { context: { "aws:ResourceTag/GuardDutyManaged": "true" } }],
      ["ec2:ModifyVpcEndpoint", { context: tagged }],
      ["ec2:DeleteVpcEndpoints", { context: { "aws:ResourceTag/GuardDutyManaged": "true" } }],
      ["ec2:DeleteSecurityGroup", { context: { "aws:ResourceTag/GuardDutyManaged": "true" } }],
      // The node role in aws-cn.
      ["iam:PassRole", { resource: role, context: { "iam:PassedToService": "ec2.amazonaws.com.cn" } }],
      // Of whoever switches a private endpoint on; the zone is EKS's own (EKS user guide, cluster-endpoint; 2026-11-30).
      ["route53:AssociateVPCWithHostedZone"],
      // CreateNodegroup asks with the caller's permissions whether it is there, and refuses the group when it can't.
      ["iam:GetRole", { resource: nodegroupRole }],
    ];
    assert.deepEqual(
      needs.filter(([action, request]) => !deploy(action, request)).map(([action]) => action),
      [],
    );
  });

  it("permits a key of one's own for Secrets with a file of its own, and no other key", () => {
    const key = (id: string) => ({ resource: `arn:aws:kms:us-east-1:111122223333:key/${id}` });
    for (const action of ["kms:CreateGrant", "kms:DescribeKey"]) {
      assert.ok(may(["deploy-secrets-key"], { action, ...key("KEY_ID") }), action);
      assert.ok(!may(["deploy-secrets-key"], { action, ...key("other") }), action);
      assert.ok(!deploy(action, key("KEY_ID")), action);
    }
  });

  it("gives pods of services the roles and policies that are named, with a file of its own, and no others", () => {
    const iam = (rest: string): string => `arn:aws:iam::111122223333:${rest}`;
    const pass = (name: string, service = "pods.eks.amazonaws.com"): Request => ({
      action: "iam:PassRole",
      resource: iam(`role/${name}`),
      context: { "iam:PassedToService": service },
    });
    const attach = (policyArn: string, to = role): Request => ({
      action: "iam:AttachRolePolicy",
      resource: to,
      context: { "iam:PolicyARN": policyArn },
    });
    const bound = (policyArn: string): Request => ({
      action: "iam:PutRolePermissionsBoundary",
      resource: role,
      context: { "iam:PermissionsBoundary": policyArn },
    });
    const permitted = [pass("shop/web"), attach(iam("policy/web-reads")), bound(iam("policy/boundary"))];
    const refused = [
      bound(iam("policy/other")),
      pass("admin"),
      pass("shop/web", "ec2.amazonaws.com"),
      attach("arn:aws:iam::aws:policy/AdministratorAccess"),
      attach(iam("policy/other")),
      attach(iam("policy/web-reads"), iam("role/ci")),
    ];
    for (const one of permitted) {
      assert.ok(may(["deploy-workload-roles"], one), JSON.stringify(one));
      assert.ok(!may(["deploy-environment", "deploy-members"], one), JSON.stringify(one));
    }
    for (const one of refused) assert.ok(!may(["deploy-members", "deploy-workload-roles"], one), JSON.stringify(one));
  });

  it("neither gives a role administrator's rights nor touches what belongs to others", () => {
    const refused: readonly (readonly [string, Omit<Request, "action">?])[] = [
      [
        "iam:AttachRolePolicy",
        { resource: role, context: { "iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess" } },
      ],
      ["iam:PutRolePolicy", { resource: "arn:aws:iam::111122223333:role/ci" }],
      ["iam:PassRole", { resource: role, context: { "iam:PassedToService": "lambda.amazonaws.com" } }],
      ["ec2:CreateVpc"],
      ["ec2:DeleteVpc"],
      ["ec2:DeleteSecurityGroup"],
      ["ec2:DeleteVpcEndpoints", { context: tagged }],
      ["ec2:CreateTags", { context: inRequest }],
      ["elasticloadbalancing:DeleteLoadBalancer"],
      ["elasticloadbalancing:AddTags", { context: inRequest }],
      ["elasticloadbalancing:CreateLoadBalancer"],
      ["eks:DeleteCluster", { resource: "arn:aws:eks:us-east-1:111122223333:cluster/prod-blue" }],
    ];
    assert.deepEqual(
      refused.filter(([action, request]) => deploy(action, request)).map(([action]) => action),
      [],
    );
  });
});

describe("the controller's policy for target groups", () => {
  /** As the environment's stack names them. */
  const nameOf = (environment: string, key: string): string =>
    derivedName([environment, key], longestLoadBalancingName);
  const mayRegister = (placeholder: string, name: string): boolean => {
    const document = JSON.parse(
      text("controller-bindings")
        .replace("ENVIRONMENT-*", placeholder)
        .replace(/ACCOUNT_ID|REGION/g, "*"),
    ) as PolicyDocument;
    const resource = `arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/${name}/1`;
    return permits([document], { action: "elasticloadbalancing:RegisterTargets", resource });
  };

  it("fits those of an environment of up to 22 characters, however long the service's name is", () => {
    for (const environment of ["dev", "a".repeat(22)])
      for (const key of ["web", "b".repeat(63)])
        assert.ok(mayRegister(`${environment}-*`, nameOf(environment, key)), `${environment} ${key}`);
    assert.ok(!mayRegister("dev-*", nameOf("prod", "web")));
  });

  it("fits those of a longer one with the beginning that the page of permissions names", () => {
    const environment = `${"a".repeat(22)}-very-long`;
    assert.ok(!mayRegister(`${environment}-*`, nameOf(environment, "web")));
    assert.ok(mayRegister(`${environment.slice(0, 22)}*`, nameOf(environment, "web")));
    assert.match(readFileSync(join(root, "docs/reference/permissions.md"), "utf8"), /first 22\s+characters/);
  });
});

describe("the files of policies", () => {
  it("have the controller's as the component makes them", () => {
    for (const [name, expected] of Object.entries(controllerPolicies()))
      assert.deepEqual(JSON.parse(text(name)), JSON.parse(expected), name);
  });

  it("name actions and condition keys that AWS has", () => {
    const table = permissionTable();
    const factsOfAction = (action: string) => table[action.split(":")[0] ?? ""]?.actions[action.split(":")[1] ?? ""];
    // Keys of every request, whatever it is about.
    const everywhere = /^aws:(RequestTag|ResourceTag|PrincipalTag)\/|^aws:TagKeys$/;
    const unknown = readdirSync(policies)
      .filter((file) => file.endsWith(".json") && file !== "ci-trust.json")
      .flatMap((file) => policy(file.replace(".json", "")).Statement.map((one) => ({ file, ...one })))
      .flatMap(({ file, Action, Condition }) => {
        const actions = [Action].flat();
        const keys = Object.values(Condition ?? {}).flatMap((one) => Object.keys(one));
        const general = (known: string): string => known.replace(/\$\{TagKey\}$/, "");
        return [
          ...actions.filter((action) => factsOfAction(action) === undefined).map((action) => `${file}: ${action}`),
          ...keys
            .filter((key) => !everywhere.test(key))
            .filter((key) => !actions.some((one) => factsOfAction(one)?.keys?.map(general).includes(key)))
            .map((key) => `${file}: ${key}`),
        ];
      });
    assert.deepEqual(unknown, []);
  });

  it("fit into a managed policy, and name nobody's account", () => {
    for (const file of readdirSync(policies).filter((name) => name.endsWith(".json"))) {
      const content = readFileSync(join(policies, file), "utf8");
      assert.ok(content.replace(/\s/g, "").length <= 6144, `${file}: ${content.replace(/\s/g, "").length}`);
      assert.doesNotMatch(content, /\d{12}/, file);
    }
  });

  it("trust one repository's deployments to one environment", () => {
    const condition = policy("ci-trust").Statement[0]?.Condition;
    assert.match(JSON.stringify(condition), /:sub":"repo:ORGANIZATION\/REPOSITORY:environment:dev"/);
    assert.doesNotMatch(JSON.stringify(condition), /\*/);
  });

  it("let the driver read no Secret in a cluster, and every kind that it asks for", () => {
    const [moves, , looks] = parseAllDocuments(readFileSync(join(policies, "cluster-role.yaml"), "utf8")).map(
      (one) => one.toJS() as { rules?: { apiGroups: string[]; resources: string[]; verbs: string[] }[] },
    );
    const readBy = (role: typeof moves): Set<string> =>
      new Set((role?.rules ?? []).filter(({ verbs }) => verbs.includes("get")).flatMap(({ resources }) => resources));
    const read = readBy(moves);
    assert.ok(!read.has("secrets") && !read.has("*"));
    assert.deepEqual([...readBy(looks)].sort(), [...read].sort(), "who looks reads what who moves reads");
    assert.deepEqual([...new Set(looks?.rules?.flatMap(({ verbs }) => verbs))].sort(), ["get", "list"]);
    const bindings = moves?.rules?.find(({ resources }) => resources.includes("targetgroupbindings"));
    assert.deepEqual(bindings?.verbs, ["get", "list", "watch", "create", "patch", "delete"]);
    const folder = join(root, "automation/adapters/kubernetes");
    const asked = readdirSync(folder).flatMap((file) =>
      [
        ...readFileSync(join(folder, file), "utf8").matchAll(
          /\/(nodes|pods|configmaps|services|events|namespaces|endpointslices|deployments|poddisruptionbudgets|customresourcedefinitions|targetgroupbindings|secrets|replicasets|jobs|serviceaccounts)\b/g,
        ),
      ].map(([, kind = ""]) => ({ file, kind })),
    );
    assert.ok(new Set(asked.map(({ kind }) => kind)).size >= 8);
    // Helm's record of a killed update is ended by callers who may do that; others are told, and moves go on.
    assert.deepEqual(
      asked.filter(({ kind }) => !read.has(kind)),
      [{ file: "helm-releases.ts", kind: "secrets" }],
    );
  });
});
