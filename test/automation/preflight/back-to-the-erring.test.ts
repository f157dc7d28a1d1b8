import assert from "node:assert/strict";
import { findingsOf } from "../../../automation/preflight/preflight";
import type { EnvironmentRecord } from "../../../stacks/record";
import { servingWith } from "../../stacks/record/shares";
import { look } from "../gates/weighted-look";

const record = (blue: number, green: number): EnvironmentRecord => ({
  schemaVersion: 2,
  revision: 3,
  placement: {
    blue: { ...servingWith(blue), version: "1.34" },
    green: { ...servingWith(green), version: "1.35" },
  },
  rollout: null,
  intent: null,
});

const refusals = (of: EnvironmentRecord, failed: number, name: "rollback" | "drain" = "rollback"): string[] =>
  findingsOf(look({ failed }), of, { name, member: name === "drain" ? "blue" : null, percent: null })
    .filter(({ severity, message }) => severity === "required" && /a rollback would give it all/.test(message))
    .map(({ remedy }) => remedy ?? "");

describe("a rollback in weighted traffic", () => {
  it("is refused while who would get everything fails the requests that it gets", () =>
    assert.deepEqual(refusals(record(80, 20), 13), [
      "take it out: eks-blue-green drain blue; or repair it, then run the same command again",
    ]));

  it("goes away from who fails them", () => assert.deepEqual(refusals(record(20, 80), 13), []));

  it("is not refused for failures that nobody's part explains, nor where all is answered", () => {
    assert.deepEqual(refusals(record(50, 50), 8), []);
    assert.deepEqual(refusals(record(80, 20), 0), []);
  });

  it("alone is: a drain of who fails them leads out", () =>
    assert.deepEqual(refusals(record(80, 20), 13, "drain"), []));
});
