import assert from "node:assert/strict";
import {
  beginMove,
  commitMove,
  desiredOfEnvironment,
  startRollout,
  type EnvironmentRecord,
} from "../../../stacks/record";
import { servingWith as stands } from "./shares";

const at = "2026-11-30T00:00:00Z";
const record = (placement: EnvironmentRecord["placement"]): EnvironmentRecord => ({
  schemaVersion: 2,
  revision: 1,
  placement,
  rollout: null,
  intent: null,
});

describe("the shares that the environment's stack declares", () => {
  it("are none where traffic is shared by targets", () => {
    const shared = record({ blue: stands(), green: stands() });
    assert.deepEqual(desiredOfEnvironment(shared, { acting: false }), { shares: null });
    assert.deepEqual(desiredOfEnvironment(shared, { acting: true }), { shares: null });
  });

  it("list every member that is there, a standby at 0, and none that is absent", () => {
    const { shares } = desiredOfEnvironment(
      record({
        blue: stands(999),
        green: { ...stands(), role: "standby" },
        red: { role: "absent", version: null, workload: "running" },
      }),
      { acting: false },
    );
    assert.deepEqual(shares, { blue: 999, green: 0 });
  });

  it("are those of before an open shift for everybody but the driver's planned update, and committed after it", () => {
    const planned = startRollout(record({ blue: stands(990), green: stands(10) }), {
      id: "r",
      strategy: "replace",
      wantedVersion: "1.35",
      startedAt: at,
      steps: [
        {
          type: "move",
          kind: "shift",
          changes: {
            blue: { from: stands(990), to: stands(900) },
            green: { from: stands(10), to: stands(100) },
          },
        },
      ],
    });
    const open = beginMove(planned, { step: 0, startedAt: at, by: "me", targetsBefore: {} });
    assert.deepEqual(desiredOfEnvironment(open, { acting: false }).shares, { blue: 990, green: 10 });
    assert.deepEqual(desiredOfEnvironment(open, { acting: true }).shares, { blue: 900, green: 100 });
    const done = commitMove(open);
    for (const acting of [true, false])
      assert.deepEqual(desiredOfEnvironment(done, { acting }).shares, { blue: 900, green: 100 });
  });

  it("do not change by a move of one member", () => {
    const drain = {
      type: "move",
      kind: "drain",
      member: "green",
      from: stands(0),
      to: { ...stands(), role: "standby" },
    } as const;
    const planned = startRollout(record({ blue: stands(999), green: stands(0) }), {
      id: "r",
      strategy: "replace",
      wantedVersion: "1.35",
      startedAt: at,
      steps: [drain],
    });
    const open = beginMove(planned, { step: 0, startedAt: at, by: "me", targetsBefore: {} });
    for (const acting of [true, false])
      assert.deepEqual(desiredOfEnvironment(open, { acting }).shares, { blue: 999, green: 0 });
  });
});
