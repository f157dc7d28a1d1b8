/**
 * An environment in memory: stacks, clusters, target group, record; and the invariants, checked after every effect and
 * every step of time.
 */
import type { EnvironmentOutputs, MemberOutputs } from "../../stacks/contract";
import { capacityOf, describeMove, initialRecord, replicasAt, type EnvironmentRecord } from "../../stacks/record";
import { sharesIn, sumOf } from "../../stacks/record/serving";
import { Balancer, lag } from "./balancer";
import { shortGraceSeconds, SimulatedCluster } from "./cluster";
import { Evacuations } from "./evacuations";
import { setBack } from "./progress";
import { emptyStack, type StackState } from "./engine";
import { Outage } from "./outage";
import { environmentOutputsOf, memberOutputsOf } from "./outputs";
import { Random } from "./random";
import { SharesOf } from "./shares";
import type { Scenario } from "./scenario";
import { Timeline } from "./timeline";
import { Ends } from "./ends";
import { Untold } from "./untold";
import { same, services, Weights } from "./weights";

export const replicas = 3;
export const groupArn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/1";
/** Of a member's own group. */
export const groupArnOf = (service: string, member: string): string =>
  `arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/${service}@${member}/1`;
/** Null: everybody's. */
export const memberOfArn = (arn: string): string | null => /@(\w+)\//.exec(arn)?.[1] ?? null;
export const started = "1.34";
const noticeMs = 1000;
/** What broke so short before a move was begun need not have been seen. */
export const unseenMs = 60_000;

export interface Violation {
  readonly rule: string;
  readonly message: string;
  readonly at: number;
}

export class World {
  readonly timeline = new Timeline(Date.UTC(2026, 0, 1));
  readonly random: Random;
  readonly balancer: Balancer;
  /** null: traffic is shared. */
  readonly weights: Weights | null;
  readonly clusters = new Map<string, SimulatedCluster>();
  readonly stacks = new Map<string, StackState>();
  record: EnvironmentRecord;
  readonly members: readonly string[];
  readonly evacuations = new Evacuations(this);
  readonly outage = new Outage(this);
  readonly shares = new SharesOf(this);
  private readonly steady: number;
  readonly violations: Violation[] = [];
  readonly trace: string[] = [];
  /** Targets that a fault broke, and since when: their absence is not the driver's doing. */
  readonly damaged = new Map<string, number>();
  /** Pods that fail the load balancer's health check, and are ready all the same. */
  readonly sickPods = new Set<string>();
  /** Since when a binding of a member lacks the flag. */
  readonly oneSidedSince = new Map<string, number>();
  /** Pods that ever got new flows. */
  private readonly served = new Set<string>();
  /** How far the machine that people work on is ahead, since somebody set its clock. */
  wallAheadMs = 0;
  readonly untold = new Untold();
  /** Pods that somebody took away by `kubectl scale`. */
  missingByHand = 0;
  /** A member whose stack is another environment's. */
  neighbour: string | null = null;
  /** A planted bug: the config is read once and for all. */
  ignoresConfig = false;
  /** The config wants the version that ran. */
  setBack = false;
  readonly ends = new Ends();
  /** When somebody last began an update that is not a driver's. */
  plainUpdateAt = Number.NEGATIVE_INFINITY;
  intentAt = 0;
  private nextAt = 0;
  private readonly owners = new Map<string, string>();

