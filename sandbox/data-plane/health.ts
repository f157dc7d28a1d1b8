/** Health checks of one target, each on a connection of its own through the fabric. */
import type { Socket } from "node:net";
import tls from "node:tls";
import { scaledMs } from "../shared/clock";
import type { DataPlaneTarget, HealthCheckSpec, TargetHealthState } from "../contract";
import { dial, type Fabric } from "../fabric/dial";
import { beginStretch, Excuses } from "../shared/pace";

/** More checks than this per second measure the machine, not the target. Real time. */
const INTERVAL_FLOOR_MS = 50;
/** A scaled time-out may be shorter than a busy machine's hiccup, which is no fault of the target. Real time. */
const TIMEOUT_FLOOR_MS = 1_000;

type Result = { readonly ok: true } | { readonly ok: false; readonly reason: string; readonly description: string };

export interface HealthChange {
  readonly state: TargetHealthState;
  readonly reason: string | null;
  readonly description: string | null;
}

/** `200-399`, `200,202` or `200`. */
export function matches(matcher: string, status: number): boolean {
  return matcher.split(",").some((part) => {
    const [low, high] = part.split("-").map(Number);
    return low !== undefined && status >= low && status <= (high ?? low);
  });
}

export class HealthChecker {
  private state: TargetHealthState = "initial";
  private inARow = 0;
  private lastOk = false;
  private timer: NodeJS.Timeout | null = null;
  private socket: Socket | null = null;
  private stopped = false;
  private readonly excuses = new Excuses();

  constructor(
    private readonly fabric: Fabric,
    public target: DataPlaneTarget,
    public spec: HealthCheckSpec,
    private readonly timeScale: number,
    private readonly changed: (change: HealthChange) => void,
  ) {
    this.timer = setTimeout(() => this.check(), Math.random() * INTERVAL_FLOOR_MS);
  }

  stop(): void {
    this.stopped = true;
    if (this.timer) clearTimeout(this.timer);
    this.socket?.destroy();
  }

  private check(): void {
    const startedAt = Date.now();
    const stretch = beginStretch();
    this.probe((result) => {
      if (this.stopped) return;
      if (this.excuses.counts(result.ok, stretch)) this.count(result);
      const interval = Math.max(INTERVAL_FLOOR_MS, scaledMs(this.spec.intervalSeconds, this.timeScale));
      this.timer = setTimeout(() => this.check(), Math.max(0, startedAt + interval - Date.now()));
    });
  }

  private count(result: Result): void {
    this.inARow = result.ok === this.lastOk ? this.inARow + 1 : 1;
    this.lastOk = result.ok;
    const state: TargetHealthState = result.ok ? "healthy" : "unhealthy";
    const needed = result.ok ? this.spec.healthyThreshold : this.spec.unhealthyThreshold;
    if (state === this.state || this.inARow < needed) return;
    this.state = state;
    this.changed(
      result.ok
        ? { state, reason: null, description: null }
        : { state, reason: result.reason, description: result.description },
    );
  }

  private probe(done: (result: Result) => void): void {
    const scaledTimeout = scaledMs(this.spec.timeoutSeconds, this.timeScale);
    const timedOut: Result = { ok: false, reason: "Target.Timeout", description: "Request timed out" };
    if (!this.target.reachable) {
      this.timer = setTimeout(() => done(timedOut), scaledTimeout);
      return;
    }
    const failed: Result = { ok: false, reason: "Target.FailedHealthChecks", description: "Health checks failed" };
    let socket: Socket;
    try {
      socket = dial(
        this.fabric,
        this.target.address,
        this.spec.port === "traffic-port" ? this.target.port : this.spec.port,
      );
    } catch {
      return done(failed);
    }
    this.socket = socket;
    let over = false;
    const finish = (result: Result): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      socket.destroy();
      done(result);
    };
    const timer = setTimeout(() => finish(timedOut), Math.max(TIMEOUT_FLOOR_MS, scaledTimeout));
    socket.on("error", () => finish(failed));
    socket.on("close", () => finish(failed));
    this.ask(socket, finish);
  }

  private ask(socket: Socket, finish: (result: Result) => void): void {
    switch (this.spec.protocol) {
      case "TCP":
        return void socket.on("connect", () => finish({ ok: true }));
      case "HTTP":
        return void socket.on("connect", () => this.askHttp(socket, finish));
      case "HTTPS": {
        // Elastic Load Balancing checks no certificate of a target, and sends no name.
        const secure = tls.connect({ socket, rejectUnauthorized: false });
        secure.on("error", () => socket.destroy());
        return void secure.on("secureConnect", () => this.askHttp(secure, finish));
      }
      default:
        this.spec.protocol satisfies never;
    }
  }

  private askHttp(socket: Socket, finish: (result: Result) => void): void {
    let head = "";
    socket.write(
      `GET ${this.spec.path ?? "/"} HTTP/1.1\r\nHost: ${this.target.address}\r\nUser-Agent: ` +
        "ELB-HealthChecker/2.0\r\nConnection: close\r\n\r\n",
    );
    socket.on("data", (data) => {
      if (head.length < 64) head += data.toString("latin1");
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
      if (status === undefined) return;
      const ok = matches(this.spec.matcher ?? "200-399", Number(status));
      finish(
        ok
          ? { ok }
          : {
              ok,
              reason: "Target.ResponseCodeMismatch",
              description: `Health checks failed with these codes: [${status}]`,
            },
      );
    });
  }
}
