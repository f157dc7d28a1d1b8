import assert from "node:assert/strict";
import { pendingChanges } from "../../../automation/preflight/pending-changes";
import { DriverError } from "../../../automation/errors";
import type { Leaves, PlannedOperation, Ports, StackRef } from "../../../automation/ports";

const member: StackRef = { kind: "member", member: "blue" };
const change: PlannedOperation = {
  operation: "update",
  type: "kubernetes:core/v1:ConfigMap",
  urn: "urn:pulumi:dev-blue::p::eks-blue-green:index:Part$kubernetes:core/v1:ConfigMap::settings",
  paths: ["data.a"],
  custom: true,
};
/** What the official provider says when the repository is gone, between the engine's own lines. */
const noChart = new DriverError(
  "EBG-UPDATE-FAILED",
  "preview of dev-blue failed:\nresource 'blue' has a problem: chart: looks like \"https://charts.example\" is not a " +
    "valid chart repository or cannot be reached: EOF; check the chart name and repository configuration.",
  "pulumi preview",
);
const tooLate = new DriverError("EBG-DEADLINE", "preview of dev-blue took more than 600 s", "again");

/** Previews that end with an error unless the releases are left alone. */
function ports(error: DriverError | null, operations: readonly PlannedOperation[] = []) {
  const asked: Leaves[] = [];
  const preview = async (_stack: StackRef, _context: null, _signal?: AbortSignal, leaves: Leaves = "nothing") => {
    asked.push(leaves);
    if (error !== null && leaves === "nothing") throw error;
    return { operations, plan: "" };
  };
  return { ports: { pulumi: { preview } } as unknown as Ports, asked };
}

