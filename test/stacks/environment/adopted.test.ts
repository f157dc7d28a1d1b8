import assert from "node:assert/strict";
import type { EnvironmentOutputs } from "../../../stacks/contract";
import { environmentProgram } from "../../../stacks/environment/program";
import { memberProgram } from "../../../stacks/member/program";
import { handedOver as balancer } from "./handed-over";
import { devValues, find, runUnderMocks, type MockRun } from "../mock-engine";

const services = ["web", "api"].map((name, index) => ({
  name,
  namespace: name,
  image: "eks-blue-green/echo:1",
  port: 80 + index,
  targetPort: 8080,
  replicas: 3,
}));
const values = { ...devValues, "eks-blue-green:services": JSON.stringify(services) };
const adopted = { web: balancer("web"), api: balancer("api") };

describe("load balancers that were handed over", () => {
  let first: EnvironmentOutputs;
  before(
    async () =>
      void (first = (await runUnderMocks({ stack: "dev", stacks: { dev: {} } }, () => environmentProgram(values)))
        .outputs as unknown as EnvironmentOutputs),
  );

  const deploy = async (
    teardown: boolean,
    takes: readonly string[] = ["sg-backend"],
  ): Promise<MockRun<Record<string, unknown>>> => {
    const absent = { role: "absent", version: null, workload: "running" };
    const record = {
      ...first.record,
      ownership: { owner: "stack", primary: null, formerPrimary: "blue", adopted },
      ...(teardown
        ? {
            placement: { blue: absent, green: absent },
            rollout: {
              id: "t",
              command: { name: "teardown", member: null, percent: null },
              strategy: "replace",
              wantedVersion: "1.35",
              steps: [],
              done: 0,
              direction: "forward",
              reason: null,
              startedAt: "2026-11-21T10:00:00Z",
            },
          }
        : {}),
    };
    return await runUnderMocks({ stack: "dev", stacks: { dev: { ...first, record } } }, () =>
      environmentProgram(
        values,
        teardown ? { kind: "unprotect", expectedRevision: first.record.revision, takes } : undefined,
      ),
    );
  };
  const groups = (run: MockRun<unknown>): string[] =>
    run.resources
      .filter(({ type, name }) => type === "aws:ec2/securityGroup:SecurityGroup" && name.includes("sg-"))
      .map(({ name }) => name)
      .sort();

  it("are declared with their own security groups; the one that the controller shares out stays the controller's", async () => {
    const run = await deploy(false);
    assert.deepEqual(groups(run), ["dev-api-sg-api", "dev-web-sg-web"]);
    const { protect, dependencies } = find(run.resources, "aws:lb/loadBalancer:LoadBalancer", "dev-web");
    assert.ok(protect);
    // So that a destroy ends with the network, which can't go before.
    assert.ok(
      dependencies.some((one) => one.startsWith("aws:ec2/vpc:Vpc ")),
      dependencies.join(", "),
    );
    assert.ok(dependencies.includes("aws:ec2/securityGroup:SecurityGroup dev-web-sg-web"));
  });

  it("at the end of a teardown that group is taken over too, once, and goes after every load balancer", async () => {
    const run = await deploy(true);
    assert.deepEqual(groups(run), ["dev-api-sg-api", "dev-sg-backend", "dev-web-sg-web"]);
    for (const name of ["dev-web", "dev-api"]) {
      const { protect, dependencies } = find(run.resources, "aws:lb/loadBalancer:LoadBalancer", name);
      assert.equal(protect, false);
      assert.ok(dependencies.includes("aws:ec2/securityGroup:SecurityGroup dev-sg-backend"), dependencies.join(", "));
    }
    const shared = find(run.resources, "aws:ec2/securityGroup:SecurityGroup", "dev-sg-backend");
    assert.equal(shared.protect, false);
    assert.ok(
      shared.dependencies.some((one) => one.startsWith("aws:ec2/vpc:Vpc ")),
      "and before the network",
    );
  });

  it("but not when the driver has seen that its cluster is still there", async () => {
    assert.deepEqual(groups(await deploy(true, [])), ["dev-api-sg-api", "dev-web-sg-web"]);
  });
});

describe("bindings that the primary takes over", () => {
  const binding = {
    key: "web",
    namespace: "web",
    name: "k8s-web-hash",
    service: "web-lb",
    servicePort: 80,
    targetGroupArn: "arn:group:web",
    networking: null,
  };
  const ownerService = {
    ...values,
    "eks-blue-green:loadBalancer": JSON.stringify({ owner: "service" }),
    "eks-blue-green:services": JSON.stringify(services.slice(0, 1)),
  };
  let first: EnvironmentOutputs;
  before(
    async () =>
      void (first = (await runUnderMocks({ stack: "dev", stacks: { dev: {} } }, () => environmentProgram(ownerService)))
        .outputs as unknown as EnvironmentOutputs),
  );

  const importOf = async (step: string | null, boundBy: string): Promise<string> => {
    const loadBalancer = { ...balancer("web"), bindings: [binding] };
    const before = {
      loadBalancer,
      namespace: "web",
      name: "web-lb",
      serviceType: "LoadBalancer",
      loadBalancerClass: null,
      annotations: {},
      labels: {},
      tags: {},
      targets: {},
    };
    const record = {
      ...first.record,
      placement: { ...first.record.placement, blue: { role: "active", version: "1.35", workload: "running" } },
      ownership: {
        owner: step === null ? "stack" : "service",
        primary: step === null ? null : "blue",
        ...(step === null ? { formerPrimary: "blue" } : {}),
        adopted: { web: loadBalancer },
      },
      ...(step === null
        ? {}
        : {
            adoption: {
              service: "web",
              member: "blue",
              step,
              direction: "forward",
              reason: null,
              startedAt: "2026-11-21T10:00:00Z",
              by: "a@b 1",
              before,
            },
          }),
    };
    const stacks = { dev: { ...first, record }, "dev-blue": { services: { web: { boundBy } } } };
    const context = { kind: "act", expectedRevision: first.record.revision } as const;
    const run = await runUnderMocks({ stack: "dev-blue", stacks }, () =>
      memberProgram({ "eks-blue-green:environment": "dev", "eks-blue-green:member": "blue" }, context),
    );
    return find(run.resources, "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding", "blue-web-k8s-web-hash").importId;
  };

  for (const step of ["import-primary", "annotations"]) {
    for (const boundBy of ["load-balancer-service", "binding"]) {
      it(`at '${step}' are imported, whatever the last update's outputs say (${boundBy}): it may have failed`, async () =>
        assert.equal(await importOf(step, boundBy), "web/k8s-web-hash"));
    }
  }
  it("are like any other afterwards: drained and admitted, they are made anew", async () =>
    assert.equal(await importOf(null, "binding"), ""));
});
