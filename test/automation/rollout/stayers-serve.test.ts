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
      assert.match(
        refused.remedy ?? "",
        /^bring blue back: eks-blue-green rollback.*repair that .*go on with: eks-blue-green upgrade/,
      );
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

  const retires = (world: World): boolean =>
    world.events.some(
      (event) => event.kind === "step-started" && event.step.type === "move" && event.step.kind === "retire",
    );
  for (const [first, what] of [
    [1, "could not retire blue"],
    [2, "blue is not destroyed"],
    [3, "could not retire blue"],
    [4, "blue is not destroyed"],
  ] as const)
    it(`what AWS does not tell from look ${first} on is asked for again, and is no word about them`, async () => {
      for (const silent of [12, Number.POSITIVE_INFINITY]) {
        const world = await waitsForApproval();
        let looks = 0;
        world.untold = () => {
          if (!retires(world) || world.record.intent !== null) return false;
          looks += 1;
          return looks >= first && looks < first + silent;
        };
        const result = await world.upgrade({ approveRetire: true });
        assert.equal(result.code, silent === 12 ? null : "EBG-AWS", result.message);
        if (silent === 12) continue;
        assert.ok(result.message.startsWith(`${what}: AWS did not tell the targets of web`), result.message);
        assert.ok(world.clusters.has("blue"));
      }
    });

  it("they are looked at once more when approval was given: the answer may take hours", async () => {
    const world = await waitsForApproval();
    const answers = (): boolean => {
      world.clusters.get("green")!.sick = true;
      world.now += 3 * 3_600_000;
      return true;
    };
    const refused = await world.upgrade({ approveRetire: answers });
    assert.deepEqual([refused.outcome, refused.code], ["stopped", "EBG-GATE"], refused.message);
    assert.match(refused.message, /blue is not destroyed while those that stay don't serve: green is unhealthy/);
    assert.ok(world.clusters.has("blue"));
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

  const beginsIn = (world: World, befall: (bakes: number) => void): void => {
    let bakes = 0;
    world.listen = (event) => {
      if (event.kind === "step-started" && event.step.type === "bake") befall((bakes += 1));
    };
  };

  for (const [what, config, befall] of [
    ["answers with errors", {}, (world: World) => void world.erring.add("green")],
    [
      "makes an alarm ring",
      { "eks-blue-green:rollout": '{"strategy":"replace","bakeSeconds":300,"alarms":["web-5xx"]}' },
      (world: World) => void (world.alarm = true),
    ],
  ] as const)
    it(`is kept while the new one, alone by then, ${what}: nothing of that is excused`, async () => {
      const world = new World();
      beginsIn(world, () => {
        world.clusters.get("blue")!.sick = true;
        befall(world);
      });
      for (let run = 1; run <= 3; run += 1) {
        const result = await world.upgrade({ config });
        assert.notEqual(result.outcome, "done", result.message);
        assert.ok(world.clusters.has("blue"));
        assert.deepEqual(world.record.rollout?.baseline?.alarms, []);
      }
    });

  it("excuses no failing requests by some that failed when it died", async () => {
    const world = new World();
    let share: number | null = null;
    world.failingShare = () => share ?? (world.fails() ? 1 : 0);
    let passedOver = false;
    const begun: string[] = [];
    world.listen = (event) => {
      if (event.kind === "note") passedOver ||= event.message.includes("goes on without this bake");
      if (event.kind !== "step-started" || event.step.type !== "bake") return;
      begun.push(event.step.why);
      world.clusters.get("blue")!.sick = true;
      // What the dying blue drops beside green, and what green, alone behind the drain, fails to answer.
      share = passedOver ? 0.28 : 1 / 32;
    };
    const first = await world.upgrade();
    assert.notEqual(first.outcome, "done", first.message);
    assert.equal(passedOver, false);
    // Blue takes no requests any more, so they succeed again: now its bake is passed over.
    world.listen = ((inner) => (event) => {
      inner(event);
      if (!passedOver) share = 0;
    })(world.listen);
    const second = await world.upgrade();
    assert.notEqual(second.outcome, "done", second.message);
    assert.ok(passedOver && begun.length >= 3, begun.join());
    assert.ok(world.clusters.has("blue"));
    assert.match(second.message, /9 of 32 to 'web'/);
  });
});
