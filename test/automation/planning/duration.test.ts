import assert from "node:assert/strict";
import { plan } from "../../../automation/planning/replace";
import { stepTimes, usualSeconds } from "../../../automation/planning/duration";
import { parseEnvironmentConfig } from "../../../stacks/config";
import type { MemberMoveKind, MemberPlacement, Step } from "../../../stacks/record";
import { config as values } from "../world";

const config = (rollout: object = {}, service: object = {}, nodes: object = {}) => {
  const [web] = JSON.parse(values["eks-blue-green:services"]) as object[];
  const cluster = JSON.parse(values["eks-blue-green:cluster"]) as { nodes: object };
  return parseEnvironmentConfig(
    {
      ...values,
      "eks-blue-green:rollout": JSON.stringify(rollout),
      "eks-blue-green:services": JSON.stringify([{ ...web, ...service }]),
      "eks-blue-green:cluster": JSON.stringify({ nodes: { ...cluster.nodes, ...nodes } }),
    },
    { environment: "dev" },
  );
};
const active: MemberPlacement = { role: "active", version: "1.34", workload: "running" };
const standby: MemberPlacement = { ...active, role: "standby" };
const seconds = (step: Step, wanted = config()): number => {
  const [time] = stepTimes([step], wanted);
  assert.ok(time !== undefined);
  return step.type === "bake" ? time.seconds : time.seconds - usualSeconds.move;
};
const move = (kind: MemberMoveKind, from: MemberPlacement, to: MemberPlacement): Step => ({
  type: "move",
  kind,
  member: "blue",
  from,
  to,
});

describe("how long a step takes", () => {
  const sized = (capacityPercent: number): MemberPlacement => ({ ...active, capacityPercent });
  const cases: readonly (readonly [string, Step, number, ReturnType<typeof config>?])[] = [
    ["a bake is as long as it says", { type: "bake", seconds: 123, why: "" }, 123],
    ["an admit has the hold", move("admit", standby, active), usualSeconds.startPods + 300],
    [
      "a drain has the deregistration delay when that is longer than the hold",
      move("drain", active, standby),
      900,
      config({}, { deregistrationDelaySeconds: 900 }),
    ],
    [
      "a drain has the hold when that is longer",
      move("drain", active, standby),
      600,
      config({ propagationHoldSeconds: 600 }, { deregistrationDelaySeconds: 0 }),
    ],
    [
      "an upgrade has its nodes one after the other, each with its pods' preStop",
      move("upgrade", standby, { ...standby, version: "1.35" }),
      usualSeconds.upgradeControlPlane + 5 * (usualSeconds.replaceNode + 200),
      config({}, { preStopSeconds: 200 }, { desiredSize: 5, maxSize: 8 }),
    ],
    [
      "growing in traffic has new nodes, their pods and the hold",
      move("scale", active, sized(200)),
      usualSeconds.makeNodes + usualSeconds.startPods + 300,
    ],
    ["shrinking has the pods' preStop", move("scale", sized(200), active), 240, config({}, { preStopSeconds: 240 })],
    [
      "stopping a workload has the pods' preStop",
      move("scale", standby, { ...standby, workload: "stopped" }),
      240,
      config({}, { preStopSeconds: 240 }),
    ],
  ];
  for (const [name, step, wanted, given] of cases) it(name, () => assert.equal(seconds(step, given), wanted));

  it("is known of every step of an upgrade, in their order", () => {
    const steps = plan(
      { blue: active, green: { role: "absent", version: null, workload: "running" } },
      { version: "1.35", members: ["blue", "green"] },
      "replace",
      { minActive: 1, bakeSeconds: 600 },
    );
    const times = stepTimes(steps, config());
    assert.equal(times.length, steps.length);
    assert.ok(times.every((time) => time.seconds > 0));
    steps.forEach((step, index) => {
      if (step.type === "bake") assert.equal(times[index]?.seconds, step.seconds);
    });
  });
});
