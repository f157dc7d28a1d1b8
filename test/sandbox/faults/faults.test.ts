import assert from "node:assert/strict";
import fc from "fast-check";
import type { PodFaultRule } from "../../../sandbox/contract";
import { attributesOf } from "../../../sandbox/control-plane/request-attributes";
import { KubernetesCalls, programOf } from "../../../sandbox/control-plane/kubernetes-calls";
import { SandboxFaults, type FaultTargets } from "../../../sandbox/daemon/faults";
import { Faults } from "../../../sandbox/aws-front/faults";
import { CallFaults } from "../../../sandbox/faults/call-faults";
import { checkFault, shapes, type CallFault, type FaultSpec } from "../../../sandbox/faults/spec";
import { faultText, parseFaultText } from "../../../sandbox/faults/text";
import { PodFaults } from "../../../sandbox/node-agent/programs/pod-faults";

describe("a fault as text", () => {
  const good: readonly [string, object][] = [
    [
      "elbv2:RegisterTargets=throttle,count=3",
      { on: "aws", operation: "elbv2:RegisterTargets", kind: "throttle", count: 3 },
    ],
    [
      "aws:*=throttle,count=1,countPer=operation",
      { on: "aws", operation: "*", kind: "throttle", count: 1, countPer: "operation" },
    ],
    ["aws:*=delay,ms=20", { on: "aws", operation: "*", kind: "delay", ms: 20 }],
    [
      "kubernetes:dev-green:patch:deployments=error,status=503,client=pulumi-kubernetes",
      {
        on: "kubernetes",
        cluster: "dev-green",
        verb: "patch",
        resource: "deployments",
        kind: "error",
        status: 503,
        client: "pulumi-kubernetes",
      },
    ],
    [
      "kubernetes:*:get:/readyz=timeout",
      { on: "kubernetes", cluster: "*", verb: "get", resource: "/readyz", kind: "timeout" },
    ],
    ["api-server:dev-blue=down", { on: "api-server", cluster: "dev-blue", kind: "down" }],
    ["controller:dev-blue=pause", { on: "controller", cluster: "dev-blue", kind: "pause" }],
    [
      "node:dev-blue=down,node=ip-10-42-0-4.ec2.internal",
      { on: "node", cluster: "dev-blue", kind: "down", node: "ip-10-42-0-4.ec2.internal" },
    ],
    [
      "pods:dev-green:web=answer,status=500,afterSeconds=10,pods=2",
      { on: "pods", cluster: "dev-green", service: "web", kind: "answer", status: 500, afterSeconds: 10, pods: 2 },
    ],
    [
      "pods:dev-green:web=no-credentials,pods=2",
      { on: "pods", cluster: "dev-green", service: "web", kind: "no-credentials", pods: 2 },
    ],
    [
      "targets:dev-web=removed,address=10.42,count=1",
      { on: "targets", group: "dev-web", kind: "removed", address: "10.42", count: 1 },
    ],
  ];
  for (const [text, spec] of good)
    it(`reads ${text}, and writes what it reads`, () => {
      assert.deepEqual(parseFaultText(text), spec);
      assert.deepEqual(parseFaultText(faultText(spec as FaultSpec)), spec);
    });

  const bad: readonly [string, RegExp, RegExp][] = [
    ["elbv2:RegisterTargets", /names no kind/, /pods:dev-green:web=crash/],
    ["pods:dev-green:web=explode", /kind "explode"/, /crash-loop/],
    ["pods:dev-green=crash", /service is missing/, /a service's name/],
    ["kubernetes:dev:fetch:pods=error", /verb "fetch"/, /deletecollection/],
    ["elbv2:*=error,status=200", /status 200/, /400 to 599/],
    ["elbv2:*=throttle,often=2", /often means nothing/, /probability/],
    ["controller:dev-blue=pause,count=2", /count means nothing on controller/, /crash, down, pause/],
    ["pods:dev-green:web=slow,ms=soon", /ms "soon"/, /3600000/],
  ];
  for (const [text, message, remedy] of bad)
    it(`refuses ${text} and says what is allowed`, () => {
      assert.throws(() => parseFaultText(text), { code: "SBX-FAULT", message, remedy });
    });

  it("every kind of every part can be written and read", () => {
    const values: Record<string, unknown> = {
      operation: "eks:CreateCluster",
      cluster: "dev-x",
      verb: "list",
      resource: "pods",
      service: "web",
      group: "dev-web",
    };
    for (const [on, shape] of Object.entries(shapes)) {
      for (const kind of shape.kinds.is.replace("one of ", "").split(", ")) {
        const spec = checkFault({
          on,
          kind,
          ...Object.fromEntries(Object.keys(shape.required).map((key) => [key, values[key]])),
        });
        assert.deepEqual(parseFaultText(faultText(spec)), spec);
      }
    }
  });
});

describe("faults that wait for calls", () => {
  const made = (): CallFaults<CallFault, string> =>
    new CallFaults(
      "f",
      (spec) => spec as CallFault,
      () => true,
      (call) => call,
      () => 0,
    );
  it("each hits exactly as often as it says, after as many as it skips, one a call", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ skip: fc.nat(3), count: fc.integer({ min: 1, max: 4 }) }), { maxLength: 5 }),
        (specs) => {
          const faults = made();
          for (const spec of specs) faults.add({ kind: "throttle", ...spec });
          for (let call = 0; call < 60; call += 1) faults.take("any");
          assert.deepEqual(faults.list(), []);
          assert.deepEqual(
            faults
              .spent()
              .map((one) => one.hits)
              .sort(),
            specs.map((one) => one.count).sort(),
          );
        },
      ),
    );
  });
  it("each operation is hit as often as it says, after as many as it skips, when it counts for each on its own", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 60 }),
        fc.nat(3),
        fc.integer({ min: 1, max: 4 }),
        (calls, skip, count) => {
          const faults = made();
          const { id } = faults.add({ kind: "throttle", countPer: "operation", skip, count });
          const hit = calls.map((call, index) => ({
            call,
            nth: calls.slice(0, index).filter((one) => one === call).length,
            hit: faults.take(call) !== null,
          }));
          for (const one of hit)
            assert.equal(one.hit, one.nth >= skip && one.nth < skip + count, `${one.call} ${one.nth}`);
          const [fault] = faults.list();
          const expected = Object.fromEntries(
            ["a", "b", "c"]
              .map((name) => [name, hit.filter((one) => one.call === name && one.hit).length] as const)
              .filter(([, hits]) => hits > 0),
          );
          assert.deepEqual(
            [fault?.id, fault?.hits, fault?.operations ?? {}],
            [id, hit.filter((one) => one.hit).length, expected],
          );
          assert.deepEqual(faults.spent(), [], "another operation may come at any time");
        },
      ),
    );
  });
  it("a second kind hits each operation's next call, when both count for each on its own", () => {
    const faults = made();
    for (const kind of ["throttle", "timeout"] as const) faults.add({ kind, countPer: "operation", count: 1 });
    assert.deepEqual(
      ["a", "b", "a", "a", "b", "b"].map((call) => faults.take(call)?.kind ?? null),
      ["throttle", "throttle", "timeout", null, "timeout", null],
    );
  });
  it("one that was removed hits no more", () => {
    const faults = made();
    const { id } = faults.add({ kind: "error" });
    assert.equal(faults.take("any")?.hits, 1);
    assert.equal(faults.remove(id), true);
    assert.equal(faults.take("any"), null);
    assert.equal(faults.remove(id), false);
  });
  it("a call that is held goes on once: after its time, or as soon as the fault is removed, though it is used up", () => {
    const faults = made();
    const timers: { ms: number; run: () => void }[] = [];
    const went: string[] = [];
    const held = (call: string, count?: number): string => {
      faults.add({ kind: "delay", ms: 70, ...(count === undefined ? {} : { count }) });
      const fault = faults.take(call) ?? assert.fail("not hit");
      faults.hold(
        fault,
        (ms, run) => void timers.push({ ms, run }),
        () => went.push(call),
      );
      return fault.id;
    };
    const first = held("in time", 1);
    assert.deepEqual([timers[0]?.ms, went], [70, []]);
    timers[0]?.run();
    assert.deepEqual(went, ["in time"]);
    assert.equal(faults.remove(first), false, "nothing of it is left");
    const second = held("let go", 1);
    assert.equal(faults.remove(second), true);
    assert.deepEqual(went, ["in time", "let go"]);
    timers[1]?.run();
    held("cleared", 1);
    faults.releaseAll();
    timers[2]?.run();
    assert.deepEqual(went, ["in time", "let go", "cleared"]);
  });
});

