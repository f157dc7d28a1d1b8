/** The open-loop client: what is due is sent, by the clock alone, whatever became of the requests before. */
import { readFileSync, statSync } from "node:fs";
import { isIP } from "node:net";
import tls from "node:tls";
import type { LoadFailure, LoadOptions, LoadSummary } from "../contract";
import { parseConnectTo } from "../fabric/connect-to";
import { dial, Fabric } from "../fabric/dial";
import { Connection, type Outcome } from "./connection";
import { Histogram } from "./histogram";
import type { LoadSample } from "./start";

const TICK_MS = 2;
/** How often time-outs are looked for: one sweep is cheaper than a timer for each request. */
const SWEEP_MS = 50;
const FIRST_FAILURES = 50;
/** A client later than this proves nothing about the servers. */
const VOID_LAG_MS = 1_000;
/** One for all: `tls.connect` makes one for each connection otherwise, which costs a quarter of the handshake. */
const tlsContext = tls.createSecureContext();

interface Second {
  sent: number;
  failed: number;
  readonly byMember: Record<string, number>;
  readonly newByMember: Record<string, number>;
}

const emptySecond = (): Second => ({ sent: 0, failed: 0, byMember: {}, newByMember: {} });

export class LoadClient {
  private fabric = new Fabric();
  private tableRead = -1;
  private readonly startedAt = Date.now();
  private readonly start = performance.now();
  private readonly latency = new Histogram();
  private readonly lag = new Histogram();
  private readonly idle: Connection[] = [];
  private readonly open = new Set<Connection>();
  /** The kept-alive ones that can still be used. */
  private readonly pool = new Set<Connection>();
  private readonly requests: { readonly new: string; readonly "kept-alive": string };
  private sent = 0;
  private inFlight = 0;
  private succeeded = 0;
  private idleResets = 0;
  private newCredit = 0;
  private grow = false;
  private readonly by = { new: { sent: 0, failed: 0 }, "kept-alive": { sent: 0, failed: 0 } };
  private readonly kinds: Record<string, number> = {};
  private readonly members: Record<string, number> = {};
  private readonly failedMembers: Record<string, number> = {};
  private readonly firstFailures: LoadFailure[] = [];
  private second = emptySecond();
  private readonly timers: NodeJS.Timeout[];
  private readonly sweeper: NodeJS.Timeout;
  private stopped = false;

  constructor(
    private readonly options: LoadOptions,
    private readonly ledger: (line: object) => void,
    private readonly sampled: (sample: LoadSample) => void,
  ) {
    const head = `GET ${options.path} HTTP/1.1\r\nHost: ${options.host}\r\nConnection: `;
    this.requests = { new: `${head}close\r\n\r\n`, "kept-alive": `${head}keep-alive\r\n\r\n` };
    this.readTable();
    this.timers = [setInterval(() => this.sendDue(), TICK_MS), setInterval(() => this.sample(), 1_000)];
    this.sweeper = setInterval(() => this.sweep(), SWEEP_MS);
  }

  /** The load balancer may come to listen elsewhere (its process started again). */
  private readTable(): void {
    try {
      const changed = statSync(this.options.connectToFile).mtimeMs;
      if (changed === this.tableRead) return;
      const fabric = new Fabric();
      for (const e of parseConnectTo(readFileSync(this.options.connectToFile, "utf8")))
        fabric.set({ address: e.host, port: e.port, host: e.address, hostPort: e.addressPort });
      this.fabric = fabric;
      this.tableRead = changed;
    } catch {
      // Not there, or not whole yet: the last good table stays, and is read again in a second.
    }
  }

  private sweep(): void {
    const now = performance.now();
    for (const connection of [...this.open]) connection.sweep(now);
  }

  private sendDue(): void {
    const { requestsPerSecond: rate } = this.options;
    const now = performance.now();
    const due = Math.floor(((now - this.start) * rate) / 1_000);
    while (this.sent < due) {
      this.lag.add(now - this.start - (this.sent * 1_000) / rate);
      this.sendOne();
    }
  }

  private sendOne(): void {
    this.newCredit += this.options.newConnectionShare;
    const isNew = this.newCredit >= 1;
    if (isNew) this.newCredit -= 1;
    const how = isNew ? "new" : "kept-alive";
    const number = this.sent++;
    this.second.sent++;
    this.by[how].sent++;
    const at = Date.now();
    const begun = performance.now();
    let connection: Connection;
    try {
      connection = isNew ? this.connect(number, false) : this.keptAlive(number);
    } catch (error) {
      return this.failed(how, at, null, "connect", (error as Error).message);
    }
    this.inFlight++;
    connection.send(this.requests[how], this.options.timeoutMs, (outcome) => {
      this.inFlight--;
      this.settled(how, at, begun, connection, outcome);
      if (!isNew) this.putBack(connection);
    });
  }

