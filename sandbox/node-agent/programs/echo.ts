/**
 * The stand-in for `eks-blue-green/echo`, and for every other image whose container declares ports: a rehearsal of
 * somebody's
 * own workload must serve. One HTTP/1.1 server per TCP containerPort, on a loopback socket.
 *
 * Any path answers 200 `{pod, member, version, path}` with the headers `x-pod` and `x-member`. Its environment:
 * - MEMBER: the member's name in the answers; default: the cluster's name. VERSION: default: the image's tag.
 * - ECHO_STATUS: status of every answer, default 200. ECHO_DELAY_MS: real milliseconds before an answer, default 0.
 * - ECHO_FAIL_AFTER_SECONDS: answers 500 from then on; seconds since the start, scaled like all modelled time.
 *
 * Each answer is a line of its log, in the common format of access logs.
 *
 * After SIGTERM it goes on accepting (a load balancer may still send connections), and tells each client to close with
 * the next
 * answer. It ends once no connection is open and none has come for a moment. What is idle just before the grace ends is
 * closed
 * in order; what is open at SIGKILL is reset.
 */
import http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { scaledMs } from "../../shared/clock";
import { ContainerLog } from "./container-log";
import type { PodBehaviour } from "./pod-faults";
import { KILLED, type ProgramContext, type RunningProgram } from "./program";

/** Longer than any client here keeps a connection idle: the server must not be the one that closes. Real time. */
const KEEP_ALIVE_MS = 75_000;
/** "A moment": five seconds of modelled time, and never less than what a busy machine needs to deliver a connection. */
const QUIET_SECONDS = 5;
const QUIET_FLOOR_MS = 300;

interface Faults {
  readonly status: number;
  readonly delayMs: number;
  readonly failAt: number;
}

function faultsOf(env: Readonly<Record<string, string>>, timeScale: number): Faults {
  const number = (name: string, fallback: number): number => {
    const value = Number(env[name] ?? "");
    return env[name] && Number.isFinite(value) ? value : fallback;
  };
  const status = number("ECHO_STATUS", 200);
  const failAfter = number("ECHO_FAIL_AFTER_SECONDS", Number.POSITIVE_INFINITY);
  return {
    status: Number.isInteger(status) && status >= 200 && status <= 599 ? status : 200,
    delayMs: number("ECHO_DELAY_MS", 0),
    failAt: Date.now() + scaledMs(failAfter, timeScale),
  };
}

function imageTag(image: string | undefined): string {
  const tag = /:([^:/@]+)(?:@.*)?$/.exec(image ?? "");
  return tag?.[1] ?? "latest";
}

/** `21/Nov/2026:15:04:05 +0000` */
function accessTime(atMs: number): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(new Date(atMs).toUTCString()) ?? [];
  return `${day ?? ""}/${month ?? ""}/${year ?? ""}:${time ?? ""} +0000`;
}

