/**
 * One seeded run: the driver's real commands against the simulated world, with its faults; then the same command until
 * it settles.
 */
import { capacityOf, type Placement } from "../../stacks/record";
import { DriverError } from "../../automation/errors";
import type { EventSink } from "../../automation/events";
import type { RolloutResult } from "../../automation/rollout/rollout";
import { runEvacuate } from "../../automation/commands/evacuate";
import { parseEnvironmentConfig } from "../../stacks/config";
import { runAsked } from "../../automation/commands/upgrade";
import { lag } from "./balancer";
import { Engine } from "./engine";
import { befall, comeBack, die, putWeightsBack, repair, takeBack } from "./happenings";
import { Watcher, type RunSeen } from "./moments";
import { asSeen, mostCommands, notArrived, toldOf, typedNext, type Told } from "./robot";
import { portsOf, type Driver, type Faults, type SimulatedPorts } from "./ports";
import { commandOf, type Asked, type Fault, type Scenario, type WorldEvent } from "./scenario";
import { afterUndone, evacuatedOrWell, judge, misplaced } from "./judgement";
import { configOf } from "./settings";
import { groupArn, started, World, type Violation } from "./world";

export interface SimulationResult {
  readonly scenario: Scenario;
  readonly violations: readonly Violation[];
  readonly trace: readonly string[];
  /** Of each run of the command: its outcome, or the code of its error. */
  readonly outcomes: readonly string[];
  readonly virtualSeconds: number;
  /** The runs of the driver, in the order in which they ended, and where they were ended from outside. */
  readonly runs: readonly RunSeen[];
  /** Faults of the scenario that came to happen. */
  readonly struck: ReadonlySet<Fault>;
  /** Where the record has the members in the end. */
  readonly placement: Placement;
}
/** Breaks the driver on purpose, from outside: its ports are wrapped. */
export type Mutation = (ports: SimulatedPorts, world: World) => SimulatedPorts;

/** Longest run of one command, and how often the command is repeated once nothing breaks any more. */
const longestMs = 12 * 3_600_000;
const mostRuns = 14;
const calmRuns = 6;
const rollback: Asked = { name: "rollback", member: null, percent: null };

class Simulation {
  readonly outcomes: string[] = [];
  readonly runs: RunSeen[] = [];
  readonly faults: Faults;
  private readonly current: { driver: Driver | null; stop: AbortController; watcher: Watcher | null } = {
    driver: null,
    stop: new AbortController(),
    watcher: null,
  };
  private calm = false;
  private readonly background: Promise<unknown>[] = [];
  readonly stops: AbortController[] = [];
  private boundAt: number | null = null;
  /** The command whose turn it is. */
  private asked: Asked = null;
  /** Somebody wants it turned around. */
  private turned = false;
  private everTurned = false;
  /** A second operator's command has led somewhere else. */
  private interfered = false;
  /** What the last run said, for the robot. */
  private told: Told = { outcome: "", message: "", remedy: null };
  /** null: no robot is at work. */
  private robotApproves: boolean | null = null;
  /** What the last refusal told a person to do; empty: nothing that is modelled. */
  private remedy = "";

