import assert from "node:assert/strict";
import { identityOf } from "../../../../../automation/adapters/pulumi/state/pending-resource-ids";

const cases: readonly [string, Record<string, unknown>, string | null, string][] = [
  ["aws:eks/cluster:Cluster", { name: "dev-green" }, "dev-green", "id"],
  ["aws:eks/nodeGroup:NodeGroup", { clusterName: "dev-green", nodeGroupName: "n" }, "dev-green:n", "id"],
  ["aws:eks/addon:Addon", { clusterName: "dev-green", addonName: "vpc-cni" }, "dev-green:vpc-cni", "id"],
  ["aws:eks/addon:Addon", { clusterName: "dev-green" }, null, "unknown"],
  ["aws:iam/role:Role", { name: "green-e4db253" }, "green-e4db253", "id"],
  ["aws:iam/rolePolicy:RolePolicy", { role: "r", name: "p" }, "r:p", "id"],
  ["aws:iam/rolePolicyAttachment:RolePolicyAttachment", { role: "r", policyArn: "a" }, null, "repeatable"],
  ["kubernetes:core/v1:Namespace", { metadata: { name: "web" } }, "web", "id"],
  ["kubernetes:apps/v1:Deployment", { metadata: { name: "web", namespace: "web" } }, "web/web", "id"],
  ["kubernetes:core/v1:Pod", { metadata: { generateName: "web-" } }, null, "unknown"],
  ["kubernetes:helm.sh/v3:Release", { name: "lbc", namespace: "kube-system" }, "kube-system/lbc", "id"],
  ["aws:eks/podIdentityAssociation:PodIdentityAssociation", { clusterName: "c" }, null, "look-up"],
  ["aws:ec2/securityGroup:SecurityGroup", { vpcId: "vpc-1" }, null, "unknown"],
  ["pulumi:providers:kubernetes", {}, null, "repeatable"],
];

describe("ids of interrupted creations", () => {
  for (const [type, inputs, id, kind] of cases) {
    it(`${type}: ${id ?? kind}`, () => {
      const identity = identityOf(type, inputs);
      assert.equal(identity.kind, kind);
      if (identity.kind === "id") assert.equal(identity.id, id);
    });
  }
});
