/** A load balancer in this process, pods as node servers on 127.x, and clients that see what TCP shows. */
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import type {
  DataPlaneTarget,
  DataPlaneTargetGroup,
  DataPlaneAction,
  DataPlaneListener,
  DataPlaneRouting,
  DataPlaneTimes,
  FabricEntry,
  FromDataPlane,
  HealthCheckSpec,
  LoadBalancerLags,
} from "../../../sandbox/contract";
import { LossLog } from "../../../sandbox/data-plane/loss-log";
import { Balancer } from "../../../sandbox/data-plane/balancer";
import { Fabric } from "../../../sandbox/fabric/dial";

export const DNS_NAME = "lb.example";
export const httpCheck: HealthCheckSpec = {
  protocol: "HTTP",
  port: "traffic-port",
  path: "/healthz",
  intervalSeconds: 1,
  timeoutSeconds: 1,
  healthyThreshold: 1,
  unhealthyThreshold: 1,
  matcher: "200",
};
export const tcpCheck: HealthCheckSpec = { ...httpCheck, protocol: "TCP", path: null, matcher: null };
/** A listener of an NLB with this vector of weights, by target group. `stickySeconds`: null is not sticky. */
export function flowListener(
  weights: Readonly<Record<string, number>>,
  stickySeconds: number | null = null,
): DataPlaneListener {
  return {
    arn: "listener",
    type: "network",
    protocol: "TCP",
    certificateArns: [],
    dnsName: DNS_NAME,
    port: 80,
    idleTimeoutSeconds: 350,
    clientKeepAliveSeconds: 3600,
    routing: {
      action: {
        type: "forward",
        targetGroups: Object.entries(weights).map(([arn, weight]) => ({ arn, weight })),
        sticky: stickySeconds === null ? null : { seconds: stickySeconds },
      },
      rules: [],
    },
  };
}

/** A listener of an ALB that serves HTTP. */
export function requestListener(routing: DataPlaneRouting, more: Partial<DataPlaneListener> = {}): DataPlaneListener {
  return {
    ...flowListener({}),
    type: "application",
    protocol: "HTTP",
    idleTimeoutSeconds: 60,
    routing,
    ...more,
  };
}

export function forwardTo(weights: Readonly<Record<string, number>>): DataPlaneAction {
  return flowListener(weights).routing.action;
}

export function groupOf(
  arn: string,
  targets: readonly DataPlaneTarget[],
  more: Partial<DataPlaneTargetGroup> = {},
): DataPlaneTargetGroup {
  return {
    arn,
    protocol: "TCP",
    healthCheck: httpCheck,
    deregistrationDelaySeconds: 300,
    connectionTermination: false,
    crossZone: true,
    targets,
    ...more,
  };
}

/** AWS's lags, as the daemon has them. */
export function lags(more: Partial<LoadBalancerLags> = {}): DataPlaneTimes {
  const all = {
    registrationLagSeconds: 180,
    deregistrationLagSeconds: 180,
    unhealthyLagSeconds: 35,
    weightLagSeconds: 300,
    ...more,
  };
  return { network: all, application: all, seed: 1 };
}

/** Registered so long ago that no lag is left. */
export const LONG_AGO = 1;

export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = 60_000,
): Promise<void> {
  for (const end = Date.now() + withinMs; !(await holds());) {
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A pod of the VPC: any TCP server, and its entry of the fabric. */
export class Pod {
  readonly sockets = new Set<net.Socket>();
  constructor(
    readonly address: string,
    readonly server: net.Server,
  ) {
    server.on("connection", (socket) => {
      this.sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => this.sockets.delete(socket));
    });
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, resolve));
    return this;
  }

  get entry(): FabricEntry {
    return {
      address: this.address,
      port: 8080,
      host: "127.0.0.1",
      hostPort: (this.server.address() as AddressInfo).port,
    };
  }

  target(registeredAt = LONG_AGO, more: Partial<DataPlaneTarget> = {}): DataPlaneTarget {
    return {
      id: this.address,
      address: this.address,
      port: 8080,
      registeredAt,
      deregisteredAt: null,
      reachable: true,
      ...more,
    };
  }

  /** As SIGKILL does: no listener, every connection reset. */
  kill(): void {
    this.server.close();
    for (const socket of this.sockets) socket.resetAndDestroy();
  }
}

