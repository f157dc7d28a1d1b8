/** One seeded run: the driver's real commands against the simulated world, with its faults; then the same command until it settles. */
import { DriverError } from "../../automation/errors";
import type { Ports } from "../../automation/ports";
import type { RolloutResult } from "../../automation/rollout/rollout";
import { runAsked } from "../../automation/run/upgrade";
import { lag } from "./balancer";
import { Engine } from "./engine";
import { portsOf, type Driver, type Faults } from "./ports";
import type { Asked, Scenario, WorldEvent } from "./scenario";
import { groupArn, replicas, started, wanted, World, type Violation } from "./world";

export interface SimulationResult {
  readonly scenario: Scenario;
  readonly violations: readonly Violation[];
  readonly trace: readonly string[];
  /** Of each run of the command: its outcome, or the code of its error. */
  readonly outcomes: readonly string[];
  readonly virtualSeconds: number;
}
/** Breaks the driver on purpose, from outside: its ports are wrapped. */
export type Mutation = (ports: Ports, world: World) => Ports;

/** Longest run of one command, and how often the command is repeated once nothing breaks any more. */
const longestMs = 12 * 3_600_000;
const mostRuns = 14;
const calmRuns = 6;

/** Planned work is not an upgrade: the config wants what runs. */
const wants = (scenario: Scenario): string => (scenario.commands[0] === null ? wanted : started);

function configOf(scenario: Scenario): Record<string, string> {
  return {
    "aws:region": "us-east-1",
    "eks-blue-green:kubernetesVersion": wants(scenario),
    "eks-blue-green:members": JSON.stringify(scenario.members),
    "eks-blue-green:network": JSON.stringify({ cidrBlock: "10.42.0.0/16", availabilityZones: ["us-east-1a", "us-east-1b"], natGateways: "one" }),
    "eks-blue-green:cluster": JSON.stringify({ nodes: { instanceTypes: ["m6i.large"], desiredSize: 2, minSize: 2, maxSize: 4 } }),
    "eks-blue-green:services": JSON.stringify([{ name: "web", namespace: "web", image: "eks-blue-green/echo:1", port: 80, targetPort: 8080, replicas, healthCheckPath: "/healthz" }]),
    "eks-blue-green:rollout": JSON.stringify({ strategy: scenario.strategy, bakeSeconds: scenario.bakeSeconds, propagationHoldSeconds: scenario.holdSeconds }),
  };
}

class Simulation {
  readonly outcomes: string[] = [];
  private readonly faults: Faults;
  private readonly current: { driver: Driver | null; stop: AbortController } = { driver: null, stop: new AbortController() };
  private calm = false;
  private readonly background: Promise<unknown>[] = [];
  private boundAt: number | null = null;
  /** The command whose turn it is. */
  private asked: Asked = null;
  /** What the last refusal told a person to do; empty: nothing that is modelled. */
  private remedy = "";

  constructor(readonly scenario: Scenario, readonly world: World, private readonly mutate: Mutation) {
    this.faults = { calls: new Map(), effects: 0, updates: 0, list: scenario.faults, started: (effect) => this.started(effect) };
    const { advanced, due } = world.timeline;
    world.timeline.advanced = () => {
      this.sicken();
      advanced();
    };
    world.timeline.due = () => Math.min(due(), this.sickensAt());
  }

  /** Faults that begin some time after an effect. */
  private started(effect: number): void {
    const { world } = this;
    for (const fault of this.scenario.faults) {
      if (fault.kind !== "event" && fault.kind !== "kill-later") continue;
      if (fault.effect !== effect) continue;
      const victim = this.current.driver;
      world.timeline.at(world.now + fault.afterSeconds * 1000, () => {
        if (this.calm) return;
        if (fault.kind === "event") return this.happen(fault.event);
        if (victim === null || victim.dead) return;
        world.tell(`${victim.name} is killed`);
        victim.kill();
      });
    }
  }
  private sickensAt(): number {
    const at = this.boundAt === null ? 0 : this.boundAt + this.scenario.green.afterSeconds * 1000;
    return at > this.world.now ? at : Number.POSITIVE_INFINITY;
  }
  private sicken(): void {
    const { sickness, afterSeconds } = this.scenario.green;
    if (this.calm && this.scenario.strategy === "cycle") return;
    const green = this.world.clusters.get("green");
    // In a cycle it serves from the beginning, and gets bad by its upgrade.
    if (green === undefined || green.binding === null || green.version === started) this.boundAt = null;
    else this.boundAt ??= this.world.now;
    // Only beside blue: nobody can walk back from a green that breaks when it is alone.
    if ((this.world.clusters.get("blue")?.wanted ?? 0) === 0 || this.world.clusters.get("blue")?.binding === null) return;
    if (sickness === "none" || green === undefined || this.boundAt === null || this.world.now < this.boundAt + afterSeconds * 1000 || green.sickness === sickness) return;
    green.sickness = sickness;
    for (const id of green.pods.keys()) this.world.damage(id, `gets ${sickness}`);
  }

