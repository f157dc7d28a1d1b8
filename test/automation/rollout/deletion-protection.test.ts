import assert from "node:assert/strict";
import { DriverError } from "../../../automation/errors";
import { ProtectedClusters, protectedConfig } from "../protected-clusters";
import { Killed, World } from "../world";

const asProtected = { config: protectedConfig };
const notesOf = (world: World): string[] =>
  world.events.flatMap((event) => (event.kind === "note" && /EKS/.test(event.message) ? [event.message] : []));

describe("EKS's deletion protection in a rollout", () => {
  it("is taken off the cluster that goes, when all else is done, and off no other", async () => {
    const world = new World();
    const clusters = new ProtectedClusters(world);
    const result = await world.upgrade(asProtected);
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual(clusters.asked, ["blue off", "destroy blue"]);
    assert.deepEqual([...world.clusters.keys()], ["green"]);
    assert.ok(clusters.isOn("green"));
    assert.deepEqual(notesOf(world), []);
  });

  it("stays on while nobody has approved the destruction", async () => {
    const world = new World();
    const clusters = new ProtectedClusters(world);
    assert.equal((await world.upgrade({ ...asProtected, approveRetire: false })).outcome, "stopped");
    assert.deepEqual(clusters.asked, []);
    assert.equal((await world.upgrade(asProtected)).outcome, "done");
    assert.deepEqual(clusters.asked, ["blue off", "destroy blue"]);
  });

  for (const killAfter of ["blue off", "destroy blue"])
    it(`the same command finishes what was killed after '${killAfter}'`, async () => {
      const world = new World();
      const clusters = new ProtectedClusters(world);
      clusters.killAfter = killAfter;
      await assert.rejects(world.upgrade(asProtected), Killed);
      assert.equal(world.record.intent?.move.kind, "retire");
      assert.equal((await world.upgrade(asProtected)).outcome, "done");
      // EKS went on with what it was asked for, and is asked no second time.
      assert.deepEqual(clusters.asked, ["blue off", "destroy blue"]);
      assert.deepEqual([...world.clusters.keys()], ["green"]);
    });

  it("is put back where one that was killed had taken it off, and the destruction is refused after that", async () => {
    const world = new World();
    const clusters = new ProtectedClusters(world);
    clusters.killAfter = "blue off";
    await assert.rejects(world.upgrade(asProtected), Killed);
    clusters.killAfter = null;
    clusters.refuse = (what) =>
      what === "destroy blue" ? new DriverError("EBG-CREDENTIALS", "eks:DeleteCluster is refused", "permit it") : null;
    await assert.rejects(world.upgrade(asProtected), /eks:DeleteCluster is refused/);
    assert.deepEqual(
      clusters.asked.filter((one) => /blue o/.test(one)),
      ["blue off", "blue on"],
    );
    assert.match(notesOf(world).join(), /asked to protect dev-blue against deletion again/);
  });

  it("waits for another update that EKS works on", async () => {
    const world = new World();
    const clusters = new ProtectedClusters(world);
    clusters.updates.set("blue", { to: true, looks: -20 });
    assert.equal((await world.upgrade(asProtected)).outcome, "done");
    assert.deepEqual(clusters.asked, ["blue off", "destroy blue"]);
  });

  it("is asked for again when EKS throttles", async () => {
    const world = new World();
    const clusters = new ProtectedClusters(world);
    let left = 1;
    clusters.refuse = (what) =>
      what === "blue off" && left-- > 0 ? new DriverError("EBG-AWS", "ThrottlingException", "again") : null;
    assert.equal((await world.upgrade(asProtected)).outcome, "done");
    assert.deepEqual(clusters.asked, ["blue off", "destroy blue"]);
  });

  it("is put back on a cluster that stays after all, and a note says so; the same command takes it off again", async () => {
    const world = new World();
    const clusters = new ProtectedClusters(world);
    clusters.refuse = (what) =>
      what === "destroy blue" ? new DriverError("EBG-CREDENTIALS", "eks:DeleteCluster is refused", "permit it") : null;
    const failed = await world.upgrade(asProtected).catch((error: DriverError) => error);
    assert.equal(failed.code, "EBG-CREDENTIALS");
    assert.deepEqual(clusters.asked, ["blue off", "blue on"]);
    assert.deepEqual(notesOf(world), ["EKS is asked to protect dev-blue against deletion again: it stays"]);
    clusters.refuse = () => null;
    assert.equal((await world.upgrade(asProtected)).outcome, "done");
    assert.deepEqual(clusters.asked, ["blue off", "blue on", "blue off", "destroy blue"]);
  });

  it("that somebody has put on by hand stays: nothing is destroyed, and the remedy leads out", async () => {
    const world = new World();
    const clusters = new ProtectedClusters(world);
    const refused = await world.upgrade().catch((error: DriverError) => error);
    assert.equal(refused.code, "EBG-PLAN-REFUSED");
    assert.match(refused.message, /EKS protects dev-blue against deletion, and the config does not say so/);
    assert.match(refused.remedy ?? "", /aws eks update-cluster-config --no-deletion-protection --name dev-blue/);
    assert.deepEqual([clusters.asked, world.record.intent], [[], null]);
    clusters.on.set("blue", false);
    assert.equal((await world.upgrade()).outcome, "done");
  });

  for (const [what, options] of [
    ["the config wants it", asProtected],
    ["somebody has put it on", {}],
  ] as const)
    it(`keeps no cluster that has failed, where ${what}: EKS deletes those with it, and takes it off none`, async () => {
      const world = new World();
      const clusters = new ProtectedClusters(world);
      clusters.status = "FAILED";
      const result = await world.upgrade(options);
      assert.equal(result.outcome, "done", result.message);
      assert.deepEqual(clusters.asked, ["destroy blue"]);
    });

  it("is nobody's business where no cluster has it", async () => {
    const world = new World();
    const clusters = new ProtectedClusters(world);
    clusters.makes = false;
    assert.equal((await world.upgrade()).outcome, "done");
    assert.deepEqual(clusters.asked, ["destroy blue"]);
  });

  it("of a cluster that is somebody else's is neither asked for nor changed", async () => {
    const world = new World();
    const clusters = new ProtectedClusters(world);
    clusters.theirs = true;
    const existing = (name: string) => ({
      existing: { clusterName: `dev-${name}`, podSecurityGroupId: "sg-0123456789abcdef0" },
    });
    const memberClusters = JSON.stringify({ blue: existing("blue"), green: existing("green") });
    const theirs = { ...protectedConfig, "eks-blue-green:memberClusters": memberClusters };
    clusters.refuse = (what) => (/ (on|off)$/.test(what) ? new DriverError("EBG-INTERNAL", what, "nobody") : null);
    const result = await world.upgrade({ config: theirs });
    assert.equal(result.outcome, "done", `${result.message}: ${clusters.asked.join()}`);
  });
});
