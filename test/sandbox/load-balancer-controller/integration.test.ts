/** Two controllers, two real control planes, one AWS front: the facts of the real controller, one by one. */
import assert from "node:assert/strict";
import { faultAndWebhookFacts } from "./facts-faults-and-webhooks";
import { networkAndGateFacts } from "./facts-network-and-gates";
import { handOverFacts } from "./facts-hand-over";
import { nodeTargetFacts } from "./facts-node-targets";
import { serviceFacts } from "./facts-services";
import { oneClusterFacts } from "./facts-one-cluster";
import { twoClusterFacts } from "./facts-two-clusters";
import { Rig, testTools } from "./harness";

describe("load balancer controller with real control planes", function () {
  this.timeout(180_000);
  let rig: Rig;

  before(async function () {
    this.timeout(180_000);
    const tools = testTools();
    if (!tools) {
      assert.ok(
        !process.env.CI,
        "kube-apiserver, kube-controller-manager, kube-scheduler, etcd and moto_server must be in " +
          "EBG_TEST_TOOLS_DIR, on PATH or in the tool cache under CI",
      );
      return this.skip();
    }
    rig = new Rig(tools);
    await rig.start();
  });
  after(async () => rig?.stop());

  describe("in one cluster, fact", () => oneClusterFacts(() => rig));
  describe("between two clusters, fact", () => twoClusterFacts(() => rig));
  describe("with faults and webhooks, fact", () => faultAndWebhookFacts(() => rig));
  describe("with node rules and readiness gates, fact", () => networkAndGateFacts(() => rig));
  describe("with load balancers of Services, fact", () => serviceFacts(() => rig));
  describe("with load balancers handed over, fact", () => handOverFacts(() => rig));
  describe("with instance targets, fact", () => nodeTargetFacts(() => rig));
});
