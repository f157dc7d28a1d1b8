import assert from "node:assert/strict";
import type { DriverContext, EnvironmentOutputs } from "../../../stacks/contract";
import { environmentProgram } from "../../../stacks/environment/program";
import { memberProgram } from "../../../stacks/member/program";
import { beginMove, commitMove, type EnvironmentRecord, startRollout } from "../../../stacks/record";
import { groupRefsOf } from "../../../stacks/config/group-refs";
import { servingWith, shiftOf } from "../record/shares";
import { devValues, find, listing, type MockRun, type Registered, runUnderMocks } from "../mock-engine";

const services = [
  { name: "web", image: "echo:1", port: 80, targetPort: 8080 },
  { name: "shop", image: "echo:1", port: 80, targetPort: 8080, match: { priority: 10, paths: ["/shop/*"] } },
];
const network = { ...devValues, "eks-blue-green:traffic": "weighted" };
const application = {
  ...network,
  "eks-blue-green:loadBalancer": '{"type":"application"}',
  "eks-blue-green:services": JSON.stringify(services),
};

type Run = MockRun<Record<string, unknown>>;
const deploy = (values: Readonly<Record<string, string>>, last: object = {}, context?: DriverContext): Promise<Run> =>
  runUnderMocks({ stack: "dev", stacks: { dev: last as Record<string, unknown> } }, () =>
    environmentProgram(values, context),
  );
const outputsOf = ({ outputs }: Run) => outputs as unknown as EnvironmentOutputs;

/** Weights by target group, of the one action of a listener or rule. */
function weightsIn(resource: Registered): Record<string, number> {
  const [action] = (resource.inputs["defaultActions"] ?? resource.inputs["actions"]) as {
    forward: { targetGroups: { arn: string; weight: number }[] };
  }[];
  return Object.fromEntries(
    (action?.forward.targetGroups ?? []).map(({ arn, weight }) => [arn.replace(/^.*:dev-/, ""), weight]),
  );
}
const listener = "aws:lb/listener:Listener";
const rule = "aws:lb/listenerRule:ListenerRule";
const routesOf = ({ resources }: Run): Record<string, number> => ({
  ...weightsIn(find(resources, listener, "dev-80")),
  ...weightsIn(find(resources, rule, "dev-shop")),
});
const keeps = ({ resources }: Run): boolean[] =>
  [find(resources, listener, "dev-80"), find(resources, rule, "dev-shop")].map(
    ({ ignoreChanges }) => ignoreChanges.length === 1,
  );

/** In traffic with all of it, the other with none; and a rollout that divides it. */
const placed: EnvironmentRecord = {
  schemaVersion: 2,
  revision: 5,
  placement: { blue: servingWith(100), green: servingWith(0) },
  rollout: null,
  intent: null,
};
const planned = startRollout(placed, {
  id: "r",
  strategy: "replace",
  wantedVersion: "1.35",
  startedAt: "2026-11-30T00:00:00Z",
  steps: [shiftOf([100, 90], [0, 10])],
});
const begun = beginMove(planned, { step: 0, startedAt: "2026-11-30T00:00:00Z", by: "me", targetsBefore: {} });

