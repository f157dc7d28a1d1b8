import assert from "node:assert/strict";
import { clusterProblems } from "../../components/cluster-args";

const args = {
  clusterName: "dev-blue",
  version: "1.35",
  vpcId: "vpc-1",
  privateSubnetIds: ["subnet-1", "subnet-2"],
  nodes: { instanceTypes: ["m6i.large"], minSize: 2, desiredSize: 2, maxSize: 4 },
  addons: { vpcCni: "v1", kubeProxy: "v1", coredns: "v1", podIdentityAgent: "v1" },
};

describe("a cluster's endpoint", () => {
  const refused = (endpoint: Parameters<typeof clusterProblems>[0]["endpoint"]) =>
    clusterProblems({ ...args, ...(endpoint === undefined ? {} : { endpoint }) }).map(({ path }) => path);

  it("is whatever EKS takes", () => {
    assert.deepEqual(refused(undefined), []);
    assert.deepEqual(refused({ privateAccess: true, publicAccess: false }), []);
    assert.deepEqual(refused({ privateAccess: true, publicCidrs: ["203.0.113.0/24"] }), []);
  });

  it("has blocks only with a public address, and always one address", () => {
    assert.deepEqual(refused({ publicAccess: false }), ["endpoint.privateAccess"]);
    assert.deepEqual(refused({ privateAccess: true, publicAccess: false, publicCidrs: ["203.0.113.0/24"] }), [
      "endpoint.publicCidrs",
    ]);
  });
});