  constructor(
    {
      seed,
      strategy,
      members,
      sickFromTheStart,
      traffic,
    }: Pick<Scenario, "seed" | "strategy" | "members" | "sickFromTheStart" | "traffic">,
    private readonly keepTrace: boolean,
    readonly deployed: EnvironmentOutputs["config"],
  ) {
    this.random = new Random(seed * 7919 + 1);
    this.members = members;
    this.record = initialRecord({
      members,
      kubernetesVersion: started,
      rollout: { strategy },
      ...(traffic === undefined ? {} : { traffic }),
    });
    this.weights =
      traffic === undefined ? null : new Weights(new Random(seed * 6_700_417 + 13), sharesIn(this.record.placement));
    this.balancer = new Balancer(this.random, (id) => this.answersHealthCheck(id));
    this.timeline.advanced = () => this.advance();
    this.timeline.due = () => this.nextAt;
    const active = members.filter((name) => this.record.placement[name]?.role === "active");
    this.steady = active.length * replicas;
    for (const name of active) {
      const cluster = this.makeCluster(name, started);
      Object.assign(cluster, {
        wanted: replicas,
        workloadMade: true,
        binding: { multiCluster: true, deleting: false },
      });
      Object.assign(this.stackOf(name), {
        exists: true,
        revision: 1,
        known: { version: started, nodes: started, running: true, percent: 100, bound: true, protectedBinding: true },
      });
    }
    Object.assign(this.stackOf("dev"), { exists: true, revision: 1 });
    // Nobody serves yet, so the rules don't hold yet.
    this.timeline.advanced = () => this.act();
    this.timeline.pass(this.now + 60_000);
    const sick = sickFromTheStart ? [...this.clusterOf(active[0] ?? "").pods.keys()][0] : undefined;
    if (sick !== undefined) this.sickPods.add(sick);
    if (sick !== undefined) this.damage(sick, "has failed its health check for weeks");
    this.timeline.pass(this.now + 840_000);
    this.timeline.advanced = () => this.advance();
  }

  /**
   * Of a `replace` less than the load balancer's lag on purpose: nobody shall be saved by a long preStop. In a cycle
   * members get smaller
   * while they serve, and there the config insists on a preStop that outlasts the lag.
   */
  private get graceSeconds(): number {
    return this.steady > replicas ? lag.deregister[1] + 30 : shortGraceSeconds;
  }
  /**
   * Targets that must always take and answer new flows: all that did when the run began, without the members that were
   * given up since.
   */
  get floor(): number {
    return this.steady - this.evacuations.givenUp.size * replicas - this.missingByHand;
  }
  get now(): number {
    return this.timeline.now;
  }
  tell(line: string): void {
    if (this.keepTrace) this.trace.push(`${new Date(this.now).toISOString().slice(11, 19)} ${line}`);
  }
  violate(rule: string, message: string): void {
    if (this.violations.some((one) => one.rule === rule)) return;
    this.violations.push({ rule, message, at: this.now });
    this.tell(`VIOLATION ${rule}: ${message}`);
  }
  stackOf(name: string): StackState {
    let stack = this.stacks.get(name);
    if (stack === undefined) this.stacks.set(name, (stack = emptyStack()));
    return stack;
  }
  clusterOf(name: string): SimulatedCluster {
    const cluster = this.clusters.get(name);
    if (cluster === undefined) throw new Error(`there is no cluster ${name}`);
    return cluster;
  }
  makeCluster(name: string, version: string): SimulatedCluster {
    const cluster = new SimulatedCluster(
      name,
      this.members.indexOf(name) + 1,
      version,
      this.balancer,
      this.graceSeconds,
      {
        podStopped: (id, now, toldAt) => {
          if (cluster.hinderedAt < toldAt - unseenMs) this.podStopped(id, now);
        },
        deregistered: (ids, by) => this.deregistered(ids, by),
        registered: (ids) => this.evacuations.registered(name, ids),
        inGroup: (id) => this.weights === null || this.ownerOf(id) === name,
        mayRegister: () => this.evacuations.mayRegister(name),
      },
    );
    this.clusters.set(name, cluster);
    this.touch();
    return cluster;
  }
  removeCluster(name: string): void {
    const cluster = this.clusters.get(name);
    if (cluster === undefined) return;
    const ids = [...this.balancer.targets.values()]
      .filter((target) => this.ownerOf(target.id) === name && target.drainingSince === null)
      .map((target) => target.id);
    if (ids.length > 0)
      this.violate("destroyed-while-registered", `${name} is destroyed while ${ids.join(", ")} are registered`);
    for (const id of [...cluster.pods.keys()]) {
      cluster.pods.delete(id);
      this.podStopped(id, this.now);
    }
    this.clusters.delete(name);
    this.touch();
    this.oneSidedSince.delete(name);
  }
  ownerOf(id: string): string {
    let owner = this.owners.get(id);
    if (owner === undefined) this.owners.set(id, (owner = this.members[Number(id.split(".")[2]) - 1] ?? "nobody"));
    return owner;
  }

