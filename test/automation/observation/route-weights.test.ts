import assert from "node:assert/strict";
import {
  differences,
  expectedWeights,
  isWeighted,
  risingMembers,
  routesOf,
  weightsByPort,
} from "../../../automation/observation/route-weights";
import { partByShares, sharesIn } from "../../../stacks/record";
import type { ServiceTargetGroup } from "../../../stacks/contract";
import { servingWith } from "../../stacks/record/shares";
import { ownGroups, sharedGroups } from "../group-refs";

const members = ["blue", "green", "red"];
const groupOf = ownGroups(["web", "api"], members);
const group = (key: string, ruleArn: string | null): [string, ServiceTargetGroup] => {
  const ref = groupOf[key];
  assert.ok(ref);
  return [
    key,
    {
      name: key,
      service: ref.service,
      portKey: ref.port,
      member: ref.member,
      loadBalancerArn: "lb",
      dnsName: "lb.localhost",
      targetGroupArn: `arn:${key}`,
      targetGroupName: key,
      listenerArn: "l80",
      ruleArn,
      port: 80,
    },
  ];
};
const services = Object.fromEntries(
  Object.keys(groupOf).map((key) => group(key, key.startsWith("api") ? "r-api" : null)),
);
const standby = { role: "standby", version: "1.35", workload: "running" } as const;
const absent = { role: "absent", version: null, workload: "running" } as const;

describe("weights of routes", () => {
  it("are asked once for each port, of the rule or else of the listener", () =>
    assert.deepEqual(routesOf(services), [
      { port: "web", loadBalancerArn: "lb", listenerArn: "l80", ruleArn: null },
      { port: "api", loadBalancerArn: "lb", listenerArn: "l80", ruleArn: "r-api" },
    ]));

  it("as AWS tells them have the environment's names; of a stranger's group the ARN stays, and what is gone is null", () =>
    assert.deepEqual(
      weightsByPort(services, [
        { listenerArn: "l80", ruleArn: "r-api", weights: null },
        { listenerArn: "l80", ruleArn: null, weights: { "arn:web@blue": 100, "arn:web@green": 0, "arn:other": 5 } },
      ]),
      { web: { "web@blue": 100, "web@green": 0, "arn:other": 5 }, api: null },
    ));

  it("list every member's group, also of those that stand by or are not there", () => {
    const shares = sharesIn({ blue: servingWith(90), green: servingWith(10), red: absent });
    assert.deepEqual(shares, { blue: 90, green: 10 });
    assert.deepEqual(expectedWeights(groupOf, shares)["web"], { "web@blue": 90, "web@green": 10, "web@red": 0 });
    assert.deepEqual(sharesIn({ blue: servingWith(100), green: standby }), { blue: 100, green: 0 });
  });

  it("that are of another route's half-way state are no difference where that is allowed", () => {
    const [from, to] = [expectedWeights(groupOf, { blue: 100 }), expectedWeights(groupOf, { blue: 90, green: 10 })];
    const half = { web: to["web"] ?? null, api: from["api"] ?? null };
    assert.deepEqual(differences(to, half), ["'api' has blue 100, green 0, red 0 instead of blue 90, green 10, red 0"]);
    assert.deepEqual(differences(to, half, [from]), []);
    assert.equal(differences(to, { ...half, web: { "web@blue": 50 } }, [from]).length, 1);
    assert.deepEqual(differences(to, { web: to["web"] ?? null, api: null }), [
      "'api' has no listener or rule any more",
    ]);
    assert.deepEqual(differences(to, { web: to["web"] ?? null, api: {} }), [
      "'api' has no group instead of blue 90, green 10, red 0",
    ]);
  });

  it("give parts of the sum, and whoever gets more is who rises, also when only the others' got less", () => {
    assert.equal(partByShares({ blue: 90, green: 10 }, "green"), 0.1);
    assert.equal(partByShares({ blue: 0 }, "blue"), 0);
    assert.deepEqual(risingMembers({ blue: 100, green: 0 }, { blue: 90, green: 10 }), ["green"]);
    assert.deepEqual(risingMembers({ blue: 100, green: 100, red: 100 }, { blue: 100, green: 100, red: 0 }), [
      "blue",
      "green",
    ]);
    assert.deepEqual(risingMembers({ blue: 1, green: 1 }, { blue: 50, green: 50 }), []);
  });

  it("are there only where members have groups of their own", () => {
    assert.equal(isWeighted(groupOf), true);
    assert.equal(isWeighted(sharedGroups("web")), false);
  });
});
