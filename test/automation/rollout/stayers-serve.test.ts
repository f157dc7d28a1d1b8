import assert from "node:assert/strict";
import { World } from "../world";

async function waitsForApproval(): Promise<World> {
  const world = new World();
  const result = await world.upgrade({ approveRetire: false });
  assert.equal(result.code, "EBG-STOPPED", result.message);
  return world;
}

describe("before a member is destroyed, those that stay must serve", () => {
  for (const [what, befall] of Object.entries({
    "is sick": (world: World) => {
      world.clusters.get("green")!.sick = true;
    },
    "answers with errors": (world: World) => world.erring.add("green"),
  }))
    it(`approved or not, blue stays while green ${what}; rollback brings it in, and once green is well it goes`, async () => {
      const world = await waitsForApproval();
      befall(world);
      const refused = await world.upgrade({ approveRetire: true });
      assert.deepEqual([refused.outcome, refused.code], ["stopped", "EBG-GATE"], refused.message);
      assert.match(refused.message, /blue is not destroyed while those that stay don't serve/);
      assert.match(refused.remedy ?? "", /repair that .*go on with: eks-blue-green upgrade.*eks-blue-green rollback/);
      assert.ok(world.clusters.has("blue"));
      world.clusters.get("green")!.sick = false;
      world.erring.clear();
      assert.equal((await world.upgrade({ approveRetire: true })).outcome, "done");
      assert.equal(world.clusters.has("blue"), false);
    });

  it("a single bad look is none: it is asked for a while", async () => {
    const world = await waitsForApproval();
    world.clusters.get("green")!.sick = true;
    const healsAt = world.now + 30_000;
    world.watch = () => {
      if (world.now >= healsAt) world.clusters.get("green")!.sick = false;
    };
    assert.equal((await world.upgrade({ approveRetire: true })).outcome, "done");
  });
});

describe("an old member that dies in the bake beside it", () => {
  it("is not waited for: the rollout goes on to its drain, and says how it leaves without its help", async () => {
    const world = new World();
    world.listen = (event) => {
      if (event.kind === "step-started" && event.step.type === "bake")
        Object.assign(world.clusters.get("blue") ?? {}, { reachable: false, sick: true });
    };
    const result = await world.upgrade();
    assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-MEMBER-UNREACHABLE"], result.message);
    assert.match(result.message, /could not drain blue: .*; green serves meanwhile/);
    assert.match(result.remedy ?? "", /eks-blue-green evacuate blue/);
    assert.equal(world.record.rollout?.direction, "forward");
  });

  it("is drained when it answers", async () => {
    const world = new World();
    let bakes = 0;
    world.listen = (event) => {
      if (event.kind !== "step-started" || event.step.type !== "bake") return;
      bakes += 1;
      if (bakes === 1) world.clusters.get("blue")!.sick = true;
    };
    const result = await world.upgrade();
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual([...world.clusters.keys()], ["green"]);
    assert.ok(bakes >= 2, "the second bake is none of it");
  });
});
