/**
 * What a request costs: CPU of load client, data plane and a bare server, with the data plane in between and without
 * it, several
 * rounds of both in turn in one run. `node dist/bench/load-client.js [--rate 1000] [--seconds 5] [--rounds 3] [--new
 * 0.5]`
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { DataPlaneState, FromDataPlane, LoadSummary, ToDataPlane } from "../sandbox/contract";
import type { FromLoad, ToLoad } from "../sandbox/load/start";
import type { BareServerReady } from "./bare-server";
import type { CpuAnswer } from "./report-cpu";

const DNS_NAME = "bench.localhost";
const WARM_UP_SAMPLES = 2;

interface Round {
  readonly path: "direct" | "through";
  /** CPU milliseconds for 1,000 requests. */
  readonly client: number;
  readonly dataPlane: number;
  readonly server: number;
  readonly summary: LoadSummary;
}

interface Settings {
  readonly rate: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly newShare: number;
}

function start(script: string): ChildProcess {
  return fork(join(__dirname, "..", script), [], {
    execArgv: ["-r", join(__dirname, "report-cpu.js")],
    env: {},
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
}

/** The first message of the child that `is` says yes to; rejects when the child ends before. */
function message<T>(child: ChildProcess, is: (message: never) => boolean): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => void child.off("message", onMessage).off("exit", onExit);
    const onMessage = (m: unknown): void => {
      if (!is(m as never)) return;
      stop();
      resolve(m as T);
    };
    const onExit = (code: number | null): void => {
      stop();
      reject(new Error(`a process of the benchmark ended with ${code}`));
    };
    child.on("message", onMessage).on("exit", onExit);
  });
}

let questions = 0;
async function cpuMs(child: ChildProcess): Promise<number> {
  const id = ++questions;
  const answer = message<CpuAnswer>(child, (m: CpuAnswer) => m.type === "bench-cpu" && m.id === id);
  child.send({ type: "bench-cpu", id });
  return (await answer).cpuMs;
}

async function startDataPlane(serverPort: number): Promise<{ readonly child: ChildProcess; readonly at: string }> {
  const child = start("sandbox/data-plane/main.js");
  const tell = (m: ToDataPlane): void => void child.send(m);
  const lags = {
    registrationLagSeconds: 0,
    deregistrationLagSeconds: 180,
    unhealthyLagSeconds: 35,
    weightLagSeconds: 300,
  };
  tell({
    type: "start",
    timeScale: 60,
    times: { network: lags, application: lags, seed: 1 },
  });
  tell({ type: "fabric-set", entry: { address: "10.0.0.1", port: 8080, host: "127.0.0.1", hostPort: serverPort } });
  const healthCheck = {
    protocol: "TCP",
    port: "traffic-port",
    path: null,
    intervalSeconds: 10,
    timeoutSeconds: 6,
    healthyThreshold: 2,
    unhealthyThreshold: 2,
    matcher: null,
  } as const;
  const group = {
    arn: "tg",
    protocol: "TCP",
    healthCheck,
    deregistrationDelaySeconds: 300,
    connectionTermination: false,
    crossZone: true,
    targets: [
      { id: "10.0.0.1", address: "10.0.0.1", port: 8080, registeredAt: 1, deregisteredAt: null, reachable: true },
    ],
  };
  const state: DataPlaneState = {
    listeners: [
      {
        arn: "l",
        type: "network",
        protocol: "TCP",
        certificateArns: [],
        dnsName: DNS_NAME,
        port: 8080,
        idleTimeoutSeconds: 350,
        clientKeepAliveSeconds: 3600,
        routing: {
          action: { type: "forward", targetGroups: [{ arn: "tg", weight: 1 }], sticky: null },
          rules: [],
        },
      },
    ],
    targetGroups: [group],
  };
  const listening = message<Extract<FromDataPlane, { type: "listening" }>>(
    child,
    (m: FromDataPlane) => m.type === "listening",
  );
  const healthy = message(child, (m: FromDataPlane) => m.type === "health" && m.state === "healthy");
  tell({ type: "state", state });
  const { host, hostPort } = await listening;
  await healthy;
  return { child, at: `${host}:${hostPort}` };
}

