import assert from "node:assert/strict";
import type { AwsError } from "../../../../sandbox/aws-front/aws-error";
import { zonesWithoutControlPlanes as limits } from "../../../../components/internal/aws-limits";
import { zonesWithoutControlPlanes } from "../../../../sandbox/aws-front/eks/zones";
import { createCluster } from "../../../../sandbox/aws-front/eks/clusters";
import type { EksContext } from "../../../../sandbox/aws-front/eks/store";

/** As much of the front as the checks before a cluster is made need: us-east-1 with two of its zones. */
const subnets = [
  { id: "subnet-a", vpcId: "vpc-1", zone: "us-east-1a", zoneId: "use1-az6", cidr: "10.0.0.0/24", state: "available" },
  { id: "subnet-e", vpcId: "vpc-1", zone: "us-east-1e", zoneId: "use1-az3", cidr: "10.0.1.0/24", state: "available" },
];
const calls: string[] = [];
const context = {
  clusters: new Map(),
  ec2: {
    subnets: async (ids: readonly string[]) => subnets.filter(({ id }) => ids.includes(id)),
    call: async (action: string) => {
      calls.push(action);
      return {
        availabilityZoneInfo: { item: subnets.map(({ zone, zoneId }) => ({ zoneName: zone, zoneId })) },
      };
    },
  },
} as unknown as EksContext;

describe("a cluster that the front is asked for", () => {
  it("may not be where the driver says that none can be", () =>
    assert.deepEqual([...zonesWithoutControlPlanes], [...limits.ids]));

  it("is refused with a subnet in a zone without control planes, and the zones that would do are named", async () => {
    const body = {
      name: "blue",
      roleArn: "arn:aws:iam::123456789012:role/r",
      resourcesVpcConfig: { subnetIds: ["subnet-a", "subnet-e"] },
    };
    await assert.rejects(createCluster(context, body), (error: AwsError) => {
      assert.equal(error.code, "UnsupportedAvailabilityZoneException");
      assert.match(error.message, /in us-east-1e, the targeted availability zone/);
      assert.deepEqual(error.fields, { clusterName: "blue", validZones: ["us-east-1a"] });
      return true;
    });
    assert.deepEqual([context.clusters.size, calls], [0, ["DescribeAvailabilityZones"]]);
  });
});
