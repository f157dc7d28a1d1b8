import assert from "node:assert/strict";
import {
  beginEvacuation,
  commitEvacuation,
  commitMove,
  finishRollout,
  initialRecord,
  parseRecord,
  type EnvironmentRecord,
  type MemberPlacement,
} from "../../../stacks/record";

describe("an evacuation in the record", () => {
  const evacuation = {
    member: "blue",
    startedAt: "2026-01-01T00:00:00Z",
    by: "ann",
    why: "gone",
    targets: { web: ["10.0.0.1:80"] },
    roleName: "blue-role",
  } as const;
  const base = initialRecord({
    members: ["blue", "green"],
    kubernetesVersion: "1.35",
    rollout: { strategy: "replace" },
  });
  for (const written of [
    evacuation,
    { ...evacuation, teardown: true as const },
    { ...evacuation, unbound: true as const },
  ])
    it(`is read as it was written: ${Object.keys(written).at(-1)}`, () => {
      const record = { ...base, evacuation: written };
      assert.deepEqual(parseRecord(JSON.parse(JSON.stringify(record))).record?.evacuation, written);
    });

  const step = (kind: "scale" | "admit", member: string) => {
    const from = {
      ...(base.placement["blue"] as MemberPlacement),
      role: kind === "scale" ? "active" : "standby",
    } as const;
    const to = { ...from, role: "active", ...(kind === "scale" ? { capacityPercent: 150 } : {}) } as const;
    return { type: "move", kind, member, from, to } as const;
  };
  const under = ({ type, ...open }: ReturnType<typeof step>): EnvironmentRecord => ({
    ...base,
    placement: { ...base.placement, [open.member]: open.from, red: open.from },
    rollout: {
      id: "r",
      strategy: "cycle",
      wantedVersion: "1.36",
      steps: [step("scale", "red"), { type, ...open }, step("scale", "red")],
      done: 1,
      direction: "forward",
      reason: null,
      startedAt: "2026-01-01T00:00:00Z",
    },
    intent: { move: open, step: 1, startedAt: "2026-01-01T00:00:00Z", by: "ann", targetsBefore: {} },
  });

  it("keeps the open move of another member, and nothing else of its rollout", () => {
    const { type: _type, ...move } = step("scale", "green");
    const begun = beginEvacuation(under(step("scale", "green")), evacuation);
    assert.deepEqual(begun.intent?.move, move);
    assert.deepEqual([begun.rollout?.steps.length, begun.rollout?.done, begun.rollout?.cut], [1, 0, true]);
    assert.deepEqual(parseRecord(JSON.parse(JSON.stringify(begun))), { record: begun, problems: [] });
    const committed = commitMove(commitEvacuation(begun, "2026-01-01T00:10:00Z"));
    assert.equal(committed.placement["green"]?.capacityPercent, 150);
    assert.equal(committed.placement["blue"]?.evacuated?.by, "ann");
    assert.equal(finishRollout(committed).rollout, null);
  });

  it("keeps no move of the member itself, none that brings somebody in, and none of a teardown", () => {
    for (const [open, of] of [
      [step("scale", "blue"), evacuation],
      [step("admit", "green"), evacuation],
      [step("scale", "green"), { ...evacuation, teardown: true }],
    ] as const) {
      const begun = beginEvacuation(under(open), of);
      assert.deepEqual([begun.rollout, begun.intent], [null, null]);
      assert.deepEqual(parseRecord(JSON.parse(JSON.stringify(begun))).problems, []);
    }
    const begun = beginEvacuation(under(step("scale", "green")), evacuation);
    const whole = { ...begun, rollout: { ...begun.rollout, cut: undefined } };
    assert.match(parseRecord(JSON.parse(JSON.stringify(whole))).problems.join(), /while a rollout is open/);
  });

  it("refuses names that the config would refuse: they become parts of paths and of stacks' names", () => {
    const record = initialRecord({ members: ["blue", "green"], kubernetesVersion: "1.34" });
    const evil = JSON.parse(JSON.stringify(record).replace('"green"', '"../../x"')) as unknown;
    assert.match(parseRecord(evil).problems.join(), /placement: expected a name .*"\.\.\/\.\.\/x"/);
    assert.deepEqual(parseRecord(record).problems, []);
  });

  it("refuses names of Kubernetes and AWS that lead elsewhere", () => {
    const evil = { namespace: "../../kube-system", name: "x/y", service: "web?", servicePort: 80, key: "web" };
    const problems = parseRecord({
      ...base,
      evacuation: { ...evacuation, roleName: "role; id" },
      ownership: {
        owner: "service",
        primary: "blue",
        adopted: { "../web": { arn: "arn:aws:x $(id)", bindings: [{ ...evil, targetGroupArn: "`id`" }] } },
      },
    }).problems.join("\n");
    for (const [path, what] of [
      ["evacuation.roleName", "the name of an IAM role"],
      ["ownership.adopted", "a name"],
      ["ownership.adopted.../web.arn", "an ARN or id of AWS"],
      ["ownership.adopted.../web.bindings[0].namespace", "a label of Kubernetes' names"],
      ["ownership.adopted.../web.bindings[0].name", "the name of a Kubernetes object"],
      ["ownership.adopted.../web.bindings[0].service", "a label of Kubernetes' names"],
      ["ownership.adopted.../web.bindings[0].targetGroupArn", "an ARN or id of AWS"],
    ] as const)
      assert.ok(problems.includes(`${path}: expected ${what}`), `${path} is not among:\n${problems}`);
  });
});
