/**
 * One driver's ports into the world. Every call can fail, hang, lose its answer, or be the last thing that this driver
 * did.
 */
import type { MemberOutputs } from "../../stacks/contract";
import { systemClock } from "../../automation/adapters/clock";
import { DriverError, type DriverErrorCode } from "../../automation/errors";
import type {
  Binding,
  EvacuationPort,
  PlannedOperation,
  Ports,
  RouteWeights,
  StackRef,
  StackReading,
} from "../../automation/ports";
import { noAdoption, plainNetwork } from "../automation/no-adoption";
import type { SimulatedCluster } from "./cluster";
import type { Ending } from "./moments";
import { Engine, type EngineKill } from "./engine";
import { Random } from "./random";
import { effectCalls, type CallFault, type CallName, type Fault } from "./scenario";
import { services } from "./weights";
import { groupArnOf, memberOfArn, type World } from "./world";

export interface Driver {
  readonly name: string;
  dead: boolean;
  readonly kill: (how: Ending) => void;
}
export interface Faults {
  /** The run's counters: faults are named by the nth call or effect of the whole run. */
  readonly calls: Map<string, number>;
  effects: number;
  updates: number;
  readonly list: readonly Fault[];
  readonly started: (effect: number) => void;
  /** Those that have happened. */
  readonly struck: Set<Fault>;
}

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
const hangSeconds: Partial<Record<CallName, number>> = {
  apply: 5400,
  destroy: 5400,
  preview: 600,
  previewDestroy: 600,
  writeRecord: 600,
};
const codes: Partial<Record<CallName, DriverErrorCode>> = {
  targets: "EBG-AWS",
  deregister: "EBG-AWS",
  denyRegistering: "EBG-AWS",
  allowRegistering: "EBG-AWS",
  registeringDenied: "EBG-AWS",
  ownersOf: "EBG-AWS",
  alarms: "EBG-AWS",
  identity: "EBG-CREDENTIALS",
};
const effectNames: ReadonlySet<string> = new Set(effectCalls);
const kubernetesCalls = new Set<CallName>([
  "bindings",
  "recordedTargets",
  "readyEndpoints",
  "ready",
  "nodes",
  "controller",
  "deployment",
  "pods",
  "resetCheckpoint",
]);

function errorOf(call: CallName, how: CallFault): DriverError {
  if (how === "hang")
    return new DriverError(
      kubernetesCalls.has(call) ? "EBG-MEMBER-UNREACHABLE" : (codes[call] ?? "EBG-DEADLINE"),
      `${call}: no answer within the deadline`,
      "run again",
    );
  const code = kubernetesCalls.has(call) ? "EBG-KUBERNETES" : (codes[call] ?? "EBG-UPDATE-FAILED");
  return new DriverError(
    code,
    `${call}: ${how === "throttle" ? "Rate exceeded" : how === "lost" ? "connection reset by peer" : "InternalError"}`,
    "run again",
  );
}

export type SimulatedPorts = Ports & { readonly evacuation: EvacuationPort };

class Calls {
  private readonly hits = new Map<CallName, (Fault & { readonly kind: "call" })[]>();
  constructor(
    readonly world: World,
    private readonly driver: Driver,
    private readonly faults: Faults,
    private readonly deadlines: number,
  ) {
    for (const fault of faults.list)
      if (fault.kind === "call") this.hits.set(fault.call, [...(this.hits.get(fault.call) ?? []), fault]);
  }

  private count(name: CallName): number {
    const nth = (this.faults.calls.get(name) ?? 0) + 1;
    this.faults.calls.set(name, nth);
    return nth;
  }
  private fault(name: CallName, nth: number): CallFault | null {
    const hit = this.hits.get(name)?.find((fault) => nth >= fault.nth && nth < fault.nth + fault.times);
    if (hit === undefined) return null;
    this.faults.struck.add(hit);
    this.world.outage.excuse(hit.how === "hang" ? (hangSeconds[name] ?? this.deadlines) : 0);
    return hit.how;
  }

