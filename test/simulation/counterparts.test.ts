import assert from "node:assert/strict";
import { counterpartOf } from "./counterparts";
import { plainScenarioOf, type Fault, type Scenario } from "./scenario";
import { simulate } from "./simulate";

/** A replace in which nothing goes wrong but these. */
const replace = (...faults: Fault[]): Scenario => ({
  ...plainScenarioOf(1),
  strategy: "replace",
  members: ["blue", "green"],
  commands: [null],
  wanted: "1.35",
  dead: null,
  approves: true,
  green: { sickness: "none", afterSeconds: 0 },
  slowestAnswerMs: 0,
  faults,
});
const of = async (scenario: Scenario) => counterpartOf(await simulate(scenario));

describe("counterparts of simulated runs in a sandbox", () => {
  const kill: Fault = { kind: "kill", effect: 12, after: false };

  it("a kill is found again by step and phase, whatever else was planned and did not happen", async () => {
    const never: Fault = { kind: "call", call: "destroy", nth: 500, times: 1, how: "error" };
    const found = await of(replace(kill, never));
    assert.ok(found.kind === "yes");
    assert.match(found.signature, /^before (admit|bake|drain) /);
    assert.deepEqual(found.faults, []);
  });

  it("a throttled target group is throttled as often as the SDK asks", async () => {
    const found = await of(replace(kill, { kind: "call", call: "targets", nth: 5, times: 2, how: "throttle" }));
    assert.ok(found.kind === "yes");
    assert.deepEqual(found.faults, [
      { operation: "elasticloadbalancing:DescribeTargetHealth", kind: "throttle", skip: 5, count: 6 },
    ]);
  });

  it("what a sandbox can't do, or what nothing interrupts, is named", async () => {
    const why = async (scenario: Scenario): Promise<string> => {
      const found = await of(scenario);
      return found.kind === "no" ? found.why : "";
    };
    assert.equal(await why(replace()), "nothing ends its driver");
    assert.equal(
      await why(
        replace(kill, {
          kind: "event",
          effect: 3,
          afterSeconds: 1,
          event: { what: "pod-crash", member: "blue", seconds: 20 },
        }),
      ),
      "'pod-crash' has no counterpart here",
    );
    assert.match(await why({ ...replace(kill), strategy: "cycle" }), /only `replace` is confirmed/);
  });
});