/** Answers with its name, and /healthz with what `health` says. */
export async function httpPod(address: string, health: () => number = () => 200): Promise<Pod> {
  const server = http.createServer((request, response) => {
    response.writeHead(request.url === "/healthz" ? health() : 200, { "x-pod": address });
    response.end(address);
  });
  return new Pod(address, server).listen();
}

export async function tcpPod(address: string, onConnection: (socket: net.Socket) => void): Promise<Pod> {
  return new Pod(address, net.createServer({ allowHalfOpen: true }, onConnection)).listen();
}

export class Rig {
  readonly fabric = new Fabric();
  readonly heard: (FromDataPlane & { readonly heardAt: number })[] = [];
  /** What the balancer wrote of connections that it could not deliver. */
  readonly losses: Record<string, unknown>[] = [];
  readonly balancer: Balancer;
  private readonly pods: Pod[] = [];
  private readonly clients = new Set<net.Socket>();

  constructor(timeScale: number, times: Partial<LoadBalancerLags> = {}) {
    this.balancer = new Balancer(
      this.fabric,
      timeScale,
      lags(times),
      (message) => this.heard.push({ ...message, heardAt: Date.now() }),
      new LossLog((line) => this.losses.push(JSON.parse(line) as Record<string, unknown>)),
    );
  }

  add<T extends Pod>(...pods: T[]): T[] {
    for (const pod of pods) this.fabric.set(pod.entry);
    this.pods.push(...pods);
    return pods;
  }

  async apply(targets: readonly DataPlaneTarget[], more: Partial<DataPlaneTargetGroup> = {}): Promise<void> {
    await this.applyGroups({ tg: 1 }, [groupOf("tg", targets, more)]);
  }

  /** Weights by target group. */
  async applyGroups(
    weights: Readonly<Record<string, number>>,
    targetGroups: readonly DataPlaneTargetGroup[],
  ): Promise<void> {
    this.balancer.apply({ listeners: [flowListener(weights)], targetGroups });
    await eventually("the listener's socket is open", () => this.heard.some((m) => m.type === "listening"));
  }

  health(pod: Pod, state: string): { readonly heardAt: number; readonly reason: string | null } | undefined {
    return this.heard
      .flatMap((m) => (m.type === "health" && m.id === pod.address && m.state === state ? [m] : []))
      .at(-1);
  }

  async healthy(...pods: Pod[]): Promise<void> {
    for (const pod of pods)
      await eventually(`${pod.address} is healthy`, () => this.health(pod, "healthy") !== undefined);
  }

  /** A client's connection to the load balancer. */
  connect(options: { readonly allowHalfOpen?: boolean } = {}): net.Socket {
    const at = this.heard.flatMap((m) => (m.type === "listening" ? [m] : [])).at(-1);
    if (!at) throw new Error("no listener yet");
    const socket = net.connect({ host: at.host, port: at.hostPort, allowHalfOpen: options.allowHalfOpen ?? false });
    this.clients.add(socket);
    socket.on("close", () => this.clients.delete(socket));
    return socket;
  }

  /** One request on a new connection: the name of the pod that answered. */
  async ask(): Promise<string> {
    const socket = this.connect();
    socket.write("GET / HTTP/1.1\r\nHost: lb\r\nConnection: close\r\n\r\n");
    return /x-pod: ([^\r]*)/.exec(await received(socket))?.[1] ?? "nobody";
  }

  open(pod: Pod): number {
    return this.balancer.stats().targets[`${pod.address}:8080`]?.open ?? 0;
  }

  async close(): Promise<void> {
    this.balancer.stop();
    for (const socket of this.clients) socket.destroy();
    for (const pod of this.pods) pod.kill();
    await eventually(
      "all of the rig is closed",
      () => this.clients.size === 0 && this.pods.every((pod) => pod.sockets.size === 0 && !pod.server.listening),
    );
  }
}

/** All that comes until the other side ends in order; rejects with the error of a reset. */
export function received(socket: net.Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    socket.on("data", (data) => (text += data.toString("latin1")));
    socket.on("end", () => resolve(text));
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("closed without an end")));
  });
}
