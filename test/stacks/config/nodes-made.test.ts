/**
 * What a member's nodes keep from when they are made is what the official provider can only change by making another
 * node group. The list in the sources is kept by hand: it is held against the provider's schema.
 */
import assert from "node:assert/strict";
import { type Attribute, replacingPaths } from "../../../sandbox/providers/aws/schema/facts";
import { factsOf } from "../../../sandbox/providers/aws/schema/index";
import type { Group } from "../../../stacks/config/declare/group";
import { ownKeys } from "../../../stacks/config/keys/environment";
import { nodesWanted } from "../../../stacks/config/nodes-made";

const { attributes } = factsOf("aws:eks/nodeGroup:NodeGroup");
const keysOf = (form: unknown) => (form as Group<unknown>).keys;
const nodeKeys = keysOf(keysOf(ownKeys.cluster.form)["nodes"]!.form);

/** Attribute of the node group by key of `cluster.nodes`; null: it only says who owns an attribute. */
const attributeOf: Readonly<Record<string, string | null>> = {
  instanceTypes: "instanceTypes",
  amiType: "amiType",
  capacityType: "capacityType",
  diskSizeGiB: "diskSize",
  labels: "labels",
  launchTemplate: "launchTemplate",
  minSize: "scalingConfig",
  desiredSize: "scalingConfig",
  maxSize: "scalingConfig",
  autoscaled: null,
};
const replaced = new Set(replacingPaths(attributes).map((path) => path.split(".")[0]!));

describe("what a member's nodes keep", () => {
  it("is judged for every key of cluster.nodes", () => {
    assert.deepEqual(Object.keys(nodeKeys).sort(), Object.keys(attributeOf).sort());
    for (const name of Object.values(attributeOf))
      if (name !== null)
        assert.ok((attributes as Readonly<Record<string, Attribute>>)[name], `${name} is an attribute`);
  });

  it("is each key whose change would need another node group, and no other", () => {
    const needAnother = Object.keys(attributeOf).filter((key) => replaced.has(attributeOf[key] ?? ""));
    const nodes = { instanceTypes: ["m6i.large"], minSize: 1, desiredSize: 1, maxSize: 1 };
    const kept = Object.keys(nodesWanted({ cluster: { nodes } } as unknown as Parameters<typeof nodesWanted>[0]));
    assert.deepEqual(kept.sort(), needAnother.sort());
    const documented = Object.keys(nodeKeys).filter((key) => nodeKeys[key]!.change?.kind === "new members");
    assert.deepEqual(documented.sort(), kept, "the reference says so");
  });

  it("has the subnets with it, which a member remembers too", () => {
    for (const name of ["subnetIds", "nodeRoleArn", "clusterName", "nodeGroupName"])
      assert.ok(replaced.has(name), name);
    for (const name of ["scalingConfig", "labels", "version", "taints"]) assert.ok(!replaced.has(name), name);
  });
});
