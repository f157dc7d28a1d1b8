import assert from "node:assert/strict";
import {
  nodeTargetsOf,
  type NodeObject,
  type NodePortService,
} from "../../../../automation/adapters/kubernetes/node-targets";

const service: NodePortService = {
  spec: {
    ports: [
      { port: 80, nodePort: 30476 },
      { port: 443, nodePort: 31000 },
    ],
  },
};
const node = (
  id: string,
  more: {
    labels?: Record<string, string>;
    taints?: { key: string }[];
    ready?: string;
    deletionTimestamp?: string;
    providerID?: string;
  } = {},
): NodeObject => ({
  metadata: {
    name: id,
    labels: more.labels ?? {},
    ...(more.deletionTimestamp === undefined ? {} : { deletionTimestamp: more.deletionTimestamp }),
  },
  spec: { providerID: more.providerID ?? `aws:///us-east-1a/i-${id}`, taints: more.taints ?? [] },
  status: { conditions: [{ type: "Ready", status: more.ready ?? "True" }] },
});

describe("node targets", () => {
  it("are all ready nodes at the port's NodePort", () => {
    assert.deepEqual(nodeTargetsOf(service, 443, [node("0b"), node("0a")]), ["i-0a:31000", "i-0b:31000"]);
  });

  const cases: readonly (readonly [string, NodeObject, boolean])[] = [
    ["a cordoned node stays", node("0a", { taints: [{ key: "node.kubernetes.io/unschedulable" }] }), true],
    [
      "a node about to be removed by the autoscaler goes",
      node("0a", { taints: [{ key: "ToBeDeletedByClusterAutoscaler" }] }),
      false,
    ],
    [
      "an excluded node goes",
      node("0a", { labels: { "node.kubernetes.io/exclude-from-external-load-balancers": "" } }),
      false,
    ],
    ["a node that is not ready goes", node("0a", { ready: "Unknown" }), false],
    ["a node that is being deleted goes", node("0a", { deletionTimestamp: "2026-11-21T00:00:00Z" }), false],
    ["a Fargate node goes", node("0a", { labels: { "eks.amazonaws.com/compute-type": "fargate" } }), false],
    ["a node without an instance goes", node("0a", { providerID: "kind://docker/kind/kind-worker" }), false],
  ];
  for (const [name, one, stays] of cases)
    it(name, () => assert.deepEqual(nodeTargetsOf(service, 80, [one]), stays ? ["i-0a:30476"] : []));

  it("are the labelled ones alone when the Service says so: a primary that stands by has none", () => {
    const standby: NodePortService = {
      ...service,
      metadata: {
        annotations: {
          "service.beta.kubernetes.io/aws-load-balancer-target-node-labels": "eks-blue-green/standby=true",
        },
      },
    };
    assert.deepEqual(
      nodeTargetsOf(standby, 80, [node("0a"), node("0b", { labels: { "eks-blue-green/standby": "true" } })]),
      ["i-0b:30476"],
    );
  });

  it("are none without the Service, its port, or a NodePort", () => {
    assert.deepEqual(nodeTargetsOf(null, 80, [node("0a")]), []);
    assert.deepEqual(nodeTargetsOf(service, 81, [node("0a")]), []);
    assert.deepEqual(nodeTargetsOf({ spec: { ports: [{ port: 80 }] } }, 80, [node("0a")]), []);
  });
});
