import assert from "node:assert/strict";
import { outdatedMembers } from "../../../automation/planning/outdated";
import { parseEnvironmentConfig } from "../../../stacks/config";
import { nodesWanted } from "../../../stacks/config/nodes-made";
import type { ClusterMade } from "../../../stacks/contract";
import { devValues } from "../../stacks/mock-engine";

const sizes = { minSize: 2, desiredSize: 2, maxSize: 4 };
const configOf = (cluster: object, more: Record<string, string> = {}) =>
  parseEnvironmentConfig(
    { ...devValues, "eks-blue-green:cluster": JSON.stringify({ nodes: sizes, ...cluster }), ...more },
    { environment: "dev" },
  );
const subnets = ["subnet-a", "subnet-b", "subnet-c"];
const environment = {
  network: { vpcId: "vpc-1", cidrBlock: "10.0.0.0/16", privateSubnetIds: subnets, publicSubnetIds: [] },
};
const asConfigured: ClusterMade = {
  privateSubnetIds: subnets,
  privateEndpoint: true,
  kmsKeyArn: null,
  createdBy: null,
  nodes: nodesWanted(configOf({})),
  permissionsBoundaryArn: null,
};
const of = (config: ReturnType<typeof configOf>, made: ClusterMade | undefined) =>
  (outdatedMembers(config, environment, { green: made === undefined ? {} : { made } })["green"] ?? []).map(
    ({ path }) => path,
  );

describe("members that were made with other settings", () => {
  it("are none where each has what the config says, in whatever order subnets stand", () => {
    assert.deepEqual(of(configOf({}), asConfigured), []);
    assert.deepEqual(of(configOf({}), { ...asConfigured, privateSubnetIds: [...subnets].reverse() }), []);
  });

  it("are told by each setting that only a new member can have", () => {
    const changes: readonly [object, string][] = [
      [{ nodes: { ...sizes, instanceTypes: ["m7i.large"] } }, "cluster.nodes.instanceTypes"],
      [{ nodes: { ...sizes, amiType: "BOTTLEROCKET_x86_64" } }, "cluster.nodes.amiType"],
      [{ nodes: { ...sizes, capacityType: "SPOT" } }, "cluster.nodes.capacityType"],
      [{ nodes: { ...sizes, diskSizeGiB: 80 } }, "cluster.nodes.diskSizeGiB"],
      [
        { nodes: { ...sizes, launchTemplate: { id: "lt-0a1b2c3d4e5f67890", version: "3" } } },
        "cluster.nodes.launchTemplate",
      ],
      [{ kmsKeyArn: "arn:aws:kms:us-east-1:123456789012:key/1" }, "cluster.kmsKeyArn"],
      [{ permissionsBoundaryArn: "arn:aws:iam::123456789012:policy/b" }, "cluster.permissionsBoundaryArn"],
    ];
    for (const [cluster, path] of changes) assert.deepEqual(of(configOf(cluster), asConfigured), [path]);
    assert.deepEqual(of(configOf({}), { ...asConfigured, privateSubnetIds: ["subnet-z"] }), ["network.memberZones"]);
  });

  it("are not told by a zone that the config names for the load balancer only, or for nobody", () => {
    const two = { ...asConfigured, privateSubnetIds: subnets.slice(0, 2) };
    assert.deepEqual(of(configOf({}), two), [], "a zone was added");
    const zones = ["us-east-1a", "us-east-1b", "us-east-1c"];
    const named = (memberZones: string[]) =>
      configOf(
        {},
        {
          "eks-blue-green:network": JSON.stringify({
            availabilityZones: zones,
            memberZones,
            cidrBlock: "10.42.0.0/16",
          }),
        },
      );
    assert.deepEqual(of(named(zones.slice(0, 2)), two), []);
    assert.deepEqual(of(named(zones), two), ["network.memberZones"], "named for members");
    assert.deepEqual(of(named(zones.slice(0, 2)), asConfigured), ["network.memberZones"], "named without one");
  });

  it("are not told by what changes in place", () => {
    const inPlace = { nodes: { minSize: 3, desiredSize: 5, maxSize: 9, labels: { pool: "general" } } };
    assert.deepEqual(of(configOf({ ...inPlace, logTypes: ["audit"], supportType: "STANDARD" }), asConfigured), []);
  });

  it("say what they have and what a new one gets", () => {
    const config = configOf({ nodes: { ...sizes, instanceTypes: ["m7i.large"] } });
    assert.deepEqual(outdatedMembers(config, environment, { green: { made: asConfigured } }), {
      green: [{ path: "cluster.nodes.instanceTypes", made: ["m6i.large"], wanted: ["m7i.large"] }],
    });
  });

  it("are compared only by what is known of them", () => {
    const config = configOf({ nodes: { ...sizes, instanceTypes: ["m7i.large"] } });
    const { nodes: _nodes, ...older } = asConfigured;
    assert.deepEqual(of(config, older), [], "made by an older version: its nodes follow the config");
    assert.deepEqual(of(config, undefined), [], "a cluster of somebody else's");
  });
});