class EchoServer implements RunningProgram {
  readonly strictPorts: boolean;
  readonly ports: number[] = [];
  readonly ended: Promise<number>;
  readonly log = new ContainerLog();
  private end: (code: number) => void = () => undefined;
  private over = false;
  private draining = false;
  private lastArrival = 0;
  private readonly servers: http.Server[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly quietMs: number;
  /** performance.now() of the first request that was no health check. */
  private loadSince: number | null = null;

  constructor(
    private readonly context: ProgramContext,
    strictPorts: boolean,
  ) {
    this.strictPorts = strictPorts;
    this.quietMs = Math.max(QUIET_FLOOR_MS, scaledMs(QUIET_SECONDS, context.timeScale));
    this.ended = new Promise((resolve) => (this.end = resolve));
  }

  async listen(): Promise<void> {
    const tcp = (this.context.container.ports ?? []).filter((p) => (p.protocol ?? "TCP") === "TCP");
    const handler = this.handler();
    for (const port of new Set(tcp.map((p) => p.containerPort))) {
      const server = http.createServer({ keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true }, handler);
      server.on("connection", (socket) => this.accepted(socket));
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, resolve);
      });
      this.servers.push(server);
      this.ports.push(port);
      this.context.publish({
        address: this.context.address,
        port,
        host: "127.0.0.1",
        hostPort: (server.address() as AddressInfo).port,
      });
    }
  }

  private handler(): http.RequestListener {
    const { env, pod, clusterName, container, timeScale } = this.context;
    const member = env.MEMBER ?? clusterName;
    const head = `${JSON.stringify({ pod, member, version: env.VERSION ?? imageTag(container.image) }).slice(0, -1)},"path":`;
    const faults = faultsOf(env, timeScale);
    const healthPaths = new Set(
      [container.readinessProbe, container.livenessProbe, container.startupProbe].map((probe) => probe?.httpGet?.path),
    );
    const answer = (request: http.IncomingMessage, response: http.ServerResponse, forced: number | null): void => {
      const body = `${head}${JSON.stringify(request.url)}}`;
      const status = forced ?? (Date.now() >= faults.failAt ? 500 : faults.status);
      // Asked again here, not on arrival: an answer that was under way at SIGTERM says "close" already.
      if (this.draining) response.setHeader("connection", "close");
      const atMs = Date.now();
      // Not the request itself, which would keep its socket.
      const {
        method,
        url,
        httpVersion,
        headers: { "user-agent": client },
      } = request;
      const from = request.socket.remoteAddress;
      this.log.add(
        () =>
          `${from ?? "-"} - - [${accessTime(atMs)}] "${method ?? "-"} ${url ?? "-"} HTTP/${httpVersion}" ` +
          `${status} ${Buffer.byteLength(body)} "-" "${client ?? "-"}"`,
      );
      response.writeHead(status, {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        "x-pod": pod,
        "x-member": member,
      });
      response.end(request.method === "HEAD" ? undefined : body);
    };
    return (request, response) => {
      request.resume();
      const isHealthCheck = healthPaths.has((request.url ?? "").split("?")[0]);
      const injected = this.injected(isHealthCheck);
      const delayMs = faults.delayMs + injected.delayMs;
      if (delayMs <= 0) return answer(request, response, injected.status);
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        answer(request, response, injected.status);
      }, delayMs);
      this.timers.add(timer);
    };
  }

  private injected(isHealthCheck: boolean): PodBehaviour {
    const now = performance.now();
    if (!isHealthCheck) this.loadSince ??= now;
    const lifetimeMs = this.loadSince === null ? null : (this.context.lifetimeMs?.() ?? null);
    if (lifetimeMs !== null && this.loadSince !== null && now - this.loadSince >= lifetimeMs)
      setImmediate(() => this.kill());
    return (
      this.context.behaviour?.(isHealthCheck, this.loadSince === null ? null : now - this.loadSince) ?? {
        delayMs: 0,
        status: null,
      }
    );
  }

  private accepted(socket: Socket): void {
    this.lastArrival = Date.now();
    this.sockets.add(socket);
    // A client's reset is its own affair; http reports it to nobody here, and an unheard 'error' would end the agent.
    socket.on("error", () => undefined);
    socket.once("close", () => {
      this.sockets.delete(socket);
      if (this.draining && this.sockets.size === 0) this.endWhenQuiet();
    });
  }

  terminate(graceMs: number): void {
    if (this.draining) return;
    this.draining = true;
    const margin = Math.min(500, graceMs / 4);
    this.after(Math.max(0, graceMs - margin), () => {
      for (const server of this.servers) server.closeIdleConnections();
    });
    this.endWhenQuiet();
  }

  private endWhenQuiet(): void {
    const wait = Math.max(this.quietMs / 2, this.lastArrival + this.quietMs - Date.now());
    this.after(wait, () => {
      if (this.sockets.size > 0) return;
      if (Date.now() - this.lastArrival < this.quietMs) return this.endWhenQuiet();
      this.finish(0);
    });
  }

  kill(): void {
    this.finish(KILLED);
  }

  private finish(code: number): void {
    if (this.over) return;
    this.over = true;
    for (const timer of this.timers) clearTimeout(timer);
    for (const port of this.ports) this.context.withdraw(this.context.address, port);
    for (const server of this.servers) server.close();
    for (const socket of this.sockets) socket.resetAndDestroy();
    this.end(code);
  }

  private after(ms: number, action: () => void): void {
    if (this.over) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      action();
    }, ms);
    this.timers.add(timer);
  }
}

/** `strictPorts`: see {@link RunningProgram}. */
export async function startEcho(context: ProgramContext, strictPorts: boolean): Promise<RunningProgram> {
  const server = new EchoServer(context, strictPorts);
  try {
    await server.listen();
  } catch (error) {
    server.kill();
    throw error;
  }
  return server;
}