  /**
   * A member's cluster is about to be deleted: its pods were to end in their own time before, flows that are open
   * included.
   */
  destroying(name: string): void {
    const cluster = this.clusters.get(name);
    if (cluster === undefined) return;
    if (this.ends.forbidden && cluster.version === started)
      this.violate("wanted", `${name} is destroyed, and the config wants the version that it has`);
    const served = [...cluster.pods.values()]
      .filter((pod) => !pod.terminating && this.served.has(pod.id))
      .map((pod) => pod.id);
    if (served.length > 0)
      this.violate(
        "retired-unscaled",
        `${name} is destroyed while ${served.join(", ")}, which took traffic, still run`,
      );
  }

  /** Nothing of ours may touch a neighbour's stack. */
  touches(member: string, how: string): void {
    if (member === this.neighbour)
      this.violate("neighbour", `the stack of ${member} is another environment's, and the driver did: ${how}`);
  }

  // ------------------------------------------------------------------------------------------------------------ truth

  private answersHealthCheck(id: string): boolean {
    const cluster = this.clusters.get(this.ownerOf(id));
    return (
      cluster !== undefined &&
      !this.sickPods.has(id) &&
      cluster.sickness !== "unhealthy" &&
      cluster.serves(id, this.now)
    );
  }
  answers(id: string): boolean {
    return this.answersHealthCheck(id) && this.clusters.get(this.ownerOf(id))?.sickness === "none";
  }
  /** Targets that get new flows and answer them, and will go on doing so. */
  serving(): string[] {
    return this.routed().filter((id) => this.balancer.isRegistered(id) && this.answers(id));
  }
  /** Targets that get new flows: in a member's own group only where some node gives the member something. */
  routed(): string[] {
    return this.balancer.routed(this.now).filter((id) => this.weights?.gives(this.ownerOf(id)) !== false);
  }
  isRouted(id: string): boolean {
    return this.balancer.isRouted(id, this.now) && this.weights?.gives(this.ownerOf(id)) !== false;
  }
  damage(id: string, why: string): void {
    this.touch();
    if (!this.damaged.has(id)) this.damaged.set(id, this.now);
    this.tell(`fault: ${id} ${why}`);
  }

  /** Something was done to it: kubelets, controllers and load balancer notice within a second. */
  touch(): void {
    this.nextAt = Math.min(this.nextAt, this.now + noticeMs);
  }
  /**
   * Everything that acts by itself does what is due. Nothing else changes until `nextAt`, unless somebody does
   * something (`touch`).
   */
  private act(): void {
    let changed = false;
    for (const cluster of this.clusters.values()) if (cluster.advance(this.now)) changed = true;
    if (this.balancer.advance(this.now)) changed = true;
    if (this.weights?.advance(this.now) === true) changed = true;
    this.nextAt = Math.min(this.balancer.due(this.now), this.weights?.due(this.now) ?? Number.POSITIVE_INFINITY);
    for (const cluster of this.clusters.values()) this.nextAt = Math.min(this.nextAt, cluster.due(this.now));
    if (changed) this.touch();
  }
  private advance(): void {
    this.act();
    for (const id of this.routed()) this.served.add(id);
    for (const cluster of this.clusters.values())
      if (cluster.badSince !== null && cluster.sickness !== "none")
        for (const id of cluster.pods.keys()) if (!this.damaged.has(id)) this.damaged.set(id, cluster.badSince);
    for (const [id] of this.damaged) {
      if (
        !this.clusters.get(this.ownerOf(id))?.pods.has(id) ||
        // One in a group that nobody is sent to has no more to show.
        (this.answers(id) && this.balancer.isRegistered(id) && this.balancer.isRouted(id, this.now))
      )
        this.damaged.delete(id);
    }
    this.check("time");
  }

  // ------------------------------------------------------------------------------------------------------- invariants

