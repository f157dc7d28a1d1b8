import assert from "node:assert/strict";
import { updateClusterConfig } from "../../../../sandbox/aws-front/eks/cluster-config";
import { deleteCluster, describeCluster } from "../../../../sandbox/aws-front/eks/clusters";
import type { Cluster, EksContext } from "../../../../sandbox/aws-front/eks/store";

/** A protected cluster, in a front whose updates end when `finish` is called. */
function front(status: Cluster["status"]) {
  let finish = (): void => undefined;
  const cluster = {
    name: "blue",
    status,
    body: { deletionProtection: true },
    nodegroups: new Map(),
    updates: new Map(),
    tags: new Map(),
    vpc: {},
    access: {},
    createdAt: 0,
  } as unknown as Cluster;
  const context = {
    region: "us-east-1",
    seconds: {},
    clusters: new Map([["blue", cluster]]),
    backend: { deleteControlPlane: async () => undefined },
    ec2: { call: async () => ({}) },
    wait: () => new Promise<void>((resolve) => (finish = resolve)),
  } as unknown as EksContext;
  const isProtected = () =>
    (describeCluster(context, "blue")["cluster"] as Record<string, unknown>)["deletionProtection"];
  return {
    cluster,
    context,
    isProtected,
    finish: async () => {
      finish();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe("the deletion protection of a cluster in the front", () => {
  it("is on until its update has ended, and meanwhile the cluster takes neither another nor the deletion", async () => {
    const { cluster, context, isProtected, finish } = front("ACTIVE");
    assert.throws(() => deleteCluster(context, "blue"), { code: "InvalidRequestException" });
    updateClusterConfig(context, "blue", { deletionProtection: false });
    assert.deepEqual([cluster.status, isProtected()], ["UPDATING", true]);
    const busy = { code: "ResourceInUseException" };
    assert.throws(() => updateClusterConfig(context, "blue", { deletionProtection: true }), busy);
    assert.throws(() => deleteCluster(context, "blue"), busy);
    await finish();
    assert.deepEqual([cluster.status, isProtected()], ["ACTIVE", false]);
    deleteCluster(context, "blue");
    assert.equal(cluster.status, "DELETING");
  });

  it("keeps no cluster that has failed", () => {
    const { cluster, context } = front("FAILED");
    deleteCluster(context, "blue");
    assert.equal(cluster.status, "DELETING");
  });
});
