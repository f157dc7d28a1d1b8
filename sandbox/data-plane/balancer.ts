/** The load balancers of the sandbox: listeners, targets, flows. See `routing.ts` for who gets a flow. */
import net from "node:net";
import { scaledMs } from "../shared/clock";
import type {
  DataPlaneListener,
  DataPlaneState,
  DataPlaneStats,
  DataPlaneTarget,
  DataPlaneTargetGroup,
  DataPlaneTimes,
  FromDataPlane,
  TargetHealthState,
} from "../contract";
import { dial, type Fabric } from "../fabric/dial";
import { Flow } from "../fabric/flow";
import { HealthChecker } from "./health";
import { LossLog } from "./loss-log";
import { flowHash, pickGroup, routable, type RoutedTarget } from "./routing";

/** NLB's TCP idle time-out. */
const IDLE_SECONDS = 350;
/** How long a client waits for a target that security groups cut off. */
const CONNECT_SECONDS = 10;
const TICK_MS = 25;
/** How often idle flows are looked for. Real time; one sweep is cheaper than a timer for each flow. */
const IDLE_SWEEP_MS = 250;
/** How old a choice of routable targets may be. Real time; far below any scaled lag. */
const ROUTES_MS = 10;

class Target implements RoutedTarget {
  health: TargetHealthState = "initial";
  healthSince = 0;
  wasHealthy = false;
  checker: HealthChecker | null = null;
  /** Registered anew since: it takes flows for its lag, and they count as those of the newer registration. */
  superseded = false;
  constructor(
    public target: DataPlaneTarget,
    readonly flows = new Set<Flow>(),
  ) {}
}

interface Group {
  spec: DataPlaneTargetGroup;
  readonly targets: Map<string, Target>;
  routes: Target[];
  routesUntil: number;
}

interface Listener {
  spec: DataPlaneListener;
  readonly server: net.Server;
  readonly counts: { open: number; accepted: number; refused: number };
}

export class Balancer {
  private readonly groups = new Map<string, Group>();
  private readonly listeners = new Map<string, Listener>();
  private readonly networks = new Map<string, number>();
  private readonly counts = new Map<string, { open: number; accepted: number; failed: number; reset: number }>();
  /** Beside the targets' own sets: a flow outlives its target group. */
  private readonly flows = new Set<Flow>();
  private readonly timers: NodeJS.Timeout[];

  constructor(
    private readonly fabric: Fabric,
    private readonly timeScale: number,
    private readonly times: DataPlaneTimes,
    private readonly tell: (message: FromDataPlane) => void,
    private readonly losses: LossLog = new LossLog(() => undefined),
  ) {
    this.timers = [setInterval(() => this.tick(), TICK_MS), setInterval(() => this.cutIdle(), IDLE_SWEEP_MS)];
  }

  apply(state: DataPlaneState): void {
    const arns = new Set(state.targetGroups.map((g) => g.arn));
    for (const spec of state.targetGroups) this.applyGroup(spec);
    for (const [arn, group] of this.groups) {
      if (arns.has(arn)) continue;
      for (const t of group.targets.values()) t.checker?.stop();
      this.groups.delete(arn);
    }
    const wanted = new Map(state.listeners.map((l) => [l.arn, l]));
    for (const [arn, listener] of this.listeners) {
      const spec = wanted.get(arn);
      if (spec && spec.dnsName === listener.spec.dnsName && spec.port === listener.spec.port) listener.spec = spec;
      else this.close(listener);
    }
    for (const spec of wanted.values()) if (!this.listeners.has(spec.arn)) this.listen(spec);
  }