describe("changes that belong to no move", () => {
  it("are looked for in everything when everything can be looked at", async () => {
    const { ports: world, asked } = ports(null, [change]);
    const findings = await pendingChanges(world, "dev", member);
    assert.deepEqual(
      findings.map(({ code, severity }) => [code, severity]),
      [["EBG-PENDING-CHANGES", "required"]],
    );
    assert.deepEqual(asked, ["nothing"]);
  });

  for (const [name, error] of [
    ["refuses", noChart],
    ["is silent", tooLate],
  ] as const) {
    it(`are looked for in all but the releases when the chart repository ${name}: said, and no obstacle`, async () => {
      const { ports: world, asked } = ports(error);
      const findings = await pendingChanges(world, "dev", member);
      assert.deepEqual(
        findings.map(({ code, severity }) => [code, severity]),
        [["EBG-PREFLIGHT", "recommended"]],
      );
      assert.match(findings[0]?.message ?? "", /the chart of dev-blue's controller can't be loaded \(.+\); whether/);
      assert.deepEqual(asked, ["nothing", "releases"]);
    });
  }

  it("are named all the same when there are some besides the release's", async () => {
    const findings = await pendingChanges(ports(noChart, [change]).ports, "dev", member);
    assert.deepEqual(
      findings.map(({ code }) => code),
      ["EBG-PENDING-CHANGES", "EBG-PREFLIGHT"],
    );
  });

  it("stop what would make a member: its controller needs the chart", async () => {
    const [finding] = await pendingChanges(ports(noChart).ports, "dev", member, { makesMember: true });
    assert.equal(finding?.severity, "required");
    assert.match(finding?.message ?? "", /the member that is to be made needs it/);
  });

  describe("of workloads' files", () => {
    const root = "urn:pulumi:dev-blue::p::eks-blue-green:index:WorkloadObjects::blue-web";
    const inFiles: PlannedOperation = {
      ...change,
      urn: "urn:pulumi:dev-blue::p::eks-blue-green:index:WorkloadObjects$kubernetes:apps/v1:Deployment::blue-web-shop/web",
      type: "kubernetes:apps/v1:Deployment",
      paths: ["spec.template"],
      parent: root,
    };
    const files = { resources: [root] };
    const broken = new DriverError("EBG-UPDATE-FAILED", "manifests/web.yaml: is no YAML", "repair it");

    it("are advice, because no move deploys them; what else has changed is required", async () => {
      const findings = await pendingChanges(ports(null, [inFiles, change]).ports, "dev", member, { files });
      assert.deepEqual(
        findings.map(({ severity, message }) => [severity, /settings/.test(message), /files/.test(message)]),
        [
          ["required", true, false],
          ["recommended", false, true],
        ],
      );
    });
    it("are known as such before the stack's outputs name them", async () => {
      const [finding, more] = await pendingChanges(ports(null, [inFiles]).ports, "dev", member);
      assert.deepEqual([finding?.severity, more], ["recommended", undefined]);
    });
    it("come first where a member is to be made: it would be another one than those that serve", async () => {
      const world = ports(null, [inFiles]).ports;
      const [finding] = await pendingChanges(world, "dev", member, { files, makesMember: true });
      assert.equal(finding?.severity, "required");
      assert.match(
        finding?.remedy ?? "",
        /deploy them first: eks-blue-green up --stack dev; or .*as they were deployed/,
      );
    });
    it("stop nothing when the files are wrong, but for a member that is to be made", async () => {
      const preview = async (_stack: StackRef, context: unknown) => {
        if (context === null) throw broken;
        return { operations: [], plan: "" };
      };
      const world = { pulumi: { preview } } as unknown as Ports;
      const [finding] = await pendingChanges(world, "dev", member, { files });
      assert.equal(finding?.severity, "recommended");
      assert.match(finding?.message ?? "", /comes from the workloads' files in dev-blue can't be previewed: manifests/);
      const [needed] = await pendingChanges(world, "dev", member, { files, makesMember: true });
      assert.equal(needed?.severity, "required");
    });
  });

  it("are looked for with charts as a new member would have them, which is required where one is made", async () => {
    const contexts: unknown[] = [];
    const wrong = new DriverError("EBG-UPDATE-FAILED", "for Kubernetes 1.35 has 1 problem: charts/web", "repair it");
    const preview = async (_stack: StackRef, context: { kind: string } | null) => {
      contexts.push(context);
      if (context?.kind === "look") throw wrong;
      return { operations: [], plan: "" };
    };
    const world = { pulumi: { preview } } as unknown as Ports;
    const options = { files: { resources: [] }, rendersFor: "1.35" };
    const [finding] = await pendingChanges(world, "dev", member, { ...options, makesMember: true });
    assert.deepEqual(contexts, [{ kind: "look", kubernetesVersion: "1.35" }, { kind: "plain" }]);
    assert.equal(finding?.severity, "required");
    assert.match(finding?.message ?? "", /can't be previewed: for Kubernetes 1\.35 .*; the member that is to be made/);
    assert.match(finding?.remedy ?? "", /^correct the files or the program and run the same command again$/);
    const [advice] = await pendingChanges(world, "dev", member, options);
    assert.equal(advice?.severity, "recommended");
  });

  it("can't be looked for when anything else is wrong", async () => {
    const broken = new DriverError("EBG-UPDATE-FAILED", "the program throws", "repair it");
    const { ports: world, asked } = ports(broken);
    const [finding] = await pendingChanges(world, "dev", member);
    assert.deepEqual([finding?.code, finding?.severity, asked], ["EBG-PREFLIGHT", "required", ["nothing"]]);
    const [of] = await pendingChanges(ports(tooLate).ports, "dev", { kind: "environment" });
    assert.deepEqual([of?.code, of?.severity], ["EBG-DEADLINE", "required"]);
  });

  const theirs = (urn: string, parent?: string): PlannedOperation => ({
    ...change,
    urn: `urn:pulumi:dev-blue::p::${urn}`,
    ...(parent === undefined ? {} : { parent: `urn:pulumi:dev-blue::p::${parent}` }),
  });
  it("of the user's own program stop nothing, and are named apart from what is the package's", async () => {
    const workload = "eks-blue-green:index:Workload::tools";
    const named = { resources: [`urn:pulumi:dev-blue::p::${workload}`] };
    const operations = [
      change,
      theirs("aws:sqs/queue:Queue::jobs"),
      theirs("eks-blue-green:index:Workload$kubernetes:apps/v1:Deployment::tools", workload),
      theirs("kubernetes:core/v1:Namespace::blue-web"),
    ];
    const findings = await pendingChanges(ports(null, operations).ports, "dev", member, { extension: named });
    assert.deepEqual(
      findings.map(({ severity, message }) => [severity, message.replace(/^.*?: /, "")]),
      [
        [
          "required",
          "update kubernetes:core/v1:ConfigMap 'settings' (data.a); update kubernetes:core/v1:ConfigMap 'blue-web' (data.a)",
        ],
        [
          "recommended",
          "update kubernetes:core/v1:ConfigMap 'jobs' (data.a); update kubernetes:core/v1:ConfigMap 'tools' (data.a)",
        ],
      ],
    );
  });

  const broken = new DriverError(
    "EBG-UPDATE-FAILED",
    "preview of dev-blue failed: queue is not defined",
    "pulumi preview",
  );
  function brokenPorts(also: DriverError | null): Ports {
    const preview = async (_stack: StackRef, context: object | null) => {
      if (context === null) throw broken;
      assert.deepEqual(context, { kind: "plain" });
      if (also !== null) throw also;
      return { operations: [change], plan: "" };
    };
    return { pulumi: { preview } } as unknown as Ports;
  }
  for (const [makesMember, severity] of [
    [false, "recommended"],
    [true, "required"],
  ] as const)
    it(`are told all but the user's own when that fails, which is ${severity} when ${makesMember ? "a" : "no"} member is made`, async () => {
      const findings = await pendingChanges(brokenPorts(null), "dev", member, {
        makesMember,
        extension: { resources: [] },
      });
      assert.deepEqual(
        findings.map((one) => [one.code, one.severity]),
        [
          ["EBG-PENDING-CHANGES", "required"],
          ["EBG-PREFLIGHT", severity],
        ],
      );
      assert.match(findings[1]?.message ?? "", /queue is not defined/);
    });
  it("are not known when nothing can be previewed", async () => {
    const findings = await pendingChanges(brokenPorts(broken), "dev", member, { extension: { resources: [] } });
    assert.deepEqual(
      findings.map((one) => [one.code, one.severity]),
      [["EBG-PREFLIGHT", "required"]],
    );
  });
});
