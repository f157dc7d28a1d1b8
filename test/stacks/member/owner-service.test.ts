import assert from "node:assert/strict";
import { ConfigError, ownershipProblems, parseEnvironmentConfig } from "../../../stacks/config";
import type { DriverContext, EnvironmentOutputs, MemberOutputs } from "../../../stacks/contract";
import { environmentProgram } from "../../../stacks/environment/program";
import { memberProgram } from "../../../stacks/member/program";
import type { EnvironmentRecord, MemberPlacement, Role } from "../../../stacks/record";
import { devValues, find, listing, type MockWorld, runUnderMocks } from "../mock-engine";

const three = {
  name: "web",
  namespace: "web",
  image: "echo:1",
  replicas: 3,
  ports: [
    { name: "http", port: 80, targetPort: 8080 },
    { name: "admin", port: 81, targetPort: 8081 },
    { name: "grpc", port: 82, targetPort: 8082 },
  ],
};
const valuesWith = (change: Record<string, unknown>): Record<string, string> => ({
  ...devValues,
  ...Object.fromEntries(Object.entries(change).map(([key, value]) => [`eks-blue-green:${key}`, JSON.stringify(value)])),
});
const ownerService = { loadBalancer: { owner: "service" }, members: ["blue", "green", "teal"], services: [three] };

const deployEnvironment = async (change: Record<string, unknown>) =>
  await runUnderMocks({ stack: "dev", stacks: { dev: {} } }, () => environmentProgram(valuesWith(change)));
const placed = (role: Role): MemberPlacement => ({ role, version: "1.35", workload: "running" });

async function deploy(
  outputs: Record<string, unknown>,
  member: string,
  role: Role,
  world: Partial<MockWorld> = {},
  context?: DriverContext,
) {
  const first = outputs["record"] as EnvironmentRecord;
  const record = { ...first, placement: { ...first.placement, [member]: placed(role) } };
  return runUnderMocks(
    { stack: `dev-${member}`, ...world, stacks: { ...world.stacks, dev: { ...outputs, record } } },
    () => memberProgram({ "eks-blue-green:environment": "dev", "eks-blue-green:member": member }, context),
  );
}
const keys = ["web-http", "web-admin", "web-grpc"];
const made = [80, 81, 82].map((port) => `web/web-lb:${port}`);

