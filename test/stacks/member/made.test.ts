import assert from "node:assert/strict";
import { environmentProgram } from "../../../stacks/environment/program";
import { adminRoles } from "../../../stacks/member/made";
import { memberProgram } from "../../../stacks/member/program";
import { initialRecord } from "../../../stacks/record";
import { devValues, find, runUnderMocks } from "../mock-engine";

const values = { "eks-blue-green:environment": "dev", "eks-blue-green:member": "blue" };
const record = initialRecord({ members: ["blue", "green"], kubernetesVersion: "1.34" });
const existing = (...privateSubnetIds: string[]): Record<string, unknown> => ({
  network: { existing: { vpcId: "vpc-1", privateSubnetIds, publicSubnetIds: ["subnet-1", "subnet-2"] } },
});

/** Inputs of blue's cluster and node group, and the outputs of its stack. */
async function blue(
  config: Record<string, unknown>,
  own?: Record<string, unknown>,
  clusterSubnetIds: readonly string[] = [],
) {
  const change = Object.fromEntries(
    Object.entries(config).map(([key, value]) => [`eks-blue-green:${key}`, JSON.stringify(value)]),
  );
  const { outputs: dev } = await runUnderMocks({ stack: "dev", stacks: { dev: {} } }, () =>
    environmentProgram({ ...devValues, ...change }),
  );
  const { resources, outputs } = await runUnderMocks(
    {
      stack: "dev-blue",
      stacks: { dev: { ...dev, record }, ...(own === undefined ? {} : { "dev-blue": own }) },
      ...(own === undefined ? {} : { clusterVersion: "1.34", clusterSubnetIds }),
    },
    () => memberProgram(values),
  );
  return {
    cluster: find(resources, "eks:index:Cluster", "blue").inputs,
    nodes: find(resources, "eks:index:ManagedNodeGroup", "blue-nodes").inputs,
    roles: resources.filter(({ type }) => type === "aws:iam/role:Role"),
    outputs,
  };
}
const older = (outputs: Record<string, unknown>): Record<string, unknown> => ({ ...outputs, made: undefined });

