/** Where traffic is weighted and an autoscaler owns the pods: no step gives a member more than its pods can carry. */
import assert from "node:assert/strict";
import type { RolloutResult } from "../../../automation/rollout/rollout";
import { asked, bakeOf, once } from "../happenings";
import { WeightedWorld } from "../weighted-world";

const world = (blue: number, green: number): WeightedWorld => {
  const made = new WeightedWorld();
  made.autoscaler.set("blue", blue).set("green", green);
  made.reconcile();
  made.now += 600_000;
  return made;
};
const settings = (made: WeightedWorld, rollout: object = {}) => ({
  "eks-blue-green:services": JSON.stringify(
    (JSON.parse(made.values["eks-blue-green:services"]) as object[]).map((one) => ({ ...one, autoscaled: true })),
  ),
  "eks-blue-green:rollout": JSON.stringify({ strategy: "replace", bakeSeconds: 300, ...rollout }),
});
const upgrade = (made: WeightedWorld, rollout: object = {}): Promise<RolloutResult> =>
  made.upgrade({ config: settings(made, rollout) as never });
const toldOfWeb = (made: WeightedWorld): string[] => made.told.filter((one) => one.startsWith("web: "));

const [tenth, half, all, none] = [
  "web: blue 90, green 10",
  "web: blue 50, green 50",
  "web: blue 0, green 100",
  "web: blue 100, green 0",
];

describe("a shift where an autoscaler owns the number of pods", () => {
  it("gives a step's part only to as many pods as that needs; else it goes back and says how many", async () => {
    const made = world(12, 2);
    const result = await upgrade(made);
    assert.equal(result.outcome, "walked-back", result.message);
    assert.match(
      result.message,
      /green has 2 healthy targets in '(web|api)', and 50 % of the requests need 6 \(all of them 12\); how many there are is an autoscaler's/,
    );
    assert.match(result.remedy ?? "", /raise minReplicas of the HorizontalPodAutoscaler on green to 12 for the time/);
    assert.deepEqual(toldOfWeb(made), [tenth, none]);
    made.autoscaler.set("green", 12);
    const again = await upgrade(made);
    assert.equal(again.outcome, "done", again.message);
    assert.deepEqual(toldOfWeb(made), [tenth, none, tenth, half, all]);
  });

  it("waits for an autoscaler that follows", async () => {
    const made = world(12, 2);
    let waits = 0;
    made.listen = (event) => {
      if (event.kind !== "gate" || event.reason !== "capacity") return;
      waits += 1;
      made.autoscaler.set("green", Math.min(12, (made.autoscaler.get("green") ?? 0) + 1));
    };
    const result = await upgrade(made);
    assert.equal(result.outcome, "done", result.message);
    assert.ok(waits >= 2, String(waits));
    assert.deepEqual(toldOfWeb(made), [tenth, half, all]);
  });

  it("gives the last part by what all needed when it began, not by what is left of the old one's pods", async () => {
    const made = world(12, 6);
    once(made, bakeOf(50), () => made.autoscaler.set("blue", 6));
    const result = await upgrade(made);
    assert.equal(result.outcome, "walked-back", result.message);
    assert.match(result.message, /green has 6 healthy targets in '(web|api)', and 100 % of the requests need 12/);
    assert.deepEqual(toldOfWeb(made), [tenth, half, none]);
  });

  it("asks for more when there is more to answer than when it began", async () => {
    const made = world(12, 6);
    once(made, bakeOf(10), () => made.autoscaler.set("blue", 20));
    const result = await upgrade(made);
    assert.equal(result.outcome, "walked-back", result.message);
    assert.match(result.message, /green has 6 healthy targets in '(web|api)', and 50 % of the requests need 10 \(all/);
  });

  it("takes minCapacityPercent of it", async () => {
    const made = world(12, 6);
    const result = await upgrade(made, { minCapacityPercent: 50 });
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual(toldOfWeb(made), [tenth, half, all]);
  });

  it("asks an admit as well", async () => {
    const made = world(12, 1);
    const result = await made.run(asked("admit", "green"), { config: settings(made) as never });
    assert.equal(result.outcome, "walked-back", result.message);
    assert.match(result.message, /green has 1 healthy target in '(web|api)', and 9\.1 % of the requests need 2/);
    assert.deepEqual(toldOfWeb(made), []);
  });

  it("keeps nobody on the way back from one that errs", async () => {
    const made = world(12, 12);
    once(made, bakeOf(50), () => {
      made.erring.add("green");
      made.autoscaler.set("blue", 6);
    });
    const result = await upgrade(made);
    assert.equal(result.outcome, "walked-back", result.message);
    assert.deepEqual(toldOfWeb(made), [tenth, half, none]);
    assert.equal(made.failingShare(), 0);
  });
});

describe("a rollback where an autoscaler owns the number of pods", () => {
  const shrunk = async (): Promise<WeightedWorld> => {
    const made = world(12, 12);
    const stop = new AbortController();
    once(
      made,
      (event) => event.kind === "step-started" && event.step.type === "bake" && !event.step.why.includes("%"),
      () => {
        made.autoscaler.set("blue", 2);
        stop.abort();
      },
    );
    await made.upgrade({ config: settings(made) as never, stop: stop.signal });
    made.listen = () => undefined;
    for (let minutes = 0; minutes < 15; minutes += 5) {
      made.reconcile();
      made.now += 300_000;
    }
    made.reconcile();
    return made;
  };

  it("is one shift, as soon as the old member has the pods for it: steps would not make its autoscaler faster", async () => {
    const made = await shrunk();
    const told = toldOfWeb(made).length;
    made.listen = (event) => {
      if (event.kind === "gate" && event.reason === "capacity") made.autoscaler.set("blue", 12);
    };
    const result = await made.run(asked("rollback"), { config: settings(made) as never });
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual(toldOfWeb(made).slice(told), [none]);
  });

  it("moves nothing while it has not, and says what to raise", async () => {
    const made = await shrunk();
    const told = toldOfWeb(made).length;
    const result = await made.run(asked("rollback"), { config: settings(made) as never });
    assert.equal(result.outcome, "failed", result.message);
    assert.match(result.message, /without green 2 healthy targets stay in '(web|api)', 12 must/);
    assert.match(result.remedy ?? "", /raise minReplicas of the HorizontalPodAutoscaler on blue/);
    assert.equal(toldOfWeb(made).length, told);
    made.autoscaler.set("blue", 12);
    assert.equal((await made.run(asked("rollback"), { config: settings(made) as never })).outcome, "done");
    assert.deepEqual(toldOfWeb(made).slice(told), [none]);
  });

  it("waits for no pods where requests fail", async () => {
    const made = await shrunk();
    made.erring.add("green");
    const told = toldOfWeb(made).length;
    const began = made.now;
    const result = await made.run(asked("rollback"), { config: settings(made) as never });
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual(toldOfWeb(made).slice(told), [none]);
    assert.ok(made.failingMs > 0 && made.failingShare() === 0 && made.now - began < 3_600_000);
  });
});

describe("a shift where the config says how many pods there are", () => {
  it("gives a part to no member whose pods somebody took away by hand", async () => {
    const made = new WeightedWorld();
    once(made, bakeOf(10), () => made.autoscaler.set("green", 1));
    const result = await made.upgrade();
    assert.equal(result.outcome, "walked-back", result.message);
    assert.match(
      result.message,
      /green has 1 healthy target in '(web|api)', and 50 % of the requests need 2 \(all of them 3\)/,
    );
    assert.deepEqual(toldOfWeb(made), [tenth, none]);
  });
});
