import assert from "node:assert/strict";
import fc from "fast-check";
import { attributesAnnotation, protectionOf } from "../../../components/internal/service-annotations";
import { refusals } from "../../../automation/policy/move-policy";
import { DriverError } from "../../../automation/errors";
import type { PlannedOperation, Ports, ServiceObject, TeardownPort } from "../../../automation/ports";
import { Session } from "../../../automation/rollout/session";
import { Stop } from "../../../automation/rollout/interruptions";
import { mustUnprotect, releaseLoadBalancers } from "../../../automation/teardown/delete-load-balancers";
import type { EnvironmentOutputs, MemberOutputs } from "../../../stacks/contract";
import { absent, initialRecord, startRollout, type EnvironmentRecord } from "../../../stacks/record";
import { releaseProblem } from "../../../stacks/record/teardown-guard";
import { ownershipOf } from "../../../stacks/config/target-groups";

class Killed extends Error {}
const config = {
  members: ["blue", "green"],
  kubernetesVersion: "1.35",
  rollout: { strategy: "cycle" },
  loadBalancer: { owner: "service", primary: "blue" },
  services: ["web", "api"].map((name) => ({
    name,
    namespace: "web",
    port: 80,
    targetPort: 8080,
    healthCheckPath: "/",
    deregistrationDelaySeconds: 200,
  })),
} as unknown as EnvironmentOutputs["config"];
const ownership = ownershipOf(null, config);
const arnOf = (name: string): string =>
  `arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/${name}/1`;
const other = "load_balancing.cross_zone.enabled=true";

function torndown(): EnvironmentRecord {
  const first = initialRecord(config);
  const record = {
    ...first,
    placement: { blue: { role: "standby", version: "1.35", workload: "stopped" }, green: absent } as const,
  };
  return startRollout(record, {
    id: "x-teardown",
    command: { name: "teardown", member: null, percent: null },
    strategy: "cycle",
    wantedVersion: "1.35",
    steps: [{ type: "move", kind: "retire", member: "blue", from: record.placement.blue, to: absent }],
    startedAt: "2026-01-01T00:00:00Z",
  });
}

/** One of the primary's Services: in the cluster, in Pulumi's state, and what its controller keeps in AWS. */
interface Owned {
  object: ServiceObject | null;
  declared: boolean;
  kept: boolean;
  protectedInAws: boolean;
  balancer: boolean;
}

class Ending {
  now = 0;
  record = torndown();
  dead = false;
  calls: string[] = [];
  fault: { readonly nth: number; readonly kind: "before" | "after" } | null = null;
  controller = true;
  hasOutputs = true;
  reachable = true;
  users: string[] = [];
  readonly owned = new Map(
    ["web-lb", "api-lb"].map((name): [string, Owned] => [
      name,
      {
        object: {
          type: "LoadBalancer",
          loadBalancerClass: "service.k8s.aws/nlb",
          finalizers: ["service.k8s.aws/resources"],
          annotations: { [attributesAnnotation]: `deletion_protection.enabled=true,${other}` },
          deleting: false,
          resourceVersion: "1",
          ports: [],
          writers: [],
          sourceRanges: [],
          allocateNodePorts: null,
        },
        declared: true,
        kept: true,
        protectedInAws: true,
        balancer: true,
      },
    ]),
  );