describe("what a cluster was made with", () => {
  it("are all private subnets of that day, and it keeps them: a node group can't move", async () => {
    const before = await blue(existing("subnet-a", "subnet-b"));
    const added = await blue(existing("subnet-c", "subnet-a", "subnet-b"), before.outputs);
    assert.deepEqual(added.nodes["subnetIds"], ["subnet-a", "subnet-b"]);
    assert.deepEqual(added.cluster["privateSubnetIds"], ["subnet-a", "subnet-b"]);
    const anew = await blue(existing("subnet-c", "subnet-d"));
    assert.deepEqual(anew.nodes["subnetIds"], ["subnet-c", "subnet-d"]);
  });

  it("are those of the zones that members use, of a new VPC; a cluster that runs keeps its own", async () => {
    const network = { cidrBlock: "10.42.0.0/16", availabilityZones: ["us-east-1a", "us-east-1b", "us-east-1c"] };
    const all = await blue({ network });
    const ids = all.nodes["subnetIds"] as string[];
    assert.equal(ids.length, 3);
    const memberZones = ["us-east-1c", "us-east-1a"];
    const some = await blue({ network: { ...network, memberZones } });
    assert.deepEqual(some.nodes["subnetIds"], [ids[0], ids[2]]);
    assert.deepEqual(some.cluster["privateSubnetIds"], [ids[0], ids[2]]);
    const kept = await blue({ network: { ...network, memberZones } }, all.outputs);
    assert.deepEqual([kept.nodes["subnetIds"], kept.cluster["privateSubnetIds"]], [ids, ids]);
    const longAgo = await blue({ network: { ...network, memberZones } }, older(all.outputs), ids);
    assert.deepEqual([longAgo.nodes["subnetIds"], longAgo.cluster["privateSubnetIds"]], [ids, ids]);
  });

  it("is asked of EKS where an older version of the package made it, and remembered from then on", async () => {
    const before = older((await blue(existing("subnet-a", "subnet-b"))).outputs);
    const deployed = ["subnet-b", "subnet-a"];
    const added = await blue(existing("subnet-a", "subnet-b", "subnet-c"), before, deployed);
    assert.deepEqual(added.nodes["subnetIds"], ["subnet-a", "subnet-b"]);
    const swapped = await blue(existing("subnet-b", "subnet-c"), before, deployed);
    assert.deepEqual(swapped.nodes["subnetIds"], ["subnet-b", "subnet-a"]);
    assert.deepEqual((added.outputs["made"] as { privateSubnetIds: unknown }).privateSubnetIds, [
      "subnet-a",
      "subnet-b",
    ]);
  });

  it("is a private endpoint for new clusters; older ones keep what they have until the config says something", async () => {
    const made = await blue({});
    assert.equal(made.cluster["endpointPrivateAccess"], true);
    assert.equal((await blue({}, made.outputs)).cluster["endpointPrivateAccess"], true);
    const old = older(made.outputs);
    assert.ok(!("endpointPrivateAccess" in (await blue({}, old)).cluster));
    const said = await blue({ cluster: { endpoint: { privateAccess: true, publicAccess: false } } }, old);
    assert.deepEqual([said.cluster["endpointPrivateAccess"], said.cluster["endpointPublicAccess"]], [true, false]);
  });

  it("is the key of Secrets, which a running cluster can't get or change", async () => {
    const kmsKeyArn = "arn:aws:kms:us-east-1:123456789012:key/1";
    const made = await blue({ cluster: { kmsKeyArn } });
    assert.equal(made.cluster["encryptionConfigKeyArn"], kmsKeyArn);
    assert.equal((await blue({}, made.outputs)).cluster["encryptionConfigKeyArn"], kmsKeyArn);
    const without = await blue({});
    assert.ok(!("encryptionConfigKeyArn" in (await blue({ cluster: { kmsKeyArn } }, without.outputs)).cluster));
  });

  it("are all settings of nodes that a node group can't change; sizes and labels follow the config", async () => {
    const first = {
      instanceTypes: ["m6g.large"],
      amiType: "BOTTLEROCKET_ARM_64",
      capacityType: "SPOT",
      launchTemplate: { id: "lt-0a1b2c3d4e5f67890", version: "3" },
    };
    const sizes = { minSize: 2, desiredSize: 2, maxSize: 4 };
    const made = await blue({ cluster: { nodes: { ...sizes, ...first } } });
    for (const [key, value] of Object.entries(first)) assert.deepEqual(made.nodes[key], value, key);
    const next = {
      minSize: 3,
      desiredSize: 3,
      maxSize: 9,
      instanceTypes: ["m7i.large"],
      diskSizeGiB: 80,
      labels: { pool: "general" },
    };
    const kept = await blue({ cluster: { nodes: next } }, made.outputs);
    for (const [key, value] of Object.entries(first)) assert.deepEqual(kept.nodes[key], value, key);
    assert.ok(!("diskSize" in kept.nodes));
    assert.deepEqual(kept.nodes["scalingConfig"], { minSize: 3, desiredSize: 3, maxSize: 9 });
    assert.deepEqual(kept.nodes["labels"], { pool: "general" });
    const anew = await blue({ cluster: { nodes: next } });
    assert.deepEqual([anew.nodes["instanceTypes"], anew.nodes["diskSize"]], [["m7i.large"], 80]);
    assert.ok(!("capacityType" in anew.nodes));
  });

  it("is no setting of the nodes where an older version made them: they follow the config", async () => {
    const before = await blue({});
    const { nodes: _nodes, ...made } = before.outputs["made"] as Record<string, unknown>;
    const after = await blue(
      { cluster: { nodes: { instanceTypes: ["m7i.large"], minSize: 2, desiredSize: 2, maxSize: 4 } } },
      { ...before.outputs, made },
    );
    assert.deepEqual(after.nodes["instanceTypes"], ["m7i.large"]);
  });

  it("is the permissions boundary of its roles, the cluster's own among them", async () => {
    const permissionsBoundaryArn = "arn:aws:iam::123456789012:policy/platform-boundary";
    const made = await blue({ cluster: { permissionsBoundaryArn } });
    const bounded = made.roles.map(({ name, inputs }) => [name, inputs["permissionsBoundary"]]);
    assert.deepEqual(bounded.sort(), [
      ["blue", permissionsBoundaryArn],
      ["blue-cluster", permissionsBoundaryArn],
      ["blue-nodes", permissionsBoundaryArn],
    ]);
    assert.ok("serviceRole" in made.cluster);
    const kept = await blue({}, made.outputs);
    assert.ok("serviceRole" in kept.cluster, "without it the cluster would be replaced");
    const without = await blue({ cluster: { permissionsBoundaryArn } }, (await blue({})).outputs);
    assert.ok(!("serviceRole" in without.cluster));
  });

  it("declares nothing that neither config nor cluster has", async () => {
    const { cluster } = await blue({}, older((await blue({})).outputs));
    for (const input of ["publicAccessCidrs", "upgradePolicy", "enabledClusterLogTypes", "accessEntries"])
      assert.ok(!(input in cluster), input);
  });

  it("hands the config's other settings of the cluster over", async () => {
    const { cluster } = await blue({
      cluster: {
        endpoint: { privateAccess: true, publicCidrs: ["203.0.113.0/24"] },
        supportType: "STANDARD",
        logTypes: ["audit"],
        deletionProtection: true,
        adminRoleArns: ["arn:aws:iam::123456789012:role/team/admin", "arn:aws:iam::123456789012:role/pipelines/ci"],
      },
    });
    assert.deepEqual(cluster["publicAccessCidrs"], ["203.0.113.0/24"]);
    assert.deepEqual(cluster["upgradePolicy"], { supportType: "STANDARD" });
    assert.deepEqual(cluster["enabledClusterLogTypes"], ["audit"]);
    assert.equal(cluster["deletionProtection"], true);
    // EKS made an entry for `ci`, which makes the cluster, and refuses a second.
    assert.deepEqual(
      Object.values(cluster["accessEntries"] as Record<string, { principalArn: string }>).map(
        (one) => one.principalArn,
      ),
      ["arn:aws:iam::123456789012:role/team/admin"],
    );
  });
});

describe("administrators of a cluster", () => {
  const roles = ["arn:aws:iam::1:role/ci", "arn:aws:iam::2:role/ci", "arn:aws:iam::1:role/x/ops"];
  it("are those of the config but who made it, in whatever path that role is", () => {
    assert.deepEqual(adminRoles(roles, "arn:aws:sts::1:assumed-role/ci/session"), roles.slice(1));
    assert.deepEqual(adminRoles(roles, "arn:aws:sts::1:assumed-role/ops/session"), roles.slice(0, 2));
  });
  it("are all of the config where a user made it, or nobody knows who", () => {
    assert.deepEqual(adminRoles(roles, "arn:aws:iam::1:user/ci"), roles);
    assert.deepEqual(adminRoles(roles, null), roles);
  });
});
