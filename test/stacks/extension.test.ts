/** `defineEnvironment`: what a user's own functions declare, when, and with which defaults. */
import assert from "node:assert/strict";
import * as aws from "@pulumi/aws";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { defineEnvironment } from "../../stacks/extension/define";
import type { EnvironmentExtension, MemberExtensionArgs } from "../../stacks/extension/types";
import type { DriverContext } from "../../stacks/contract";
import { initialRecord } from "../../stacks/record";
import { parseEnvironmentConfig } from "../../stacks/config";
import { devValues, find, runUnderMocks, type MockWorld, type Registered } from "./mock-engine";

const urn = (stack: string, type: string, name: string): string =>
  `urn:pulumi:${stack}::eks-blue-green::${type}::${name}`;
const first = initialRecord(parseEnvironmentConfig(devValues, { environment: "dev" }));

/** The mocks write the stack into their URNs, as no engine does. */
const asEngine = (urns: readonly string[] = []): string[] =>
  urns.map((one) => one.replace("pulumi:pulumi:Stack$", "")).sort();

interface Outputs {
  readonly extension?: { readonly resources: readonly string[]; readonly beforeAdmission?: readonly object[] };
  readonly extensionOutputs?: Readonly<Record<string, unknown>>;
}

async function run(
  values: Readonly<Record<string, string>>,
  world: MockWorld,
  extension: EnvironmentExtension,
  context?: DriverContext,
) {
  pulumi.runtime.setAllConfig({ ...values });
  return await runUnderMocks<Outputs>(
    { ...world, inStack: true },
    () => defineEnvironment(extension)(context) as never,
  );
}
const ofEnvironment = (extension: EnvironmentExtension, context?: DriverContext, last?: Record<string, unknown>) =>
  run(devValues, { stack: "dev", ...(last === undefined ? {} : { stacks: { dev: last } }) }, extension, context);