describe("calls of API servers", () => {
  const cases: readonly [string, string, string, string][] = [
    ["GET", "/api/v1/namespaces/web/pods/web-1", "get", "pods"],
    ["GET", "/api/v1/pods?limit=500", "list", "pods"],
    ["GET", "/apis/apps/v1/namespaces/web/deployments?watch=true&timeoutSeconds=9", "watch", "deployments"],
    [
      "PATCH",
      "/apis/elbv2.k8s.aws/v1beta1/namespaces/web/targetgroupbindings/web/status?fieldManager=x",
      "patch",
      "targetgroupbindings/status",
    ],
    ["POST", "/api/v1/namespaces/web/pods/web-1/eviction", "create", "pods/eviction"],
    ["DELETE", "/api/v1/namespaces/web/configmaps", "deletecollection", "configmaps"],
    ["DELETE", "/api/v1/namespaces/web", "delete", "namespaces"],
    ["PUT", "/api/v1/namespaces/web/finalize", "update", "namespaces/finalize"],
    ["GET", "/api/v1/namespaces", "list", "namespaces"],
    ["GET", "/readyz?verbose", "get", "/readyz"],
    ["GET", "/apis/apps/v1", "get", "/apis/apps/v1"],
  ];
  for (const [method, url, verb, resource] of cases)
    it(`${method} ${url} is ${verb} ${resource}`, () => {
      const found = attributesOf(method, url);
      assert.deepEqual([found.verb, found.resource], [verb, resource]);
    });
  it("are hit by cluster, verb, resource and client, and counted by client", () => {
    const calls = new KubernetesCalls();
    const call = {
      cluster: "dev-blue",
      verb: "list",
      resource: "pods",
      namespace: null,
      name: null,
      client: "kubectl/v1.36 (linux)",
    };
    calls.faults.add({
      on: "kubernetes",
      cluster: "dev-blue",
      verb: "list",
      resource: "*",
      client: "kubectl",
      kind: "error",
      count: 1,
    });
    assert.equal(calls.faults.take({ ...call, client: "eks-blue-green" }), null);
    assert.equal(calls.faults.take({ ...call, cluster: "dev-green" }), null);
    assert.equal(calls.faults.take(call)?.hits, 1);
    calls.log(call, 500, 1, "kubernetes-1");
    calls.log(call, 200, 1, null);
    assert.deepEqual(calls.seen(), [{ client: "kubectl", verb: "list", resource: "pods", calls: 2 }]);
    assert.equal(calls.list(1).length, 1);
    assert.equal(programOf(""), "unknown");
  });
});

