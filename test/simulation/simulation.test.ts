import assert from "node:assert/strict";
import { mutations } from "./mutations";
import { scenarioOf } from "./scenario";
import { simulate, type SimulationResult } from "./simulate";

const mostRuns = 40;
const explain = ({ scenario, violations }: SimulationResult): string => `seed ${scenario.seed}: ${violations.map((one) => `${one.rule}: ${one.message}`).join("; ")} (npm run soak -- --seed ${scenario.seed})`;

describe("simulation", function () {
  this.timeout(300_000);

  it("the same seed gives the same run", async () => {
    const [first, second] = [await simulate(scenarioOf(20), { trace: true }), await simulate(scenarioOf(20), { trace: true })];
    assert.deepEqual(first.trace, second.trace);
    assert.ok(first.trace.length > 10);
  });

  it("seeds 1 to 70, of every shape, break no rule", async () => {
    const shapes = new Set<string>();
    for (let seed = 1; seed <= 70; seed += 1) {
      const scenario = scenarioOf(seed);
      shapes.add(`${scenario.strategy} ${scenario.members.length} ${scenario.commands[0] === null ? "upgrade" : "planned work"}`);
      const result = await simulate(scenario);
      assert.deepEqual(result.violations, [], explain(result));
    }
    assert.deepEqual([...shapes].sort(), ["cycle 2 planned work", "cycle 2 upgrade", "cycle 3 planned work", "cycle 3 upgrade", "replace 2 upgrade"]);
  });

  for (const [name, { mutate, shows }] of Object.entries(mutations)) {
    it(`catches the planted bug: ${name}`, async () => {
      let tried = 0;
      for (let seed = 1; tried < mostRuns; seed += 1) {
        const scenario = scenarioOf(seed);
        if (shows?.(scenario) === false) continue;
        tried += 1;
        const result = await simulate(scenario, { mutate });
        // A driver that merely gets nowhere has not shown the bug.
        if (!result.violations.some(({ rule }) => !["stuck", "not-settled", "defect"].includes(rule))) continue;
        const sound = await simulate(scenario);
        assert.deepEqual(sound.violations, [], explain(sound));
        return;
      }
      assert.fail(`${mostRuns} runs, and nothing noticed`);
    });
  }
});
