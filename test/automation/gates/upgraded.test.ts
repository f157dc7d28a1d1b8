import assert from "node:assert/strict";
import { sharedGroups } from "../group-refs";
import { decideUpgraded, skewProblem } from "../../../automation/gates/upgraded";
import type { MemberObservation, Observation } from "../../../automation/observation/observe";

const binding = {
  name: "web",
  namespace: "web",
  targetGroupArn: "arn:web",
  multiCluster: true,
  deleting: false,
  checkpoint: "x",
  observed: true,
};
const good: MemberObservation = {
  name: "blue",
  clusterName: "dev-blue",
  reachable: true,
  problem: "",
  nodes: { ready: 2, total: 2, minors: ["1.35"] },
  cluster: {
    status: "ACTIVE",
    version: "1.35",
    apiVersion: "1.35",
    addons: [{ name: "kube-proxy", version: "v1.35.0-eksbuild.1", status: "ACTIVE" }],
  },
  controller: { available: true, version: "3.5.0", message: "" },
  services: {
    web: {
      declaredBinding: null,
      bindings: [],
      recorded: null,
      endpoints: ["10.0.0.1:8080"],
      deployment: { available: true, ready: 3, wanted: 3 } as never,
      pods: 3,
    },
  },
};
const look = (change: Partial<MemberObservation> = {}): Observation => ({
  at: 0,
  groups: { web: [] },
  groupOf: sharedGroups("web"),
  members: { blue: { ...good, ...change } },
  probes: {},
  alarms: null,
  problems: [],
});
const cluster = (change: Partial<NonNullable<MemberObservation["cluster"]>>): Partial<MemberObservation> => ({
  cluster: { ...(good.cluster as NonNullable<MemberObservation["cluster"]>), ...change },
});
const rules = { member: "blue", version: "1.35", workload: true };
const web = good.services["web"] as NonNullable<(typeof good.services)[string]>;

describe("the gate after an upgrade in place", () => {
  it("passes when control plane, API server, add-ons, nodes, controller and workload are all there", () => {
    assert.equal(decideUpgraded(look(), rules).decision.status, "passed");
    assert.equal(
      decideUpgraded(look(cluster({ version: "1.36", apiVersion: "1.36" })), rules).decision.status,
      "passed",
      "EKS may have gone further by itself",
    );
  });

  const holds: readonly {
    readonly name: string;
    readonly change: Partial<MemberObservation>;
    readonly reason: string;
    readonly message: RegExp;
  }[] = [
    {
      name: "API server silent",
      change: { reachable: false, problem: "connection refused" },
      reason: "api-server",
      message: /connection refused/,
    },
    { name: "no cluster in EKS", change: { cluster: null }, reason: "version", message: /EKS has no cluster/ },
    {
      name: "not looked at",
      change: { cluster: undefined as never },
      reason: "version",
      message: /EKS has no cluster/,
    },
    { name: "still updating", change: cluster({ status: "UPDATING" }), reason: "version", message: /is UPDATING/ },
    {
      name: "EKS says the old version",
      change: cluster({ version: "1.34" }),
      reason: "version",
      message: /control plane is at 1\.34, not at 1\.35/,
    },
    {
      name: "EKS says it is done, the API server is the old one",
      change: cluster({ apiVersion: "1.34" }),
      reason: "version",
      message: /API server still says 1\.34/,
    },
    {
      name: "an add-on is degraded",
      change: cluster({ addons: [{ name: "coredns", version: "v1.12.0-eksbuild.1", status: "DEGRADED" }] }),
      reason: "addons",
      message: /coredns .* is DEGRADED/,
    },
    { name: "nodes not asked", change: { nodes: null }, reason: "nodes", message: /has no node/ },
    { name: "no node", change: { nodes: { ready: 0, total: 0, minors: [] } }, reason: "nodes", message: /has no node/ },
    {
      name: "an old node stays",
      change: { nodes: { ready: 3, total: 3, minors: ["1.34", "1.35"] } },
      reason: "nodes",
      message: /still has nodes at 1\.34/,
    },
    {
      name: "a new node never gets ready",
      change: { nodes: { ready: 1, total: 2, minors: ["1.35"] } },
      reason: "nodes",
      message: /1 of 2 nodes of blue are ready/,
    },
    {
      name: "the controller is down",
      change: { controller: { available: false, version: null, message: "0 of 1 ready" } as never },
      reason: "controller",
      message: /0 of 1 ready/,
    },
    {
      name: "pods crash after the upgrade",
      change: { services: { web: { ...web, deployment: { available: true, ready: 2, wanted: 3 } as never } } },
      reason: "workload",
      message: /2 of 3 pods ready/,
    },
    {
      name: "no endpoint",
      change: { services: { web: { ...web, endpoints: [] } } },
      reason: "no-endpoints",
      message: /no ready endpoint/,
    },
  ];
  for (const { name, change, reason, message } of holds) {
    it(`waits: ${name}`, () => {
      const { decision } = decideUpgraded(look(change), rules);
      assert.equal(decision.status, "waiting");
      if (decision.status === "waiting") assert.equal(decision.reason, reason);
      assert.match(decision.message, message);
    });
  }

  it("does not ask for a workload that is to be stopped, but for everything else", () => {
    const stopped = {
      services: { web: { ...web, endpoints: [], deployment: { available: false, ready: 0, wanted: 0 } as never } },
    };
    assert.equal(decideUpgraded(look(stopped), { ...rules, workload: false }).decision.status, "passed");
    assert.equal(
      decideUpgraded(look({ ...stopped, nodes: { ready: 1, total: 2, minors: ["1.35"] } }), {
        ...rules,
        workload: false,
      }).decision.status,
      "waiting",
    );
    assert.equal(decideUpgraded(look(stopped), rules).decision.status, "waiting");
  });

  it(
    "fails at once for a binding without the multi-cluster flag: this controller throws everybody out at its next " +
      "change",
    () => {
      const { decision } = decideUpgraded(
        look({ services: { web: { ...web, bindings: [{ ...binding, multiCluster: false } as never] } } }),
        rules,
      );
      assert.equal(decision.status, "failed");
    },
  );

  it("kubelets may be three minors behind the API server, not four", () => {
    const at = (...minors: string[]): Observation => look({ nodes: { ready: 1, total: 1, minors } });
    assert.equal(skewProblem(at("1.33"), "blue", "1.36"), null);
    assert.match(
      skewProblem(at("1.32", "1.35"), "blue", "1.36") ?? "",
      /blue has nodes at 1\.32; an API server at 1\.36 works with kubelets at most 3 minors behind/,
    );
    assert.equal(skewProblem(at("1.32"), "green", "1.36"), null);
  });
});
