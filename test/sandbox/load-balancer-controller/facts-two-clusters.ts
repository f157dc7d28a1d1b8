/** What two clusters do to each other through one target group. */
import assert from "node:assert/strict";
import { CHECKPOINT } from "../../../sandbox/load-balancer-controller/bindings/checkpoint";
import { until } from "../node-agent/harness";
import { type Rig, TIME_SCALE } from "./harness";

const FLAG = { multiClusterTargetGroup: true };
const CACHE_MS = 300_000 / TIME_SCALE;

export function twoClusterFacts(rigOf: () => Rig): void {
  let rig: Rig;
  let blue: Rig["blue"];
  let green: Rig["green"];
  before(() => {
    rig = rigOf();
    [blue, green] = [rig.blue, rig.green];
  });
  /** Both clusters' pods 1 and 2 in one group. */
  const shared = async (name: string, blueFlag: object = FLAG): Promise<string> => {
    const targetGroupARN = await rig.targetGroup(name);
    await blue.serve(name, [1, 2], { targetGroupARN, ...blueFlag });
    await green.serve(name, [1, 2], { targetGroupARN, ...FLAG });
    return targetGroupARN;
  };
  const both = (cluster: Rig["blue"]): string[] => [cluster.address(1), cluster.address(2)];

  it("14: each registers and deregisters only its own; a deleted binding takes its targets and record along at once", async () => {
    const arn = await shared("f14");
    await rig.untilTargets(arn, ...both(blue), ...both(green));
    await blue.endpoints("f14", []);
    await rig.untilTargets(arn, ...both(green));
    await until("an empty record", async () => (await blue.configMap("f14"))?.data?.targets === "");
    await blue.endpoints("f14", [1]);
    await rig.untilTargets(arn, blue.address(1), ...both(green));
    const before_ = (await green.binding("f14"))?.metadata.resourceVersion;
    const began = Date.now();
    await blue.deleteBinding("f14");
    assert.ok(Date.now() - began < CACHE_MS, "it doesn't wait for draining");
    assert.deepEqual(await rig.targets(arn), both(green));
    assert.equal(await blue.configMap("f14"), undefined);
    assert.equal((await green.binding("f14"))?.metadata.resourceVersion, before_);
  });

  it("15: made again while its old targets drain, it registers them again at once", async () => {
    const arn = await shared("f15");
    await rig.untilHealthy(arn);
    await blue.deleteBinding("f15");
    assert.deepEqual(await rig.targets(arn), both(green));
    await blue.bind("f15", { targetGroupARN: arn, ...FLAG });
    await rig.untilTargets(arn, ...both(blue), ...both(green));
  });

  it(
    "15: without its Service it deregisters its own, keeps the binding and says BackendNotFound once and again " +
      "success; the Service back, it registers",
    async () => {
      const arn = await shared("f15s");
      await blue.deleteService("f15s");
      await rig.untilTargets(arn, ...both(green));
      await until("the event", async () =>
        (await blue.events("f15s")).some((event) => event.reason === "BackendNotFound"),
      );
      await until(
        "an empty checkpoint",
        async () => (await blue.binding("f15s"))?.metadata.annotations?.[CHECKPOINT] === "",
      );
      assert.equal(await blue.configMap("f15s"), undefined);
      // The checkpoint's time counts seconds: a pass that writes what is there already would cause the next one every
      // second.
      const { resourceVersion } = (await blue.binding("f15s"))?.metadata ?? {};
      const began = Date.now();
      await until("two seconds to be over", () => Date.now() - began > 2_100);
      assert.equal((await blue.binding("f15s"))?.metadata.resourceVersion, resourceVersion);
      await blue.service("f15s");
      await blue.endpoints("f15s", [1, 2]);
      await rig.untilTargets(arn, ...both(blue), ...both(green));
      assert.ok((await blue.events("f15s")).some((event) => event.reason === "SuccessfullyReconciled"));
    },
  );

  it("16: without the flag it deregisters the peer's targets in its first pass", async () => {
    const arn = await rig.targetGroup("f16");
    await green.serve("f16", [1, 2], { targetGroupARN: arn, ...FLAG });
    await blue.serve("f16", [1], { targetGroupARN: arn });
    assert.deepEqual(await rig.targets(arn), [blue.address(1)]);
    await green.patchBinding("f16", { metadata: { labels: { touched: "yes" } } });
    await green.serve("f16-later", [9], { targetGroupARN: await rig.targetGroup("f16-later"), ...FLAG });
    assert.deepEqual(await rig.targets(arn), [blue.address(1)], "green doesn't react");
  });

  it("17: bound first without the flag, it evicts the peer at its first change after the cache's end, not before", async () => {
    await blue.restartController(1);
    const arn = await shared("f17", {});
    await blue.endpoints("f17", [1]);
    await rig.untilTargets(arn, blue.address(1), ...both(green));
    await blue.untilDone("f17");
    await blue.restartController();
    await blue.serve("f17-later", [9], { targetGroupARN: await rig.targetGroup("f17-later"), ...FLAG });
    await rig.untilTargets(arn, blue.address(1), ...both(green));
    const since = rig.now();
    await blue.endpoints("f17", []);
    await rig.untilTargets(arn);
    assert.deepEqual(rig.changes(arn, since), ["DeregisterTargets"], "all of them in one call");
  });

  it(
    "18: the flag switched on loses nothing and records; off it evicts every peer it knows; on again it takes the " +
      "old record",
    async () => {
      const arn = await rig.targetGroup("f18");
      await green.serve("f18", [1, 2], { targetGroupARN: arn, ...FLAG });
      // The peer's targets must be in a cache that stays.
      await blue.restartController(1);
      await blue.serve("f18", [1, 2], { targetGroupARN: arn, ...FLAG });
      await green.endpoints("f18", [1, 2, 3]);
      await rig.untilTargets(arn, ...both(blue), ...both(green), green.address(3));
      await blue.patchBinding("f18", { spec: { multiClusterTargetGroup: false } });
      await rig.untilTargets(arn, ...both(blue), green.address(3));
      await blue.untilDone("f18");
      await blue.endpoints("f18", [1]);
      await rig.untilTargets(arn, blue.address(1), green.address(3));
      await blue.untilDone("f18");
      assert.equal(await blue.recorded("f18"), both(blue).join(","), "stale");
      await blue.patchBinding("f18", { spec: { multiClusterTargetGroup: true } });
      await blue.untilDone("f18");
      assert.deepEqual(await rig.targets(arn), [blue.address(1), green.address(3)]);
      await blue.restartController();
    },
  );

  it("18: deleted while off it takes all targets along and leaves the old record", async () => {
    const arn = await shared("f18d");
    await blue.restartController();
    await blue.patchBinding("f18d", { spec: { multiClusterTargetGroup: false } });
    await rig.untilTargets(arn, ...both(blue));
    await blue.untilDone("f18d");
    await rig.register(arn, green.address(1));
    await blue.restartController();
    await blue.deleteBinding("f18d");
    assert.deepEqual(await rig.targets(arn), []);
    assert.equal(await blue.recorded("f18d"), both(blue).join(","));
  });
}
