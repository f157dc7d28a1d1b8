import assert from "node:assert/strict";
import fc from "fast-check";
import { isOurs } from "../../../automation/adapters/aws/leftovers";
import { refusals } from "../../../automation/policy/move-policy";
import { planTeardown } from "../../../automation/planning/teardown";
import { isMemberMove, absent, type MemberPlacement, type Placement } from "../../../stacks/record";

const placements = fc.dictionary(
  fc.constantFrom("blue", "green", "red", "violet"),
  fc.constantFrom<MemberPlacement>(
    absent,
    { role: "active", version: "1.34", workload: "running" },
    { role: "standby", version: "1.35", workload: "running" },
    { role: "standby", version: "1.33", workload: "stopped" },
  ),
) as fc.Arbitrary<Placement>;

describe("the order of a teardown", () => {
  it("drains before it stops, stops before it destroys, and everybody else before the last", () => {
    fc.assert(
      fc.property(placements, fc.constantFrom("blue", "green", null), (placement, last) => {
        let now: Record<string, MemberPlacement> = { ...placement };
        const order: string[] = [];
        for (const step of planTeardown(placement, last)) {
          assert.ok(step.type === "move" && isMemberMove(step));
          assert.deepEqual(step.from, now[step.member]);
          const active = Object.keys(now).filter((name) => now[name]?.role === "active");
          if (step.kind === "drain")
            assert.ok(step.member !== last || active.length === 1, "the last one serves until nobody else does");
          if (step.kind !== "drain")
            assert.deepEqual(active, [], "nothing is stopped or destroyed while anybody serves");
          if (step.kind === "retire") {
            assert.equal(step.from.workload, "stopped");
            order.push(step.member);
          }
          now = { ...now, [step.member]: step.to };
        }
        assert.ok(Object.values(now).every((at) => at.role === "absent"));
        if (last !== null && order.includes(last)) assert.equal(order.at(-1), last);
      }),
    );
  });
});

describe("the order of a teardown where every workload is somebody else's", () => {
  it("stops nothing, and destroys nothing before everybody is drained", () => {
    fc.assert(
      fc.property(placements, (placement) => {
        const kinds = planTeardown(placement, null, false).map((step) => (step.type === "move" ? step.kind : "bake"));
        assert.ok(!kinds.includes("scale"));
        assert.ok(kinds.lastIndexOf("drain") < (kinds.includes("retire") ? kinds.indexOf("retire") : kinds.length));
        const there = Object.values(placement).filter(({ role }) => role !== "absent").length;
        assert.equal(kinds.filter((kind) => kind === "retire").length, there);
      }),
    );
  });
});

describe("what the end of a teardown may do", () => {
  const operation = (name: string, type: string, paths: string[] = []) => ({
    operation: name,
    type,
    urn: `urn:pulumi:dev::p::${type}::x`,
    paths,
    custom: true,
  });
  const balancer = "aws:lb/loadBalancer:LoadBalancer";
  for (const [purpose, planned, allowed] of [
    ["unprotect", operation("update", balancer, ["enableDeletionProtection"]), true],
    ["unprotect", operation("update", balancer, ["enableDeletionProtection", "subnets[0]"]), false],
    ["unprotect", operation("update", balancer), false],
    ["unprotect", operation("delete", balancer), false],
    ["unprotect", operation("update", "aws:lb/targetGroup:TargetGroup", ["port"]), false],
    ["unprotect", operation("import", "aws:ec2/securityGroup:SecurityGroup"), true],
    ["unprotect", operation("import", balancer), false],
    ["unprotect", operation("create", "aws:ec2/securityGroup:SecurityGroup"), false],
    ["destroy-environment", operation("delete", balancer), true],
    ["destroy-environment", operation("create", balancer), false],
    ["retire", operation("delete", balancer), true],
  ] as const)
    it(`${purpose}: ${planned.operation} ${planned.type} ${planned.paths.join(",")}: ${allowed ? "may" : "may not"}`, () =>
      assert.equal(refusals(purpose, [planned]).length === 0, allowed));
});

describe("whose a load balancer is", () => {
  for (const [tags, ours] of [
    [[{ Key: "eks-blue-green/environment", Value: "dev" }], true],
    [[{ Key: "eks-blue-green/environment", Value: "prod" }], false],
    [[{ Key: "elbv2.k8s.aws/cluster", Value: "dev-blue" }], true],
    [[{ Key: "elbv2.k8s.aws/cluster", Value: "other" }], false],
    [[], false],
  ] as const) {
    it(`${JSON.stringify(tags)}: ${ours ? "ours" : "not ours"}`, () =>
      assert.equal(isOurs(tags, "dev", ["dev-blue", "dev-green"]), ours));
  }
});
