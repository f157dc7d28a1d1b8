import assert from "node:assert/strict";
import * as aws from "@pulumi/aws";
import { existingCluster } from "../../../stacks/member/aws-lookups";
import { type MockWorld, runUnderMocks } from "../mock-engine";

const theirs = {
  clusterName: "theirs",
  controller: "managed" as "managed" | "existing",
  controllerNamespace: "kube-system",
  controllerDeployment: "aws-load-balancer-controller",
  podSecurityGroupId: null,
};
const lookUp = (
  world: Partial<MockWorld>,
  over: Partial<Parameters<typeof existingCluster>[1]> = {},
  config: Partial<typeof theirs> = {},
) =>
  runUnderMocks({ stack: "dev-blue", clusterVersion: "1.35", ...world }, async () => {
    const provider = new aws.Provider("blue-aws", { region: "us-east-1" });
    const found = await existingCluster(
      { ...theirs, ...config },
      {
        vpcId: "vpc-0",
        region: "us-east-1",
        wantedVersion: "1.35",
        identity: "pod-identity",
        deployed: false,
        withRoles: [],
        provider,
        ...over,
      },
    );
    return { clusterName: found?.clusterName };
  });

describe("an existing cluster that becomes a member", () => {
  it("gets its controller from this project when it has the agent that gives it permissions", async () =>
    assert.deepEqual((await lookUp({})).outputs, { clusterName: "theirs" }));

  it("is refused without the agent: its controller would run without permissions for good", async () => {
    await assert.rejects(lookUp({ clusterAddons: [] }), /has no add-on eks-pod-identity-agent.*aws eks create-addon/);
  });

  it("is refused without the agent for a service whose pods have a role, also when it is a member already", async () => {
    const own = { controller: "existing" as const };
    const over = { withRoles: ["web"], deployed: true };
    const without = { clusterAddons: [] };
    await assert.rejects(lookUp(without, over, own), /so the pods of web would run without permissions.*create-addon/);
    for (const world of [{}, { ...without, clusterAutoMode: true }])
      assert.deepEqual((await lookUp(world, over, own)).outputs, { clusterName: "theirs" });
  });

  it("is refused with identity irsa: nobody could trust the controller's pods", async () => {
    await assert.rejects(lookUp({}, { identity: "irsa" }), /does not know its OpenID Connect provider.*pod-identity/);
  });

  it("is refused in Auto Mode when its own controller is to serve, by name and with the way out", async () => {
    const own = { controller: "existing" as const };
    await assert.rejects(lookUp({ clusterAutoMode: true }, {}, own), /EKS Auto Mode.*existing.controller to managed/);
    // The agent is built in there.
    const managed = await lookUp({ clusterAutoMode: true, clusterAddons: [] });
    assert.deepEqual(managed.outputs, { clusterName: "theirs" });
    assert.deepEqual((await lookUp({}, {}, own)).outputs, { clusterName: "theirs" });
  });

  it("is refused when its pods have IPv6 addresses: no target group of the environment takes them", async () => {
    await assert.rejects(
      lookUp({ clusterIpFamily: "ipv6" }),
      /'theirs' gives its pods IPv6 addresses.*ipFamily is ipv4/,
    );
    await assert.rejects(lookUp({ clusterIpFamily: "ipv6" }, {}, { controller: "existing" }), /IPv6/);
    const there = await lookUp({ clusterIpFamily: "ipv6" }, { deployed: true });
    assert.deepEqual(there.outputs, { clusterName: "theirs" });
  });

  it("is not refused when it is a member already", async () => {
    for (const world of [{ clusterAddons: [] }, { clusterAutoMode: true }])
      assert.deepEqual((await lookUp(world, { deployed: true, identity: "irsa" })).outputs, { clusterName: "theirs" });
  });
});