  private happen(event: WorldEvent): void {
    const { world } = this;
    const { now } = world;
    world.tell(`event: ${JSON.stringify(event)}`);
    world.touch();
    switch (event.what) {
      case "stop-asked":
        return this.current.stop.abort();
      case "second-driver":
        this.background.push(this.command("second").then((outcome) => { this.outcomes.push(`(second: ${outcome})`); }));
        return;
      case "plain-up":
        this.background.push(this.plainUpdate(event.member));
        return;
      default:
    }
    const cluster = world.clusters.get(event.member);
    if (cluster === undefined) return;
    const target = [...world.balancer.targets.values()].find((one) => world.ownerOf(one.id) === event.member && one.drainingSince === null);
    if (event.what === "api-down" || event.what === "controller-down" || event.what === "targets-forgotten") cluster.hinderedAt = now;
    switch (event.what) {
      case "api-down":
        cluster.apiDownUntil = now + event.seconds * 1000;
        return;
      case "controller-down":
        cluster.controllerDownUntil = now + event.seconds * 1000;
        return cluster.restartController();
      case "flag-dropped":
        if (!cluster.apiUp(now) || cluster.binding === null || cluster.binding.deleting) return;
        cluster.binding.multiCluster = false;
        world.oneSidedSince.set(event.member, now);
        return;
      case "targets-forgotten":
        if (!cluster.apiUp(now)) return;
        cluster.recorded = null;
        return cluster.restartController();
      case "target-removed":
        if (target === undefined) return;
        world.damage(target.id, "is deregistered behind everybody's back");
        return world.balancer.deregister(target.id, now);
      case "pod-crash": {
        const pod = [...cluster.pods.values()].find((one) => !one.terminating);
        if (pod === undefined) return;
        pod.crashedUntil = now + event.seconds * 1000;
        return world.damage(pod.id, "crashes");
      }
      default:
        event satisfies never;
    }
  }

  /** What a person does once the tool has said what is wrong: everything runs again, flags are back, drift is repaired as the remedies say. */
  private async heal(): Promise<void> {
    this.repair();
    // As the runbook says: what was evicted or gone takes new flows only minutes after it is back, and nobody can see when.
    await this.world.timeline.runUntil(this.world.timeline.sleep(lag.register[1] * 1000), longestMs);
  }
  private repair(): void {
    const { world } = this;
    this.calm = true;
    world.tell("no more faults: what is down comes back, flags and drift are repaired as the remedies say");
    world.oneSidedSince.clear();
    world.touch();
    for (const cluster of world.clusters.values()) {
      cluster.apiDownUntil = 0;
      cluster.controllerDownUntil = 0;
      for (const pod of cluster.pods.values()) pod.crashedUntil = 0;
      if (cluster.binding !== null) cluster.binding.multiCluster = true;
      cluster.restartController();
      cluster.forgetCheckpoint();
      // A version is never lowered: pods that an upgrade in place broke are a person's to mend. A bad new member of a replace is turned back instead.
      if (this.scenario.strategy === "cycle") cluster.sickness = "none";
    }
    for (const stack of world.stacks.values()) if (stack.lock !== null && !stack.lock.alive) stack.lock = null;
  }

  private async command(name: string, asked: Asked = this.asked): Promise<string> {
    let killed: () => void = () => undefined;
    const death = new Promise<"killed">((resolve) => { killed = () => resolve("killed"); });
    const driver: Driver = { name, dead: false, kill: () => { driver.dead = true; killed(); } };
    const stop = new AbortController();
    if (name !== "second") Object.assign(this.current, { driver, stop });
    const faults = this.calm ? { ...this.faults, list: [] } : name === "second" ? { ...this.faults, calls: new Map(), list: [], started: () => undefined } : this.faults;
    const ports = this.mutate(portsOf(this.world, driver, faults, { groupArn, slowestAnswerMs: this.scenario.slowestAnswerMs }), this.world);
    const run = runAsked(ports, configOf(this.scenario), { environment: "dev", emit: (event) => { if (event.kind === "note" || (event.kind === "gate" && event.status === "failed")) this.world.tell(`${name}: ${event.message}`); }, stop: stop.signal, cancel: new AbortController().signal, approveRetire: async () => true, commandName: "eks-blue-green upgrade --stack dev", probes: true }, asked);
    try {
      const result = await Promise.race([run, death]);
      if (result === "killed") return result;
      this.world.tell(`${name}: ${result.outcome}: ${result.message}`);
      this.judge(result);
      return result.outcome;
    } catch (error) {
      if (!(error instanceof DriverError)) {
        this.world.violate("defect", error instanceof Error ? (error.stack ?? error.message) : String(error));
        return "defect";
      }
      this.world.tell(`${name}: ${error.code}: ${error.message}`);
      if (error.code === "EBG-PENDING-CHANGES") this.remedy = error.remedy;
      if (error.code === "EBG-INTERNAL") this.world.violate("defect", error.message);
      return error.code;
    }
  }

