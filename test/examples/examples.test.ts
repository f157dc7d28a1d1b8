import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import ts from "typescript";
import { parse } from "yaml";
import type { MemberOutputs, StackProgram } from "../../stacks/contract";
import { environmentProgram } from "../../stacks/environment/program";
import { memberProgram } from "../../stacks/member/program";
import { projectFolderVariable } from "../../stacks/shared/project-way";
import { devValues, kubeconfigJson, listing, type MockWorld, runUnderMocks } from "../stacks/mock-engine";

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

  /** What a member of an example of config alone declares in its cluster. */
  async function inCluster(name: string, answer?: MockWorld["answer"]): Promise<string[]> {
    const folder = join(examples, name);
    const { config } = parse(readFileSync(join(folder, "Pulumi.dev.yaml"), "utf8")) as { config: object };
    const values = Object.fromEntries(
      Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
    );
    const told = process.env[projectFolderVariable];
    process.env[projectFolderVariable] = folder;
    try {
      const environment = await runUnderMocks({ stack: "dev", stacks: { dev: {} } }, () => environmentProgram(values));
      const world = {
        stack: "dev-blue",
        stacks: { dev: environment.outputs },
        ...(answer === undefined ? {} : { answer }),
      };
      const run = await runUnderMocks(world, () =>
        memberProgram({ "eks-blue-green:environment": "dev", "eks-blue-green:member": "blue" }),
      );
      return listing(run.resources).filter((one) => /^kubernetes:(?!helm)/.test(one));
    } finally {
      if (told === undefined) delete process.env[projectFolderVariable];
      else process.env[projectFolderVariable] = told;
    }
  }

  it("workloads-from-files declares each member's objects out of its folders, and binds their Services", async () =>
    assert.deepEqual(await inCluster("workloads-from-files"), [
      "kubernetes:apps/v1:Deployment blue-web-shop/web",
      "kubernetes:apps/v1:StatefulSet blue-api-shop/backend",
      "kubernetes:core/v1:ConfigMap blue-web-shop/web",
      "kubernetes:core/v1:Namespace blue-shop",
      "kubernetes:core/v1:Service blue-api-shop/backend",
      "kubernetes:core/v1:Service blue-web-shop/web",
      "kubernetes:core/v1:ServiceAccount blue-web-shop/web",
      "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding blue-api-api",
      "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding blue-web-web",
      "kubernetes:policy/v1:PodDisruptionBudget blue-api-shop/backend",
      "kubernetes:policy/v1:PodDisruptionBudget blue-web-shop/web",
    ]));

  it("workloads-from-charts gives Helm its chart with the values of file and config, and binds what comes of it", async () => {
    const asked: object[] = [];
    const service = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web" },
      spec: { selector: { "app.kubernetes.io/name": "web" }, ports: [{ port: 80, targetPort: 8080 }] },
    };
    const deployment = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web" },
      spec: { template: { metadata: { labels: { "app.kubernetes.io/name": "web" } } } },
    };
    const declared = await inCluster("workloads-from-charts", (token, { jsonOpts }) => {
      if (token !== "kubernetes:helm:template") return null;
      asked.push(JSON.parse(String(jsonOpts)) as object);
      return Promise.resolve({ result: [service, deployment] });
    });
    assert.deepEqual(declared, [
      "kubernetes:apps/v1:Deployment blue-web-shop/web",
      "kubernetes:core/v1:Namespace blue-shop",
      "kubernetes:core/v1:Service blue-web-shop/web",
      "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding blue-web-web",
    ]);
    const { path, values } = asked[0] as { path: string; values: object };
    assert.equal(path, join(examples, "workloads-from-charts/charts/web"));
    assert.deepEqual(values, { replicaCount: 3, resources: { limits: { cpu: null } }, greeting: "hello" });
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
