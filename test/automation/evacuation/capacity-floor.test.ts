import assert from "node:assert/strict";
import { refuseBelowFloor } from "../../../automation/evacuation/capacity-floor";
import type { DriverError } from "../../../automation/errors";
import type { Observation } from "../../../automation/observation/observe";
import { learnOwners, noOwners } from "../../../automation/observation/target-owners";
import type { EnvironmentRecord, MemberPlacement, MemberMove, Step } from "../../../stacks/record";
import { blueIds, greenIds, member, observation } from "./scene";

const active: MemberPlacement = { role: "active", version: "1.34", workload: "running" };
const standby: MemberPlacement = { ...active, role: "standby" };
const at = (percent: number): MemberPlacement => ({ ...active, capacityPercent: percent });
const step = (kind: MemberMove["kind"], name: string, from: MemberPlacement, to: MemberPlacement): Step => ({
  type: "move",
  kind,
  member: name,
  from,
  to,
});

/** Blue, whose controller is down, is to be evacuated; `done` of the steps are. */
function record(placement: EnvironmentRecord["placement"], steps: readonly Step[], done: number): EnvironmentRecord {
  return {
    schemaVersion: 1,
    revision: 3,
    placement,
    rollout: {
      id: "r",
      strategy: "cycle",
      wantedVersion: "1.35",
      steps,
      done,
      direction: "forward",
      reason: null,
      startedAt: "2026-01-01",
    },
    intent: null,
  };
}

function seen(states: Readonly<Record<string, string>> = {}): Observation {
  const controller = { available: false, version: "3.5.0", message: "0 of 1 pods ready" };
  return observation([member("blue", blueIds, { controller }), member("green", []), member("amber", greenIds)], states);
}
const sick = (ids: readonly string[]): Observation => seen(Object.fromEntries(ids.map((id) => [id, "unhealthy"])));

function refusal(of: EnvironmentRecord, looked: Observation): DriverError | null {
  const request = { environment: "dev", member: "blue", controllerIsStopped: false, roleName: "blue-role" };
  const beside = Object.keys(of.placement).filter((name) => name !== "blue" && of.placement[name]?.role === "active");
  try {
    refuseBelowFloor(of, looked, learnOwners(noOwners, looked), request, beside);
    return null;
  } catch (error) {
    return error as DriverError;
  }
}

describe("evacuate: the floor while a rollout is under way", () => {
  const greenOut = [
    step("drain", "green", active, standby),
    step("upgrade", "green", standby, standby),
    step("admit", "green", standby, active),
    step("drain", "blue", active, standby),
  ];
  const out = record({ blue: active, green: standby, amber: at(150) }, greenOut, 1);

  it("names who is out, and goes on with what is under way when that brings somebody in", () => {
    const error = refusal(out, seen());
    assert.equal(error?.code, "EBG-EVACUATE");
    assert.match(
      error.message,
      /blue still serves, and without it amber would carry 150 % .* 200 % are needed \(green is not in traffic now\)/,
    );
    assert.match(
      error.remedy,
      /^first go on with what is under way, where green comes in before blue is needed: eks-blue-green upgrade --stack dev; it stops by itself where it needs blue; or go back, .*: eks-blue-green rollback --stack dev/,
    );
  });

  it("is no matter for one that serves nobody, where the others are large enough, or where nothing is under way", () => {
    assert.equal(refusal(out, sick(blueIds)), null);
    assert.equal(refusal({ ...out, placement: { ...out.placement, amber: at(200) } }, seen()), null);
    assert.equal(refusal({ ...out, rollout: null }, seen()), null);
  });

  it("does not send back to a command whose next move needs the very member", () => {
    const steps = [greenOut[0]!, step("scale", "blue", active, at(150)), ...greenOut.slice(1)];
    const between = record({ blue: active, green: standby, amber: at(150) }, steps, 1);
    const { remedy } = refusal(between, seen())!;
    assert.doesNotMatch(remedy, /eks-blue-green upgrade/);
    assert.match(
      remedy,
      /^first go back, where green comes in before blue is needed: eks-blue-green rollback --stack dev/,
    );
    // On the way back already, and it needs blue next: nothing but blue itself helps.
    const back = { ...between, rollout: { ...between.rollout!, direction: "back" as const } };
    assert.equal(
      refusal(back, seen())?.remedy,
      "repair blue itself, then go on with: eks-blue-green upgrade --stack dev",
    );
  });

  it("says that one in traffic is unhealthy, and to repair it: no upgrade brings it in", () => {
    const drains = [step("drain", "blue", active, standby)];
    const placement = { blue: active, amber: active };
    const larger = record({ ...placement, amber: at(150) }, [step("scale", "amber", active, at(150)), ...drains], 1);
    for (const [of, rollback] of [
      [record(placement, drains, 0), true],
      // Going back is refused while one that carries more is sick.
      [larger, false],
    ] as const) {
      const { message, remedy } = refusal(of, sick(greenIds))!;
      assert.match(message, /without it nobody would carry 0 %.*\(amber is in traffic, and unhealthy\)/);
      assert.match(remedy, /^first repair amber: eks-blue-green status --stack dev/);
      assert.doesNotMatch(remedy, /eks-blue-green upgrade/);
      assert.equal(/needs nothing of blue: eks-blue-green rollback/.test(remedy), rollback, remedy);
    }
  });

  it("says that one is smaller than before, and how it gets larger", () => {
    const steps = [step("scale", "amber", active, at(50)), step("drain", "blue", active, standby)];
    const { message, remedy } = refusal(record({ blue: active, amber: at(50) }, steps, 1), seen())!;
    assert.match(message, /would carry 50 %.* 100 % are needed \(amber is at 50 % now, and was at 100 %\)/);
    assert.match(remedy, /^first go back, where amber gets larger before blue is needed: eks-blue-green rollback/);
    assert.doesNotMatch(remedy, /bring {2}|eks-blue-green upgrade/);
  });
});
