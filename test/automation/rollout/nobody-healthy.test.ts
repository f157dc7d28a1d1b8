/** Where traffic is weighted: nobody who serves has a healthy target, or one that leaves has none. */
import assert from "node:assert/strict";
import { asked, once, sicken } from "../happenings";
import { WeightedWorld } from "../weighted-world";

type Shares = Readonly<Record<string, number>>;

const minutes = 60_000;
/** The load balancer's nodes follow the weights so late. */
const lag = 500_000;

/** Members with these shares; `out` stands by, and `dead` has no healthy target. */
function world(
  shares: Shares,
  { out, dead }: { readonly out?: string; readonly dead: readonly string[] },
): WeightedWorld {
  const made = new WeightedWorld(Object.keys(shares)).bothServe(shares);
  if (out !== undefined) standBy(made, out);
  for (const name of dead) sicken(made, name);
  made.reconcile();
  made.failingMs = 0;
  return made;
}

function standBy(made: WeightedWorld, name: string): void {
  const { share: _share, ...stands } = made.record.placement[name]!;
  made.record = { ...made.record, placement: { ...made.record.placement, [name]: { ...stands, role: "standby" } } };
  made.clusters.get(name)!.bound = false;
  made.reconcile();
  made.now += 600_000;
  made.reconcile();
}

const toldOfWeb = (made: WeightedWorld): string[] => made.told.filter((one) => one.startsWith("web: "));

/** So long at most: what users have to wait for anyway is the lag. */
const lostAtMost = (made: WeightedWorld, most: number): void =>
  assert.ok(made.failingMs <= lag + most, `requests failed for ${made.failingMs / 1000} s`);