  private applyGroup(spec: DataPlaneTargetGroup): void {
    const group = this.groups.get(spec.arn) ?? { spec, targets: new Map<string, Target>(), routes: [], routesUntil: 0 };
    this.groups.set(spec.arn, group);
    group.spec = spec;
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
      this.tell({ type: "health", targetGroupArn: group.spec.arn, id: t.target.id, port: t.target.port, ...change });
    });
    t.checker.target = t.target;
    t.checker.spec = group.spec.healthCheck;
  }

  /** Ends what a deregistration leaves behind when its times are over. */
  private tick(): void {
    const now = Date.now();
    for (const group of this.groups.values()) {
      const delay = scaledMs(group.spec.deregistrationDelaySeconds, this.timeScale);
      const lag = scaledMs(this.times.deregistrationLagSeconds, this.timeScale);
      for (const [key, t] of group.targets) {
        const gone = t.target.deregisteredAt;
        if (gone === null) continue;
        if (t.superseded) {
          if (now - gone >= lag) group.targets.delete(key);
          continue;
        }
        if (group.spec.connectionTermination && now - gone >= delay) for (const flow of [...t.flows]) flow.cut();
        const listed = group.spec.targets.some((s) => s.id === t.target.id && s.port === t.target.port);
        if (!listed && t.flows.size === 0 && now - gone >= Math.max(delay, lag)) group.targets.delete(key);
      }
    }
  }

  private cutIdle(): void {
    const since = Date.now() - scaledMs(IDLE_SECONDS, this.timeScale);
    for (const flow of [...this.flows]) if (flow.lastActive <= since) flow.cut();
  }

  private listen(spec: DataPlaneListener): void {
    const n = this.networks.get(spec.dnsName) ?? this.networks.size + 1;
    this.networks.set(spec.dnsName, n);
    const host = `127.${80 + (n >> 8)}.${n & 255}.1`;
    const counts = { open: 0, accepted: 0, refused: 0 };
    const server = net.createServer({ allowHalfOpen: true, noDelay: true });
    const listener: Listener = { spec, server, counts };
    this.listeners.set(spec.arn, listener);
    server.on("connection", (socket) => this.accept(listener, socket));
    server.on("listening", () => {
      if (this.listeners.get(spec.arn) !== listener) return;
      this.tell({
        type: "listening",
        listenerArn: spec.arn,
        dnsName: spec.dnsName,
        port: spec.port,
        host,
        hostPort: (server.address() as net.AddressInfo).port,
      });
    });
    let fallback = false;
    server.on("error", (error) => {
      if (!server.listening && !fallback) {
        // A privileged port, or another sandbox has this address and port already.
        fallback = true;
        server.listen({ host, port: 0, backlog: 4096 });
      } else this.tell({ type: "listener-failed", listenerArn: spec.arn, message: error.message });
    });
    server.listen({ host, port: spec.port, backlog: 4096 });
  }

  private close(listener: Listener): void {
    this.listeners.delete(listener.spec.arn);
    listener.server.close();
    this.tell({
      type: "listener-closed",
      listenerArn: listener.spec.arn,
      dnsName: listener.spec.dnsName,
      port: listener.spec.port,
    });
  }

  private choose(listener: Listener, client: net.Socket): Target | null {
    const hash = flowHash(client.remoteAddress ?? "", client.remotePort ?? 0);
    const group = this.groups.get(pickGroup(listener.spec.targetGroups, hash) ?? "");
    if (!group) return null;
    const now = Date.now();
    if (now >= group.routesUntil) {
      group.routes = routable([...group.targets.values()], now, this.times, this.timeScale);
      group.routesUntil = now + ROUTES_MS;
    }
    return group.routes.length === 0 ? null : (group.routes[hash % group.routes.length] ?? null);
  }

  private accept(listener: Listener, client: net.Socket): void {
    const target = this.choose(listener, client);
    if (target === null) {
      listener.counts.refused++;
      this.losses.add("no target", listener.spec, null);
      client.on("error", () => undefined);
      client.resetAndDestroy();
      return;
    }
    const { id, address, port, reachable } = target.target;
    const key = `${id}:${port}`;
    const counts = this.counts.get(key) ?? { open: 0, accepted: 0, failed: 0, reset: 0 };
    this.counts.set(key, counts);
    listener.counts.accepted++;
    counts.accepted++;
    if (!reachable) {
      this.losses.add("cut off by security groups", listener.spec, target);
      return this.leaveHanging(client, () => counts.failed++);
    }
    let upstream: net.Socket;
    try {
      upstream = dial(this.fabric, address, port, { allowHalfOpen: true });
    } catch {
      counts.failed++;
      this.losses.add("nothing at the address", listener.spec, target);
      client.on("error", () => undefined);
      client.resetAndDestroy();
      return;
    }
    listener.counts.open++;
    counts.open++;
    const flow = new Flow(client, upstream, (ended, { connected, brokenByTarget }) => {
      this.flows.delete(ended);
      target.flows.delete(ended);
      listener.counts.open--;
      counts.open--;
      if (!connected) counts.failed++;
      else if (brokenByTarget) counts.reset++;
      if (brokenByTarget)
        this.losses.add(connected ? "reset by the target" : "refused by the target", listener.spec, target);
    });
    this.flows.add(flow);
    target.flows.add(flow);
  }

  private leaveHanging(client: net.Socket, failed: () => void): void {
    failed();
    client.on("error", () => undefined);
    const timer = setTimeout(() => client.resetAndDestroy(), scaledMs(CONNECT_SECONDS, this.timeScale));
    client.once("close", () => clearTimeout(timer));
    client.once("end", () => client.destroy());
    client.resume();
  }

  stats(): DataPlaneStats {
    const targets = Object.fromEntries([...this.counts].map(([key, c]) => [key, { ...c }]));
    const listeners = Object.fromEntries([...this.listeners].map(([arn, l]) => [arn, { ...l.counts }]));
    return { targets, listeners };
  }

  /** For tests in the same process. */
  stop(): void {
    for (const timer of this.timers) clearInterval(timer);
    for (const listener of [...this.listeners.values()]) this.close(listener);
    for (const group of this.groups.values()) for (const t of group.targets.values()) t.checker?.stop();
    for (const flow of [...this.flows]) flow.cut();
  }
}
