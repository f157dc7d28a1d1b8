/**
 * `ab` of a sandbox: plain requests to a load balancer by its name, as ApacheBench sends and counts them. The real one
 * would look up the
 * name, and find port 80 of this machine.
 */
import { readFileSync } from "node:fs";
import { parseConnectTo } from "../fabric/connect-to";
import { dial, Fabric } from "../fabric/dial";
import { Connection, type Outcome } from "./connection";

const timeoutMs = 30_000;
const sweepMs = 50;
const usage = "Usage: ab [-n requests] [-c concurrency] [-k] [http://]hostname[:port]/path";

export interface AbRequest {
  readonly requests: number;
  readonly concurrency: number;
  readonly keepAlive: boolean;
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

/** @throws Error with a message for the person who typed it. */
export function parseAb(args: readonly string[]): AbRequest {
  const numbers = { n: 1, c: 1 };
  let keepAlive = false;
  let url: string | undefined;
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? "";
    const glued = /^-([nc])(\d*)$/.exec(arg);
    if (glued) {
      const value = Number(glued[2] === "" ? args[(index += 1)] : glued[2]);
      if (!Number.isInteger(value) || value < 1) throw new Error(`ab: Invalid number for -${glued[1] ?? ""}\n${usage}`);
      numbers[glued[1] as "n" | "c"] = value;
    } else if (arg === "-k") keepAlive = true;
    else if (arg.startsWith("-")) throw new Error(`ab: the sandbox's ab has -n, -c and -k, not ${arg}\n${usage}`);
    else if (url === undefined) url = arg;
    else throw new Error(`ab: wrong number of arguments\n${usage}`);
  }
  const [, host, port, path] = /^(?:http:\/\/)?([^/:]+)(?::(\d+))?(\/.*)$/.exec(url ?? "") ?? [];
  if (host === undefined || path === undefined) throw new Error(`ab: invalid URL\n${usage}`);
  if (numbers.c > numbers.n)
    throw new Error(`ab: Cannot use concurrency level greater than total number of requests\n${usage}`);
  return { requests: numbers.n, concurrency: numbers.c, keepAlive, host, port: Number(port ?? 80), path };
}

interface Result {
  readonly seconds: number;
  readonly milliseconds: readonly number[];
  readonly failures: readonly Extract<Outcome, { ok: false }>[];
}

async function run(asked: AbRequest, fabric: Fabric): Promise<Result> {
  const text =
    `GET ${asked.path} HTTP/1.1\r\nHost: ${asked.host}${asked.port === 80 ? "" : `:${asked.port}`}\r\nUser-Agent: ` +
    `ApacheBench/2.3 (sandbox)\r\nAccept: */*\r\nConnection: ${asked.keepAlive ? "keep-alive" : "close"}\r\n\r\n`;
  const milliseconds: number[] = [];
  const failures: Extract<Outcome, { ok: false }>[] = [];
  const open = new Set<Connection>();
  const sweeper = setInterval(() => {
    for (const connection of open) connection.sweep(performance.now());
  }, sweepMs);
  const connect = (): Connection => {
    const connection: Connection = new Connection(dial(fabric, asked.host, asked.port), () => open.delete(connection));
    open.add(connection);
    return connection;
  };
  const started = performance.now();
  let begun = 0;
  const worker = async (): Promise<void> => {
    let connection: Connection | null = null;
    while (begun < asked.requests) {
      begun += 1;
      const at = performance.now();
      const used: Connection = connection?.idle ? connection : connect();
      const outcome = await new Promise<Outcome>((resolve) => used.send(text, timeoutMs, resolve));
      if (outcome.ok) milliseconds.push(performance.now() - at);
      else failures.push(outcome);
      connection = asked.keepAlive ? used : null;
    }
    connection?.close();
  };
  try {
    await Promise.all(Array.from({ length: asked.concurrency }, worker));
  } finally {
    clearInterval(sweeper);
    for (const connection of open) connection.destroy();
  }
  return { seconds: (performance.now() - started) / 1000, milliseconds: milliseconds.sort((a, b) => a - b), failures };
}

export function report(asked: AbRequest, { seconds, milliseconds, failures }: Result): string {
  const statuses = failures.filter(({ kind }) => kind === "status").length;
  const broken = failures.length - statuses;
  const at = (percent: number): string =>
    (milliseconds[Math.max(0, Math.ceil((milliseconds.length * percent) / 100) - 1)] ?? 0).toFixed(0);
  const row = (name: string, value: string | number): string => `${`${name}:`.padEnd(24)}${value}`;
  return [
    row("Server Hostname", asked.host),
    row("Server Port", asked.port),
    "",
    row("Document Path", asked.path),
    "",
    row("Concurrency Level", asked.concurrency),
    row("Time taken for tests", `${seconds.toFixed(3)} seconds`),
    row("Complete requests", asked.requests - broken),
    row("Failed requests", broken),
    ...(statuses > 0 ? [row("Non-2xx responses", statuses)] : []),
    row("Requests per second", `${(asked.requests / seconds).toFixed(2)} [#/sec] (mean)`),
    "",
    "Percentage of the requests served within a certain time (ms)",
    ...[50, 66, 75, 80, 90, 95, 98, 99, 100].map(
      (percent) => `${String(percent).padStart(3)}% ${at(percent).padStart(6)}`,
    ),
    ...failures.slice(0, 5).map(({ kind, message }) => `failed (${kind}): ${message}`),
  ].join("\n");
}

async function main(): Promise<number> {
  const asked = parseAb(process.argv.slice(2));
  const file = process.env["EKS_BLUE_GREEN_CONNECT_TO"];
  if (file === undefined) throw new Error("ab: this shell does not point at a sandbox: source its env.sh");
  const fabric = new Fabric();
  for (const { host, port, address, addressPort } of parseConnectTo(readFileSync(file, "utf8")))
    fabric.set({ address: host, port, host: address, hostPort: addressPort });
  if (fabric.resolve(asked.host, asked.port) === undefined)
    throw new Error(
      `ab: ${asked.host}:${asked.port}: no load balancer of this sandbox listens there (its listeners: ${file})`,
    );
  console.log(
    `This is the sandbox's stand-in for ApacheBench: -n, -c and -k\n\nBenchmarking ${asked.host} (be patient).....`,
  );
  const result = await run(asked, fabric);
  console.log(`done\n\n${report(asked, result)}`);
  return 0;
}

if (require.main === module) {
  main().then(
    (code) => (process.exitCode = code),
    (error: Error) => {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 1;
    },
  );
}
