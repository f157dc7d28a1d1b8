import assert from "node:assert/strict";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import ts from "typescript";
import type { MemberOutputs, StackProgram } from "../../stacks/contract";
import { devValues, kubeconfigJson, listing, runUnderMocks } from "../stacks/mock-engine";

const examples = join(__dirname, "../../examples");
const counts = (types: readonly string[]): Record<string, number> =>
  types.reduce<Record<string, number>>((sum, type) => ({ ...sum, [type]: (sum[type] ?? 0) + 1 }), {});

/** Runs an example as the engine's language host does, and counts what it declares. */
async function preview(name: string, config: Readonly<Record<string, string>>) {
  const file = join(examples, name, "index.ts");
  const run = await runUnderMocks({ stack: "dev" }, async () => {
    pulumi.runtime.setAllConfig({ ...config });
    delete require.cache[require.resolve(file)];
    return require(file) as Record<string, unknown>;
  });
  return { ...run, counts: counts(listing(run.resources).map((line) => line.split(" ")[0] ?? "")) };
}

describe("the examples", () => {
  it("are accepted by the compiler against the official SDKs", function () {
    this.timeout(300_000);
    const root = join(__dirname, "../..");
    const read = ts.readConfigFile(join(root, "tsconfig.json"), (path) => ts.sys.readFile(path));
    const { options } = ts.parseJsonConfigFileContent(read.config, ts.sys, root);
    const files = [
      "whole-environment/index.ts",
      "existing-clusters/index.ts",
      "existing-workload/index.ts",
      "ci-upgrade/index.ts",
      "extended-members/index.ts",
    ].map((file) => join(examples, file));
    const program = ts.createProgram(files, {
      ...options,
      noEmit: true,
      incremental: false,
      tsBuildInfoFile: undefined,
    });
    const found = files.flatMap((file) => ts.getPreEmitDiagnostics(program, program.getSourceFile(file)));
    assert.deepEqual(
      found.map((each) => `${each.file?.fileName}: ${ts.flattenDiagnosticMessageText(each.messageText, " ")}`),
      [],
    );
  });

  it("whole-environment declares two members behind one target group", async () => {
    const { counts: declared, outputs } = await preview("whole-environment", {});
    assert.equal(declared["eks:index:Cluster"], 2);
    assert.equal(declared["aws:lb/targetGroup:TargetGroup"], 1);
    assert.equal(declared["kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding"], 2);
    assert.equal(declared["kubernetes:helm.sh/v3:Release"], 2);
    assert.equal((outputs as Record<string, unknown>)["address"], "shop.elb.example");
  });

  it("existing-clusters creates no cluster and no network, and binds only those that are active", async () => {
    const clusters = ["blue", "green"].map((name, index) => ({
      name,
      kubeconfig: kubeconfigJson,
      podSecurityGroupId: `sg-${name}`,
      active: index === 0,
    }));
    const { counts: declared, resources } = await preview("existing-clusters", {
      "eks-blue-green:vpcId": "vpc-1",
      "eks-blue-green:subnetIds": '["subnet-a","subnet-b"]',
      "eks-blue-green:clusters": JSON.stringify(clusters),
    });
    assert.equal(declared["eks:index:Cluster"], undefined);
    assert.equal(declared["aws:ec2/vpc:Vpc"], undefined);
    assert.equal(declared["pulumi:providers:kubernetes"], 2);
    assert.deepEqual(
      resources
        .filter((resource) => resource.type.endsWith("v1beta1:TargetGroupBinding"))
        .map((resource) => resource.name),
      ["blue-web-web"],
    );
    assert.equal(declared["aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"], 1 + 2 * 2);
  });

  it("extended-members declares a member with more in it, and what it must have before it is let in", async () => {
    const file = require.resolve(join(examples, "extended-members/index.ts"));
    const main = require(file) as StackProgram;
    const run = (stack: string, config: Readonly<Record<string, string>>, stacks = {}) =>
      runUnderMocks({ stack, inStack: true, stacks }, async () => {
        pulumi.runtime.setAllConfig({ ...config });
        return await main();
      });
    const environment = await run("dev", devValues);
    assert.ok(environment.resources.some(({ type, name }) => `${type} ${name}` === "aws:sqs/queue:Queue orders"));
    const values = { "eks-blue-green:environment": "dev", "eks-blue-green:member": "blue" };
    const { resources, outputs } = await run("dev-blue", values, { dev: environment.outputs });
    const declared = listing(resources);
    for (const one of [
      "aws:eks/addon:Addon ebs-csi",
      "aws:s3/bucket:Bucket logs",
      "kubernetes:networking.k8s.io/v1:NetworkPolicy no-way-in",
      "kubernetes:scheduling.k8s.io/v1:PriorityClass platform",
    ])
      assert.ok(declared.includes(one), `${one}:\n${declared.join("\n")}`);
    assert.deepEqual((outputs as unknown as MemberOutputs).extension?.beforeAdmission, [
      { apiVersion: "apps/v1", kind: "Deployment", name: "agent", namespace: "platform" },
    ]);
    pulumi.runtime.setAllConfig({});
  });
});
