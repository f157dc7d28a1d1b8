/** The target groups that listeners use: who is registered, who is healthy, who gets the next flow. */
import { scaledMs } from "../shared/clock";
import type {
  DataPlaneTarget,
  DataPlaneTargetGroup,
  DataPlaneTimes,
  FromDataPlane,
  LoadBalancerLags,
  TargetHealthState,
} from "../contract";
import type { Fabric } from "../fabric/dial";
import { HealthChecker } from "./health";
import { routable, type RoutedTarget } from "./routing";

/** How old a choice of routable targets may be. Real time; far below any scaled lag. */
const ROUTES_MS = 10;

/** Something under way with a target, which ends with it. */
export interface Cuttable {
  cut(): void;
}

export class Target implements RoutedTarget {
  health: TargetHealthState = "initial";
  healthSince = 0;
  wasHealthy = false;
  checker: HealthChecker | null = null;
  /** Registered anew since: it takes flows for its lag, and they count as those of the newer registration. */
  superseded = false;
  /** Ends connections that are kept for later requests; set by who keeps some. */
  closeIdle: (() => void) | null = null;
  constructor(
    public target: DataPlaneTarget,
    readonly flows = new Set<Cuttable>(),
  ) {}
}

interface Group {
  spec: DataPlaneTargetGroup;
  readonly targets: Map<string, Target>;
  routes: Target[];
  routesUntil: number;
  /** False: the API says that nothing uses it, but a node does still. */
  listed: boolean;
  turn: number;
}

export const isHttp = (protocol: string): boolean => protocol === "HTTP" || protocol === "HTTPS";

export class TargetGroups {
  private readonly groups = new Map<string, Group>();

  constructor(
    private readonly fabric: Fabric,
    private readonly timeScale: number,
    private readonly times: DataPlaneTimes,
    private readonly tell: (message: FromDataPlane) => void,
  ) {}

  lags({ protocol }: DataPlaneTargetGroup): LoadBalancerLags {
    return isHttp(protocol) ? this.times.application : this.times.network;
  }

  protocol(arn: string): string | undefined {
    return this.groups.get(arn)?.spec.protocol;
  }

  /** `inUse`: groups that a node goes by although the API lists them no more. */
  apply(specs: readonly DataPlaneTargetGroup[], inUse: ReadonlySet<string>): void {
    const arns = new Set(specs.map((one) => one.arn));
    for (const spec of specs) this.applyGroup(spec);
    for (const [arn, group] of this.groups) {
      if (arns.has(arn)) continue;
      group.listed = false;
      if (!inUse.has(arn)) this.forget(arn, group);
    }
  }

  private forget(arn: string, group: Group): void {
    for (const target of group.targets.values()) {
      target.checker?.stop();
      target.closeIdle?.();
    }
    this.groups.delete(arn);
  }

  private applyGroup(spec: DataPlaneTargetGroup): void {
    let group = this.groups.get(spec.arn);
    if (!group) {
      group = { spec, targets: new Map(), routes: [], routesUntil: 0, listed: true, turn: 0 };
      this.groups.set(spec.arn, group);
    } else if (!group.listed) this.checkAnew(group);
    group.spec = spec;
    group.listed = true;
    group.routesUntil = 0;
    const seen = new Set<string>();
    for (const wanted of spec.targets) {
      const key = `${wanted.id}:${wanted.port}`;
      seen.add(key);
      const known = group.targets.get(key);
      const target =
        known && known.target.registeredAt === wanted.registeredAt ? known : this.registered(group, wanted, known);
      group.targets.set(key, target);
      target.target = wanted;
      this.keepChecking(group, target);
    }
    for (const [key, target] of group.targets) {
      if (seen.has(key)) continue;
      // The API shows it no more (delay 0), but the load balancer's machines go on sending to it.
      target.target = { ...target.target, deregisteredAt: target.target.deregisteredAt ?? Date.now() };
      this.keepChecking(group, target);
    }
  }

