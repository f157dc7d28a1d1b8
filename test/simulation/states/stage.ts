/** A simulated environment in one state of the record and of the world, and the driver's real commands on it. */
import { isDeepStrictEqual } from "node:util";
import { runEvacuate } from "../../../automation/commands/evacuate";
import { runTeardown } from "../../../automation/commands/teardown";
import { runUp } from "../../../automation/commands/up";
import { runAsked } from "../../../automation/commands/upgrade";
import { DriverError } from "../../../automation/errors";
import type { StackReading, TeardownPort } from "../../../automation/ports";
import { parseEnvironmentConfig } from "../../../stacks/config";
import type { MemberOutputs } from "../../../stacks/contract";
import { desiredOfMember, type EnvironmentRecord, type RolloutCommand } from "../../../stacks/record";
import { Engine } from "../engine";
import { comeBack, die } from "../happenings";
import { portsOf, type Driver, type Faults, type SimulatedPorts } from "../ports";
import type { Fault, Scenario } from "../scenario";
import { toldOf, type Told } from "../robot";
import { configOf } from "../settings";
import { groupArn, World } from "../world";

export const members = ["blue", "green"];

export interface Typed {
  readonly name: "upgrade" | "rollback" | "admit" | "drain" | "scale" | "evacuate" | "up" | "teardown";
  readonly member?: string;
  readonly percent?: number;
  readonly approves?: true;
  readonly retries?: true;
}
/** Thrown at a command's first effect: it has passed all that could refuse it. */
export class GoesOn extends Error {}

/** Nothing but why it stopped is new. */
const onlyTells = (record: EnvironmentRecord, next: EnvironmentRecord | undefined): boolean =>
  next?.halt != null && isDeepStrictEqual({ ...record, halt: null, revision: 0 }, { ...next, halt: null, revision: 0 });

const longestMs = 12 * 3_600_000;
const never = new AbortController().signal;
const scenario: Scenario = {
  seed: 1,
  peculiar: "none",
  strategy: "replace",
  members,
  commands: [null],
  wanted: "1.35",
  dead: null,
  approves: true,
  bakeSeconds: 60,
  holdSeconds: 300,
  green: { sickness: "none", afterSeconds: 0 },
  sickFromTheStart: false,
  slowestAnswerMs: 0,
  faults: [],
};

/** Every call that changes something outside the driver. */
const effects: Readonly<Record<"pulumi" | "aws" | "kubernetes" | "evacuation", readonly string[]>> = {
  pulumi: ["ensureMemberStack", "writeRecord", "apply", "destroy", "unprotectBindings", "unprotectAll", "refresh"],
  aws: ["deregister"],
  kubernetes: ["resetCheckpoint"],
  evacuation: ["denyRegistering", "allowRegistering"],
};

export class Stage {
  readonly world: World;
  private readonly scenario: Scenario;
  /** The stack that green's name leads to is another environment's. */
  foreign = false;
  /** Nothing was ever deployed. */
  undeployed = false;
  private readonly faults: Faults & { readonly list: Fault[] };

  constructor(strategy: Scenario["strategy"] = "replace") {
    this.scenario = { ...scenario, strategy };
    const config = parseEnvironmentConfig(configOf(this.scenario), { environment: "dev" });
    this.world = new World(this.scenario, false, config);
    this.faults = { calls: new Map(), effects: 0, updates: 0, list: [], started: () => undefined, struck: new Set() };
  }

  /** Some time goes by: what is wrong is seen. */
  async wait(seconds: number): Promise<void> {
    await this.world.timeline.runUntil(this.world.timeline.sleep(seconds * 1000), longestMs);
  }
  recover(): void {
    const { world } = this;
    for (const [name, cluster] of world.clusters) {
      comeBack(world, name);
      cluster.sickness = "none";
      cluster.apiDownUntil = cluster.controllerDownUntil = 0;
      for (const pod of cluster.pods.values()) pod.crashedUntil = 0;
      cluster.restartController();
      cluster.forgetCheckpoint();
    }
    world.sickPods.clear();
    this.foreign = false;
    world.touch();
  }
  die(member: string, podsToo: boolean): void {
    if (this.world.clusters.has(member))
      die(this.world, { member, what: "api", podsToo, returnsAfterSeconds: Number.POSITIVE_INFINITY });
  }

  /** `until`: the driver dies once this holds after one of its effects; `halfway`: its engine in the middle of it. */
  async run(typed: Typed, ends: { until?: (call: string) => boolean; halfway?: boolean } = {}): Promise<Told> {
    let killed: () => void = () => undefined;
    const stop = new AbortController();
    const death = new Promise<"killed">((resolve) => {
      killed = () => resolve("killed");
    });
    const driver: Driver = {
      name: "driver",
      dead: false,
      kill: () => {
        driver.dead = true;
        killed();
        stop.abort();
      },
    };
    const ports = this.ports(driver);
    const dies = (call: string): void => {
      if (ends.until?.(call) === true) driver.kill("after");
    };
    const halfway = (): void => {
      if (ends.halfway === true && ends.until?.("engine") === true)
        this.faults.list.push({
          kind: "engine-kill",
          update: this.faults.updates + 1,
          step: 0,
          after: true,
          driverToo: true,
        });
    };
    const { pulumi } = ports;
    const watched: SimulatedPorts = {
      ...ports,
      pulumi: {
        ...pulumi,
        writeRecord: async (...args) => {
          await pulumi.writeRecord(...args);
          dies("write");
        },
        apply: async (...args) => {
          halfway();
          const done = await pulumi.apply(...args);
          dies("apply");
          return done;
        },
        destroy: async (...args) => {
          halfway();
          return await pulumi.destroy(...args);
        },
      },
    };
    return await this.toldBy(Promise.race([this.start(watched, typed, stop.signal), death]));
  }