describe("rules for pods", () => {
  const identity = (pod: string) => ({ pod: `web/${pod}`, service: ["web"] });
  const rule = (more: Partial<PodFaultRule>): PodFaultRule => ({
    id: "pods-1",
    on: "pods",
    cluster: "*",
    service: "web",
    kind: "answer",
    ...more,
  });
  const made = (...rules: PodFaultRule[]): PodFaults => {
    const faults = new PodFaults(() => undefined);
    faults.set(rules);
    return faults;
  };
  const status = (faults: PodFaults, health: boolean, loadMs: number | null, pod = "a"): number | null =>
    faults.behaviour(identity(pod), health, loadMs).status;

  it("spare the health check, unless it is to be bad as well", () => {
    assert.deepEqual(
      [
        status(made(rule({})), true, 5),
        status(made(rule({})), false, 5),
        status(made(rule({ health: "bad", status: 404 })), true, 5),
      ],
      [null, 500, 404],
    );
  });
  it("unready is about the health check alone", () => {
    assert.deepEqual(
      [status(made(rule({ kind: "unready" })), true, null), status(made(rule({ kind: "unready" })), false, 1)],
      [503, null],
    );
  });
  it("begin only so long after the pod's first request", () => {
    const late = made(rule({ afterSeconds: 10 }));
    assert.deepEqual(
      [
        status(late, false, 9_999),
        status(late, false, 10_000),
        status(made(rule({ afterSeconds: 10, health: "bad" })), true, null),
      ],
      [null, 500, null],
    );
  });
  it("hit no more pods than they say, and another one when one is gone", () => {
    const one = made(rule({ pods: 1 }));
    assert.deepEqual(
      [status(one, false, 1, "a"), status(one, false, 1, "b"), status(one, false, 1, "a")],
      [500, null, 500],
    );
    one.forget("web/a");
    assert.deepEqual([status(one, false, 1, "b"), status(one, false, 1, "a")], [500, null]);
  });
  it("know a pod by its label or by the beginning of its name", () => {
    const faults = made(rule({ service: "shop" }));
    assert.equal(faults.behaviour({ pod: "x/shop-6cd-1", service: [] }, false, 1).status, 500);
    assert.equal(faults.behaviour({ pod: "x/shopping", service: [] }, false, 1).status, null);
  });
  it("slow adds up, and crash-loop says how long a process lives", () => {
    const faults = made(
      rule({ kind: "slow", ms: 20 }),
      rule({ id: "pods-2", kind: "slow" }),
      rule({ id: "pods-3", kind: "crash-loop", afterSeconds: 2 }),
    );
    assert.deepEqual(faults.behaviour(identity("a"), false, 1), { delayMs: 1_020, status: null });
    assert.equal(faults.lifetimeMs(identity("a")), 2_000);
    assert.equal(made().lifetimeMs(identity("a")), null);
  });
});

