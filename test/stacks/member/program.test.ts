import assert from "node:assert/strict";
import type { DriverContext } from "../../../stacks/contract";
import { environmentProgram } from "../../../stacks/environment/program";
import { memberProgram } from "../../../stacks/member/program";
import type { EnvironmentRecord, MemberPlacement, MemberMove } from "../../../stacks/record";
import { devValues, find, listing, type MockWorld, runUnderMocks } from "../mock-engine";
import { podSpecOf } from "./managed-pod";

const standby: MemberPlacement = { role: "standby", version: "1.34", workload: "running" };
const active: MemberPlacement = { ...standby, role: "active" };
const gone: MemberPlacement = { role: "absent", version: null, workload: "running" };

function recordWith(blue: MemberPlacement, move?: Omit<MemberMove, "member">): EnvironmentRecord {
  const open = move === undefined ? null : { ...move, member: "blue" };
  return {
    schemaVersion: 1,
    revision: 5,
    placement: { blue, green: gone },
    rollout:
      open === null
        ? null
        : {
            id: "r",
            strategy: "replace",
            wantedVersion: "1.35",
            steps: [{ type: "move", ...open }],
            done: 0,
            direction: "forward",
            reason: null,
            startedAt: "2026-11-21T00:00:00Z",
          },
    intent:
      open === null ? null : { move: open, step: 0, startedAt: "2026-11-21T00:00:00Z", by: "me", targetsBefore: {} },
  };
}

let environmentOutputs: Record<string, unknown>;
const values = { "eks-blue-green:environment": "dev", "eks-blue-green:member": "blue" };
/** The environment's outputs with `controller.image` in their config. */
function withImage(outputs: Record<string, unknown>, image: string | undefined): Record<string, unknown> {
  const config = outputs["config"] as { readonly controller: object };
  return image === undefined
    ? outputs
    : { ...outputs, config: { ...config, controller: { ...config.controller, image } } };
}
const deploy = (
  record: EnvironmentRecord,
  context?: DriverContext,
  world: Partial<MockWorld> & { readonly own?: Record<string, unknown> } = {},
  controllerImage?: string,
) =>
  runUnderMocks(
    {
      stack: "dev-blue",
      ...world,
      stacks: {
        dev: { ...withImage(environmentOutputs, controllerImage), record },
        ...(world.own === undefined ? {} : { "dev-blue": world.own }),
      },
    },
    () => memberProgram(values, context),
  );
const bindingsOf = (run: Awaited<ReturnType<typeof deploy>>) =>
  run.resources.filter((resource) => resource.type === "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding");
const replicasOf = (run: Awaited<ReturnType<typeof deploy>>) =>
  (find(run.resources, "kubernetes:apps/v1:Deployment", "blue-web").inputs["spec"] as { replicas?: number }).replicas;
const act: DriverContext = { kind: "act", expectedRevision: 5 };

const expectedActive = `
aws:eks/addon:Addon blue-coredns
aws:eks/addon:Addon blue-eks-pod-identity-agent
aws:eks/podIdentityAssociation:PodIdentityAssociation blue
aws:iam/role:Role blue
aws:iam/role:Role blue-nodes
aws:iam/rolePolicy:RolePolicy blue
aws:iam/rolePolicyAttachment:RolePolicyAttachment blue-nodes-AmazonEC2ContainerRegistryPullOnly
aws:iam/rolePolicyAttachment:RolePolicyAttachment blue-nodes-AmazonEKSWorkerNodePolicy
aws:iam/rolePolicyAttachment:RolePolicyAttachment blue-nodes-AmazonEKS_CNI_Policy
aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule blue-8080
eks-blue-green:index:Cluster blue
eks-blue-green:index:LoadBalancerController blue
eks-blue-green:index:MemberIngress blue
eks-blue-green:index:MultiClusterService blue-web
eks-blue-green:index:TargetGroupBinding blue-web-web
eks-blue-green:index:Workload blue-web
eks:index:Cluster blue
eks:index:ManagedNodeGroup blue-nodes
kubernetes:apps/v1:Deployment blue-web
kubernetes:core/v1:Namespace blue-web
kubernetes:core/v1:Service blue-web
kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding blue-web-web
kubernetes:helm.sh/v3:Release blue
kubernetes:policy/v1:PodDisruptionBudget blue-web
pulumi:providers:aws blue-aws
pulumi:providers:kubernetes blue-kubernetes`
  .trim()
  .split("\n");