  check(when: string): void {
    this.outage.check();
    this.shares.check(when);
    if (this.violations.some((one) => one.rule === "floor")) return;
    const serving = this.serving().length;
    const broken = [...this.damaged.keys()].filter((id) => this.clusters.get(this.ownerOf(id))?.pods.has(id)).length;
    if (serving + broken < this.floor)
      this.violate(
        "floor",
        `${serving} targets take and answer new flows, ${broken} are broken by faults; the floor is ` +
          `${this.floor} (${when})`,
      );
  }
  /** A controller deregistered: what is left must carry the traffic, but for what broke when nobody could see it. */
  private deregistered(ids: readonly string[], by: SimulatedCluster): void {
    this.tell(`${by.name}'s controller deregisters ${ids.join(", ")}`);
    const foreign = ids.filter((id) => this.ownerOf(id) !== by.name);
    for (const id of foreign) this.damage(id, `was evicted by ${by.name}'s controller`);
    if (by.binding !== null) return;
    // What it evicts on the way is broken by the fault that took its flag, not by the drain.
    this.left(
      "drained",
      ids.filter((id) => !foreign.includes(id)),
    );
  }
  /**
   * The floor: all targets of one member but for those that faults broke, and of those at least half (that is when the
   * driver calls a
   * member healthy), but for what broke when nobody could see it any more.
   */
  left(what: string, leaving: readonly string[], stays: readonly string[] = this.serving()): void {
    // Whoever answers with errors, or gets no flows, is no loss.
    if (!leaving.some((id) => this.answers(id) && this.isRouted(id))) return;
    // Of two that pass their health check nobody can say which one errs before it is tried: then the rule `outage`
    // says how long that may take.
    if (this.tries()) return;
    const serving = stays.filter((id) => !leaving.includes(id)).length;
    const broken = [...this.damaged].filter(([id]) => !leaving.includes(id));
    const unseen = broken.filter(([, since]) => since >= this.intentAt - unseenMs).length;
    if (serving + broken.length < this.floor || serving + unseen < this.floor / 2)
      this.violate(
        "drained-the-last",
        `${what} ${leaving.join(", ")}: ${serving} serving targets are left, the floor is ${this.floor}`,
      );
  }
  private tries(): boolean {
    const { rollout } = this.record;
    return (
      rollout !== null &&
      // Who types a drain may do so because it fails; with weights the way back is one shift, whoever wants it.
      (rollout.command !== undefined ||
        (rollout.direction === "back" && (rollout.asked !== true || this.weights !== null))) &&
      [...this.clusters.values()].some(
        ({ binding, sickness, badSince }) => binding !== null && sickness === "errors" && badSince !== null,
      )
    );
  }
  private podStopped(id: string, now: number): void {
    if (this.weights?.gives(this.ownerOf(id)) === false) return;
    if (this.balancer.isRouted(id, now) && this.balancer.targets.get(id)?.failingSince === null)
      this.violate("lost-request", `${id} has stopped, and the load balancer still sends it new flows`);
  }
  /** A binding came: with a one-sided flag beside it, one of the two controllers will evict the other's targets. */
  bound(member: string): void {
    // In groups of their own they have nobody to evict.
    if (this.weights !== null) return;
    // A binding that is made anew has the flag again.
    if (this.clusters.get(member)?.binding?.multiCluster) this.oneSidedSince.delete(member);
    for (const [other, since] of this.oneSidedSince) {
      const cluster = this.clusters.get(other);
      // Nobody can ask a cluster that does not answer; the driver says so and goes on.
      if (
        other !== member &&
        cluster?.binding &&
        cluster.apiUp(this.now - unseenMs) &&
        since < this.intentAt - unseenMs
      )
        this.violate("one-sided-flag", `${member} was bound although ${other}'s binding lacks the flag`);
    }
  }
  deregisteredByDriver(ids: readonly string[]): void {
    for (const id of ids) {
      const cluster = this.clusters.get(this.ownerOf(id));
      const evacuated = cluster !== undefined && this.evacuations.leaves(cluster.name, [id]);
      const lists =
        !evacuated && cluster?.binding && !cluster.binding.deleting && cluster.pods.get(id)?.terminating === false;
      if (lists)
        this.violate(
          "foreign-target",
          `${id} was deregistered by the driver, and ${cluster.name} is bound and serves it`,
        );
      this.balancer.deregister(id, this.now);
    }
    this.left("deregistered", ids);
    this.touch();
  }
  writeRecord(next: EnvironmentRecord): void {
    if (next.revision !== this.record.revision + 1)
      this.violate("fence", `revision ${next.revision} was written over ${this.record.revision}`);
    const problem = setBack(this.record, next);
    if (problem !== null) this.violate("progress", problem);
    if (next.rollout?.again === true && this.record.rollout?.again !== true) this.turnedAgain(next);
    if (next.intent !== null && JSON.stringify(next.intent) !== JSON.stringify(this.record.intent))
      this.intentAt = this.now;
    this.ends.recorded(this.record, next);
    if (next.evacuation != null && this.record.evacuation == null) this.intentAt = this.now;
    this.record = structuredClone(next);
    this.evacuations.recorded(next);
    this.tell(
      `record ${next.revision}: ` +
        `${next.intent === null ? "no intent" : describeMove(next.intent.move)}${next.rollout === null ? "" : ` (${next.rollout.done} of ${next.rollout.steps.length} ${next.rollout.direction})`}`,
    );
  }
  /** It must not take out one that is well and leave those that have erred or been sick for so long that it was seen. */
  private turnedAgain({ rollout, placement }: EnvironmentRecord): void {
    const out = (rollout?.steps ?? []).flatMap((step) =>
      step.type === "move" && step.kind === "drain" ? [step.member] : [],
    );
    const isSick = (name: string): boolean => {
      const cluster = this.clusters.get(name);
      return cluster?.sickness !== "none" || cluster.hinderedAt === Number.POSITIVE_INFINITY;
    };
    const seen = (name: string): boolean =>
      [...(this.clusters.get(name)?.pods.keys() ?? [])].every(
        (id) => (this.damaged.get(id) ?? Number.POSITIVE_INFINITY) < this.now - 30_000,
      );
    const stay = this.members.filter((name) => placement[name]?.role === "active" && !out.includes(name));
    if (stay.length > 0 && stay.every((name) => isSick(name) && seen(name)) && out.some((name) => !isSick(name)))
      this.violate("turned-to-the-sick", `${out.join(", ")} is taken out again, and ${stay.join(", ")} is sick`);
  }
  /** Record and world agree, and nothing is left under way. */
  settled(): string | null {
    if (this.record.evacuation != null) return "the record still has an evacuation";
    if (this.record.rollout !== null || this.record.intent !== null) return "the record still has a rollout";
    for (const name of this.members) {
      const stands = this.record.placement[name];
      const cluster = this.clusters.get(name);
      if ((stands?.role === "absent") !== (cluster === undefined))
        return `the record has ${name} ${stands?.role}, and its cluster is ${cluster === undefined ? "gone" : "there"}`;
      if (cluster === undefined) continue;
      // Its bindings are still there, and register nothing; it is put in order when it is back.
      if (stands?.evacuated !== undefined) continue;
      if ((stands?.role === "active") !== (cluster.binding !== null))
        return `the record has ${name} ${stands?.role}, and it is ${cluster.binding === null ? "not bound" : "bound"}`;
      if (cluster.scaledByHand) continue;
      if ((stands?.workload === "running") !== cluster.wanted > 0)
        return `the record has ${name}'s workload ${stands?.workload}, and it has ${cluster.wanted} replicas`;
      if (cluster.wanted > 0 && cluster.wanted !== replicasAt(replicas, capacityOf(stands)))
        return `the record has ${name} at ${capacityOf(stands)} %, and it has ${cluster.wanted} replicas`;
      if (cluster.nodes !== cluster.version)
        return `${name}'s control plane is at ${cluster.version}, and its nodes are at ${cluster.nodes}`;
      if (stands?.version !== cluster.version)
        return `the record has ${name} at ${stands?.version}, and it runs ${cluster.version}`;
    }
    const wrong = services.find((service) => {
      const shares = sharesIn(this.record.placement);
      return this.weights !== null && sumOf(shares) > 0 && !same(this.weights.routes[service].api, shares);
    });
    if (wrong !== undefined)
      return (
        `the record has ${JSON.stringify(sharesIn(this.record.placement))}, and AWS has ` +
        `${JSON.stringify(this.weights?.routes[wrong].api)} in '${wrong}'`
      );
    const strays = [...this.balancer.targets.values()].filter(
      (target) => target.drainingSince === null && !this.belongs(target.id),
    );
    return strays.length > 0
      ? `${strays.map((target) => target.id).join(", ")} are registered, and no binding has them`
      : null;
  }

  private belongs(id: string): boolean {
    const owner = this.ownerOf(id);
    return this.clusters.get(owner)?.binding != null && this.record.placement[owner]?.evacuated === undefined;
  }

  environmentOutputs(): EnvironmentOutputs {
    return environmentOutputsOf(this);
  }
  memberOutputs(name: string): MemberOutputs | null {
    return memberOutputsOf(this, name);
  }
}
