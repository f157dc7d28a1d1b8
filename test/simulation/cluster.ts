/**
 * One member's cluster: pods, and a load balancer controller that behaves as docs/reference/controller-behaviour.md
 * says.
 */
import { lag, type Balancer } from "./balancer";

export interface Pod {
  readonly id: string;
  readonly startedAt: number;
  /** Terminating since; its endpoint is gone at once, it serves until `servesUntil`. */
  terminating: boolean;
  terminatingAt: number;
  servesUntil: number;
  crashedUntil: number;
}
/** What is wrong with a member's pods: they fail the health check, or pass it and answer requests with errors. */
export type Sickness = "none" | "unhealthy" | "errors";

const second = 1000;
const startSeconds = 5;
export const shortGraceSeconds = 15;
const cacheSeconds = 300;
const refusedSeconds = 30;

export interface ClusterEffects {
  podStopped(id: string, now: number, toldAt: number): void;
  deregistered(ids: readonly string[], by: SimulatedCluster): void;
  registered(ids: readonly string[]): void;
  /** Whether IAM lets its controller register targets now. */
  mayRegister(): boolean;
  /** Whether this is in a target group that it binds: in everybody's anything is, in its own its own targets are. */
  inGroup(id: string): boolean;
}

export class SimulatedCluster {
  readonly pods = new Map<string, Pod>();
  wanted = 0;
  workloadMade = false;
  /** When a fault last kept the controller from letting targets go. */
  hinderedAt = Number.NEGATIVE_INFINITY;
  /** The kubelets' minor. */
  nodes: string;
  apiDownUntil = 0;
  controllerDownUntil = 0;
  binding: { multiCluster: boolean; deleting: boolean } | null = null;
  recorded: string[] | null = null;
  sickness: Sickness = "none";
  /** Since when all its pods are bad, which no driver did. */
  badSince: number | null = null;
  /** Somebody else owns its replicas: an update that changes them is refused. */
  scaledByHand = false;
  private checkpoint = "";
  private cache: { at: number; registered: Set<string> } | null = null;
  private toRegister: { at: number; ids: string[] } | null = null;
  private serial = 0;
  /** After AWS refused it. */
  private triesAgainAt = 0;

  constructor(
    readonly name: string,
    private readonly octet: number,
    public version: string,
    private readonly balancer: Balancer,
    private readonly graceSeconds: number,
    private readonly effects: ClusterEffects,
  ) {
    this.nodes = version;
  }

  /** Pods of a member that gets smaller in traffic outlast the lag: the config insists on such a preStop. */
  private grace(): number {
    return this.binding === null || this.wanted === 0
      ? this.graceSeconds
      : Math.max(this.graceSeconds, lag.deregister[1] + 30);
  }

  apiUp(now: number): boolean {
    return now >= this.apiDownUntil;
  }
  controllerUp(now: number): boolean {
    return this.apiUp(now) && now >= this.controllerDownUntil;
  }
  serves(id: string, now: number): boolean {
    const pod = this.pods.get(id);
    return (
      pod !== undefined &&
      now < pod.servesUntil &&
      now >= pod.startedAt + startSeconds * second &&
      now >= pod.crashedUntil
    );
  }
  ready(now: number): string[] {
    return [...this.pods.values()]
      .filter((pod) => !pod.terminating && now >= pod.startedAt + startSeconds * second && now >= pod.crashedUntil)
      .map((pod) => pod.id)
      .sort();
  }
  /** A restart loses the cache and what was about to be registered. */
  restartController(): void {
    this.cache = null;
    this.toRegister = null;
  }
  /** New nodes: every pod of the old ones goes, and others come. */
  replaceNodes(version: string, now: number): void {
    if (this.nodes === version) return;
    this.nodes = version;
    for (const pod of this.pods.values()) {
      if (pod.terminating) continue;
      pod.terminating = true;
      pod.terminatingAt = now;
      pod.servesUntil = now + this.grace() * second;
    }
  }
  forgetCheckpoint(): void {
    this.checkpoint = "";
  }