  /** A command that says "done" must be right. */
  private judge(result: RolloutResult): void {
    if (result.outcome !== "done" && result.outcome !== "nothing-to-do") return;
    const problem = this.world.settled();
    if (problem !== null) this.world.violate("said-done", `the command said '${result.outcome}', but ${problem}`);
    const sick = [...this.world.clusters.values()].filter((cluster) => cluster.binding !== null && cluster.sickness !== "none");
    if (result.outcome === "done" && sick.length > 0 && this.scenario.green.afterSeconds < 300) this.world.violate("said-done", `the command said 'done', and ${sick[0]?.name}'s pods are ${sick[0]?.sickness}`);
  }

  async run(): Promise<void> {
    for (const asked of this.scenario.commands) {
      this.asked = asked;
      if (asked !== null) this.world.tell(`asked for: ${JSON.stringify(asked)}`);
      await this.untilDone();
      if (this.world.violations.length > 0) return;
    }
    await this.end();
  }

  /** The same command again and again, until it says that it is done. */
  private async untilDone(): Promise<void> {
    const { world } = this;
    let calm = 0;
    for (let run = 1; run <= mostRuns && world.violations.length === 0; run += 1) {
      if (run > mostRuns - calmRuns && !this.calm) await this.heal();
      const outcome = await world.timeline.runUntil(this.command(`driver ${run}`), longestMs);
      this.outcomes.push(outcome);
      if (outcome === "done" || outcome === "nothing-to-do" || (outcome === "walked-back" && this.scenario.green.sickness !== "none")) break;
      await world.timeline.runUntil(this.followRemedy(), longestMs);
      // A person looks, waits a while, and runs it again; once nothing is killed any more, everything is repaired.
      if (outcome !== "killed") calm += 1;
      if (calm >= 3 && !this.calm) await this.heal();
      await world.timeline.runUntil(world.timeline.sleep(120_000), longestMs);
    }
  }

  /** Changes that belong to no move (somebody's update in a bad moment): the message says to deploy them. */
  private async followRemedy(): Promise<void> {
    const member = /pulumi up --stack dev-(\w+)/.exec(this.remedy)?.[1];
    this.remedy = "";
    if (member === undefined) return;
    this.world.tell(`somebody follows the remedy: pulumi up --stack dev-${member}`);
    await this.plainUpdate(member);
  }
  private async plainUpdate(member: string): Promise<void> {
    await new Engine(this.world).apply(member, "somebody", null, null, null).catch((error: unknown) => {
      if (!(error instanceof DriverError)) throw error;
    });
  }

  private async end(): Promise<void> {
    const { world } = this;
    if (!this.calm) await this.heal();
    await world.timeline.runUntil(Promise.all([...this.background, world.timeline.sleep(1_200_000)]), longestMs);
    if (world.violations.length > 0) return;
    const last = this.outcomes.filter((outcome) => !outcome.startsWith("(")).at(-1) ?? "";
    if (!/^(done|nothing-to-do|walked-back)$/.test(last)) world.violate("stuck", `after ${this.outcomes.length} runs: ${this.outcomes.join(", ")}`);
    const problem = world.settled();
    if (problem !== null) world.violate("not-settled", `${problem} (${this.outcomes.join(", ")})`);
    else if (world.serving().length < world.floor && this.scenario.green.sickness === "none") world.violate("not-serving", `in the end ${world.serving().length} targets serve`);
  }
}

export async function simulate(scenario: Scenario, options: { readonly mutate?: Mutation; readonly trace?: boolean } = {}): Promise<SimulationResult> {
  const world = new World(scenario, options.trace ?? false);
  const began = world.now;
  const simulation = new Simulation(scenario, world, options.mutate ?? ((ports) => ports));
  try {
    await simulation.run();
  } catch (error) {
    world.violate("stuck", error instanceof Error ? error.message : String(error));
  }
  return { scenario, violations: world.violations, trace: world.trace, outcomes: simulation.outcomes, virtualSeconds: (world.now - began) / 1000 };
}
