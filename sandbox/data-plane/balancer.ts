/**
 * The load balancers of the sandbox: their listeners' sockets, and what the API says of them. Who gets a flow is in
 * `routing.ts` and `targets.ts`; `flow-listener.ts` carries an NLB's flows, and `http/` has an
 * ALB's requests.
 */
import type net from "node:net";
import { scaledMs } from "../shared/clock";
import type { DataPlaneListener, DataPlaneState, DataPlaneStats, DataPlaneTimes, FromDataPlane } from "../contract";
import type { Fabric } from "../fabric/dial";
import { FlowListener } from "./flow-listener";
import { RequestListener } from "./http/request-listener";
import type { Service, Surroundings } from "./listener";
import { LossLog } from "./loss-log";
import { seeded } from "./random";
import { TargetGroups } from "./targets";

const TICK_MS = 25;
/** How often idle flows are looked for. Real time; one sweep is cheaper than a timer for each flow. */
const IDLE_SWEEP_MS = 250;

interface Listener {
  spec: DataPlaneListener;
  readonly service: Service;
}

export class Balancer {
  private readonly around: Surroundings;
  private readonly listeners = new Map<string, Listener>();
  /** Gone from the API; what they carry goes on. */
  private readonly closed = new Set<Service>();
  private readonly networks = new Map<string, number>();
  private readonly timers: NodeJS.Timeout[];

  constructor(
    fabric: Fabric,
    private readonly timeScale: number,
    private readonly times: DataPlaneTimes,
    private readonly tell: (message: FromDataPlane) => void,
    losses: LossLog = new LossLog(() => undefined),
  ) {
    const groups = new TargetGroups(fabric, timeScale, times, tell);
    this.around = { fabric, groups, timeScale, times, losses, random: seeded(times.seed), counts: new Map() };
    this.timers = [
      setInterval(() => groups.tick(this.groupsInUse()), TICK_MS),
      setInterval(() => this.cutIdle(), IDLE_SWEEP_MS),
    ];
  }

  apply(state: DataPlaneState): void {
    const wanted = new Map(state.listeners.map((l) => [l.arn, l]));
    for (const [arn, listener] of this.listeners) {
      const spec = wanted.get(arn);
      if (spec && isSameSocket(spec, listener.spec)) this.change(listener, spec);
      else this.close(listener);
    }
    for (const spec of wanted.values()) if (!this.listeners.has(spec.arn)) this.listen(spec);
    this.around.groups.apply(state.targetGroups, this.groupsInUse());
  }

  private change(listener: Listener, spec: DataPlaneListener): void {
    const { weightLagSeconds } = this.times[spec.type];
    listener.spec = spec;
    listener.service.views.change(spec.routing, Date.now(), scaledMs(weightLagSeconds, this.timeScale));
    listener.service.update(spec);
  }

  private groupsInUse(): ReadonlySet<string> {
    const now = Date.now();
    return new Set([...this.listeners.values()].flatMap(({ service }) => [...service.views.groups(now)]));
  }

  private cutIdle(): void {
    const now = Date.now();
    for (const { service } of this.listeners.values()) service.cutIdle(now);
    for (const service of this.closed) {
      service.cutIdle(now);
      if (service.counts.open === 0) this.closed.delete(service);
    }
  }

  private listen(spec: DataPlaneListener): void {
    const n = this.networks.get(spec.dnsName) ?? this.networks.size + 1;
    this.networks.set(spec.dnsName, n);
    const host = `127.${80 + (n >> 8)}.${n & 255}.1`;
    const service: Service =
      spec.type === "network" ? new FlowListener(spec, this.around) : new RequestListener(spec, this.around);
    const { server } = service;
    const listener: Listener = { spec, service };
    this.listeners.set(spec.arn, listener);
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
    server.on("error", (error: Error) => {
      if (!server.listening && !fallback) {
        // A privileged port, or another sandbox has this address and port already.
        fallback = true;
        server.listen({ host, port: 0, backlog: 4096 });
      } else this.tell({ type: "listener-failed", listenerArn: spec.arn, message: error.message });
    });
    void service.ready.then(() => {
      if (this.listeners.get(spec.arn) === listener) server.listen({ host, port: spec.port, backlog: 4096 });
    });
  }

  private close({ spec, service }: Listener): void {
    this.listeners.delete(spec.arn);
    this.closed.add(service);
    service.close();
    this.tell({ type: "listener-closed", listenerArn: spec.arn, dnsName: spec.dnsName, port: spec.port });
  }

  stats(): DataPlaneStats {
    const targets = Object.fromEntries([...this.around.counts].map(([key, c]) => [key, { ...c }]));
    const listeners = Object.fromEntries([...this.listeners].map(([arn, l]) => [arn, { ...l.service.counts }]));
    return { targets, listeners };
  }

  /** For tests in the same process. */
  stop(): void {
    for (const timer of this.timers) clearInterval(timer);
    for (const listener of [...this.listeners.values()]) this.close(listener);
    this.around.groups.stop();
    for (const service of this.closed) service.destroy();
  }
}

function isSameSocket(a: DataPlaneListener, b: DataPlaneListener): boolean {
  return a.dnsName === b.dnsName && a.port === b.port && a.type === b.type && isSameProtocol(a, b);
}

/** A listener with another default certificate is opened anew. */
function isSameProtocol(a: DataPlaneListener, b: DataPlaneListener): boolean {
  return a.protocol === b.protocol && a.certificateArns[0] === b.certificateArns[0];
}