  /**
   * As the real one: a Service that is protected by its annotation hangs; else its load balancer goes, then its
   * finalizer.
   */
  reconcile(): void {
    if (!this.controller) return;
    for (const one of this.owned.values()) {
      if (one.object === null) continue;
      const says = protectionOf(one.object.annotations);
      if (one.object.deleting && says !== "true") Object.assign(one, { balancer: false, object: null });
      else if (!one.object.deleting && says !== null) one.protectedInAws = says === "true";
    }
  }
  private async effect<T>(call: string, work: () => T): Promise<T> {
    if (this.dead) throw new Killed();
    this.calls.push(call);
    const hit = this.fault?.nth === this.calls.length ? this.fault.kind : null;
    if (hit === "before") {
      this.dead = true;
      throw new Killed();
    }
    const result = work();
    if (hit === "after") {
      this.dead = true;
      throw new Killed();
    }
    return result;
  }
  private operations(part: "unprotect" | "remove"): PlannedOperation[] {
    return [...this.owned].flatMap(([name, one]): PlannedOperation[] => {
      const urn = `urn:pulumi:dev-blue::p::eks-blue-green:index:LoadBalancerService$kubernetes:core/v1:Service::blue-${name}`;
      const operation = (kind: string, paths: string[] = []): PlannedOperation => ({
        operation: kind,
        type: "kubernetes:core/v1:Service",
        urn,
        paths,
        custom: true,
      });
      if (part === "remove") return one.declared ? [operation("delete")] : [];
      if (!one.declared) return [operation("create")];
      return protectionOf(one.object?.annotations ?? {}) === "true"
        ? [operation("update", [`metadata.annotations["${attributesAnnotation}"]`])]
        : [];
    });
  }
  private apply(part: "unprotect" | "remove"): void {
    assert.equal(releaseProblem(this.record, ownership, "blue"), null);
    for (const one of this.owned.values()) {
      if (part === "unprotect") {
        assert.ok(one.declared, "an update made a load balancer again");
        if (one.object !== null)
          one.object = {
            ...one.object,
            annotations: {
              ...one.object.annotations,
              [attributesAnnotation]: `deletion_protection.enabled=false,${other}`,
            },
          };
        one.kept = false;
      } else if (one.declared) {
        assert.ok(!one.kept, "Pulumi refuses to delete what is protected");
        if (one.object !== null) {
          assert.notEqual(
            protectionOf(one.object.annotations),
            "true",
            "deleted while its annotation protects it: it would hang",
          );
          one.object = { ...one.object, deleting: true };
        }
        one.declared = false;
      }
    }
  }
  ports(): Ports {
    const partOf = (context: unknown): "unprotect" | "remove" => (context as { part: "unprotect" | "remove" }).part;
    return {
      clock: {
        now: () => this.now,
        wall: () => this.now,
        scaled: (seconds: number) => seconds * 1000,
        random: () => 0.5,
        sleep: async (ms: number) => {
          this.now += ms;
          this.reconcile();
        },
      },
      pulumi: {
        settle: async () => null,
        backUpState: () => this.effect("backUpState", () => "file"),
        preview: (_stack: unknown, context: unknown) =>
          this.effect("preview", () => ({ operations: this.operations(partOf(context)), plan: "plan" })),
        apply: (_stack: unknown, context: unknown) =>
          this.effect(`apply ${partOf(context)}`, () => {
            this.apply(partOf(context));
            return { changes: {}, seconds: 1 };
          }),
      },
      aws: {
        loadBalancerAttributes: async (arn: string) => ({
          "deletion_protection.enabled": String(
            [...this.owned].find(([name]) => arnOf(name) === arn)?.[1].protectedInAws,
          ),
        }),
      },
      kubernetes: {
        readService: (_member: unknown, _namespace: string, name: string) =>
          this.effect("readService", () => this.owned.get(name)?.object ?? null),
        ready: async () => {
          if (!this.reachable) throw new DriverError("EBG-MEMBER-UNREACHABLE", "no answer", "bring it back");
          return { version: "1.35" };
        },
        events: async () => [
          { type: "Warning", reason: "FailedBuildModel", message: "deletion_protection is enabled", at: "" },
        ],
        controller: async () => ({ available: this.controller, version: "3.5.0", message: "0 of 2 pods ready" }),
      },
    } as unknown as Ports;
  }
  teardown(): TeardownPort {
    return {
      madeForServices: async () =>
        [...this.owned]
          .filter(([, one]) => one.balancer)
          .map(([name]) => ({
            what: "load balancer",
            id: arnOf(name),
            command: `aws elbv2 delete-load-balancer --load-balancer-arn ${arnOf(name)}`,
          })),
      usersOfGroup: async () => this.users,
    } as unknown as TeardownPort;
  }
  async run(): Promise<Session> {
    this.dead = false;
    const services = Object.fromEntries(
      [...this.owned]
        .filter(([, one]) => one.balancer)
        .map(([name]) => [
          name.slice(0, -3),
          { name: name.slice(0, -3), service: name.slice(0, -3), loadBalancerArn: arnOf(name) },
        ]),
    );
    const environment = {
      environment: "dev",
      config,
      loadBalancer: { owner: "service", primary: "blue", arn: null, dnsName: null, securityGroupId: "sg-1", services },
    } as unknown as EnvironmentOutputs;
    const never = new AbortController().signal;
    const session = new Session(this.ports(), environment, this.record, {
      emit: () => undefined,
      stop: never,
      cancel: never,
      approveRetire: async () => false,
      commandName: "teardown",
      probes: false,
    });
    if (this.hasOutputs) session.members["blue"] = { member: "blue", services: {} } as unknown as MemberOutputs;
    await releaseLoadBalancers(session, this.teardown());
    return session;
  }
  gone(): void {
    for (const [name, one] of this.owned)
      assert.deepEqual([name, one.object, one.declared, one.balancer], [name, null, false, false]);
  }
}