describe("owner service", () => {
  let outputs: Record<string, unknown>;
  before(async () => {
    const run = await deployEnvironment(ownerService);
    assert.deepEqual(
      run.resources.filter(({ type }) => type.startsWith("aws:lb/")),
      [],
    );
    outputs = run.outputs;
  });

  it("the environment has no load balancer, and its record names owner and primary", () => {
    const { record, loadBalancer } = outputs as unknown as EnvironmentOutputs;
    assert.deepEqual(record.ownership, { owner: "service", primary: "blue", adopted: null });
    assert.deepEqual(loadBalancer, {
      owner: "service",
      primary: "blue",
      arn: null,
      dnsName: null,
      securityGroupId: null,
      services: {},
    });
  });

  it("an active primary declares one protected Service of type LoadBalancer with all ports, and no binding", async () => {
    const run = await deploy(outputs, "blue", "active");
    const service = find(run.resources, "kubernetes:core/v1:Service", "blue-web-lb");
    assert.equal(service.protect, true);
    const { metadata, spec } = service.inputs as {
      metadata: { annotations: Record<string, string> };
      spec: Record<string, unknown>;
    };
    assert.deepEqual(
      [spec["type"], spec["loadBalancerClass"], spec["allocateLoadBalancerNodePorts"]],
      ["LoadBalancer", "service.k8s.aws/nlb", false],
    );
    assert.deepEqual(spec["selector"], { "app.kubernetes.io/name": "web" });
    assert.deepEqual(
      (spec["ports"] as { port: number; targetPort: number }[]).map(({ port, targetPort }) => [port, targetPort]),
      [
        [80, 8080],
        [81, 8081],
        [82, 8082],
      ],
    );
    const of = (suffix: string): string | undefined =>
      metadata.annotations[`service.beta.kubernetes.io/aws-load-balancer-${suffix}`];
    assert.deepEqual(["type", "nlb-target-type", "scheme", "multi-cluster-target-group", "healthcheck-port"].map(of), [
      "external",
      "ip",
      "internet-facing",
      "true",
      "8080",
    ]);
    assert.match(of("attributes") ?? "", /^deletion_protection\.enabled=true,/);
    assert.equal(
      run.resources.some(({ type }) => type.endsWith(":TargetGroupBinding")),
      false,
    );
    // The controller keeps the rule to its own nodes.
    assert.equal(
      run.resources.some(({ type }) => type === "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"),
      false,
    );
    const { services } = run.outputs as unknown as MemberOutputs;
    assert.deepEqual(Object.keys(services), keys);
    assert.deepEqual(
      [services["web-http"]?.boundBy, services["web-http"]?.loadBalancerService, services["web-http"]?.targetGroupArn],
      ["load-balancer-service", "web-lb", null],
    );
    // What its nodes are asked for, with instance targets, is the listener's port of that Service, not the member's own
    // Service's.
    assert.deepEqual(
      Object.values(services).map(({ servicePort, loadBalancerServicePort }) => [servicePort, loadBalancerServicePort]),
      [
        [8080, 80],
        [8081, 81],
        [8082, 82],
      ],
    );
  });

  it("a primary that stands by changes nothing but the selector of that Service", async () => {
    const [active, standby] = [await deploy(outputs, "blue", "active"), await deploy(outputs, "blue", "standby")];
    assert.deepEqual(listing(standby.resources), listing(active.resources));
    const different = standby.resources.filter(
      ({ type, name, inputs }) => JSON.stringify(inputs) !== JSON.stringify(find(active.resources, type, name).inputs),
    );
    assert.deepEqual(
      different.map(({ name }) => name),
      ["blue-web-lb"],
    );
    assert.deepEqual((different[0]?.inputs["spec"] as { selector: unknown }).selector, {
      "app.kubernetes.io/name": "web",
      "eks-blue-green/standby": "true",
    });
  });

  it(
    "while it stands by, it keeps the way for what the load balancer still sends: rules of its own, from the load " +
      "balancer's own group, until it is released",
    async () => {
      const rulesOf = async (...args: Parameters<typeof deploy>): Promise<unknown[]> =>
        (await deploy(...args)).resources
          .filter(({ type }) => type === "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
          .map(({ inputs }) => [inputs["referencedSecurityGroupId"], inputs["fromPort"]]);
      const world = { controllerTargetGroups: made };
      // From the backend group the controller has a rule already, and EC2 refuses a second one.
      assert.deepEqual(await rulesOf(outputs, "blue", "standby", world), [
        ["sg-managed", 8080],
        ["sg-managed", 8081],
        ["sg-managed", 8082],
      ]);
      assert.deepEqual(await rulesOf(outputs, "blue", "active", world), []);
    },
  );

  it("a secondary binds every port to what the primary's controller made, and lets its backend group in", async () => {
    const run = await deploy(outputs, "green", "active", { controllerTargetGroups: made });
    const bindings = run.resources
      .filter(({ type }) => type === "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding")
      .map(({ inputs, protect }) => {
        const { metadata, spec } = inputs as {
          metadata: { name: string };
          spec: {
            targetGroupARN: string;
            serviceRef: { name: string; port: number };
            multiClusterTargetGroup: boolean;
          };
        };
        return [metadata.name, spec.targetGroupARN, spec.serviceRef.port, spec.multiClusterTargetGroup, protect];
      });
    assert.deepEqual(
      bindings,
      keys.map((key, index) => [key, `arn:of:${made[index]}`, 8080 + index, true, true]),
    );
    const rules = run.resources
      .filter(({ type }) => type === "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
      .map(({ inputs }) => [inputs["referencedSecurityGroupId"], inputs["fromPort"]]);
    assert.deepEqual(rules, [
      ["sg-backend", 8080],
      ["sg-backend", 8081],
      ["sg-backend", 8082],
    ]);
  });

  it("lets in a group that the load balancer carries: its Service may name its own, without the controller's", async () => {
    const services = [
      three,
      { name: "api", namespace: "api", image: "echo:1", replicas: 3, port: 90, targetPort: 9090 },
    ];
    const other = (await deployEnvironment({ ...ownerService, services })).outputs;
    const rulesOf = async (
      role: Role,
      loadBalancerGroups: Record<string, string[]>,
      stacks: Record<string, Record<string, unknown>> = {},
    ): Promise<unknown[]> => {
      const run = await deploy(other, "green", role, {
        controllerTargetGroups: [...made, "api/api-lb:90"],
        loadBalancerGroups,
        stacks,
      });
      return run.resources
        .filter(({ type }) => type === "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
        .map(({ name, inputs }) => [name, inputs["referencedSecurityGroupId"]]);
    };
    const shared = ["green-8080", "green-8081", "green-8082"].map((name) => [name, "sg-backend"]);
    assert.deepEqual(await rulesOf("active", { "api/api-lb": ["sg-theirs-2", "sg-theirs-1"] }), [
      ...shared,
      ["green-sg-theirs-1-9090", "sg-theirs-1"],
    ]);
    assert.deepEqual(await rulesOf("active", { "api/api-lb": ["sg-theirs-1", "sg-backend"] }), [
      ...shared,
      ["green-9090", "sg-backend"],
    ]);
    const none = { "api/api-lb": [] };
    await assert.rejects(
      rulesOf("standby", none),
      /the load balancer k8s-web of 'api' has no security group, so no rule can let it in to the pods of green.*make a new one, with groups/,
    );
    const deployed = (binding: string | null) => ({
      "dev-green": { clusterName: "dev-green", services: { api: { binding } } },
    });
    await assert.rejects(rulesOf("active", none, deployed(null)), /has no security group/);
    // Whoever opened the way by hand can go on, and out again.
    assert.equal((await rulesOf("active", none, deployed("api"))).length, 4);
    assert.equal((await rulesOf("standby", none, deployed("api"))).length, 4);
  });

  it(
    "asks for target groups that were seen before by their ARN, and by tags alone only for those that are gone or " +
      "new",
    async () => {
      const asked = (run: Awaited<ReturnType<typeof deploy>>) =>
        run.calls
          .filter(({ token }) => token === "aws:lb/getTargetGroup:getTargetGroup")
          .map(({ inputs }) => inputs["arn"] ?? "by tags");
      const world = { controllerTargetGroups: made };
      const first = await deploy(outputs, "green", "active", world);
      assert.deepEqual(asked(first), ["by tags", "by tags", "by tags"]);
      const again = await deploy(outputs, "green", "active", { ...world, stacks: { "dev-green": first.outputs } });
      assert.deepEqual(
        asked(again),
        made.map((name) => `arn:of:${name}`),
      );
      // A new member knows them from the primary's stack.
      const seen = {
        services: {
          "web-http": { targetGroupArn: `arn:of:${made[0]}` },
          "web-admin": { targetGroupArn: "arn:gone" },
          "web-grpc": { targetGroupArn: null },
        },
      };
      const fresh = await deploy(outputs, "green", "active", { ...world, stacks: { "dev-blue": seen } });
      assert.deepEqual(asked(fresh).sort(), ["arn:gone", `arn:of:${made[0]}`, "by tags", "by tags"]);
      const arns = (run: typeof fresh) =>
        Object.values((run.outputs as unknown as MemberOutputs).services).map(({ targetGroupArn }) => targetGroupArn);
      assert.deepEqual(arns(fresh), arns(first));
    },
  );

  it("a look that finds ten groups, or fails, is not one that finds none", async () => {
    for (const targetGroupFailure of [
      "Search returned 10 results, please revise so only one is returned",
      "AccessDenied: not authorized",
    ]) {
      await assert.rejects(
        deploy(outputs, "green", "standby", { targetGroupFailure }),
        /the target group 'web-http' of dev-blue can't be looked up: .*(10 results|AccessDenied)/,
      );
    }
    assert.ok(
      await deploy(outputs, "green", "standby", {
        targetGroupFailure: "Search returned 0 results, please revise so only one is returned",
      }),
    );
  });

  it("a secondary may stand by before the load balancer is there, but not be active", async () => {
    const standby = await deploy(outputs, "green", "standby");
    assert.equal((standby.outputs as unknown as MemberOutputs).services["web-http"]?.targetGroupArn, null);
    await assert.rejects(
      deploy(outputs, "green", "active"),
      /Deploy the primary first: pulumi up -s dev-blue; then: pulumi up -s dev-green/,
    );
  });

  it("instance targets: NodePort Services, and the primary stands by through an annotation", async () => {
    const other = (await deployEnvironment({ ...ownerService, services: [{ ...three, targetType: "instance" }] }))
      .outputs;
    const run = await deploy(other, "blue", "standby");
    const { metadata, spec } = find(run.resources, "kubernetes:core/v1:Service", "blue-web-lb").inputs as {
      metadata: { annotations: Record<string, string> };
      spec: { selector: unknown };
    };
    assert.equal(
      metadata.annotations["service.beta.kubernetes.io/aws-load-balancer-target-node-labels"],
      "eks-blue-green/standby=true",
    );
    // With its pods stopped it has no endpoints: an update that waits for some (to lift its protection, in a teardown)
    // would never end.
    assert.equal(metadata.annotations["pulumi.com/skipAwait"], "true");
    assert.equal(metadata.annotations["service.beta.kubernetes.io/aws-load-balancer-healthcheck-port"], "traffic-port");
    assert.deepEqual(spec.selector, { "app.kubernetes.io/name": "web" });
    assert.equal(
      (find(run.resources, "kubernetes:core/v1:Service", "blue-web").inputs["spec"] as { type: string }).type,
      "NodePort",
    );
  });

  it("a namespace on an existing cluster outlives the member: others may have had it, and have things in it", async () => {
    const namespaceIn = async (memberClusters: object): Promise<boolean> => {
      const { outputs } = await deployEnvironment({ ...ownerService, memberClusters });
      const vpcId = (outputs["network"] as { vpcId: string }).vpcId;
      const run = await deploy(outputs, "green", "standby", { clusterVersion: "1.35", clusterVpcId: vpcId });
      return find(run.resources, "kubernetes:core/v1:Namespace", "green-web").retainOnDelete;
    };
    assert.equal(await namespaceIn({ green: { existing: { clusterName: "theirs" } } }), true);
    assert.equal(await namespaceIn({}), false);
  });

  it("an existing Service on an existing cluster is patched; nothing else is made there", async () => {
    const other = (
      await deployEnvironment({
        ...ownerService,
        memberClusters: { blue: { existing: { clusterName: "theirs" } } },
        services: [{ ...three, existing: { service: "shop", deployment: "shop" } }],
      })
    ).outputs;
    const vpcId = (other["network"] as { vpcId: string }).vpcId;
    const run = await deploy(other, "blue", "active", { clusterVersion: "1.35", clusterVpcId: vpcId });
    assert.deepEqual(
      listing(run.resources).filter((line) => !line.startsWith("eks-blue-green:") && !line.startsWith("pulumi:")),
      ["kubernetes:core/v1:ServicePatch blue-web-lb", "kubernetes:core/v1:ServicePatch blue-web-lb-selector"],
    );
    const patched = async (role: "active" | "standby", theirAnnotations: Record<string, string>): Promise<unknown> => {
      const { resources } = await deploy(other, "blue", role, {
        clusterVersion: "1.35",
        clusterVpcId: vpcId,
        theirAnnotations: { "web/shop": theirAnnotations },
      });
      return (
        find(resources, "kubernetes:core/v1:ServicePatch", "blue-web-lb").inputs["metadata"] as { annotations: unknown }
      ).annotations;
    };
    const prefix = "service.beta.kubernetes.io/aws-load-balancer-";
    const says = (attributes: string): Record<string, string> => ({
      [`${prefix}multi-cluster-target-group`]: "true",
      [`${prefix}attributes`]: attributes,
      "pulumi.com/patchForce": "true",
    });
    assert.deepEqual(await patched("active", {}), says("deletion_protection.enabled=true"));
    const theirs = {
      [`${prefix}attributes`]: "access_logs.s3.enabled=true,access_logs.s3.bucket=logs",
      [`${prefix}target-group-attributes`]: "preserve_client_ip.enabled=true",
    };
    assert.deepEqual(
      await patched("active", theirs),
      says("access_logs.s3.enabled=true,access_logs.s3.bucket=logs,deletion_protection.enabled=true"),
    );
    assert.deepEqual(await patched("standby", theirs), {
      ...says("access_logs.s3.enabled=true,access_logs.s3.bucket=logs,deletion_protection.enabled=true"),
      "pulumi.com/skipAwait": "true",
    });
    await assert.rejects(
      deploy(other, "blue", "active", { clusterVersion: "1.35", clusterVpcId: "vpc-9" }),
      /reaches targets by address in its own VPC alone/,
    );
    await assert.rejects(
      deploy(other, "blue", "active", { clusterVersion: "1.33", clusterVpcId: vpcId }),
      /runs Kubernetes 1\.33/,
    );
  });

  it(
    "an existing Service keeps its owner's selector, standing by and back again: the field is one value to the API " +
      "server, and gone when nobody declares it",
    async () => {
      const other = (
        await deployEnvironment({
          ...ownerService,
          memberClusters: { blue: { existing: { clusterName: "theirs" } } },
          services: [{ ...three, existing: { service: "shop", deployment: "shop" } }],
        })
      ).outputs;
      const clusterVpcId = (other["network"] as { vpcId: string }).vpcId;
      const patch = async (role: "active" | "standby", selector: Record<string, string>) =>
        find(
          (
            await deploy(other, "blue", role, {
              clusterVersion: "1.35",
              clusterVpcId,
              theirSelectors: { "web/shop": selector },
            })
          ).resources,
          "kubernetes:core/v1:ServicePatch",
          "blue-web-lb-selector",
        );
      const selectorOf = async (...args: Parameters<typeof patch>): Promise<unknown> =>
        ((await patch(...args)).inputs["spec"] as { selector: unknown }).selector;
      const [theirs, down] = [
        { app: "shop", tier: "front" },
        { app: "shop", tier: "front", "eks-blue-green/standby": "true" },
      ];
      assert.deepEqual(await selectorOf("active", theirs), theirs);
      assert.deepEqual(await selectorOf("standby", theirs), down);
      assert.deepEqual(await selectorOf("standby", down), down);
      assert.deepEqual(await selectorOf("active", down), theirs);
      // Whoever lets go of the Service (`adopt`, at its end) leaves the selector as it is: nobody else manages it by
      // then.
      assert.equal((await patch("active", theirs)).retainOnDelete, true);
      assert.deepEqual((await patch("standby", theirs)).inputs["metadata"], {
        name: "shop",
        namespace: "web",
        annotations: { "pulumi.com/patchForce": "true", "pulumi.com/skipAwait": "true" },
      });
    },
  );

  it("twenty services and three members: each its own load balancer, on the same listener port", async () => {
    const services = Array.from({ length: 20 }, (_, index) => ({ ...three, name: `s${index}` }));
    const other = (await deployEnvironment({ ...ownerService, services })).outputs;
    const run = await deploy(other, "blue", "active");
    assert.equal(
      run.resources.filter(({ type, name }) => type === "kubernetes:core/v1:Service" && name.endsWith("-lb")).length,
      20,
    );
    assert.equal(Object.keys((run.outputs as unknown as MemberOutputs).services).length, 60);
  });
});

describe("the config of owner service", () => {
  const problemsOf = (change: Record<string, unknown>): string[] => {
    try {
      parseEnvironmentConfig(valuesWith(change), { environment: "dev" });
      return [];
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      return error.problems.map(({ path }) => path);
    }
  };
  const table: [string, Record<string, unknown>, string[]][] = [
    ["port and ports together", { services: [{ ...three, port: 80 }] }, ["services[0].port"]],
    [
      "ports' names twice",
      { services: [{ ...three, ports: [three.ports[0], { ...three.ports[1], name: "http" }] }] },
      ["services[0].ports[1].name"],
    ],
    [
      "a primary that is no member",
      { ...ownerService, loadBalancer: { owner: "service", primary: "red" } },
      ["loadBalancer.primary"],
    ],
    ["a primary with owner stack", { loadBalancer: { primary: "blue" } }, ["loadBalancer.primary"]],
    [
      "an existing workload with owner stack",
      { services: [{ ...three, existing: { service: "a", deployment: "b" } }] },
      ["services[0].existing"],
    ],
    [
      "externalTrafficPolicy Local",
      { services: [{ ...three, externalTrafficPolicy: "Local" }] },
      ["services[0].externalTrafficPolicy"],
    ],
    [
      "two members on one cluster",
      { memberClusters: { blue: { existing: { clusterName: "x" } }, green: { existing: { clusterName: "x" } } } },
      ["memberClusters.green.existing.clusterName"],
    ],
    [
      "an existing cluster that would be upgraded in place",
      { memberClusters: { blue: { existing: { clusterName: "x" } } }, rollout: { strategy: "cycle" } },
      ["rollout.strategy"],
    ],
    ["a cluster of no member", { memberClusters: { red: {} } }, ["memberClusters.red"]],
    [
      "keys that meet",
      { services: [three, { ...three, name: "web-http", ports: undefined, port: 90, targetPort: 90 }] },
      ["services[1].name"],
    ],
    [
      "one load balancer's quota",
      { ...ownerService, services: [{ ...three, replicas: 84 }] },
      ["services[0].replicas"],
    ],
  ];
  for (const [name, change, expected] of table)
    it(`refuses ${name}`, () => assert.deepEqual(problemsOf(change), expected));

  it("a deployed owner changes by adopt alone", () => {
    const config = (change: Record<string, unknown>) =>
      parseEnvironmentConfig(valuesWith(change), { environment: "dev" });
    const service = config(ownerService);
    const record = { ownership: { owner: "service", primary: "blue", adopted: null } } as unknown as EnvironmentRecord;
    const stack = config({ ...ownerService, loadBalancer: {}, services: [three] });
    assert.match(ownershipProblems({ record, config: service }, stack)[0]?.remedy ?? "", /eks-blue-green adopt/);
    assert.deepEqual(ownershipProblems({ record, config: service }, service), []);
    assert.equal(
      ownershipProblems(
        { record, config: service },
        config({ ...ownerService, loadBalancer: { owner: "service", primary: "green" } }),
      )[0]?.path,
      "loadBalancer.primary",
    );
    const adopted = { ownership: { owner: "stack", primary: null, adopted: {} } } as unknown as EnvironmentRecord;
    assert.deepEqual(ownershipProblems({ record: adopted, config: service }, service), []);
  });
});