  /** What a group that is used again had learnt is forgotten in the API, and told anew. */
  private checkAnew(group: Group): void {
    for (const target of group.targets.values()) {
      target.checker?.stop();
      target.checker = null;
      target.health = "initial";
    }
  }

  /**
   * Registered anew: what was learnt of the earlier registration doesn't count, but the load balancer's machines go by
   * that one until its lag is over.
   */
  private registered(group: Group, wanted: DataPlaneTarget, earlier: Target | undefined): Target {
    if (!earlier) return new Target(wanted);
    earlier.superseded = true;
    earlier.target = { ...earlier.target, deregisteredAt: earlier.target.deregisteredAt ?? wanted.registeredAt };
    this.keepChecking(group, earlier);
    group.targets.set(`${wanted.id}:${wanted.port} until ${wanted.registeredAt}`, earlier);
    return new Target(wanted, earlier.flows);
  }

  private keepChecking(group: Group, t: Target): void {
    if (t.target.deregisteredAt !== null) {
      t.checker?.stop();
      t.checker = null;
      return;
    }
    t.checker ??= new HealthChecker(this.fabric, t.target, group.spec.healthCheck, this.timeScale, (change) => {
      t.health = change.state;
      t.healthSince = Date.now();
      t.wasHealthy ||= change.state === "healthy";
      group.routesUntil = 0;
      if (group.listed)
        this.tell({ type: "health", targetGroupArn: group.spec.arn, id: t.target.id, port: t.target.port, ...change });
    });
    t.checker.target = t.target;
    t.checker.spec = group.spec.healthCheck;
  }

  /** Ends what deregistrations, and groups that no node uses any more, leave behind when their times are over. */
  tick(inUse: ReadonlySet<string>): void {
    const now = Date.now();
    for (const [arn, group] of this.groups) {
      if (!group.listed && !inUse.has(arn)) {
        this.forget(arn, group);
        continue;
      }
      for (const [key, target] of group.targets) this.leave(group, key, target, now);
    }
  }

  private leave(group: Group, key: string, t: Target, now: number): void {
    const gone = t.target.deregisteredAt;
    if (gone === null) return;
    const delay = scaledMs(group.spec.deregistrationDelaySeconds, this.timeScale);
    const lag = scaledMs(this.lags(group.spec).deregistrationLagSeconds, this.timeScale);
    if (t.superseded) {
      if (now - gone < lag) return;
      t.closeIdle?.();
      group.targets.delete(key);
      return;
    }
    if (now - gone >= lag) t.closeIdle?.();
    if (group.spec.connectionTermination && now - gone >= delay) for (const flow of [...t.flows]) flow.cut();
    const listed = group.spec.targets.some((s) => s.id === t.target.id && s.port === t.target.port);
    if (!listed && t.flows.size === 0 && now - gone >= Math.max(delay, lag)) group.targets.delete(key);
  }

  private routes(arn: string): readonly Target[] {
    const group = this.groups.get(arn);
    if (!group) return [];
    const now = Date.now();
    if (now >= group.routesUntil) {
      group.routes = routable([...group.targets.values()], now, this.lags(group.spec), this.timeScale);
      group.routesUntil = now + ROUTES_MS;
    }
    return group.routes;
  }

  /** For a flow: the same hash, the same target, as long as the targets are the same. */
  byHash(arn: string, hash: number): Target | null {
    const routes = this.routes(arn);
    return routes.length === 0 ? null : (routes[hash % routes.length] ?? null);
  }

  /** For a request: one after the other. */
  inTurn(arn: string): Target | null {
    const routes = this.routes(arn);
    const group = this.groups.get(arn);
    return routes.length === 0 || !group ? null : (routes[group.turn++ % routes.length] ?? null);
  }

  stop(): void {
    for (const [arn, group] of this.groups) this.forget(arn, group);
  }
}
