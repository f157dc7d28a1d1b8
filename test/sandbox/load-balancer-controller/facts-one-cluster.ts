/** What one controller does by itself. The numbers are those of the list of what the real controller does. */
import assert from "node:assert/strict";
import {
  CHECKPOINT,
  CHECKPOINT_TIMESTAMP,
  checkpointOf,
} from "../../../sandbox/load-balancer-controller/bindings/checkpoint";
import { until } from "../node-agent/harness";
import type { Rig } from "./harness";

const FLAG = { multiClusterTargetGroup: true };

export function oneClusterFacts(rigOf: () => Rig): void {
  let rig: Rig;
  let blue: Rig["blue"];
  const fresh = async (name: string, ready: readonly number[], more: object = FLAG): Promise<string> => {
    const targetGroupARN = await rig.targetGroup(name);
    await blue.serve(name, ready, { targetGroupARN, ...more });
    return targetGroupARN;
  };
  before(() => {
    rig = rigOf();
    blue = rig.blue;
  });

  it("1: deregisters and registers at once when endpoints change", async () => {
    const arn = await fresh("f1", [1, 2]);
    await rig.untilTargets(arn, blue.address(1), blue.address(2));
    const began = Date.now();
    await blue.endpoints("f1", [1]);
    await rig.untilTargets(arn, blue.address(1));
    await blue.endpoints("f1", [1, 3]);
    await rig.untilTargets(arn, blue.address(1), blue.address(3));
    assert.ok(Date.now() - began < 3_000, `both took ${Date.now() - began} ms`);
  });

  it("1: a terminating endpoint counts as gone", async () => {
    const arn = await fresh("f1t", [1, 2]);
    await blue.endpoints("f1t", [1], [blue.endpoint("f1t", 2, { ready: false, serving: true, terminating: true })]);
    await rig.untilTargets(arn, blue.address(1));
  });

  it("2, 8: empties the checkpoint, deregisters, records, and only then registers", async () => {
    const arn = await fresh("f2", [1, 2]);
    await rig.untilHealthy(arn);
    const since = rig.now();
    const fault = rig.front.faults.add({
      operation: "elasticloadbalancing:RegisterTargets",
      kind: "error",
      code: "AccessDenied",
      status: 403,
    });
    await blue.endpoints("f2", [1, 3]);
    await until("the record", async () => (await blue.recorded("f2")) === [blue.address(1), blue.address(3)].join(","));
    assert.deepEqual(await rig.targets(arn), [blue.address(1)]);
    assert.equal((await blue.binding("f2"))?.metadata.annotations?.[CHECKPOINT], "");
    await until("a refused registration", () => rig.changes(arn, since).includes("RegisterTargets"));
    rig.front.faults.remove(fault.id);
    await rig.untilTargets(arn, blue.address(1), blue.address(3));
    await blue.untilDone("f2");
    assert.deepEqual([...new Set(rig.changes(arn, since))], ["DeregisterTargets", "RegisterTargets"]);
  });

  it(
    "3: checkpoint of addresses and spec, observedGeneration, no Ready condition; while they are equal nothing is " +
      "asked of AWS",
    async () => {
      await fresh("f3", [1, 2]);
      const binding = await blue.binding("f3");
      assert.ok(binding);
      const pods = await Promise.all(
        [1, 2].map((n) =>
          blue.client.get<{ metadata: { creationTimestamp: string } }>(`/api/v1/namespaces/default/pods/f3-${n}`),
        ),
      );
      const endpoints = pods.map((pod, at) => ({
        ip: blue.address(at + 1).split(":")[0] ?? "",
        port: 8080,
        podCreatedAt: Date.parse(pod.metadata.creationTimestamp),
        pod: "",
      }));
      assert.equal(binding.metadata.annotations?.[CHECKPOINT], checkpointOf(endpoints, binding.spec));
      assert.match(binding.metadata.annotations?.[CHECKPOINT] ?? "", /^[A-Za-z0-9_-]{43}\/[A-Za-z0-9_-]{43}$/);
      assert.ok(Math.abs(Number(binding.metadata.annotations?.[CHECKPOINT_TIMESTAMP]) - Date.now() / 1000) < 30);
      assert.equal(binding.status?.conditions, undefined);
      const since = rig.now();
      await blue.patchBinding("f3", { metadata: { labels: { touched: "yes" } } });
      await fresh("f3-later", [9]);
      assert.ok(!rig.logged(since).some((one) => one.params["TargetGroupArn"] === binding.spec.targetGroupARN));
    },
  );

  it("4: takes only endpoints with a pod, and registers pods whose containers are ready but whose gate is pending", async () => {
    await blue.node("n4", "i-00000000000000004");
    await blue.pod("f4-2", {
      nodeName: "n4",
      readinessGates: [{ conditionType: "target-health.elbv2.k8s.aws/f4" }],
      tolerations: [{ operator: "Exists" }],
    });
    const arn = await rig.targetGroup("f4");
    await blue.service("f4");
    await blue.endpoints(
      "f4",
      [1],
      [blue.endpoint("f4", 2, { ready: false }), { addresses: ["10.42.1.99"], conditions: { ready: true } }],
    );
    await blue.bind("f4", { targetGroupARN: arn, ...FLAG });
    await rig.untilTargets(arn, blue.address(1));
    await blue.podStatus("f4-2", {
      conditions: [
        { type: "ContainersReady", status: "True" },
        { type: "Ready", status: "False" },
      ],
    });
    await rig.untilTargets(arn, blue.address(1), blue.address(2));
  });

  it("5: repairs no drift, not even after a restart; without its checkpoint and cache it does", async () => {
    const arn = await fresh("f5", [1, 2]);
    await rig.deregister(arn, blue.address(1));
    await blue.restartController();
    await blue.patchBinding("f5", { metadata: { labels: { touched: "yes" } } });
    await fresh("f5-later", [9]);
    assert.deepEqual(await rig.targets(arn), [blue.address(2)]);
    await blue.clearCheckpoint("f5");
    await rig.untilTargets(arn, blue.address(1), blue.address(2));
  });

  it("5: makes one forced pass, half an hour or more after its start", async () => {
    const arn = await fresh("f5f", [1]);
    await rig.deregister(arn, blue.address(1));
    const began = Date.now();
    await blue.restartController(1_000);
    await rig.untilTargets(arn, blue.address(1));
    assert.ok(Date.now() - began >= 1_800, `after ${Date.now() - began} ms, but half an hour is 1800`);
    await blue.restartController();
  });

  it("5: the resync makes another one", async () => {
    const arn = await fresh("f5r", [1]);
    await rig.deregister(arn, blue.address(1));
    await blue.restartController(10_000);
    await rig.untilTargets(arn, blue.address(1));
    await blue.untilDone("f5r");
    // With all bindings' forced passes at once, their writes must leave the webhook a connection to the API server.
    assert.doesNotMatch(blue.log(), /forced pass failed/);
    // The forced pass after the start was that one.
    await rig.deregister(arn, blue.address(1));
    await rig.untilTargets(arn, blue.address(1));
    await blue.restartController();
  });

  it("6: within its cache's life it neither sees what others changed nor looks at healthy targets again", async () => {
    const arn = await fresh("f6", [1, 2]);
    await rig.untilHealthy(arn);
    // The next pass learns that they are healthy.
    await blue.restartController(1);
    await blue.clearCheckpoint("f6");
    await blue.untilDone("f6");
    await rig.deregister(arn, blue.address(1));
    await blue.endpoints("f6", [1, 2, 3]);
    await rig.untilTargets(arn, blue.address(2), blue.address(3));
    await blue.clearCheckpoint("f6");
    await blue.untilDone("f6");
    assert.deepEqual(await rig.targets(arn), [blue.address(2), blue.address(3)]);
    await blue.restartController();
    await blue.clearCheckpoint("f6");
    await rig.untilTargets(arn, blue.address(1), blue.address(2), blue.address(3));
  });

  it("7: records its targets in a ConfigMap without owner and labels, only with the flag", async () => {
    await fresh("f7", [1, 2]);
    assert.equal(await blue.recorded("f7"), `${blue.address(1)},${blue.address(2)}`);
    const { metadata } = (await blue.configMap("f7")) as { metadata: Record<string, unknown> };
    assert.equal(metadata["ownerReferences"] ?? metadata["labels"], undefined);
    await blue.endpoints("f7", []);
    await until("an empty record", async () => (await blue.configMap("f7"))?.data?.targets === "");
    await fresh("f7-off", [1], {});
    assert.equal(await blue.configMap("f7-off"), undefined);
  });

  it("9: without a record deregisters nothing in that pass, and records the present endpoints", async () => {
    const arn = await rig.targetGroup("f9");
    await rig.register(arn, blue.address(1), blue.address(8));
    await blue.serve("f9", [1], { targetGroupARN: arn, ...FLAG });
    assert.deepEqual(await rig.targets(arn), [blue.address(1), blue.address(8)]);
    assert.equal(await blue.recorded("f9"), blue.address(1));
  });

  it("10: leaks a pod that went while record and controller were away; a record lost while it runs comes back", async () => {
    const arn = await fresh("f10", [1, 2, 3]);
    await blue.deleteConfigMap("f10");
    await blue.endpoints("f10", [1, 2]);
    await rig.untilTargets(arn, blue.address(1), blue.address(2));
    await blue.untilDone("f10");
    assert.equal(await blue.recorded("f10"), `${blue.address(1)},${blue.address(2)}`);
    await blue.killController();
    await blue.deleteConfigMap("f10");
    await blue.endpoints("f10", [1]);
    await blue.startController();
    await blue.untilDone("f10");
    await until("the record", async () => (await blue.recorded("f10")) === blue.address(1));
    assert.deepEqual(await rig.targets(arn), [blue.address(1), blue.address(2)]);
  });

  it("11: leaves an endpoint that somebody else had registered", async () => {
    const arn = await fresh("f11", [1]);
    await rig.register(arn, blue.address(2));
    // A new cache that knows of it.
    await blue.restartController();
    await blue.clearCheckpoint("f11");
    await blue.untilDone("f11");
    const checkpoint = async (): Promise<string | undefined> =>
      (await blue.binding("f11"))?.metadata.annotations?.[CHECKPOINT];
    const before_ = await checkpoint();
    await blue.endpoints("f11", [1, 2]);
    await until("a pass over both", async () => ![before_, ""].includes(await checkpoint()));
    assert.equal(await blue.recorded("f11"), blue.address(1));
    await blue.endpoints("f11", []);
    await rig.untilTargets(arn, blue.address(2));
  });

  it(
    "12: killed and started again removes exactly its own lost pod; killed before Register's answer is consistent " +
      "after the start",
    async () => {
      const arn = await fresh("f12", [1, 2]);
      await rig.register(arn, "10.42.15.1:8080");
      await blue.killController();
      await blue.endpoints("f12", [1]);
      await blue.startController();
      await rig.untilTargets(arn, blue.address(1), "10.42.15.1:8080");
      await blue.untilDone("f12");
      rig.front.faults.add({ operation: "elasticloadbalancing:RegisterTargets", kind: "lost-answer", count: 1 });
      await blue.endpoints("f12", [1, 3]);
      await rig.untilTargets(arn, blue.address(1), blue.address(3), "10.42.15.1:8080");
      await blue.restartController();
      await blue.untilDone("f12");
      await blue.endpoints("f12", [1]);
      await rig.untilTargets(arn, blue.address(1), "10.42.15.1:8080");
    },
  );
}