describe("the environment's program with weighted traffic", () => {
  it("begins with all of it at the first member, and with groups of every member, on both types", async () => {
    const run = await deploy(network);
    assert.deepEqual(weightsIn(find(run.resources, listener, "dev-web")), { "web@blue": 100, "web@green": 0 });
    const { record, loadBalancer } = outputsOf(run);
    assert.deepEqual([record.schemaVersion, record.placement["blue"]?.share], [2, 100]);
    assert.deepEqual([record.placement["green"]?.role, record.placement["green"]?.share], ["absent", undefined]);
    assert.deepEqual([loadBalancer.type, loadBalancer.traffic], [undefined, "weighted"]);
    assert.deepEqual(Object.values(groupRefsOf(loadBalancer.services)), [
      { key: "web@blue", service: "web", port: "web", member: "blue" },
      { key: "web@green", service: "web", port: "web", member: "green" },
    ]);
    const alb = await deploy(application);
    assert.deepEqual(routesOf(alb), { "web@blue": 100, "web@green": 0, "shop@blue": 100, "shop@green": 0 });
    const { services: groups, type } = outputsOf(alb).loadBalancer;
    assert.equal(type, "application");
    assert.deepEqual(
      Object.values(groups).map(({ name, ruleArn }) => [name, ruleArn ?? null]),
      [
        ["web@blue", null],
        ["web@green", null],
        ["shop@blue", `arn:${rule}:dev-shop`],
        ["shop@green", `arn:${rule}:dev-shop`],
      ],
    );
  });

  it("begins with all members in a cycle, and at equal weights where somebody else's workload is not there yet", async () => {
    const cycle = await deploy({ ...network, "eks-blue-green:rollout": '{"strategy":"cycle"}' });
    assert.deepEqual(weightsIn(find(cycle.resources, listener, "dev-web")), { "web@blue": 100, "web@green": 100 });
    const external = '[{"name":"web","workload":"external","port":80,"targetPort":8080}]';
    const theirs = await deploy({ ...network, "eks-blue-green:services": external });
    assert.deepEqual(weightsIn(find(theirs.resources, listener, "dev-web")), { "web@blue": 1, "web@green": 1 });
    assert.equal(outputsOf(theirs).record.schemaVersion, 1);
  });

  it("moves traffic in the act of an open shift alone", async () => {
    const last = async (record: EnvironmentRecord) => ({ ...(await deploy(application)).outputs, record });
    const before = { "web@blue": 100, "web@green": 0, "shop@blue": 100, "shop@green": 0 };
    const after = { "web@blue": 90, "web@green": 10, "shop@blue": 90, "shop@green": 10 };

    const write = await deploy(application, await last(planned), {
      kind: "record",
      expectedRevision: planned.revision,
      record: begun,
    });
    assert.deepEqual([routesOf(write), keeps(write)], [before, [true, true]], "the write that begins it");

    const plain = await deploy(application, await last(begun));
    assert.deepEqual([routesOf(plain), keeps(plain)], [before, [true, true]], "a plain update beside it");

    const act = await deploy(application, await last(begun), { kind: "act", expectedRevision: begun.revision });
    assert.deepEqual([routesOf(act), keeps(act)], [after, [false, false]]);

    const done = commitMove(begun);
    const commit = await deploy(application, await last(begun), {
      kind: "record",
      expectedRevision: begun.revision,
      record: done,
    });
    assert.deepEqual([routesOf(commit), keeps(commit)], [after, [true, true]], "the write that commits it");

    const later = await deploy(application, await last(done));
    assert.deepEqual(
      [routesOf(later), keeps(later)],
      [after, [false, false]],
      "a plain update sets right what drifted",
    );
  });

  it("lets go of the groups of members that are absent, and of no other's", async () => {
    const { resources } = await deploy(application, {
      ...(await deploy(application)).outputs,
      record: {
        ...placed,
        placement: { ...placed.placement, green: { ...servingWith(), role: "absent", version: null } },
      },
    });
    assert.deepEqual(
      listing(resources.filter(({ type, protect }) => type.startsWith("aws:lb/targetGroup") && !protect)),
      ["shop", "web"].map((name) => `aws:lb/targetGroup:TargetGroup dev-${name}@green`),
    );
  });

  it("has not a single output more where traffic is shared on a Network Load Balancer", async () => {
    const { loadBalancer } = outputsOf(await deploy(devValues));
    assert.deepEqual(Object.keys(loadBalancer).sort(), [
      ...["arn", "dnsName", "hostedZoneId", "owner", "primary", "securityGroupId", "services"],
    ]);
    assert.deepEqual(Object.keys(loadBalancer.services["web"] ?? {}).sort(), [
      ...["dnsName", "listenerArn", "loadBalancerArn", "name", "port", "service", "targetGroupArn", "targetGroupName"],
    ]);
  });

  it("shares the groups of an Application Load Balancer too", async () => {
    const { traffic: _traffic, ...shared } = Object.fromEntries(
      Object.entries(application).map(([key, value]) => [key.replace("eks-blue-green:traffic", "traffic"), value]),
    );
    const run = await deploy(shared);
    assert.deepEqual(find(run.resources, rule, "dev-shop").inputs["actions"], [
      { type: "forward", targetGroupArn: "arn:aws:lb/targetGroup:TargetGroup:dev-shop" },
    ]);
    assert.deepEqual(groupRefsOf(outputsOf(run).loadBalancer.services)["shop"], {
      key: "shop",
      service: "shop",
      port: "shop",
      member: null,
    });
  });
});

describe("a member with weighted traffic", () => {
  const member = async (name: string, record: EnvironmentRecord) => {
    const dev = { ...(await deploy(application)).outputs, record };
    const values = { "eks-blue-green:environment": "dev", "eks-blue-green:member": name };
    return runUnderMocks({ stack: `dev-${name}`, stacks: { dev, [`dev-${name}`]: {} } }, () => memberProgram(values));
  };

  it("binds to its own groups alone, also without a share, and its controller may touch no other's", async () => {
    const { resources, outputs } = await member("green", placed);
    const bound = resources.filter(
      ({ type }) => type.endsWith(":TargetGroupBinding") && !type.includes("eks-blue-green"),
    );
    assert.deepEqual(
      bound.map(({ inputs }) => (inputs["spec"] as Record<string, unknown>)["targetGroupARN"]).sort(),
      ["shop", "web"].map((name) => `arn:aws:lb/targetGroup:TargetGroup:dev-${name}@green`),
    );
    const made = outputs as { services: Record<string, { targetGroupArn: string }>; declared: object };
    assert.deepEqual(
      Object.entries(made.services).map(([key, { targetGroupArn }]) => [key, targetGroupArn.replace(/^.*:dev-/, "")]),
      [
        ["web", "web@green"],
        ["shop", "shop@green"],
      ],
    );
    const policies = JSON.stringify(
      resources.filter(({ type }) => type.startsWith("aws:iam/")).map(({ inputs }) => inputs),
    );
    assert.ok(policies.includes("dev-web@green") && !policies.includes("dev-web@blue"));
  });

  it("has the same outputs before and after a shift of shares", async () => {
    const declared = async (record: EnvironmentRecord) =>
      ((await member("blue", record)).outputs as unknown as { declared: unknown }).declared;
    assert.deepEqual(await declared(placed), { role: "active", version: "1.35", workload: "running" });
    const shifted = { ...placed, placement: { blue: servingWith(90), green: servingWith(10) } };
    assert.deepEqual(await declared(shifted), await declared(placed));
  });
});