async function round(
  path: Round["path"],
  at: string,
  others: { readonly dataPlane: ChildProcess; readonly server: ChildProcess },
  dir: string,
  settings: Settings,
): Promise<Round> {
  const connectToFile = join(dir, "connect-to");
  writeFileSync(connectToFile, `${DNS_NAME}:8080:${at}\n`);
  const client = start("sandbox/load/main.js");
  const all = [client, others.dataPlane, others.server];
  let samples = 0;
  let requests = 0;
  let counting = false;
  client.on("message", (m: FromLoad) => {
    if (m.type !== "sample") return;
    samples++;
    if (counting) requests += m.sample.sent;
  });
  const nthSample = (n: number): Promise<unknown> =>
    message(client, (m: FromLoad) => m.type === "sample" && samples >= n);
  const options = {
    host: DNS_NAME,
    port: 8080,
    path: "/",
    connectToFile,
    requestsPerSecond: settings.rate,
    newConnectionShare: settings.newShare,
    keepAliveConnections: 50,
    timeoutMs: 5_000,
    sourceAddresses: ["127.0.3.1", "127.0.3.2", "127.0.3.3", "127.0.3.4"],
  };
  client.send({ type: "start", options, ledgerFile: join(dir, "ledger") } satisfies ToLoad);
  await nthSample(WARM_UP_SAMPLES);
  counting = true;
  const before = await Promise.all(all.map(cpuMs));
  await nthSample(WARM_UP_SAMPLES + settings.seconds);
  const after = await Promise.all(all.map(cpuMs));
  counting = false;
  const [ofClient, ofDataPlane, ofServer] = after.map((ms, i) => ((ms - before[i]!) / requests) * 1_000) as [
    number,
    number,
    number,
  ];
  const summary = message<Extract<FromLoad, { type: "summary" }>>(client, (m: FromLoad) => m.type === "summary");
  client.send({ type: "stop" } satisfies ToLoad);
  const result: Round = {
    path,
    client: ofClient,
    dataPlane: ofDataPlane,
    server: ofServer,
    summary: (await summary).summary,
  };
  const exit = once(client, "exit");
  client.disconnect();
  await exit;
  return result;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}

function print(cells: readonly (string | number)[]): void {
  process.stdout.write(
    `${cells.map((cell, i) => (typeof cell === "number" ? cell.toFixed(0) : cell)[i === 0 ? "padEnd" : "padStart"](12)).join("")}\n`,
  );
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rate: { type: "string", default: "1000" },
      seconds: { type: "string", default: "5" },
      rounds: { type: "string", default: "3" },
      new: { type: "string", default: "0.5" },
    },
  });
  const settings: Settings = {
    rate: Number(values.rate),
    seconds: Number(values.seconds),
    rounds: Number(values.rounds),
    newShare: Number(values.new),
  };
  const dir = mkdtempSync(join(tmpdir(), "load-bench-"));
  const children: ChildProcess[] = [];
  try {
    const server = start("bench/bare-server.js");
    children.push(server);
    const { port } = await message<BareServerReady>(server, (m: BareServerReady) => m.type === "listening");
    const { child: dataPlane, at } = await startDataPlane(port);
    children.push(dataPlane);
    process.stdout.write(
      `${settings.rate} requests/s, ${settings.newShare * 100} % on new connections; CPU ms per 1,000 requests; ` +
        `machine load ${loadavg()[0]!.toFixed(1)}\n`,
    );
    print(["", "client", "data plane", "server", "failed", "lag p99", "answer p50", "answer p99"]);
    const rounds: Round[] = [];
    for (let n = 0; n < settings.rounds; n++) {
      for (const path of ["direct", "through"] as const) {
        const one = await round(
          path,
          path === "direct" ? `127.0.0.1:${port}` : at,
          { dataPlane, server },
          dir,
          settings,
        );
        rounds.push(one);
        const { failed, schedulingLagMs, latencyMs, failuresByKind, firstFailures } = one.summary;
        print([
          path,
          one.client,
          one.dataPlane,
          one.server,
          failed,
          schedulingLagMs.p99.toFixed(1),
          latencyMs.p50.toFixed(1),
          `${latencyMs.p99.toFixed(1)}${one.summary.void ? " void" : ""}`,
        ]);
        if (failed > 0)
          process.stdout.write(
            `${JSON.stringify(failuresByKind)} of ${one.summary.sent} in ${one.summary.seconds.toFixed(0)} s, ` +
              `the first: ${JSON.stringify(firstFailures[0])}\n`,
          );
      }
    }
    process.stdout.write("medians\n");
    for (const path of ["direct", "through"] as const) {
      const of = rounds.filter((one) => one.path === path);
      print([
        path,
        median(of.map((one) => one.client)),
        median(of.map((one) => one.dataPlane)),
        median(of.map((one) => one.server)),
        of.reduce((sum, one) => sum + one.summary.failed, 0),
      ]);
    }
  } finally {
    for (const child of children) child.disconnect();
    rmSync(dir, { recursive: true });
  }
}

void main();
