import assert from "node:assert/strict";
import { parseEnvironmentConfig } from "../../../../stacks/config";
import { devValues } from "../../mock-engine";

const sizes = { minSize: 2, desiredSize: 2, maxSize: 4 };
const parse = (nodes: Record<string, unknown>) =>
  parseEnvironmentConfig(
    { ...devValues, "eks-blue-green:cluster": JSON.stringify({ nodes: { ...sizes, ...nodes } }) },
    { environment: "dev" },
  ).cluster.nodes;
const refused = (nodes: Record<string, unknown>, message: RegExp): void => assert.throws(() => parse(nodes), message);

describe("cluster.nodes", () => {
  it("takes what a managed node group can be made with", () => {
    const nodes = {
      instanceTypes: ["m7g.large", "c7gd.large"],
      amiType: "BOTTLEROCKET_ARM_64",
      capacityType: "SPOT",
      labels: { pool: "general", "example.com/team": "web" },
      launchTemplate: { id: "lt-0a1b2c3d4e5f67890", version: "3" },
    };
    assert.deepEqual(parse(nodes), { ...sizes, ...nodes });
    assert.equal(parse({ diskSizeGiB: 80 }).diskSizeGiB, 80);
  });

  it("is of one architecture, and so is its image", () => {
    refused({ instanceTypes: ["m6i.large", "m7g.large"] }, /must be of one architecture/);
    refused({ instanceTypes: ["m7g.large"], amiType: "AL2023_x86_64_STANDARD" }, /is not for arm64/);
    refused({ instanceTypes: ["m6i.large"], amiType: "BOTTLEROCKET_ARM_64" }, /is not for x86_64/);
    refused({ amiType: "CUSTOM" }, /must be one of AL2023_x86_64_STANDARD/);
  });

  it("keeps one version of a launch template, which has the disk's size", () => {
    const launchTemplate = { id: "lt-0a1b2c3d4e5f67890", version: "$Latest" };
    refused({ launchTemplate }, /must be the number of a version/);
    refused({ launchTemplate: { ...launchTemplate, version: "3" }, diskSizeGiB: 80 }, /together with launchTemplate/);
    refused({ launchTemplate: { id: "my-template", version: "3" } }, /must be the id of a launch template/);
  });

  it("has labels that Kubernetes takes and that are nobody else's", () => {
    for (const name of ["kubernetes.io/role", "node-role.kubernetes.io/x", "eks.amazonaws.com/nodegroup", "-a", "a b"])
      refused({ labels: { [name]: "x" } }, /must be a label's name/);
    refused({ labels: { pool: 1 } }, /must be a label's value/);
    refused({ labels: { pool: "no spaces" } }, /must be a label's value/);
  });
});