describe("a member's program", () => {
  before(async () => {
    environmentOutputs = (
      await runUnderMocks({ stack: "dev", stacks: { dev: {} } }, () => environmentProgram(devValues))
    ).outputs;
  });

  it("declares cluster, controller, workload and binding of an active member", async () => {
    assert.deepEqual(listing((await deploy(recordWith(active))).resources), expectedActive);
  });

  it("gives them the inputs that matter", async () => {
    const { resources } = await deploy(recordWith(active));
    const cluster = find(resources, "eks:index:Cluster", "blue").inputs;
    assert.equal(cluster["name"], "dev-blue");
    assert.equal(cluster["version"], "1.34");
    assert.equal(cluster["authenticationMode"], "API");
    assert.equal(cluster["skipDefaultNodeGroup"], true);
    assert.equal(find(resources, "eks:index:ManagedNodeGroup", "blue-nodes").inputs["version"], "1.34");
    assert.deepEqual(
      find(resources, "aws:eks/addon:Addon", "blue-coredns").inputs["addonVersion"],
      "v1.2.3-eksbuild.34",
    );
    assert.deepEqual(
      find(resources, "pulumi:providers:kubernetes", "blue-kubernetes").inputs["clusterIdentifier"],
      "dev-blue",
    );
    const rule = find(resources, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "blue-8080").inputs;
    assert.deepEqual(
      [rule["securityGroupId"], rule["referencedSecurityGroupId"], rule["fromPort"]],
      ["sg-cluster", "dev-id", 8080],
    );
    const release = find(resources, "kubernetes:helm.sh/v3:Release", "blue").inputs;
    assert.deepEqual(
      [release["chart"], release["version"], release["repositoryOpts"]],
      ["aws-load-balancer-controller", "3.5.0", { repo: "https://aws.github.io/eks-charts" }],
    );
    const settings = release["values"] as Record<string, unknown>;
    assert.deepEqual(
      [settings["clusterName"], settings["region"], settings["vpcId"]],
      ["dev-blue", "us-east-1", "dev-id"],
    );
    assert.deepEqual(
      find(resources, "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding", "blue-web-web").inputs["spec"],
      {
        targetGroupARN: "arn:aws:lb/targetGroup:TargetGroup:dev-web",
        targetType: "ip",
        multiClusterTargetGroup: true,
        serviceRef: { name: "web", port: 8080 },
      },
    );
  });

  it("names AWS's own policies in the partition of its region", async () => {
    const policyOf = async (partition: string) =>
      find(
        (await deploy(recordWith(active), undefined, { partition })).resources,
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "blue-nodes-AmazonEKS_CNI_Policy",
      ).inputs["policyArn"];
    assert.deepEqual(
      [await policyOf("aws"), await policyOf("aws-us-gov")],
      ["arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy", "arn:aws-us-gov:iam::aws:policy/AmazonEKS_CNI_Policy"],
    );
  });

  it("lets EC2 take the nodes' role under the names that it has in the partition; elsewhere the role stays as it was", async () => {
    const trustOf = async (partition: string): Promise<string> =>
      find((await deploy(recordWith(active), undefined, { partition })).resources, "aws:iam/role:Role", "blue-nodes")
        .inputs["assumeRolePolicy"] as string;
    const trust = (service: unknown): string =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
      });
    assert.equal(await trustOf("aws"), trust("ec2.amazonaws.com"));
    assert.equal(await trustOf("aws-us-gov"), trust("ec2.amazonaws.com"));
    assert.equal(await trustOf("aws-cn"), trust(["ec2.amazonaws.com", "ec2.amazonaws.com.cn"]));
  });

  it("declares a pod that outlives the load balancer's lag", async () => {
    const { resources } = await deploy(recordWith(active));
    const spec = (
      find(resources, "kubernetes:apps/v1:Deployment", "blue-web").inputs["spec"] as {
        template: { spec: { terminationGracePeriodSeconds: number; containers: Record<string, unknown>[] } };
      }
    ).template.spec;
    assert.equal(spec.terminationGracePeriodSeconds, 360);
    assert.deepEqual(spec.containers[0]?.["lifecycle"], { preStop: { sleep: { seconds: 300 } } });
    assert.deepEqual(spec.containers[0]?.["env"], [{ name: "MEMBER", value: "blue" }]);
  });

  it("gives pods the memory and CPU that the config names, and what they always had when it names none", async () => {
    const resourcesOf = async (change: object): Promise<unknown> => (await podSpecOf(change)).containers[0]?.resources;
    assert.deepEqual(await resourcesOf({ memory: "512Mi", cpu: 0.5 }), {
      requests: { cpu: "0.5", memory: "512Mi" },
      limits: { memory: "512Mi" },
    });
    assert.deepEqual(await resourcesOf({}), {
      requests: { cpu: "100m", memory: "128Mi" },
      limits: { memory: "128Mi" },
    });
  });

  it("takes variables from the Secrets that the config names, which the stack never reads", async () => {
    const services = JSON.stringify([
      { name: "web", namespace: "web", image: "echo:1", port: 80, targetPort: 8080, environmentFrom: ["web-secrets"] },
    ]);
    const wanted = (
      await runUnderMocks({ stack: "dev", stacks: { dev: {} } }, () =>
        environmentProgram({ ...devValues, "eks-blue-green:services": services }),
      )
    ).outputs;
    const { resources } = await runUnderMocks(
      { stack: "dev-blue", stacks: { dev: { ...wanted, record: recordWith(active) } } },
      () => memberProgram(values),
    );
    const spec = find(resources, "kubernetes:apps/v1:Deployment", "blue-web").inputs["spec"] as {
      template: { spec: { containers: Record<string, unknown>[] } };
    };
    assert.deepEqual(spec.template.spec.containers[0]?.["envFrom"], [{ secretRef: { name: "web-secrets" } }]);
  });

  it(
    "rolls pods in at most four batches, never fewer than wanted, and no update may need longer than the driver " +
      "waits",
    async () => {
      const { inputs, updateTimeout } = find(
        (await deploy(recordWith(active))).resources,
        "kubernetes:apps/v1:Deployment",
        "blue-web",
      );
      const { strategy, progressDeadlineSeconds } = inputs["spec"] as {
        strategy: { rollingUpdate: { maxSurge: string; maxUnavailable: number } };
        progressDeadlineSeconds: number;
      };
      assert.deepEqual(strategy.rollingUpdate, { maxUnavailable: 0, maxSurge: "25%" });
      for (let replicas = 2; replicas <= 500; replicas += 1)
        assert.ok(Math.ceil(replicas / Math.ceil(replicas / 4)) * progressDeadlineSeconds <= 3600, `${replicas}`);
      assert.equal(updateTimeout, "60m");
    },
  );

  it("has the environment's tags and accounts on its own provider too, and nothing more when none are given", async () => {
    const providerOf = async (extra: Record<string, string>) => {
      const wanted = (
        await runUnderMocks({ stack: "dev", stacks: { dev: {} } }, () => environmentProgram({ ...devValues, ...extra }))
      ).outputs;
      const { resources } = await runUnderMocks(
        { stack: "dev-blue", stacks: { dev: { ...wanted, record: recordWith(active) } } },
        () => memberProgram(values),
      );
      const { version: _version, ...inputs } = find(resources, "pulumi:providers:aws", "blue-aws").inputs;
      return inputs;
    };
    const plain = await providerOf({});
    assert.equal(plain["region"], "us-east-1");
    const { defaultTags, allowedAccountIds, ...rest } = await providerOf({
      "aws:defaultTags": '{"tags":{"team":"platform"}}',
      "aws:allowedAccountIds": '["123456789012"]',
    });
    assert.deepEqual(
      [JSON.parse(String(defaultTags)), JSON.parse(String(allowedAccountIds)), rest],
      [{ tags: { team: "platform" } }, ["123456789012"], plain],
    );
  });

  it("takes the controller's image from the repository that the config names, and leaves the chart's alone without one", async () => {
    const valuesOf = async (image?: string): Promise<Record<string, unknown>> => {
      const { resources } = await deploy(recordWith(active), undefined, {}, image);
      return find(resources, "kubernetes:helm.sh/v3:Release", "blue").inputs["values"] as Record<string, unknown>;
    };
    const repository = "123456789012.dkr.ecr.us-east-1.amazonaws.com/aws-load-balancer-controller";
    assert.deepEqual((await valuesOf(repository))["image"], { repository });
    assert.ok(!("image" in (await valuesOf())));
  });

  it("orders agent, association, controller, workload, binding", async () => {
    const { resources } = await deploy(recordWith(active));
    const needs = (type: string, name: string, dependency: string) =>
      assert.ok(find(resources, type, name).dependencies.includes(dependency), `${name} needs ${dependency}`);
    needs("aws:eks/addon:Addon", "blue-eks-pod-identity-agent", "eks:index:ManagedNodeGroup blue-nodes");
    needs("kubernetes:helm.sh/v3:Release", "blue", "aws:eks/addon:Addon blue-eks-pod-identity-agent");
    // EKS takes a while to know of it: it is made while the nodes are, minutes before the first pod that needs it.
    const early = find(resources, "eks-blue-green:index:LoadBalancerController", "blue").dependencies;
    assert.ok(early.includes("eks:index:Cluster blue") && !early.includes("eks:index:ManagedNodeGroup blue-nodes"));
    needs("kubernetes:helm.sh/v3:Release", "blue", "aws:eks/podIdentityAssociation:PodIdentityAssociation blue");
    needs("eks-blue-green:index:Workload", "blue-web", "kubernetes:helm.sh/v3:Release blue");
    needs("eks-blue-green:index:MultiClusterService", "blue-web", "kubernetes:apps/v1:Deployment blue-web");
    needs(
      "eks-blue-green:index:MultiClusterService",
      "blue-web",
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule blue-8080",
    );
  });

  it(
    "protects bindings and cluster of an active member, so that a stray destroy takes neither; while a drain is " +
      "open the bindings may go",
    async () => {
      const protectedOf = async (record: EnvironmentRecord, context?: DriverContext) =>
        (await deploy(record, context)).resources
          .filter((resource) => resource.protect)
          .map((resource) => resource.type);
      const binding = "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding";
      const ofCluster = ["eks:index:Cluster", "eks:index:ManagedNodeGroup", "aws:eks/addon:Addon"];
      const serving = await protectedOf(recordWith(active));
      for (const type of [binding, ...ofCluster]) assert.ok(serving.includes(type), type);
      assert.ok(!serving.includes("kubernetes:apps/v1:Deployment"), "a service can be taken out of the config");
      assert.deepEqual(await protectedOf(recordWith(standby)), []);
      const draining = recordWith(active, { kind: "drain", from: active, to: standby });
      assert.deepEqual(await protectedOf(draining, act), []);
      const plain = await protectedOf(draining);
      assert.ok(!plain.includes(binding) && ofCluster.every((type) => plain.includes(type)), plain.join(", "));
    },
  );

  const stopped: MemberPlacement = { ...standby, workload: "stopped" };
  const cases: {
    name: string;
    record: EnvironmentRecord;
    context?: DriverContext;
    bindings: number;
    replicas: number;
  }[] = [
    { name: "standby", record: recordWith(standby), bindings: 0, replicas: 3 },
    { name: "stopped standby", record: recordWith(stopped), bindings: 0, replicas: 0 },
    {
      name: "admit, acting",
      record: recordWith(standby, { kind: "admit", from: standby, to: active }),
      context: act,
      bindings: 1,
      replicas: 3,
    },
    {
      name: "admit open, plain up",
      record: recordWith(standby, { kind: "admit", from: standby, to: active }),
      bindings: 1,
      replicas: 3,
    },
    {
      name: "drain, acting",
      record: recordWith(active, { kind: "drain", from: active, to: standby }),
      context: act,
      bindings: 0,
      replicas: 3,
    },
    {
      name: "drain open, plain up",
      record: recordWith(active, { kind: "drain", from: active, to: standby }),
      bindings: 1,
      replicas: 3,
    },
    {
      name: "scale, acting",
      record: recordWith(standby, { kind: "scale", from: standby, to: stopped }),
      context: act,
      bindings: 0,
      replicas: 0,
    },
    {
      name: "scale open, plain up",
      record: recordWith(standby, { kind: "scale", from: standby, to: stopped }),
      bindings: 0,
      replicas: 3,
    },
  ];
  for (const { name, record, context, bindings, replicas } of cases) {
    it(`${name}: ${bindings} binding(s), ${replicas} replicas`, async () => {
      const run = await deploy(record, context);
      assert.equal(bindingsOf(run).length, bindings);
      assert.equal(replicasOf(run), replicas);
    });
  }

  it("takes an autoscaler's replicas by force while the workload is stopped, and leaves them out otherwise", async () => {
    const services = JSON.stringify([
      { ...(JSON.parse(devValues["eks-blue-green:services"] ?? "") as object[])[0], autoscaled: true },
    ]);
    const { outputs } = await runUnderMocks({ stack: "dev", stacks: { dev: {} } }, () =>
      environmentProgram({ ...devValues, "eks-blue-green:services": services }),
    );
    const declared = async (blue: MemberPlacement): Promise<unknown[]> => {
      const run = await runUnderMocks(
        { stack: "dev-blue", stacks: { dev: { ...outputs, record: recordWith(blue) } } },
        () => memberProgram(values),
      );
      return [
        replicasOf(run),
        (
          find(run.resources, "kubernetes:apps/v1:Deployment", "blue-web").inputs["metadata"] as {
            annotations?: unknown;
          }
        ).annotations,
      ];
    };
    assert.deepEqual(await declared(standby), [undefined, undefined]);
    assert.deepEqual(await declared(stopped), [0, { "pulumi.com/patchForce": "true" }]);
    const fixed = await deploy(recordWith(stopped));
    assert.equal(
      (
        find(fixed.resources, "kubernetes:apps/v1:Deployment", "blue-web").inputs["metadata"] as {
          annotations?: unknown;
        }
      ).annotations,
      undefined,
      "what somebody changed by hand is still told as a conflict",
    );
  });

  it("leaves the number of nodes to an autoscaler where the config says so", async () => {
    const cluster = JSON.parse(devValues["eks-blue-green:cluster"] ?? "") as { nodes: object };
    const ignores = async (nodes: object): Promise<unknown> => {
      const { outputs } = await runUnderMocks({ stack: "dev", stacks: { dev: {} } }, () =>
        environmentProgram({
          ...devValues,
          "eks-blue-green:cluster": JSON.stringify({ ...cluster, nodes: { ...cluster.nodes, ...nodes } }),
        }),
      );
      const run = await runUnderMocks(
        { stack: "dev-blue", stacks: { dev: { ...outputs, record: recordWith(active) } } },
        () => memberProgram(values),
      );
      return find(run.resources, "eks:index:ManagedNodeGroup", "blue-nodes").inputs["ignoreScalingChanges"];
    };
    assert.deepEqual(
      [await ignores({}), await ignores({ autoscaled: false }), await ignores({ autoscaled: true })],
      [false, false, true],
    );
  });

  it("declares nothing for an absent member", async () => {
    const run = await deploy(recordWith(gone));
    assert.deepEqual([listing(run.resources), run.outputs], [[], {}]);
  });
  it("refuses a plain update while the member is being retired, and an act at another revision", async () => {
    await assert.rejects(
      deploy(recordWith(stopped, { kind: "retire", from: stopped, to: gone })),
      /member 'blue' is being retired.*eks-blue-green upgrade --stack dev/,
    );
    await assert.rejects(
      deploy(recordWith(active), { kind: "act", expectedRevision: 4 }),
      /^Error: EBG-FENCED: the update of 'dev-blue' expected the record's revision 4, but it is 5/,
    );
  });
  it("never lowers a version that EKS has raised, and keeps add-ons while the minor stays", async () => {
    const own = (await deploy(recordWith(active))).outputs;
    const raised = await deploy(recordWith(active), undefined, { own, clusterVersion: "1.35" });
    assert.equal(find(raised.resources, "eks:index:Cluster", "blue").inputs["version"], "1.35");
    const again = await deploy(recordWith(active), undefined, { own, clusterVersion: "1.34" });
    assert.equal(
      again.calls.some((call) => call.token.includes("getAddonVersion")),
      false,
    );
  });
  it("says what to do when the environment is not there", async () => {
    await assert.rejects(
      runUnderMocks({ stack: "dev-blue" }, () => memberProgram(values)),
      /stack 'dev' has no outputs yet\. Deploy it first: pulumi up -s dev/,
    );
  });
});
