import assert from "node:assert/strict";
import { ownResources, protectedOwn } from "../../../../../automation/adapters/pulumi/state/own-resources";
import type { State, StateResource } from "../../../../../automation/adapters/pulumi/state/export";

const urn = (type: string, name: string, stack = "dev-blue"): string => `urn:pulumi:${stack}::p::${type}::${name}`;
const one = (type: string, name: string, more: Partial<StateResource> = {}): StateResource => ({
  urn: urn(type, name),
  type: type.split("$").at(-1) ?? type,
  custom: true,
  ...more,
});
const stateOf = (resources: StateResource[], named: readonly string[] = []): State => ({
  deployment: {
    resources: [
      one("pulumi:pulumi:Stack", "p-dev-blue", { outputs: { extension: { resources: named } } }),
      ...resources,
    ],
  },
});
const names = (state: State | null): string[] => ownResources(state).map((full) => full.split("::").at(-1) ?? "");

describe("whose a resource of a state is", () => {
  const cluster = one("eks-blue-green:index:Cluster", "blue");
  const packages = [
    one("pulumi:providers:aws", "blue-aws"),
    cluster,
    one("eks-blue-green:index:Cluster$aws:eks/addon:Addon", "blue-coredns", { parent: cluster.urn }),
    one("kubernetes:core/v1:Namespace", "blue-web"),
    one("pulumi:providers:aws", "default_7_48_0"),
  ];
  it("is the package's for all that its programs make", () => {
    assert.deepEqual(names(stateOf(packages)), []);
    assert.deepEqual(names(null), []);
  });
  it("is the user's for everything else, with the engine's provider that it alone needs", () => {
    const queue = one("aws:sqs/queue:Queue", "jobs", {
      provider: `${urn("pulumi:providers:aws", "default_7_48_0")}::id`,
    });
    const others = [one("pulumi:providers:aws", "blue-aws-too"), one("kubernetes:core/v1:Namespace", "platform")];
    assert.deepEqual(names(stateOf([...packages, ...others, queue])), [
      "default_7_48_0",
      "blue-aws-too",
      "platform",
      "jobs",
    ]);
  });
  it("is the user's where the outputs say so, with all below it", () => {
    const addon = one("eks-blue-green:index:Cluster$aws:eks/addon:Addon", "csi", { parent: cluster.urn });
    const tools = one("eks-blue-green:index:Workload", "tools");
    const pods = one("eks-blue-green:index:Workload$kubernetes:apps/v1:Deployment", "tools-pods", {
      parent: tools.urn,
    });
    const web = one("kubernetes:core/v1:Namespace", "blue-extra");
    const state = stateOf([...packages, addon, tools, pods, web], [addon.urn, tools.urn, web.urn]);
    assert.deepEqual(names(state), ["csi", "tools", "tools-pods", "blue-extra"]);
  });
  it("counts what was made of workloads' files among what moves leave alone, also before the outputs name it", () => {
    const objects = one("eks-blue-green:index:WorkloadObjects", "blue-web");
    const pods = one("eks-blue-green:index:WorkloadObjects$kubernetes:apps/v1:Deployment", "web", {
      parent: objects.urn,
    });
    const state = stateOf([...packages, objects, pods]);
    assert.deepEqual(names(state), ["blue-web", "web"]);
    const [stack] = state.deployment?.resources ?? [];
    if (stack !== undefined) stack.outputs = { workloadFiles: { resources: [objects.urn] } };
    assert.deepEqual(names(state), ["blue-web", "web"]);
  });
  it("is not said of what is about to be deleted", () =>
    assert.deepEqual(names(stateOf([one("aws:sqs/queue:Queue", "jobs", { delete: true })])), []));
  it("keeps what the user protects, and not what only our component protects", () => {
    const jobs = one("aws:sqs/queue:Queue", "jobs", { protect: true });
    const below = one("eks-blue-green:index:Cluster$aws:sqs/queue:Queue", "below", {
      protect: true,
      parent: cluster.urn,
    });
    const state = stateOf([{ ...cluster, protect: true }, jobs, below], [jobs.urn, below.urn]);
    assert.deepEqual(protectedOwn(state), [jobs.urn]);
  });
});