describe("a primary's load balancers at the end of a teardown", () => {
  it("are unprotected, then deleted, then looked for; and nothing is left to look at", async () => {
    const world = new Ending();
    const session = await world.run();
    world.gone();
    assert.deepEqual(
      world.calls.filter((call) => call.startsWith("apply")),
      ["apply unprotect", "apply remove"],
    );
    assert.deepEqual(session.environment.loadBalancer.services, {});
  });

  it("go wherever the driver is killed, as often as it is, and none is made again", async () => {
    const reference = new Ending();
    await reference.run();
    const most = reference.calls.length;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            nth: fc.integer({ min: 1, max: most }),
            kind: fc.constantFrom("before" as const, "after" as const),
            reconciled: fc.boolean(),
          }),
          { maxLength: 4 },
        ),
        async (kills) => {
          const world = new Ending();
          for (const { nth, kind, reconciled } of kills) {
            world.calls = [];
            world.fault = { nth, kind };
            await world.run().catch((error: unknown) => assert.ok(error instanceof Killed, String(error)));
            // The controller goes on or not while nobody drives.
            if (reconciled) world.reconcile();
          }
          world.fault = null;
          await world.run();
          world.gone();
        },
      ),
      { numRuns: 300 },
    );
  });

  it("stay untouched while their controller is down, or something else uses its security group", async () => {
    for (const [spoil, message] of [
      [
        (w: Ending) => {
          w.controller = false;
        },
        /controller of blue does not run/,
      ],
      [
        (w: Ending) => {
          w.users = ["a rule of security group sg-9"];
        },
        /sg-1 .* is used by a rule of security group sg-9/,
      ],
    ] as const) {
      const world = new Ending();
      spoil(world);
      await assert.rejects(
        world.run(),
        (error: unknown) => error instanceof Stop && error.code === "EBG-TEARDOWN" && message.test(error.message),
      );
      assert.deepEqual(
        world.calls.filter((call) => call.startsWith("apply")),
        [],
      );
    }
  });

  it("are a person's to delete once the primary's API server is gone for good", async () => {
    const world = new Ending();
    world.reachable = false;
    world.record = {
      ...world.record,
      placement: {
        ...world.record.placement,
        blue: {
          ...world.record.placement["blue"]!,
          evacuated: { at: "2026-01-01T00:00:00Z", by: "ann", why: "gone", roleName: null },
        },
      },
    };
    await assert.rejects(
      world.run(),
      (error: unknown) =>
        error instanceof Stop &&
        /only its load balancer controller would delete.*web-lb/.test(error.message) &&
        /delete-load-balancer --load-balancer-arn \S+web-lb/.test(error.remedy),
    );
    for (const one of world.owned.values()) one.balancer = false;
    await world.run();
    assert.deepEqual(world.calls, [], "it is never asked for its Services");
  });

  it("are none when the primary's first update failed before its controller made any", async () => {
    const world = new Ending();
    world.hasOutputs = false;
    await assert.rejects(
      world.run(),
      /blue has no outputs, so its Services can't be looked for, and its controller made load balancer/,
    );
    for (const one of world.owned.values()) Object.assign(one, { object: null, declared: false, balancer: false });
    await world.run();
    assert.deepEqual(world.calls, []);
  });

  it("are waited for, not believed gone: what hangs is named with the controller's own words", async () => {
    const world = new Ending();
    const reconcile = world.reconcile.bind(world);
    // It lifts the protection, and then can't delete.
    world.reconcile = () => {
      if (![...world.owned.values()].some((one) => one.object?.deleting)) reconcile();
    };
    await assert.rejects(
      world.run(),
      (error: unknown) =>
        error instanceof Stop &&
        /web\/web-lb, Service web\/api-lb is being deleted \(FailedBuildModel/.test(error.message),
    );
    world.reconcile = reconcile;
    await world.run();
    world.gone();
  });

  it("go only when nobody else is there, and the primary is drained and stopped", () => {
    const record = torndown();
    const blue = record.placement["blue"] ?? absent;
    const cases: readonly (readonly [string, EnvironmentRecord, RegExp | null])[] = [
      ["as it should be", record, null],
      ["no teardown", { ...record, rollout: null }, /teardown alone/],
      [
        "a secondary is there",
        { ...record, placement: { ...record.placement, green: { ...blue, role: "standby" } } },
        /green is still there/,
      ],
      [
        "it serves",
        { ...record, placement: { ...record.placement, blue: { ...blue, role: "active" } } },
        /not drained/,
      ],
      [
        "it runs",
        { ...record, placement: { ...record.placement, blue: { ...blue, workload: "running" } } },
        /not drained/,
      ],
    ];
    for (const [name, given, problem] of cases) {
      const said = releaseProblem(given, ownership, "blue");
      assert.ok(problem === null ? said === null : problem.test(said ?? ""), `${name}: ${said}`);
    }
    assert.match(releaseProblem(record, ownership, "green") ?? "", /not the primary/);
    assert.match(releaseProblem(record, { ...ownership, owner: "stack" }, "blue") ?? "", /not the primary/);
  });

  it("are not unprotected once one of them is going: the update would make it again", () => {
    const service = [...new Ending().owned.values()][0]!.object!;
    const unprotected = { ...service, annotations: { [attributesAnnotation]: "deletion_protection.enabled=false" } };
    assert.deepEqual(
      [
        [service],
        [unprotected],
        [{ ...service, deleting: true }],
        [{ ...unprotected, deleting: true }],
        [service, null],
        [null],
      ].map(mustUnprotect),
      [true, true, true, false, false, false],
    );
  });
});

