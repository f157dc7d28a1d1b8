/**
 * The shared target group: what DescribeTargetHealth says, and, apart from it, where new flows really go
 * (docs/reference/aws-behaviour.md).
 */
import type { Target } from "../../automation/ports";
import type { Random } from "./random";

export interface Registration {
  readonly id: string;
  registeredAt: number;
  drainingSince: number | null;
  /** New flows reach it from here … */
  routedFrom: number;
  /** … to here, also when it was deregistered before. */
  routedUntil: number;
  failingSince: number | null;
}

const seconds = 1000;
/** Registration and deregistration take three to five, and two to almost five minutes. */
export const lag = {
  register: [180, 300],
  deregister: [120, 290],
  initial: 20,
  noticed: 20,
  unrouted: 40,
  draining: 300,
} as const;

export class Balancer {
  readonly targets = new Map<string, Registration>();
  constructor(
    private readonly random: Random,
    private readonly answers: (id: string) => boolean,
  ) {}

  register(id: string, now: number): void {
    const known = this.targets.get(id);
    if (known !== undefined && known.drainingSince === null) return;
    const routed = known !== undefined && known.routedUntil > now && known.routedFrom <= now;
    const routedFrom = routed ? known.routedFrom : now + this.random.whole(...lag.register) * seconds;
    this.targets.set(id, {
      id,
      registeredAt: now,
      drainingSince: null,
      routedFrom,
      routedUntil: Number.POSITIVE_INFINITY,
      failingSince: null,
    });
  }
  deregister(id: string, now: number): void {
    const known = this.targets.get(id);
    if (known === undefined || known.drainingSince !== null) return;
    known.drainingSince = now;
    known.routedUntil = Math.min(known.routedUntil, now + this.random.whole(...lag.deregister) * seconds);
  }
  /** Answers whether anything is other than before. */
  advance(now: number): boolean {
    let changed = false;
    for (const target of this.targets.values()) {
      const failingSince = this.answers(target.id) ? null : (target.failingSince ?? now);
      if (failingSince !== target.failingSince) changed = true;
      target.failingSince = failingSince;
      if (target.drainingSince === null || now - target.drainingSince < lag.draining * seconds) continue;
      this.targets.delete(target.id);
      changed = true;
    }
    return changed;
  }
  /** When the next target begins or ends to get new flows, or is forgotten. */
  due(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { routedFrom, routedUntil, failingSince, drainingSince } of this.targets.values()) {
      if (routedFrom > now && routedFrom < next) next = routedFrom;
      if (routedUntil > now && routedUntil < next) next = routedUntil;
      if (failingSince !== null && failingSince + lag.unrouted * seconds > now)
        next = Math.min(next, failingSince + lag.unrouted * seconds);
      if (drainingSince !== null) next = Math.min(next, drainingSince + lag.draining * seconds);
    }
    return next;
  }
  state(target: Registration, now: number): Target["state"] {
    if (target.drainingSince !== null) return "draining";
    if (now - target.registeredAt < lag.initial * seconds) return "initial";
    return target.failingSince !== null && now - target.failingSince >= lag.noticed * seconds ? "unhealthy" : "healthy";
  }
  describe(now: number): Target[] {
    return [...this.targets.values()].map((target) => ({
      id: target.id,
      state: this.state(target, now),
      reason: null,
      description: null,
    }));
  }
  isRegistered(id: string): boolean {
    return this.targets.get(id)?.drainingSince === null;
  }
  /** Whether new flows may reach it now. */
  isRouted(id: string, now: number): boolean {
    const target = this.targets.get(id);
    if (target === undefined || now < target.routedFrom || now >= target.routedUntil) return false;
    return target.failingSince === null || now - target.failingSince < lag.unrouted * seconds;
  }
  routed(now: number): string[] {
    const ids: string[] = [];
    for (const id of this.targets.keys()) if (this.isRouted(id, now)) ids.push(id);
    return ids;
  }
}