describe("a program of the user's own", () => {
  let environment: Record<string, unknown> = {};
  before(async () => {
    const { outputs } = await ofEnvironment({
      environment: ({ network }) => {
        new aws.sqs.Queue("events", { tags: { vpc: network.vpcId } });
        return { queue: "events" };
      },
    });
    environment = outputs as Record<string, unknown>;
  });
  after(() => pulumi.runtime.setAllConfig({}));

  const values = { "eks-blue-green:environment": "dev", "eks-blue-green:member": "blue" };
  const ofMember = (member: (args: MemberExtensionArgs) => unknown, context?: DriverContext, own?: object) =>
    run(
      values,
      {
        stack: "dev-blue",
        stacks: { dev: environment, ...(own === undefined ? {} : { "dev-blue": own as Record<string, unknown> }) },
      },
      { member: member as NonNullable<EnvironmentExtension["member"]> },
      context,
    );
  const provider = (resources: readonly Registered[], type: string, name: string): string =>
    find(resources, type, name).provider.split("::").slice(2, -1).join("::").replace("pulumi:pulumi:Stack$", "");

  it("declares what is the environment's in its stack, and names it in the outputs", async () => {
    const { outputs, resources } = await ofEnvironment({
      environment: ({ members, region }) => {
        new aws.sqs.Queue("events");
        return { about: `${region} ${members.join()}` };
      },
    });
    assert.deepEqual(asEngine(outputs.extension?.resources), [urn("dev", "aws:sqs/queue:Queue", "events")]);
    assert.deepEqual(outputs.extensionOutputs, { about: "us-east-1 blue,green" });
    assert.ok(find(resources, "aws:ec2/vpc:Vpc", "dev"));
  });

  it("declares a member's with the member's providers, after its nodes and its controller", async () => {
    let given: MemberExtensionArgs | undefined;
    const { outputs, resources } = await ofMember((args) => {
      given = args;
      new aws.sqs.Queue("jobs");
      const { clusterName } = args;
      new aws.eks.Addon("csi", { clusterName, addonName: "aws-ebs-csi-driver" });
      new aws.eks.AccessEntry("ops", { clusterName, principalArn: "arn:aws:iam::123456789012:role/ops" });
      const namespace = new kubernetes.core.v1.Namespace("platform", { metadata: { name: "platform" } });
      new kubernetes.core.v1.ConfigMap(
        "about",
        {
          metadata: { name: "about", namespace: "platform" },
          data: { queue: args.shared.apply((shared) => shared["queue"] as string) },
        },
        { dependsOn: namespace },
      );
      args.beforeAdmission(namespace, {
        apiVersion: "apps/v1",
        kind: "Deployment",
        namespace: "kube-system",
        name: "csi",
      });
    });
    assert.equal(given?.member, "blue");
    assert.equal(given.role, "active");
    assert.equal(given.kubernetesVersion, "1.35");
    assert.deepEqual(find(resources, "aws:eks/addon:Addon", "csi").inputs["clusterName"], "dev-blue");
    assert.ok(find(resources, "aws:eks/addon:Addon", "csi").dependencies.includes("aws:eks/addon:Addon blue-coredns"));
    assert.ok(
      find(resources, "aws:eks/accessEntry:AccessEntry", "ops").dependencies.includes("eks:index:Cluster blue"),
    );
    assert.equal(provider(resources, "aws:sqs/queue:Queue", "jobs"), "pulumi:providers:aws::blue-aws");
    assert.equal(
      provider(resources, "kubernetes:core/v1:Namespace", "platform"),
      "eks-blue-green:index:Cluster$pulumi:providers:kubernetes::blue-kubernetes",
    );
    const { dependencies, inputs } = find(resources, "kubernetes:core/v1:ConfigMap", "about");
    for (const one of ["kubernetes:core/v1:Namespace platform", "aws:eks/addon:Addon blue-coredns"])
      assert.ok(dependencies.includes(one), `${one}: ${dependencies.join(", ")}`);
    assert.ok(
      dependencies.some((one) => one.startsWith("kubernetes:helm.sh/v3:Release ")),
      dependencies.join(", "),
    );
    assert.deepEqual(inputs["data"], { queue: "events" });
    assert.deepEqual(outputs.extension?.beforeAdmission, [
      { apiVersion: "v1", kind: "Namespace", name: "platform" },
      { apiVersion: "apps/v1", kind: "Deployment", name: "csi", namespace: "kube-system" },
    ]);
    assert.deepEqual(asEngine(outputs.extension.resources), [
      urn("dev-blue", "aws:eks/accessEntry:AccessEntry", "ops"),
      urn("dev-blue", "aws:eks/addon:Addon", "csi"),
      urn("dev-blue", "aws:sqs/queue:Queue", "jobs"),
      urn("dev-blue", "kubernetes:core/v1:ConfigMap", "about"),
      urn("dev-blue", "kubernetes:core/v1:Namespace", "platform"),
    ]);
  });

  it("names what it declares below and with others' components, also after a wait, and leaves their providers", async () => {
    const { outputs, resources } = await ofMember(async ({ cluster, awsProvider }) => {
      await Promise.resolve();
      const group = new pulumi.ComponentResource("theirs:index:Group", "group");
      new aws.sqs.Queue("inner", {}, { parent: group });
      new aws.sqs.Queue("below", {}, { parent: cluster });
      const elsewhere = new aws.Provider("elsewhere", { region: "eu-west-1" });
      new aws.sqs.Queue("far", {}, { provider: elsewhere });
      new aws.sqs.Queue("near", {}, { provider: awsProvider });
    });
    assert.deepEqual(asEngine(outputs.extension?.resources), [
      urn("dev-blue", "aws:sqs/queue:Queue", "far"),
      urn("dev-blue", "aws:sqs/queue:Queue", "near"),
      urn("dev-blue", "eks-blue-green:index:Cluster$aws:sqs/queue:Queue", "below"),
      urn("dev-blue", "pulumi:providers:aws", "elsewhere"),
      urn("dev-blue", "theirs:index:Group", "group"),
    ]);
    assert.equal(provider(resources, "aws:sqs/queue:Queue", "inner"), "pulumi:providers:aws::blue-aws");
    assert.equal(provider(resources, "aws:sqs/queue:Queue", "far"), "pulumi:providers:aws::elsewhere");
  });

  const acting: DriverContext = { kind: "act", expectedRevision: first.revision };
  for (const [title, context] of [
    ["while a member is moved", acting],
    ["in a look that leaves it out", { kind: "plain" }],
  ] as const)
    it(`is not asked ${title}, and its outputs stay`, async () => {
      const own = { extension: { resources: ["urn:x"] }, extensionOutputs: { a: 1 } };
      const { outputs } = await ofMember(() => assert.fail("it ran"), context, own);
      assert.deepEqual(outputs.extension, own.extension);
      assert.deepEqual(outputs.extensionOutputs, own.extensionOutputs);
    });
  it("declares its part when the driver makes a member", async () => {
    const { outputs } = await ofMember(() => void new aws.sqs.Queue("jobs"), { ...acting, extension: "declared" });
    assert.deepEqual(asEngine(outputs.extension?.resources), [urn("dev-blue", "aws:sqs/queue:Queue", "jobs")]);
  });
  it("is not asked while the record is written, and its outputs stay", async () => {
    const record = { ...first, revision: first.revision + 1 };
    const context: DriverContext = { kind: "record", expectedRevision: first.revision, record };
    const { outputs } = await ofEnvironment({ environment: () => assert.fail("it ran") }, context, environment);
    assert.deepEqual(outputs.extensionOutputs, { queue: "events" });
  });
  it("keeps the record from being written when the stack has what the update would not know of", async () => {
    const record = { ...first, revision: first.revision + 1 };
    const write = (passesOver: readonly string[]) =>
      run(
        devValues,
        { stack: "dev", stacks: { dev: environment }, stackResources: { dev: ["urn:old", "urn:new"] } },
        {},
        { kind: "record", expectedRevision: first.revision, record, passesOver },
      );
    await assert.rejects(write(["urn:old"]), /EBG-FENCED.*urn:new/);
    await write(["urn:old", "urn:new"]);
  });

  it("can't mark what is no Kubernetes object", async () => {
    await assert.rejects(
      ofMember(({ beforeAdmission }) => beforeAdmission(new aws.sqs.Queue("jobs") as never)),
      /no Kubernetes object \(aws:sqs\/queue:Queue\).*is there when the member is made/s,
    );
  });
  it("is refused with a key that nobody knows", () =>
    assert.throws(
      () => defineEnvironment({ members: () => undefined } as never),
      /members.*Allowed: member, environment/,
    ));
});