  constructor(
    readonly scenario: Scenario,
    readonly world: World,
    private readonly mutate: Mutation,
  ) {
    const { dead } = scenario;
    if (scenario.peculiar === "a neighbour's stack" && scenario.strategy === "replace") world.neighbour = "green";
    if (dead !== null) die(world, dead);
    this.faults = {
      calls: new Map(),
      effects: 0,
      updates: 0,
      list: scenario.faults,
      started: (effect) => this.started(effect),
      struck: new Set(),
    };
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
    const { dead } = this.scenario;
    if (effect === 1 && dead !== null)
      world.timeline.at(world.now + dead.returnsAfterSeconds * 1000, () => comeBack(world, dead.member));
    for (const fault of this.scenario.faults) {
      if (fault.kind !== "event" && fault.kind !== "kill-later") continue;
      if (fault.effect !== effect) continue;
      const victim = this.current.driver;
      world.timeline.at(world.now + fault.afterSeconds * 1000, () => {
        if (this.calm) return;
        this.faults.struck.add(fault);
        if (fault.kind === "event") return this.happen(fault.event);
        if (victim === null || victim.dead) return;
        world.tell(`${victim.name} is killed`);
        victim.kill("later");
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
    if ((this.world.clusters.get("blue")?.wanted ?? 0) === 0 || this.world.clusters.get("blue")?.binding === null)
      return;
    if (
      sickness === "none" ||
      green === undefined ||
      this.boundAt === null ||
      this.world.now < this.boundAt + afterSeconds * 1000 ||
      green.sickness === sickness
    )
      return;
    green.sickness = sickness;
    for (const id of green.pods.keys()) this.world.damage(id, `gets ${sickness}`);
  }

  private happen(event: WorldEvent): void {
    const { world } = this;
    world.tell(`event: ${JSON.stringify(event)}`);
    world.touch();
    switch (event.what) {
      case "stop-asked":
        return this.stopCurrent();
      case "untold":
        return world.untold.begin(event.of, event.looks, event.every);
      case "config-set-back":
        if (this.asked !== null) return;
        world.setBack = this.everTurned = true;
        return;
      case "other-command":
        return this.beside(event.asked, (outcome) => {
          if (outcome === "done") this.interfered = true;
        });
      case "weights-by-hand":
        return world.shares.weightsByHand();
      case "clock-set":
        world.wallAheadMs += event.seconds * 1000;
        return;
      case "turn-back":
        // Nobody turns an evacuation around.
        if (this.asked?.name === "evacuate") return;
        this.turned = this.everTurned = true;
        if (event.stops) return this.stopCurrent();
        return this.beside(rollback);
      case "second-driver":
        return this.beside(this.asking());
      case "plain-up":
        this.background.push(this.plainUpdate(event.member));
        return;
      default:
        return befall(world, event);
    }
  }
  private stopCurrent(): void {
    this.current.watcher?.end("stop");
    this.current.stop.abort();
  }
  /** Somebody else's driver, at the same time. */
  private beside(asked: Asked, then: (outcome: string) => void = () => undefined): void {
    this.background.push(
      this.command("second", asked).then((outcome) => {
        then(outcome);
        this.outcomes.push(`(second: ${outcome})`);
      }),
    );
  }
  /** The command whose turn it is, or its turning around. */
  private asking(): Asked {
    return this.turned ? rollback : this.asked;
  }

  private config(): Record<string, string> {
    const { scenario, world } = this;
    world.ends.setBackWhenRead = world.setBack;
    return configOf(world.setBack && !world.ignoresConfig ? { ...scenario, wanted: started } : scenario);
  }
  private async heal(): Promise<void> {
    this.calm = true;
    repair(this.world, this.scenario.strategy);
    // As the runbook says: what was evicted or gone takes new flows only minutes after it is back, and nobody can see
    // when.
    await this.world.timeline.runUntil(this.world.timeline.sleep((lag.register[1] + 60) * 1000), longestMs);
    this.world.missingByHand = 0;
  }

  private async command(name: string, asked: Asked): Promise<string> {
    let killed: () => void = () => undefined;
    const death = new Promise<"killed">((resolve) => {
      killed = () => resolve("killed");
    });
    const watcher = new Watcher(() => this.world.now);
    const driver: Driver = {
      name,
      dead: false,
      kill: (how) => {
        driver.dead = true;
        watcher.end(how);
        killed();
        // What it waited for in real time ends with it.
        stop.abort();
      },
    };
    const stop = new AbortController();
    this.stops.push(stop);
    if (name !== "second") Object.assign(this.current, { driver, stop, watcher });
    const faults = this.calm
      ? { ...this.faults, list: [] }
      : name === "second"
        ? { ...this.faults, calls: new Map(), list: [], started: () => undefined, struck: new Set<Fault>() }
        : this.faults;
    const ports = this.mutate(
      portsOf(this.world, driver, faults, { groupArn, slowestAnswerMs: this.scenario.slowestAnswerMs }),
      this.world,
    );
    const options = {
      environment: "dev",
      emit: this.listener(name, watcher),
      stop: stop.signal,
      cancel: new AbortController().signal,
      approveRetire: () => this.approve(),
      commandName: `eks-blue-green ${commandOf(asked)} --stack dev`,
      probes: true,
    };
    const run =
      asked?.name === "evacuate"
        ? runEvacuate(ports, this.config(), {
            ...options,
            member: asked.member,
            controllerIsStopped: false,
            why: null,
          })
        : runAsked(ports, this.config(), options, asked);
    // Who types something else has what is asked for done, whatever fails meanwhile.
    const heals = asked === null || asked.name === "rollback" ? 1 : 0;
    this.world.outage.drivers += heals;
    const outcome = await this.outcomeOf(name, asked, Promise.race([run, death]));
    this.world.outage.drivers -= heals;
    this.runs.push(watcher.seen(asked, outcome));
    return outcome;
  }
  private async outcomeOf(name: string, asked: Asked, run: Promise<RolloutResult | "killed">): Promise<string> {
    try {
      const result = await run;
      if (name !== "second") this.told = toldOf(result);
      if (result === "killed") return result;
      this.world.tell(`${name}: ${result.outcome}: ${result.message}`);
      if (result.remedy !== null) this.noteRemedy(result.remedy);
      judge(this.world, this.scenario, result, {
        rolledBack: asked === rollback && !this.interfered,
      });
      return result.outcome;
    } catch (error) {
      if (!(error instanceof DriverError)) {
        this.world.violate("defect", error instanceof Error ? (error.stack ?? error.message) : String(error));
        return "defect";
      }
      this.world.tell(`${name}: ${error.code}: ${error.message}`);
      if (error.code === "EBG-FENCED") this.world.outage.excuse(); // Who takes over begins to hold anew.
      if (name !== "second") this.told = toldOf(error);
      if (["EBG-PENDING-CHANGES", "EBG-PLAN-REFUSED", "EBG-DRIFT"].includes(error.code)) this.remedy = error.remedy;
      else this.noteRemedy(error.remedy);
      if (error.code === "EBG-INTERNAL") this.world.violate("defect", error.message);
      return error.code;
    }
  }

  /** What somebody changed by hand is taken back. */
  private noteRemedy(remedy: string): void {
    if (/PULUMI_K8S_ENABLE_PATCH_FORCE|pulumi up --refresh --stack dev\b(?!-)/.test(remedy)) this.remedy = remedy;
  }
  private listener(name: string, watcher: Watcher): EventSink {
    return (event) => {
      watcher.hear(event);
      if (event.kind === "note" || (event.kind === "gate" && event.status === "failed"))
        this.world.tell(`${name}: ${event.message}`);
    };
  }
  private approve(): Promise<boolean> {
    if (this.robotApproves !== null) return Promise.resolve(this.robotApproves);
    if (this.scenario.approves || this.calm) return Promise.resolve(true);
    this.world.tell("nobody approves: they want to go back");
    this.turned = true;
    return Promise.resolve(false);
  }

  /** One run of the command with its faults, wherever that ends; from there on only what the remedies say. */
  async runRobot(garble: (told: Told) => Told = (told) => told): Promise<void> {
    const { world } = this;
    let asked: Asked = this.scenario.commands[0] ?? null;
    this.asked = asked;
    this.robotApproves = false;
    this.outcomes.push(await world.timeline.runUntil(this.command("driver 1", asked), longestMs));
    for (let typed = 1; world.violations.length === 0; typed += 1) {
      if (/^(done|nothing-to-do|EBG-WALKED-BACK|EBG-HELD)$/.test(this.told.outcome) && notArrived(world) === null)
        return;
      const said = `'${this.told.message}' → '${this.told.remedy ?? ""}'`;
      if (typed > mostCommands)
        return world.violate("robot", `after ${mostCommands} commands ${notArrived(world) ?? "not done"}: ${said}`);
      // Whatever the world's own troubles were, they end; what a message tells people to repair, they repair.
      if (typed === 3) await this.heal();
      const next = typedNext(asSeen(garble(this.told), world), asked, world.members);
      if (next.kind === "at a loss") return world.violate("robot", `nothing to type (${this.told.outcome}): ${said}`);
      await world.timeline.runUntil(world.timeline.sleep(120_000), longestMs);
      if (next.kind === "by hand" && /\bset eks-blue-green:kubernetesVersion to\b/.test(this.told.remedy ?? ""))
        world.setBack = false;
      if (next.kind === "by hand") await this.heal();
      else if (next.kind === "deploy") {
        const forced = (this.told.remedy ?? "").includes("PULUMI_K8S_ENABLE_PATCH_FORCE");
        world.tell(`robot ${typed}: up ${next.members.join(", ")}`);
        if (next.members.length === 0) await world.timeline.runUntil(putWeightsBack(world), longestMs);
        for (const member of next.members)
          if (world.stackOf(member).exists) await world.timeline.runUntil(this.plainUpdate(member, forced), longestMs);
      } else {
        asked = next.asked;
        this.robotApproves = next.approves;
        world.tell(`robot ${typed}: ${commandOf(asked)}${next.approves ? " --approve-retire" : ""}`);
      }
      this.asked = asked;
      this.outcomes.push(await world.timeline.runUntil(this.command(`robot ${typed}`, asked), longestMs));
    }
  }

  async run(): Promise<void> {
    for (const asked of this.scenario.commands) {
      this.asked = asked;
      this.turned = false;
      if (asked !== null) this.world.tell(`asked for: ${JSON.stringify(asked)}`);
      await this.untilDone();
      if (this.world.violations.length > 0) return;
    }
    await this.followTheLastRemedy();
    await this.end();
  }

  /**
   * After a walk-back, a rollback or an end on the way in a cycle: who is out comes in again once it is good, and then those that carried
   * its load get smaller.
   */
  private async followTheLastRemedy(): Promise<void> {
    const { world, scenario, outcomes } = this;
    const stands = world.members.map((name) => world.record.placement[name]);
    const asBefore = stands.every((one) => one?.role === "active" && one.share !== 0 && capacityOf(one) <= 100);
    if (scenario.strategy === "replace" || scenario.commands[0] !== null) return;
    // Also what ended short, because a member served nobody any more, says what is left.
    if (asBefore && !this.everTurned && !outcomes.includes("walked-back")) return;
    await this.heal();
    const next = async (asked: Asked): Promise<void> => {
      if (world.violations.length > 0) return;
      world.tell(`as the remedy says: ${JSON.stringify(asked)}`);
      this.asked = asked;
      this.turned = false;
      await this.untilDone();
    };
    for (const name of world.members)
      if (world.record.placement[name]?.role === "standby" || world.record.placement[name]?.share === 0)
        await next({ name: "admit", member: name, percent: null });
    for (const name of world.members)
      if (capacityOf(world.record.placement[name]) > 100) await next({ name: "scale", member: name, percent: 100 });
  }

  /** The same command again and again, until it says that it is done. */
  private async untilDone(): Promise<void> {
    const { world } = this;
    let calm = 0;
    for (let run = 1; run <= mostRuns && world.violations.length === 0; run += 1) {
      if (run > mostRuns - calmRuns && !this.calm) await this.heal();
      const asked = this.asking();
      const outcome = await world.timeline.runUntil(this.command(`driver ${run}`, asked), longestMs);
      this.outcomes.push(outcome);
      // Planned work that was turned around is done after all: the next command builds on it.
      const again = asked === rollback && this.asked !== null && outcome === "done";
      if (again) this.turned = false;
      else if (
        outcome === "done" ||
        outcome === "nothing-to-do" ||
        (outcome === "walked-back" && (this.scenario.green.sickness !== "none" || world.setBack))
      )
        break;
      // Somebody else rolled it back meanwhile, and the version is held: the upgrade is not to be tried again by itself.
      if (outcome === "stopped" && world.record.hold != null && world.record.rollout === null) {
        this.outcomes[this.outcomes.length - 1] = "walked-back";
        break;
      }
      if (outcome === "EBG-EVACUATE" && evacuatedOrWell(world, this.scenario)) break;
      // There is no way back from here: then it goes on.
      if (asked === rollback && outcome === "EBG-PLAN-IMPOSSIBLE") this.turned = false;
      if (asked === null && outcome === "EBG-PLAN-IMPOSSIBLE") world.setBack = false;
      await world.timeline.runUntil(this.followRemedy(), longestMs);
      // A person looks, waits a while, and runs it again; once nothing is killed any more, everything is repaired.
      if (outcome !== "killed") calm += 1;
      if (calm >= 3 && !this.calm) await this.heal();
      await world.timeline.runUntil(world.timeline.sleep(120_000), longestMs);
    }
  }
  /** Changes that belong to no move (somebody's update in a bad moment): the message says to deploy them. */
  private async followRemedy(): Promise<void> {
    const weights = /pulumi up --refresh --stack dev\b(?!-)/.test(this.remedy);
    const member = /pulumi up (?:--refresh )?--stack dev-(\w+)/.exec(this.remedy)?.[1];
    const forced = this.remedy.includes("PULUMI_K8S_ENABLE_PATCH_FORCE");
    this.remedy = "";
    if (weights) return await putWeightsBack(this.world);
    if (member === undefined) return;
    this.world.tell(`somebody follows the remedy: pulumi up --stack dev-${member}`);
    await this.plainUpdate(member, forced);
  }
  private async plainUpdate(member: string, forced = false): Promise<void> {
    if (forced) takeBack(this.world, member);
    this.world.plainUpdateAt = this.world.now;
    await new Engine(this.world).apply(member, "somebody", null, null, null).catch((error: unknown) => {
      if (!(error instanceof DriverError)) throw error;
    });
  }

  private async end(): Promise<void> {
    const { world } = this;
    if (!this.calm) await this.heal();
    // One to bring in who serves, one to take out who does not.
    for (let typed = 0; typed < 2; typed += 1) {
      const left = afterUndone(world, this.scenario);
      if (left === undefined) break;
      Object.assign(this, { asked: left, turned: false });
      await this.untilDone();
    }
    await world.timeline.runUntil(Promise.all([...this.background, world.timeline.sleep(1_200_000)]), longestMs);
    if (world.violations.length > 0) return;
    const last = this.outcomes.filter((outcome) => !outcome.startsWith("(")).at(-1) ?? "";
    if (!/^(done|nothing-to-do|walked-back)$/.test(last))
      world.violate("stuck", `after ${this.outcomes.length} runs: ${this.outcomes.join(", ")}`);
    // Somebody's update beside the last seconds of a drain binds again; who repeats the command is told so.
    if (world.settled() !== null) await this.untilDone();
    const problem = world.settled();
    if (problem !== null) world.violate("not-settled", `${problem} (${this.outcomes.join(", ")})`);
    const elsewhere = this.interfered ? null : misplaced(world, this.scenario);
    if (elsewhere !== null) world.violate("placement", `${elsewhere} (${this.outcomes.join(", ")})`);
    else if (world.serving().length < world.floor && this.scenario.green.sickness === "none")
      world.violate("not-serving", `in the end ${world.serving().length} targets serve`);
  }
}

export async function simulate(
  scenario: Scenario,
  options: {
    readonly mutate?: Mutation;
    readonly trace?: boolean;
    readonly robot?: boolean;
    readonly garble?: (told: Told) => Told;
  } = {},
): Promise<SimulationResult> {
  const world = new World(
    scenario,
    options.trace ?? false,
    parseEnvironmentConfig(configOf(scenario), { environment: "dev" }),
  );
  const began = world.now;
  const simulation = new Simulation(scenario, world, options.mutate ?? ((ports) => ports));
  try {
    await (options.robot === true ? simulation.runRobot(options.garble) : simulation.run());
  } catch (error) {
    world.violate("stuck", error instanceof Error ? error.message : String(error));
  }
  // Nobody may wait in real time any more.
  for (const stop of simulation.stops) stop.abort();
  return {
    scenario,
    violations: world.violations,
    trace: world.trace,
    outcomes: simulation.outcomes,
    virtualSeconds: (world.now - began) / 1000,
    runs: simulation.runs,
    struck: simulation.faults.struck,
    placement: world.record.placement,
  };
}