describe("nobody who serves has a healthy target", () => {
  const cases: readonly (readonly [string, Shares, string | undefined, readonly string[], string, string])[] = [
    ["one that stands by", { blue: 100, green: 0 }, "green", ["blue"], "green", "web: blue 0, green 100"],
    [
      "one that is bound without a share",
      { blue: 100, green: 0 },
      undefined,
      ["blue"],
      "green",
      "web: blue 0, green 100",
    ],
    [
      "one that is well beside two",
      { blue: 100, green: 100, red: 0 },
      "red",
      ["blue", "green"],
      "red",
      "web: blue 0, green 0, red 100",
    ],
  ];
  for (const [what, shares, out, dead, newcomer, weights] of cases)
    for (const wholly of dead.length > 1 ? [false] : [false, true])
      it(`admit of ${what} is one shift, without steps and holds before it${wholly ? ", with the others' clusters gone" : ""}`, async () => {
        const made = world(shares, { ...(out === undefined ? {} : { out }), dead });
        if (wholly) made.clusters.get(dead[0]!)!.reachable = false;
        const result = await made.run(asked("admit", newcomer));
        assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-STOPPED"], result.message);
        assert.match(result.remedy ?? "", /^take it out: .*drain blue/);
        assert.deepEqual(toldOfWeb(made), [weights]);
        lostAtMost(made, 2 * minutes);
        assert.equal(made.failingShare(), 0);
      });

  it("beside one that is dead in one service only a newcomer goes by steps until that is known, then all at once", async () => {
    class OneService extends WeightedWorld {
      override ports(...args: Parameters<WeightedWorld["ports"]>): ReturnType<WeightedWorld["ports"]> {
        const all = super.ports(...args);
        const targets: typeof all.aws.targets = async (arn) =>
          (await all.aws.targets(arn)).map((target) =>
            arn.includes("web@blue") ? { ...target, state: "unhealthy" } : target,
          );
        return { ...all, aws: { ...all.aws, targets } };
      }
    }
    const made = new OneService().bothServe({ blue: 100, green: 0 });
    standBy(made, "green");
    const result = await made.run(asked("admit", "green"));
    assert.deepEqual([result.outcome, result.code], ["stopped", "EBG-STOPPED"], result.message);
    assert.match(result.remedy ?? "", /drain blue/);
    assert.deepEqual(toldOfWeb(made), ["web: blue 0, green 100"]);
  });

  it("an upgrade whose only server is dead says who comes in instead, also one that has to be made", async () => {
    for (const [made, word] of [
      [
        world({ blue: 100, green: 0 }, { out: "green", dead: ["blue"] }),
        /bring in who stands by: eks-blue-green admit green/,
      ],
      [new WeightedWorld(), /make another member and bring it in: eks-blue-green admit green/],
    ] as const) {
      sicken(made, "blue");
      await assert.rejects(made.upgrade(), (error: { remedy?: string }) => word.test(error.remedy ?? ""));
      const result = await made.run(asked("admit", "green"));
      assert.equal(result.outcome, "stopped", result.message);
      assert.equal(made.failingShare(), 0);
    }
  });

  for (const [where, kind, phase] of [
    ["while the new member is made", "provision", "act"],
    ["in the gate of its admit", "admit", "gate"],
  ] as const)
    it(`an upgrade goes on when the old member dies ${where}: the new one gets everything at once`, async () => {
      const made = new WeightedWorld();
      once(
        made,
        (event) => event.kind === "phase-started" && event.phase === phase && made.record.intent?.move.kind === kind,
        () => sicken(made, "blue"),
      );
      const result = await made.upgrade();
      assert.equal(result.outcome, "done", result.message);
      assert.deepEqual(toldOfWeb(made), ["web: blue 0, green 100"]);
      lostAtMost(made, 3 * minutes);
    });

  it("a rollback from a dead new member does not wait for the hold of the old one", async () => {
    const made = new WeightedWorld();
    await made.upgrade({ approveRetire: false });
    sicken(made, "green");
    made.reconcile();
    made.failingMs = 0;
    const result = await made.run(asked("rollback"));
    assert.equal(result.outcome, "done", result.message);
    lostAtMost(made, 3 * minutes);
  });

  it("one look is not enough: a member that has no healthy target for a moment does not cut the steps short", async () => {
    const made = new WeightedWorld();
    let looked = false;
    made.listen = (event) => {
      const blue = made.clusters.get("blue");
      if (blue === undefined) return;
      if (looked) blue.sick = false;
      if (looked || event.kind !== "step-finished" || event.step.type !== "move" || event.step.kind !== "admit") return;
      looked = blue.sick = true;
    };
    const result = await made.upgrade();
    assert.ok(looked);
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual(toldOfWeb(made), ["web: blue 90, green 10", "web: blue 50, green 50", "web: blue 0, green 100"]);
  });
});

describe("drain of a member without healthy targets", () => {
  const small = {
    "eks-blue-green:cluster": JSON.stringify({
      nodes: { instanceTypes: ["m6i.large"], desiredSize: 2, minSize: 2, maxSize: 2 },
    }),
  };
  const kindsOf = (made: WeightedWorld): string[] => {
    const kinds: string[] = [];
    made.listen = (event) => {
      if (event.kind === "step-started" && event.step.type === "move") kinds.push(event.step.kind);
    };
    return kinds;
  };

  it("takes its share first, and makes the others larger afterwards", async () => {
    const made = world({ blue: 100, green: 100, red: 100 }, { dead: ["blue"] });
    const kinds = kindsOf(made);
    const result = await made.run(asked("drain", "blue"));
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual(kinds, ["shift", "scale", "scale", "drain"]);
    lostAtMost(made, 1 * minutes);
  });

  it("is not refused where the others have no room to grow", async () => {
    for (const dead of [["blue"], []] as const) {
      const made = world({ blue: 100, green: 100, red: 100 }, { dead });
      const drain = made.run(asked("drain", "blue"), { config: small });
      if (dead.length === 0) await assert.rejects(drain, /can't leave traffic/);
      else assert.equal((await drain).outcome, "done");
    }
  });

  it("is refused where nobody else serves, and says who may come in", async () => {
    const made = world({ blue: 100, green: 0 }, { out: "green", dead: ["blue"] });
    await assert.rejects(made.run(asked("drain", "blue")), (error: { remedy?: string }) =>
      /admit green/.test(error.remedy ?? ""),
    );
  });
});