  /** Whether the command passes its checks, or what it is refused with; nothing is changed. */
  async check(typed: Typed): Promise<Told | "goes on"> {
    const driver: Driver = { name: "driver", dead: false, kill: () => undefined };
    const ports: Record<string, Record<string, unknown>> = Object.fromEntries(
      Object.entries(this.ports(driver)).map(([name, port]) => [name, { ...port }]),
    );
    // `up` has its own idea of an update here, and changes nothing.
    for (const [port, calls] of typed.name === "up" ? [] : Object.entries(effects))
      for (const call of calls)
        (ports[port] ?? {})[call] = (_expected: unknown, next?: EnvironmentRecord) => {
          // Why it stopped is written down as well: nothing goes on by that.
          if (call === "writeRecord" && onlyTells(this.world.record, next))
            throw new DriverError("EBG-FENCED", "not written: this is a look", "none");
          throw new GoesOn();
        };
    try {
      return await this.toldBy(this.start(ports as unknown as SimulatedPorts, typed));
    } catch (error) {
      if (error instanceof GoesOn) return "goes on";
      throw error;
    }
  }

  /** `pulumi up` of what can be deployed. */
  async deploy(): Promise<Told> {
    const engine = new Engine(this.world);
    for (const [name] of this.world.clusters)
      await this.world.timeline
        .runUntil(engine.apply(name, "somebody", null, null, null), longestMs)
        .catch((error: unknown) => {
          if (!(error instanceof DriverError)) throw error;
        });
    return { outcome: "deployed", message: "", remedy: "the same command" };
  }

  private async toldBy(work: Promise<Told | "killed" | { readonly outcome: string }>): Promise<Told> {
    try {
      const end = await this.world.timeline.runUntil(work, longestMs);
      return toldOf(end as Parameters<typeof toldOf>[0]);
    } catch (error) {
      if (!(error instanceof DriverError)) throw error;
      return toldOf(error);
    }
  }

  private start(ports: SimulatedPorts, typed: Typed, stop = never): Promise<Told | { readonly outcome: string }> {
    const values = configOf(this.scenario);
    const { name, member = null, percent = null } = typed;
    const words = [name, ...(member === null ? [] : [member]), ...(percent === null ? [] : ["--percent", percent])];
    const common = {
      environment: "dev",
      emit: () => undefined,
      stop,
      cancel: never,
      approveRetire: async () => typed.approves === true,
      retryVersion: typed.retries === true,
      commandName: `eks-blue-green ${words.join(" ")} --stack dev`,
      probes: true,
    };
    switch (name) {
      case "upgrade":
        return runAsked(ports, values, common, null);
      case "evacuate":
        return runEvacuate(ports, values, { ...common, member: member ?? "", controllerIsStopped: false, why: null });
      case "teardown":
        return runTeardown({ ...ports, teardown: this.teardown() }, values, { ...common, confirm: async () => "dev" });
      case "up":
        return runUp(ports, { ...common, config: configOf(this.scenario), probes: false }).then(() => ({
          outcome: "done",
          message: "",
          remedy: null,
        }));
      default: {
        const asked: RolloutCommand = { name, member, percent };
        return runAsked(ports, values, common, asked);
      }
    }
  }

  private ports(driver: Driver): SimulatedPorts {
    const { world } = this;
    const ports = portsOf(world, driver, this.faults, { groupArn, slowestAnswerMs: 0 });
    const { pulumi } = ports;
    return {
      ...ports,
      pulumi: {
        ...pulumi,
        readEnvironment: async () =>
          this.undeployed
            ? { exists: false, resources: 0, outputs: null, pendingOperations: [] }
            : await pulumi.readEnvironment(),
        readMember: async (member) =>
          this.foreign && member === "green" ? this.neighbour() : pulumi.readMember(member),
        // A plain update of what is there; the record says what may be deployed now.
        update: async (stack) => {
          if (this.undeployed) throw new GoesOn();
          if (stack.kind === "environment") return { changes: {}, seconds: 1 };
          const { refuse } = desiredOfMember(world.record, stack.member, { acting: false, environment: "dev" });
          if (refuse !== null) throw new DriverError("EBG-UPDATE-FAILED", refuse.reason, refuse.remedy);
          if (world.clusters.get(stack.member)?.apiUp(world.now) === false)
            throw new DriverError(
              "EBG-UPDATE-FAILED",
              `the API server of ${stack.member} does not answer`,
              `bring ${stack.member}'s API server back (aws eks describe-cluster)`,
            );
          return { changes: {}, seconds: 1 };
        },
      },
    };
  }
  private neighbour(): StackReading<MemberOutputs> {
    const outputs = this.world.memberOutputs("blue");
    return {
      exists: true,
      resources: 5,
      outputs: outputs === null ? null : { ...outputs, environment: "other", member: "green" },
      pendingOperations: [],
    };
  }
  private teardown(): TeardownPort {
    return {
      protectedResources: async () => 0,
      previewEnvironmentDestroy: async () => ({ operations: [], plan: "" }),
      destroyEnvironment: async () => ({ changes: {}, seconds: 1 }),
      leftovers: async () => [],
      inTheWay: async () => [],
      madeForServices: async () => [],
      usersOfGroup: async () => [],
    };
  }
}
