import assert from "node:assert/strict";
import { whoseFailures } from "../../../automation/observation/whose-part";
import type { Observation } from "../../../automation/observation/observe";

const named = (failed: number, shares: Readonly<Record<string, number>>, sent = 32): string | null => {
  const probes = { web: { sent, failed, firstFailure: "503" } } as unknown as Observation["probes"];
  return whoseFailures({ probes }, shares, ["blue", "green"]);
};
const step = { blue: 90, green: 10 };

describe("the member that requests fail at", () => {
  for (const [what, failed, shares, who] of [
    ["as many as blue gets", 29, step, "blue"],
    ["as many as green gets", 3, step, "green"],
    ["two thirds, as when what both need fails so many", 21, step, null],
    ["all, as when what both need is gone", 32, step, null],
    ["all, where one member gets everything", 32, { blue: 100, green: 0 }, "blue"],
    ["half by halves", 16, { blue: 50, green: 50 }, null],
    ["none", 0, step, null],
  ] as const)
    it(`${what}: ${who ?? "nobody is named"}`, () => assert.equal(named(failed, shares), who));
});
