import assert from "node:assert/strict";
import { beginStretch, isStarved, MOST_EXCUSED } from "../../../sandbox/shared/pace";
import type { ProbeResult } from "../../../sandbox/node-agent/programs/probe-state";
import { Prober } from "../../../sandbox/node-agent/containers/prober";

describe("a process' share of the machine", () => {
  it("is judged by the beats that came", () => {
    assert.ok(!isStarved(25, 500));
    assert.ok(!isStarved(13, 500));
    assert.ok(isStarved(12, 500));
    assert.ok(!isStarved(0, 100), "too short to tell");
  });

  it("is gone while something blocks the process", () => {
    const stretch = beginStretch();
    const until = performance.now() + 300;
    while (performance.now() < until);
    assert.ok(stretch.starved());
  });
});

describe("a prober", () => {
  /** Answers in order, then the last one again and again; the results until `rounds` were asked. */
  async function results(answers: readonly boolean[], starved: boolean, rounds: number): Promise<ProbeResult[]> {
    const told: ProbeResult[] = [];
    await new Promise<void>((resolve) => {
      let asked = 0;
      const prober = new Prober(
        "readiness",
        { failureThreshold: 3, periodSeconds: 1 } as never,
        1_000_000,
        async () => {
          asked += 1;
          if (asked > rounds) resolve(prober.stop());
          return answers[Math.min(asked, answers.length) - 1] ?? false;
        },
        (_, result) => told.push(result),
        () => ({ starved: () => starved }),
      );
      prober.start(0);
    });
    return told;
  }

  it("takes failures for what they are", async () => {
    assert.deepEqual(await results([true, false], false, 5), ["success", "failure"]);
  });

  it("puts time-outs down to a machine that gave it no time, but not for ever", async () => {
    assert.deepEqual(await results([true, false], true, 10), ["success"]);
    assert.deepEqual(await results([true, false], true, MOST_EXCUSED + 5), ["success", "failure"]);
  });
});
