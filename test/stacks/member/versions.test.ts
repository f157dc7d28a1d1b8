import assert from "node:assert/strict";
import * as aws from "@pulumi/aws";
import { lookUpAddonVersions } from "../../../stacks/member/versions";
import { runUnderMocks } from "../mock-engine";

const none = { vpcCni: null, coredns: null, kubeProxy: null, podIdentityAgent: null };
const versionsAt = async (minor: string, pinned: object, last?: Parameters<typeof lookUpAddonVersions>[2]) => {
  const { outputs } = await runUnderMocks({ stack: "dev-blue" }, async () => ({
    versions: await lookUpAddonVersions(minor, { ...none, ...pinned }, last, new aws.Provider("aws", {})),
  }));
  return outputs.versions;
};

describe("versions of add-ons", () => {
  it("that are pinned by minor are those of the cluster's minor, and EKS's default for another", async () => {
    const coredns = { "1.34": "v1.11.0-eksbuild.1", "1.35": "v1.12.0-eksbuild.1" };
    assert.equal((await versionsAt("1.34", { coredns })).coredns, "v1.11.0-eksbuild.1");
    assert.equal((await versionsAt("1.35", { coredns })).coredns, "v1.12.0-eksbuild.1");
    assert.equal((await versionsAt("1.36", { coredns })).coredns, "v1.2.3-eksbuild.36");
  });
  it("never give a cluster a kube-proxy of another minor: while a version changes there are clusters of both", async () => {
    const kubeProxy = "v1.35.0-eksbuild.2";
    assert.equal((await versionsAt("1.35", { kubeProxy })).kubeProxy, kubeProxy);
    const deployed = {
      minor: "1.34",
      versions: { ...(await versionsAt("1.34", {})), kubeProxy: "v1.34.1-eksbuild.1" },
    };
    assert.equal((await versionsAt("1.34", { kubeProxy }, deployed)).kubeProxy, "v1.34.1-eksbuild.1");
  });
  it("that are pinned for all minors are the same in each", async () => {
    const vpcCni = "v1.19.2-eksbuild.1";
    for (const minor of ["1.34", "1.35"]) assert.equal((await versionsAt(minor, { vpcCni })).vpcCni, vpcCni);
  });
});
