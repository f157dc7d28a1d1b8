/**
 * Weighted traffic: what AWS says of each rule, and, apart from it, by which weights each node of the load balancer
 * still routes (docs/reference/aws-behaviour.md).
 */
import type { Random } from "./random";

export type Shares = Readonly<Record<string, number>>;
/** Two services with the same pods, each with a rule of its own: AWS changes one after the other. */
export const services = ["web", "api"] as const;
export type Service = (typeof services)[number];

/** A node follows within that time; the driver holds for a little longer. */
export const weightLagSeconds = [5, 570] as const;
export const weightHoldSeconds = 590;
const nodes = 3;

interface Change {
  readonly at: number;
  readonly version: number;
  readonly shares: Shares;
}

class Route {
  version = 0;
  /** What was there before this: whoever changes it by hand takes that. */
  former: Shares | null = null;
  private readonly views: { version: number; shares: Shares; coming: Change[] }[];

  constructor(
    private readonly random: Random,
    /** What AWS tells. */
    public api: Shares,
    /** What the state of Pulumi's stack says. */
    public state: Shares = api,
  ) {
    this.views = Array.from({ length: nodes }, () => ({ version: 0, shares: api, coming: [] }));
  }
  change(shares: Shares, now: number): void {
    this.former = this.api;
    this.api = shares;
    this.version += 1;
    for (const view of this.views)
      view.coming.push({
        at: now + this.random.whole(...weightLagSeconds) * 1000,
        version: this.version,
        shares,
      });
  }
  /** A node never goes back to what was before what it has. */
  advance(now: number): boolean {
    let changed = false;
    for (const view of this.views) {
      for (const { at, version, shares } of view.coming) {
        if (at > now || version < view.version) continue;
        Object.assign(view, { version, shares });
        changed = true;
      }
      view.coming = view.coming.filter(({ at, version }) => at > now && version > view.version);
    }
    return changed;
  }
  due(): number {
    return Math.min(...this.views.flatMap(({ coming }) => coming.map(({ at }) => at)), Number.POSITIVE_INFINITY);
  }
  get routing(): readonly Shares[] {
    return this.views.map(({ shares }) => shares);
  }
}

export const same = (a: Shares, b: Shares): boolean =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].every((name) => (a[name] ?? 0) === (b[name] ?? 0));

export class Weights {
  readonly routes: Readonly<Record<Service, Route>>;
  /** When somebody last changed one by hand. */
  byHandAt = Number.NEGATIVE_INFINITY;

  constructor(random: Random, shares: Shares) {
    this.routes = { web: new Route(random, shares), api: new Route(random, shares) };
  }
  advance(now: number): boolean {
    return services.map((service) => this.routes[service].advance(now)).includes(true);
  }
  due(now: number): number {
    const next = Math.min(...services.map((service) => this.routes[service].due()));
    return next > now ? next : Number.POSITIVE_INFINITY;
  }
  /** Whom a node sends the next request, if anybody gets one. */
  chosen(service: Service, random: Random): string | null {
    const shares = random.pick(this.routes[service].routing);
    const tickets = Object.entries(shares).flatMap(([name, weight]) => Array<string>(weight).fill(name));
    return tickets.length === 0 ? null : random.pick(tickets);
  }
  /** Whether some node sends the member anything. */
  gives(member: string): boolean {
    return services.some((service) => this.routes[service].routing.some((shares) => (shares[member] ?? 0) > 0));
  }
  /** Members that some node sends something. */
  given(): string[] {
    const names = services.flatMap((service) => this.routes[service].routing.flatMap((shares) => Object.keys(shares)));
    return [...new Set(names)].filter((name) => this.gives(name));
  }
}