  /** Answers whether anything was done, so that more may follow at once. */
  advance(now: number): boolean {
    let changed = this.scale(now);
    for (const pod of this.pods.values()) {
      if (now < pod.servesUntil) continue;
      this.pods.delete(pod.id);
      this.effects.podStopped(pod.id, now, pod.terminatingAt);
      changed = true;
    }
    return (this.controllerUp(now) && this.reconcile(now)) || changed;
  }
  /** When something happens here next though nobody does anything. */
  due(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    const candidate = (at: number): void => {
      if (at > now && at < next) next = at;
    };
    candidate(this.apiDownUntil);
    candidate(this.triesAgainAt);
    candidate(this.controllerDownUntil);
    if (this.toRegister !== null) candidate(this.toRegister.at);
    for (const pod of this.pods.values()) {
      candidate(pod.startedAt + startSeconds * second);
      candidate(pod.servesUntil);
      candidate(pod.crashedUntil);
    }
    return next;
  }
  private scale(now: number): boolean {
    if (!this.apiUp(now)) return false;
    const running = [...this.pods.values()].filter((pod) => !pod.terminating);
    if (running.length === this.wanted) return false;
    for (let index = running.length; index < this.wanted; index += 1) {
      const id = `10.42.${this.octet}.${(this.serial += 1)}:8080`;
      this.pods.set(id, {
        id,
        startedAt: now,
        terminating: false,
        terminatingAt: 0,
        servesUntil: Number.POSITIVE_INFINITY,
        crashedUntil: 0,
      });
    }
    for (const pod of running.slice(this.wanted)) {
      pod.terminating = true;
      pod.terminatingAt = now;
      pod.servesUntil = now + this.grace() * second;
    }
    return true;
  }

  private reconcile(now: number): boolean {
    let changed = false;
    if (this.toRegister !== null) {
      if (now < this.toRegister.at) return false;
      if (this.toRegister.ids.length > 0 && !this.effects.mayRegister()) return this.refused(now);
      if (this.toRegister.ids.length > 0) this.effects.registered(this.toRegister.ids);
      for (const id of this.toRegister.ids) {
        this.balancer.register(id, now);
        this.cache?.registered.add(id);
      }
      this.toRegister = null;
      changed = true;
    }
    if (this.binding === null) return changed;
    if (this.binding.deleting) {
      this.finalize(now);
      return true;
    }
    if (now < this.triesAgainAt) return changed;
    const endpoints = this.ready(now);
    const checkpoint = `${endpoints.join(",")}/${this.binding.multiCluster}`;
    // Equal: no look at AWS at all, so nothing that was removed there is put back.
    if (checkpoint === this.checkpoint) return changed;
    if (this.cache === null || now - this.cache.at > cacheSeconds * second)
      this.cache = {
        at: now,
        registered: new Set(
          [...this.balancer.targets.values()]
            .filter((target) => target.drainingSince === null && this.effects.inGroup(target.id))
            .map((target) => target.id),
        ),
      };
    const registered = this.cache.registered;
    const unmatched = [...registered].filter((id) => !endpoints.includes(id));
    const own = this.binding.multiCluster ? unmatched.filter((id) => (this.recorded ?? []).includes(id)) : unmatched;
    this.deregister(own, now);
    if (this.binding.multiCluster) this.recorded = endpoints;
    this.toRegister = { at: now + second / 2, ids: endpoints.filter((id) => !registered.has(id)) };
    this.checkpoint = checkpoint;
    return true;
  }
  /** AccessDenied: the binding is not settled, and is looked at again. */
  private refused(now: number): boolean {
    this.toRegister = null;
    this.checkpoint = "";
    this.triesAgainAt = now + refusedSeconds * second;
    return false;
  }
  private deregister(ids: readonly string[], now: number): void {
    if (ids.length === 0) return;
    for (const id of ids) {
      this.balancer.deregister(id, now);
      this.cache?.registered.delete(id);
    }
    this.effects.deregistered(ids, this);
  }
  private finalize(now: number): void {
    const own =
      this.binding?.multiCluster === false
        ? [...this.balancer.targets.keys()].filter((id) => this.effects.inGroup(id))
        : [...(this.recorded ?? [])];
    this.binding = null;
    this.recorded = null;
    this.checkpoint = "";
    this.toRegister = null;
    this.deregister(own, now);
  }
}