  /** A look that answers at once unless a fault hits it: most calls are of this kind, and a run makes thousands. */
  glance<T>(name: CallName, work: () => T): Promise<T> {
    if (this.driver.dead) return never();
    if (this.hits.has(name)) return this.call(name, work);
    this.count(name);
    try {
      return Promise.resolve(work());
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async call<T>(name: CallName, work: () => T | Promise<T>): Promise<T> {
    const { driver, faults, world } = this;
    if (driver.dead) return await never();
    const nth = this.count(name);
    const effect = effectNames.has(name) ? (faults.effects += 1) : 0;
    if (effect > 0) faults.started(effect);
    const kill =
      effect === 0 ? undefined : faults.list.find((fault) => fault.kind === "kill" && fault.effect === effect);
    const how = this.fault(name, nth);
    if (effect > 0) world.tell(`${driver.name}: ${name} ${nth}${how === null ? "" : ` (${how})`}`);
    if (kill !== undefined) faults.struck.add(kill);
    if (kill?.kind === "kill" && !kill.after) return await this.die("before");
    // An identity that can't be had is refused credentials: a person's matter; here it only passes.
    if (name === "probe" && how !== null) return await work();
    if (how === "throttle" || how === "error") throw errorOf(name, how);
    if (how === "hang") {
      await world.timeline.sleep((hangSeconds[name] ?? this.deadlines) * 1000);
      return driver.dead ? await never<T>() : Promise.reject(errorOf(name, how));
    }
    // The work goes on in the world when its driver is gone.
    let result: T;
    try {
      result = await work();
    } catch (error) {
      if (driver.dead) return await never();
      throw error;
    }
    if (effect > 0) world.check(name);
    if (driver.dead) return await never();
    if (kill?.kind === "kill") return await this.die("after");
    if (how === "lost") throw errorOf(name, how);
    return result;
  }
  private die<T>(how: Ending): Promise<T> {
    this.world.tell(`${this.driver.name} is killed`);
    this.driver.kill(how);
    return never();
  }

  /** A look into a cluster: its API server must be up. */
  look<T>(name: CallName, member: MemberOutputs, work: (cluster: SimulatedCluster) => T): Promise<T> {
    const looking = (): T => {
      const cluster = this.world.clusters.get(member.member);
      if (cluster === undefined || !cluster.apiUp(this.world.now))
        throw new DriverError(
          "EBG-MEMBER-UNREACHABLE",
          `the API server of ${member.member} does not answer`,
          "bring it back",
        );
      // The first question of a look.
      if (name === "bindings" && this.world.untold.hits(member.member)) throw errorOf(name, "throttle");
      return work(cluster);
    };
    return effectNames.has(name) ? this.call(name, looking) : this.glance(name, looking);
  }

  /** Whether this update is one in which the engine dies. */
  engineKill(): EngineKill | null {
    this.faults.updates += 1;
    const hit = this.faults.list.find((fault) => fault.kind === "engine-kill" && fault.update === this.faults.updates);
    if (hit !== undefined) this.faults.struck.add(hit);
    return hit?.kind === "engine-kill" ? { step: hit.step, after: hit.after } : null;
  }
  /** An engine's death takes its driver with it when the fault says so (one kill of the process group). */
  async update<T>(work: (kill: EngineKill | null) => Promise<T>): Promise<T> {
    const kill = this.engineKill();
    const update = this.faults.updates;
    try {
      return await work(kill);
    } catch (error) {
      const both = this.faults.list.some(
        (fault) => fault.kind === "engine-kill" && fault.update === update && fault.driverToo,
      );
      if (kill !== null && both && error instanceof DriverError && error.message === "the engine was killed")
        return await this.die("engine");
      throw error;
    }
  }
}

function pulumiPort(calls: Calls, driver: Driver): Ports["pulumi"] {
  const { world } = calls;
  const engine = new Engine(world);
  const plans = new Map<string, readonly PlannedOperation[]>();
  const nameOf = (stack: StackRef): string => (stack.kind === "environment" ? "dev" : stack.member);
  const reading = <T>(outputs: T | null, name: string): StackReading<T> => {
    const { exists, known, pending } = world.stackOf(name);
    return {
      exists,
      resources: known === null && name !== "dev" ? 0 : 5,
      outputs,
      owner: name === "dev" ? null : { environment: "dev", member: name },
      pendingOperations: pending === null ? [] : [{ urn: pending, type: "x", operation: "creating" }],
    };
  };
  const neighbours = (member: string): StackReading<MemberOutputs> => {
    const outputs = world.memberOutputs("blue");
    const theirs = outputs === null ? null : { ...outputs, environment: "other", member };
    return { exists: true, resources: 5, outputs: theirs, pendingOperations: [] };
  };
  const fence = (expected: number): void => {
    if (world.record.revision !== expected)
      throw new DriverError(
        "EBG-FENCED",
        `the record has revision ${world.record.revision}, not ${expected}`,
        "look at status",
      );
  };
  const unprotect = (member: string): Promise<readonly string[]> =>
    calls.call("unprotectBindings", () => {
      world.touches(member, "unprotect");
      const { known } = world.stackOf(member);
      if (known?.protectedBinding !== true) return [];
      known.protectedBinding = false;
      return [`urn:${member}`];
    });
  return {
    ...noAdoption.pulumi,
    readEnvironment: () => calls.call("readEnvironment", () => reading(world.environmentOutputs(), "dev")),
    readMember: (member) =>
      calls.call("readMember", () =>
        member === world.neighbour ? neighbours(member) : reading(world.memberOutputs(member), member),
      ),
    settle: (stack) => calls.call("settle", () => engine.settle(nameOf(stack))),
    ensureMemberStack: (member) =>
      calls.call("ensureMemberStack", () => {
        world.touches(member, "ensureMemberStack");
        const stack = world.stackOf(member);
        const created = !stack.exists;
        stack.exists = true;
        return created ? ("created" as const) : ("present" as const);
      }),
    writeRecord: (expected, record) =>
      calls.call("writeRecord", () =>
        engine.locked("dev", driver.name, async () => {
          await world.timeline.sleep(1800);
          fence(expected);
          world.writeRecord(record);
        }),
      ),
    preview: (stack, context) =>
      calls.call("preview", async () => {
        await world.timeline.sleep(1500);
        const operations =
          stack.kind === "member"
            ? engine.operations(stack.member, context)
            : context?.kind === "act"
              ? engine.weightOperations(context)
              : [];
        const plan = `${driver.name}-${plans.size}`;
        plans.set(plan, operations);
        return { operations, plan };
      }),
    apply: (stack, context, plan) =>
      calls.call("apply", () => {
        if (stack.kind === "environment")
          return calls.update((kill) => engine.applyWeights(driver.name, context, kill));
        world.touches(nameOf(stack), "update");
        return calls.update((kill) => engine.apply(nameOf(stack), driver.name, context, plans.get(plan) ?? [], kill));
      }),
    update: (stack) =>
      calls.call("apply", () => calls.update((kill) => engine.apply(nameOf(stack), driver.name, null, null, kill))),
    previewDestroy: (member, expected) =>
      calls.call("previewDestroy", () => {
        fence(expected);
        return { operations: engine.destroyOperations(member), plan: "" };
      }),
    destroy: (member, expected) =>
      calls.call("destroy", () => {
        world.touches(member, "destroy");
        return calls.update((kill) => engine.destroy(member, driver.name, kill, () => fence(expected)));
      }),
    unprotectBindings: unprotect,
    unprotectAll: unprotect,
    protectAgain: (member, urns) =>
      // One call more would draw other worlds for every seed: it fails where its counterpart fails.
      calls.call("unprotectBindings", () => {
        const { known } = world.stackOf(member);
        if (known !== null && known !== undefined && urns.includes(`urn:${member}`)) known.protectedBinding = true;
      }),
    refresh: async (member) =>
      void (await calls.call("refreshBindings", () => engine.refreshBindings(member, driver.name))),
    // As protectAgain: one call more would draw other worlds.
    refreshRoutes: () =>
      calls.call("refreshBindings", () => {
        engine.refreshWeights();
        return services.length;
      }),
    refreshBindings: (member) => calls.call("refreshBindings", () => engine.refreshBindings(member, driver.name)),
    backUpState: () => calls.call("backUpState", () => "file"),
  };
}

function awsPort(calls: Calls, random: Random, slowest: number): Ports["aws"] {
  const { world } = calls;
  return {
    ...noAdoption.aws,
    identity: async () => ({ account: "123456789012", arn: "arn:aws:iam::123456789012:user/ann" }),
    network: async () => plainNetwork,
    upgradeInsights: async () => [],
    // What it tells is as old as the answer took: by then the clusters may be asked, and answer, of a later moment.
    targets: (arn) =>
      calls.call("targets", async () => {
        if (world.untold.hits("targets")) throw errorOf("targets", "throttle");
        const member = memberOfArn(arn);
        const seen = world.balancer
          .describe(world.now)
          .filter(({ id }) => member === null || world.ownerOf(id) === member);
        if (slowest > 0) await world.timeline.sleep(random.whole(0, slowest));
        return seen;
      }),
    weights: (routes) =>
      calls.call("targets", async () => {
        if (world.untold.hits("targets")) throw errorOf("targets", "throttle");
        const seen = routes.map(({ listenerArn, ruleArn }): RouteWeights => {
          const service = listenerArn === "l-web" ? "web" : "api";
          const shares = world.weights?.routes[service].api ?? {};
          const weights = Object.fromEntries(
            world.members.map((name) => [groupArnOf(service, name), shares[name] ?? 0]),
          );
          return { listenerArn, ruleArn, weights };
        });
        if (slowest > 0) await world.timeline.sleep(random.whole(0, slowest));
        return seen;
      }),
    deregister: (_arn, ids) => calls.call("deregister", () => world.deregisteredByDriver(ids)),
    clusterStatus: async (clusterName) => {
      const cluster = world.clusters.get(clusterName.replace(/^dev-/, ""));
      return cluster === undefined ? null : { status: "ACTIVE", version: cluster.version };
    },
    addons: async () => [{ name: "coredns", version: "v1", status: "ACTIVE" }],
    findServiceLoadBalancers: async () => ({ services: {}, missing: {}, backendSecurityGroupId: null }),
    loadBalancerAttributes: async () => ({}),
    alarms: async () => ({}),
    probe: (url, count) =>
      calls.glance("probe", () => {
        const all = world.balancer.routed(world.now);
        let failed = 0;
        for (let sent = 0; sent < count; sent += 1) {
          const member = world.weights?.chosen(url.includes(":8080") ? "api" : "web", random) ?? null;
          const routed = member === null ? all : all.filter((id) => world.ownerOf(id) === member);
          if (routed.length === 0 || !world.answers(random.pick(routed))) failed += 1;
        }
        return { sent: count, failed, firstFailure: failed > 0 ? "status 500" : null };
      }),
  };
}

function kubernetesPort(calls: Calls, groupArn: string): Ports["kubernetes"] {
  const { world } = calls;
  const state = (cluster: SimulatedCluster) => {
    const ready = cluster.ready(world.now).length;
    return { wanted: cluster.wanted, ready, available: ready >= cluster.wanted };
  };
  return {
    ...noAdoption.kubernetes,
    podIdentities: async () => ({ given: [], lacking: [] }),
    restartDeployment: async () => undefined,
    proveController: async () => ({ kind: "proven" as const }),
    ready: (member) => calls.look("ready", member, (cluster) => ({ version: cluster.version })),
    nodes: (member) => calls.look("nodes", member, (cluster) => ({ ready: 2, total: 2, minors: [cluster.nodes] })),
    bindings: (member) =>
      calls.look("bindings", member, ({ binding }): Binding[] =>
        binding === null
          ? []
          : world.weights === null
            ? [{ namespace: "web", name: "web", targetGroupArn: groupArn, ...binding }]
            : services.map((name) => ({
                namespace: "web",
                name,
                targetGroupArn: groupArnOf(name, member.member),
                ...binding,
              })),
      ),
    recordedTargets: (member) => calls.look("recordedTargets", member, (cluster) => cluster.recorded),
    readyEndpoints: (member) => calls.look("readyEndpoints", member, (cluster) => cluster.ready(world.now)),
    resetCheckpoint: (member) =>
      calls.look("resetCheckpoint", member, (cluster) => {
        cluster.forgetCheckpoint();
        world.touch();
      }),
    controller: (member) =>
      calls.look("controller", member, (cluster) =>
        cluster.controllerUp(world.now)
          ? { available: true, version: "3.5.0", message: "1 of 1 pods ready" }
          : { available: false, version: "3.5.0", message: "0 of 1 pods ready" },
      ),
    deployment: (member) => calls.look("deployment", member, state),
    pods: (member) => calls.look("pods", member, (cluster) => cluster.pods.size),
  };
}

function evacuationPort(calls: Calls): EvacuationPort {
  const { evacuations } = calls.world;
  return {
    denyRegistering: (role) =>
      calls.call("denyRegistering", () => {
        evacuations.deny(role);
        return "denied" as const;
      }),
    registeringDenied: (role) => calls.glance("registeringDenied", () => evacuations.isDenied(role)),
    allowRegistering: (role) => calls.call("allowRegistering", () => evacuations.allow(role)),
    ownersOf: (targets) => calls.glance("ownersOf", () => evacuations.ownersOf(targets)),
    // Only `retire` of an evacuated member asks for these.
    forgetKubernetesObjects: async (member) => {
      const { known } = calls.world.stackOf(member);
      if (known !== null) Object.assign(known, { bound: false, running: null });
      return 2;
    },
    leftBehind: async () => [],
  };
}

export function portsOf(
  world: World,
  driver: Driver,
  faults: Faults,
  { groupArn, slowestAnswerMs }: { readonly groupArn: string; readonly slowestAnswerMs: number },
): SimulatedPorts {
  const calls = new Calls(world, driver, faults, 15);
  const random = new Random(world.random.whole(1, 1_000_000));
  return {
    pulumi: pulumiPort(calls, driver),
    aws: awsPort(calls, random, slowestAnswerMs),
    kubernetes: kubernetesPort(calls, groupArn),
    evacuation: evacuationPort(calls),
    clock: {
      // A process on a machine whose clock may be set at any time.
      ...systemClock(1, { wall: () => world.now + world.wallAheadMs, even: () => world.now }),
      random: () => random.next(),
      sleep: async (milliseconds, signal) => {
        if (driver.dead) await never();
        await world.timeline.sleep(milliseconds, signal);
        if (driver.dead) await never();
      },
    },
  };
}
