/** The stand-ins under the real engine, with the AWS front, moto and real control planes. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalWorkspace, PulumiCommand, Stack, type EngineEvent } from "@pulumi/pulumi/automation";
import { closeConnections, get } from "../../../automation/adapters/kubernetes/client";
import type { MemberOutputs } from "../../../stacks/contract";
import type { SandboxInfo } from "../../../sandbox/contract";
import { childEnvironment, startSandbox, stopSandbox } from "../../../sandbox/client/start";
import { resolveTools } from "../../../sandbox/tools/index";
import { program, type Settings } from "./engine-program";
import { objectsFacts } from "./objects-facts";
import { releaseFacts } from "./release-facts";
import { kubectlOf, type Kubectl } from "./kubectl";

interface Exported {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly parent?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
}
interface Step {
  readonly op: string;
  readonly name: string;
  readonly diffs: readonly string[];
}

const nameOf = (urn: string): string => urn.split("::").slice(3).join("::");
const settings: Settings = { replicas: 1, nodes: 1, healthCheckPath: "/healthz", port: 80 };

describe("the provider stand-ins under the real engine", function () {
  this.timeout(120_000);
  let base = "";
  let info: SandboxInfo;
  let stack: Stack;
  let workspace: LocalWorkspace;
  let kubeconfig = "";
  let vpcId = "";
  let kubectl: Kubectl;
  let resources: readonly Exported[] = [];

  before("start a sandbox", async function () {
    this.timeout(45 * 60_000);
    const tools = await resolveTools({ onProgress: (progress) => console.error(progress.message) });
    base = mkdtempSync(join(tmpdir(), "ebg-"));
    info = await startSandbox(
      {
        dir: join(base, "sb"),
        timeScale: 600,
        lbc: "stand-in",
        providers: {},
        region: "us-east-1",
        untilStdinCloses: true,
      },
      tools,
      () => undefined,
    );
    const pulumiCommand = await PulumiCommand.get({ root: info.dir, skipVersionCheck: true });
    const envVars = Object.fromEntries(
      Object.entries(childEnvironment(info.env, {})).filter((pair): pair is [string, string] => pair[1] !== undefined),
    );
    workspace = await LocalWorkspace.create({
      workDir: mkdtempSync(join(base, "project-")),
      pulumiCommand,
      envVars,
      projectSettings: { name: "engine", runtime: "nodejs", backend: { url: info.env["PULUMI_BACKEND_URL"] ?? "" } },
    });
    stack = await Stack.createOrSelect("test", workspace);
  });
  after(async () => {
    if (info !== undefined) await stopSandbox(info.dir);
    if (base !== "") rmSync(base, { recursive: true, force: true });
  });

  /** What a preview would do besides leaving things alone. */
  const preview = async (changed: Partial<Settings>): Promise<Step[]> => {
    const steps: Step[] = [];
    const onEvent = (event: EngineEvent) => {
      const metadata = event.resourcePreEvent?.metadata;
      if (metadata !== undefined && metadata.op !== "same")
        steps.push({ op: metadata.op, name: nameOf(metadata.urn), diffs: Object.keys(metadata.detailedDiff ?? {}) });
    };
    await stack.preview({ program: program({ ...settings, ...changed }), onEvent });
    return steps;
  };

  it("makes two clusters at once, a node group and a workload", async () => {
    const { outputs } = await stack.up({ program: program(settings) });
    kubeconfig = join(base, "kubeconfig");
    writeFileSync(kubeconfig, outputs["kubeconfig"]?.value as string, { mode: 0o600 });
    vpcId = outputs["vpcId"]?.value as string;
    kubectl = kubectlOf(kubeconfig, childEnvironment(info.env, process.env) as NodeJS.ProcessEnv);
    assert.notEqual(
      JSON.parse(outputs["greenKubeconfig"]?.value as string).clusters[0].cluster.server,
      JSON.parse(outputs["kubeconfig"]?.value as string).clusters[0].cluster.server,
    );
    assert.equal(kubectl("get", "deployment", "web", "-o", "jsonpath={.status.availableReplicas}"), "1");
    resources = ((await stack.exportStack()).deployment as { resources: Exported[] }).resources;
  });

  it("has nothing to change and nothing to refresh afterwards", async () => {
    assert.deepEqual(await preview({}), []);
    const refreshed = await stack.refresh();
    assert.deepEqual(Object.keys(refreshed.summary.resourceChanges ?? {}), ["same"], refreshed.stdout);
  });

  it("shows one change for one change, and a replacement only where AWS needs one", async () => {
    const changed = await preview({ replicas: 2, nodes: 2, healthCheckPath: "/ready" });
    assert.deepEqual(changed.map((step) => [step.op, step.name, ...step.diffs]).sort(), [
      ["update", "blue-nodes", "scalingConfig.desiredSize"],
      ["update", "web", "healthCheck.path"],
      ["update", "web", "spec.replicas"],
    ]);
    const port = await preview({ port: 81 });
    assert.deepEqual(
      [
        port.some((step) => step.op.includes("replace")),
        new Set(port.flatMap((step) => step.diffs)),
        new Set(port.map((step) => step.name)),
      ],
      [true, new Set(["port"]), new Set(["web"])],
    );
  });

  it("lets the driver find a cluster by what EKS says of it, and sign in with a token of its own", async () => {
    const text = readFileSync(kubeconfig, "utf8");
    const { args } = JSON.parse(text).users[0].user.exec as { args: string[] };
    const outputs = {
      member: "blue",
      clusterName: args[args.indexOf("--cluster-name") + 1] ?? "",
      region: info.region,
      kubeconfig: text,
    } as MemberOutputs;
    const before = { ...process.env };
    Object.assign(process.env, info.env);
    try {
      const { status, body } = await get(outputs, "/version");
      assert.equal(status, 200);
      assert.match(body, /"major": ?"1"/);
      const foreign = { ...outputs, kubeconfig: text.replace(/"server":"[^"]*"/, `"server":"${info.awsEndpoint}"`) };
      await assert.rejects(get(foreign, "/version"), { code: "EBG-KUBERNETES", message: /names the server/ });
    } finally {
      closeConnections();
      for (const name of Object.keys(info.env)) delete process.env[name];
      Object.assign(process.env, before);
    }
  });

  for (const member of ["blue", "green"]) {
    it(`gives ${member} the resources of the official component`, () => {
      const found = (name: string, type?: string): Exported => {
        const one = resources.find(
          (resource) => nameOf(resource.urn) === name && (type === undefined || resource.type === type),
        );
        assert.ok(one, `${name} is among ${resources.map((resource) => nameOf(resource.urn)).join(", ")}`);
        return one;
      };
      for (const row of componentTable(member)) {
        const one = found(row.name, row.type);
        assert.equal(nameOf(one.parent ?? ""), row.parent, `${row.name}'s parent`);
        for (const input of row.inputs) assert.ok(one.inputs?.[input] !== undefined, `${row.name} has ${input}`);
      }
      const rules = resources.filter(
        (one) => one.type === "aws:ec2/securityGroupRule:SecurityGroupRule" && nameOf(one.parent ?? "") === member,
      );
      assert.equal(rules.length, 6);
      for (const rule of rules)
        for (const input of ["type", "protocol", "fromPort", "toPort", "securityGroupId"])
          assert.ok(rule.inputs?.[input] !== undefined, `${nameOf(rule.urn)} has ${input}`);
      assert.equal(
        resources.filter(
          (one) =>
            one.type === "aws:iam/rolePolicyAttachment:RolePolicyAttachment" &&
            nameOf(one.parent ?? "") === `${member}-eksRole`,
        ).length,
        1,
      );
      const own = resources.filter(
        (one) => one.urn.includes("eks:index:Cluster$") && nameOf(one.urn).startsWith(member),
      );
      assert.equal(
        resources.some((one) => nameOf(one.urn) === `${member}-oidcProvider`),
        member === "blue",
        "only if asked for",
      );
      assert.equal(
        resources.some((one) => nameOf(one.urn) === `${member}-coredns`),
        false,
        "not without nodes of its own",
      );
      assert.ok(own.length > 10);
    });
  }

  it("makes a node group below its component", () => {
    const group = resources.find((one) => one.type === "aws:eks/nodeGroup:NodeGroup");
    assert.equal(nameOf(group?.parent ?? ""), "blue-nodes");
    assert.deepEqual(
      ["clusterName", "nodeRoleArn", "scalingConfig", "subnetIds", "version"].filter(
        (input) => group?.inputs?.[input] === undefined,
      ),
      [],
    );
  });

  describe("objects of files", () =>
    objectsFacts(() => ({ kubeconfig: readFileSync(kubeconfig, "utf8"), kubectl, workspace })));

  describe("the controller's release", () =>
    releaseFacts(() => ({
      kubeconfig: readFileSync(kubeconfig, "utf8"),
      kubectl,
      info,
      vpcId,
      workspace,
      env: childEnvironment(info.env, process.env) as NodeJS.ProcessEnv,
    })));

  describe("at the end", () => {
    it("deletes everything in an order that AWS takes", async () => {
      const { summary } = await stack.destroy();
      assert.equal(summary.result, "succeeded");
    });
  });
});

