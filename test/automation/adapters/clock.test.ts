import assert from "node:assert/strict";
import { systemClock } from "../../../automation/adapters/clock";
import { longestSince, momentOf } from "../../../automation/rollout/elapsed";

/** A machine whose clock can be set, and which can be suspended. */
function machine(began = Date.UTC(2026, 0, 1)) {
  const it = { wall: began, even: 5_000 };
  const clock = systemClock(1, { wall: () => it.wall, even: () => it.even });
  const pass = (seconds: number): void => {
    it.wall += seconds * 1000;
    it.even += seconds * 1000;
  };
  return { it, clock, pass };
}

describe("the system's clock", () => {
  for (const [how, seconds] of [
    ["forward", 3600],
    ["back", -3600],
  ] as const)
    it(`counts evenly when the machine's clock is set ${how}, and tells dates as the machine does`, () => {
      const { it: clocks, clock, pass } = machine();
      const began = clock.now();
      assert.equal(began, Date.UTC(2026, 0, 1));
      pass(10);
      clocks.wall += seconds * 1000;
      pass(10);
      assert.equal(clock.now() - began, 20_000);
      assert.equal(clock.wall(), Date.UTC(2026, 0, 1) + (20 + seconds) * 1000);
    });

  it("what was seen before a suspended hour is an hour old, and that hour is no waiting", () => {
    const { it: clocks, clock, pass } = machine();
    const began = clock.now();
    const seen = momentOf(clock);
    pass(5);
    clocks.wall += 3_600_000;
    assert.equal(longestSince(clock, seen), 3_605_000);
    assert.equal(clock.now() - began, 5_000);
  });

  it("what was seen before the clock was set back is as old as it is", () => {
    const { it: clocks, clock, pass } = machine();
    const seen = momentOf(clock);
    clocks.wall -= 3_600_000;
    pass(90);
    assert.equal(longestSince(clock, seen), 90_000);
  });

  it("of the process itself both go on", () => {
    const clock = systemClock(1);
    assert.ok(Math.abs(clock.wall() - clock.now()) < 60_000);
    assert.ok(clock.now() >= Date.UTC(2026, 0, 1));
  });
});