  /** After a burst (slow answers make more connections than the pool holds) it shrinks to its size again. */
  private putBack(connection: Connection): void {
    if (!connection.idle) this.pool.delete(connection);
    else if (this.pool.size <= this.options.keepAliveConnections) this.idle.push(connection);
    else {
      this.pool.delete(connection);
      connection.close();
    }
  }

  /**
   * The one idle the longest, so that all have the same pace. Below its size the pool grows with every second request
   * only: in a
   * drain, when each answer takes a connection away, the idle ones must have their turn too, or they would never be
   * told to close.
   */
  private keptAlive(number: number): Connection {
    this.grow = !this.grow && this.pool.size < this.options.keepAliveConnections;
    if (!this.grow) for (let c = this.idle.shift(); c; c = this.idle.shift()) if (c.idle) return c;
    return this.connect(number, true);
  }

  private connect(number: number, pooled: boolean): Connection {
    const sources = this.options.sourceAddresses;
    // By twos: with every second request new, one step a request would use every second address only.
    const localAddress = sources.length > 0 ? sources[(number >> 1) % sources.length] : undefined;
    const { host, port } = this.options;
    const plain = dial(this.fabric, host, port, { localAddress });
    const socket =
      this.options.tls === true
        ? tls.connect({
            socket: plain,
            secureContext: tlsContext,
            rejectUnauthorized: false,
            servername: isIP(host) === 0 ? host : "",
          })
        : plain;
    const connection = new Connection(socket, (resetWhileIdle) => {
      this.open.delete(connection);
      this.pool.delete(connection);
      if (pooled && resetWhileIdle && !this.stopped) this.idleResets++;
    });
    this.open.add(connection);
    if (pooled) this.pool.add(connection);
    return connection;
  }

  private settled(
    how: LoadFailure["connection"],
    at: number,
    begun: number,
    connection: Connection,
    outcome: Outcome,
  ): void {
    if (!outcome.ok) return this.failed(how, at, connection.target, outcome.kind, outcome.message, outcome.member);
    this.latency.add(performance.now() - begun);
    this.succeeded++;
    const member = outcome.member ?? "unknown";
    this.members[member] = (this.members[member] ?? 0) + 1;
    this.second.byMember[member] = (this.second.byMember[member] ?? 0) + 1;
    if (how === "new") this.second.newByMember[member] = (this.second.newByMember[member] ?? 0) + 1;
  }

  private failed(
    connection: LoadFailure["connection"],
    at: number,
    target: string | null,
    kind: LoadFailure["kind"],
    message: string,
    member: string | null = null,
  ): void {
    if (member !== null) this.failedMembers[member] = (this.failedMembers[member] ?? 0) + 1;
    this.by[connection].failed++;
    this.second.failed++;
    this.kinds[kind] = (this.kinds[kind] ?? 0) + 1;
    const failure: LoadFailure = { at: new Date(at).toISOString(), connection, kind, message, target, member };
    if (this.firstFailures.length < FIRST_FAILURES) this.firstFailures.push(failure);
    this.ledger({ type: "failure", ...failure });
  }

  private sample(): void {
    const sample: LoadSample = { at: new Date().toISOString(), ...this.second };
    this.second = emptySecond();
    this.ledger({ type: "second", ...sample });
    this.sampled(sample);
    this.readTable();
  }

  /** Sends no more, waits for what is in flight (each has its own time-out), closes all. */
  async stop(): Promise<LoadSummary> {
    for (const timer of this.timers) clearInterval(timer);
    // What a starved client owed to the last moment counts too, with its lag.
    this.sendDue();
    const seconds = (performance.now() - this.start) / 1_000;
    while (this.inFlight > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    this.stopped = true;
    clearInterval(this.sweeper);
    for (const connection of [...this.open]) connection.destroy();
    this.sample();
    const schedulingLagMs = this.lag.summary();
    return {
      startedAt: new Date(this.startedAt).toISOString(),
      seconds,
      sent: this.sent,
      succeeded: this.succeeded,
      failed: this.by.new.failed + this.by["kept-alive"].failed,
      idleResets: this.idleResets,
      byConnection: this.by,
      failuresByKind: this.kinds,
      byMember: this.members,
      failedByMember: this.failedMembers,
      latencyMs: this.latency.summary(),
      schedulingLagMs,
      void: schedulingLagMs.p99 > VOID_LAG_MS,
      firstFailures: this.firstFailures,
    };
  }
}