/** Facts of the official component 4.3.0: type, name, parent, and the inputs that it sets. */
function componentTable(member: string): readonly {
  readonly name: string;
  readonly type: string;
  readonly parent: string;
  readonly inputs: readonly string[];
}[] {
  const row = (name: string, type: string, parent: string, ...inputs: string[]) => ({
    name: `${member}${name}`,
    type,
    parent: `${member}${parent}`,
    inputs,
  });
  return [
    row("-eksRole", "eks:index:ServiceRole", ""),
    row("-eksRole-role", "aws:iam/role:Role", "-eksRole", "assumeRolePolicy", "description"),
    row(
      "-eksClusterSecurityGroup",
      "aws:ec2/securityGroup:SecurityGroup",
      "",
      "vpcId",
      "revokeRulesOnDelete",
      "tags",
      "description",
    ),
    row(
      "-nodeSecurityGroup",
      "aws:ec2/securityGroup:SecurityGroup",
      "",
      "vpcId",
      "revokeRulesOnDelete",
      "tags",
      "description",
    ),
    row(
      "-eksCluster",
      "aws:eks/cluster:Cluster",
      "",
      "name",
      "roleArn",
      "version",
      "vpcConfig",
      "accessConfig",
      "bootstrapSelfManagedAddons",
      "tags",
    ),
    row(
      "-kube-proxy",
      "aws:eks/addon:Addon",
      "",
      "clusterName",
      "addonName",
      "addonVersion",
      "preserve",
      "resolveConflictsOnCreate",
      "resolveConflictsOnUpdate",
    ),
    row("-vpc-cni", "eks:index:VpcCniAddon", ""),
    row(
      "-vpc-cni",
      "aws:eks/addon:Addon",
      "-vpc-cni",
      "clusterName",
      "addonName",
      "addonVersion",
      "resolveConflictsOnCreate",
      "resolveConflictsOnUpdate",
    ),
    row("-eks-k8s", "pulumi:providers:kubernetes", "", "kubeconfig"),
    row("-people", "aws:eks/accessEntry:AccessEntry", "", "clusterName", "principalArn", "type"),
    row(
      "-people-view",
      "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
      "-people",
      "clusterName",
      "principalArn",
      "policyArn",
      "accessScope",
    ),
  ];
}