describe("what the updates of a primary's Services may do", () => {
  const at = "eks-blue-green:index:LoadBalancerService$kubernetes:core/v1:Service";
  const operation = (kind: string, parents: string, paths: string[] = []): PlannedOperation => ({
    operation: kind,
    type: parents.split("$").at(-1) ?? "",
    urn: `urn:pulumi:dev-blue::p::${parents}::x`,
    paths,
    custom: parents.includes("$") || parents.includes("kubernetes:"),
  });
  for (const [purpose, planned, allowed] of [
    ["release-unprotect", operation("update", at, [`metadata.annotations["${attributesAnnotation}"]`]), true],
    [
      "release-unprotect",
      operation("update", at, [`metadata.annotations["${attributesAnnotation}"]`, "spec.selector.app"]),
      false,
    ],
    ["release-unprotect", operation("update", at, ["metadata.annotations.other"]), false],
    ["release-unprotect", operation("update", "kubernetes:core/v1:Service", ["metadata.annotations"]), false],
    ["release-unprotect", operation("create", at), false],
    ["release-unprotect", operation("delete", at), false],
    ["release-remove", operation("delete", at), true],
    ["release-remove", operation("delete", "eks-blue-green:index:LoadBalancerService"), true],
    ["release-remove", operation("delete", "kubernetes:core/v1:Service"), false],
    ["release-remove", operation("delete", "kubernetes:apps/v1:Deployment"), false],
    ["release-remove", operation("update", at, ["spec.type"]), false],
  ] as const)
    it(
      `${purpose}: ${planned.operation} ${planned.urn.split("::")[2]} ${planned.paths.join(",")}: ` +
        `${allowed ? "may" : "may not"}`,
      () => assert.equal(refusals(purpose, [planned]).length === 0, allowed),
    );
});