describe("the sandbox's faults", () => {
  const done: string[] = [];
  const targets = (): FaultTargets => ({
    aws: () => new Faults(),
    kubernetes: new KubernetesCalls().faults,
    clusters: () => ["dev-blue", "dev-green"],
    stopApiServer: async (cluster) => void done.push(`stop ${cluster}`),
    startApiServer: async (cluster) => void done.push(`start ${cluster}`),
    controller: (cluster, action) => void done.push(`controller ${cluster} ${action}`),
    nodeDown: (cluster) => `${cluster}-node-1`,
    nodeUp: (_, node) => void done.push(`up ${node}`),
    crashPods: async (cluster) => (cluster === "dev-blue" ? ["web/web-1"] : []),
    podRulesChanged: () => void done.push("rules"),
    charts: (down) => void done.push(`charts ${down ? "down" : "up"}`),
    removeTargets: () => [],
  });
  beforeEach(() => done.splice(0));

  it("clearing mends everything that was broken, once", async () => {
    const faults = new SandboxFaults(targets());
    for (const text of [
      "api-server:dev-blue=down",
      "controller:*=pause",
      "node:dev-green=down",
      "charts=down",
      "pods:dev-later:web=slow",
      "controller:dev-blue=crash",
      "kubernetes:*:*:*=error",
    ])
      await faults.add(parseFaultText(text));
    assert.deepEqual(
      faults.list().map((one) => [one.text, one.state]),
      [
        ["kubernetes:*:*:*=error", "armed"],
        ["api-server:dev-blue=down", "active"],
        ["controller:*=pause", "active"],
        ["node:dev-green=down", "active"],
        ["charts=down", "active"],
        ["pods:dev-later:web=slow", "armed"],
      ],
    );
    assert.deepEqual(
      faults.rulesFor("dev-later").map(({ kind }) => kind),
      ["slow"],
    );
    assert.deepEqual(faults.rulesFor("dev-blue"), []);
    done.splice(0);
    assert.equal(await faults.clear(), 6);
    assert.deepEqual([...done].sort(), [
      "charts up",
      "controller dev-blue start",
      "controller dev-green start",
      "rules",
      "start dev-blue",
      "up dev-green-node-1",
    ]);
    assert.deepEqual([faults.list(), await faults.clear()], [[], 0]);
    assert.deepEqual(
      faults.list(true).map((one) => [one.text, one.state, one.hits]),
      [["controller:dev-blue=crash", "spent", 1]],
    );
  });
  it("what strikes at once must have something to strike", async () => {
    const faults = new SandboxFaults(targets());
    await assert.rejects(faults.add(parseFaultText("api-server:prod=down")), {
      code: "SBX-NO-CLUSTER",
      remedy: /dev-blue, dev-green/,
    });
    await assert.rejects(faults.add(parseFaultText("pods:dev-green:web=crash")), {
      code: "SBX-FAULT",
      message: /no running pod/,
    });
    await assert.rejects(faults.add(parseFaultText("targets:x=removed")), {
      code: "SBX-FAULT",
      message: /no target is registered/,
    });
    await assert.rejects(faults.add(null), { code: "SBX-FAULT" });
    assert.equal(await faults.remove("pods-9"), false);
  });
});
