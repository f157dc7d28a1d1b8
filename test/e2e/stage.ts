/** What the end-to-end tests stand on: one sandbox with the project of this checkout, the driver as a process, and a steady load. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

// End-to-end tests run what users run: the compiled files.
const dist = resolve(__dirname, "../../dist");
const { startSandbox, stopSandbox } = require(join(dist, "sandbox/daemon/start.js")) as typeof import("../../sandbox/daemon/start");
const { resolveTools } = require(join(dist, "sandbox/tools/index.js")) as typeof import("../../sandbox/tools/index");
const { startDriver, rehearsalEnvironment } = require(join(dist, "automation/cli/rehearse/driver-process.js")) as typeof import("../../automation/cli/rehearse/driver-process");
const { copyProject, inspectProject } = require(join(dist, "automation/cli/rehearse/project-copy.js")) as typeof import("../../automation/cli/rehearse/project-copy");
const loadRun = require(join(dist, "automation/cli/rehearse/load-run.js")) as typeof import("../../automation/cli/rehearse/load-run");
import type { DriverEvent } from "../../automation/events";
import type { LbcMode, LoadFailure, LoadSummary, SandboxInfo } from "../../sandbox/contract";
import { parseConnectTo } from "../../sandbox/fabric/connect-to";
import type { EnvironmentRecord } from "../../stacks/record";

export interface DriverRun { readonly code: number | null; readonly events: readonly DriverEvent[]; readonly stderr: string }

export interface Command { readonly status: number | null; readonly stdout: string; readonly stderr: string }

/** A sandbox with the environment `dev` deployed at one version and wanting the next. */
export class Stage {
  private constructor(readonly info: SandboxInfo, readonly projectDirectory: string, private readonly setVersion: (version: string) => void) {}

  static async open(options: { readonly timeScale?: number; readonly version?: string; readonly lbc?: LbcMode } = {}): Promise<Stage> {
    const dir = mkdtempSync(join(tmpdir(), "ebg-e2e-"));
    const tools = await resolveTools({ onProgress: () => undefined });
    const info = await startSandbox({ dir, timeScale: options.timeScale ?? 60, lbc: options.lbc ?? "stand-in", providers: {}, region: "us-east-1", untilStdinCloses: true }, tools, () => undefined);
    mkdirSync(join(dir, "rehearsal"));
    const project = copyProject(inspectProject(resolve(__dirname, "../.."), "dev"), join(dir, "project"));
    project.setVersion(options.version ?? "1.34");
    return new Stage(info, project.directory, project.setVersion);
  }

  async close(): Promise<void> {
    await stopSandbox(this.info.dir);
  }

  want(version: string): void {
    this.setVersion(version);
  }

  /** Runs the driver's CLI to its end; `onEvent` may kill it. */
  async drive(args: readonly string[], onEvent: (event: DriverEvent, kill: (signal: NodeJS.Signals) => void) => void = () => undefined): Promise<DriverRun> {
    const events: DriverEvent[] = [];
    const log = join(this.info.dir, "logs", `driver-${Date.now()}.log`);
    const driver = startDriver([...args, "--stack", "dev", "--cwd", this.projectDirectory], this.info, log, (event) => {
      events.push(event);
      onEvent(event, (signal) => void driver.child.kill(signal));
    });
    const code = await driver.ended;
    return { code, events, stderr: readFileSync(log, "utf8") };
  }

  /** A command of the user's own in the sandbox's surroundings: pulumi, kubectl, aws. */
  command(name: string, args: readonly string[], cwd: string = this.projectDirectory): Command {
    const run = spawnSync(name, [...args], { cwd, env: rehearsalEnvironment(process.env, this.info), encoding: "utf8", timeout: 120_000 });
    return { status: run.status, stdout: run.stdout ?? "", stderr: run.stderr ?? "" };
  }

  /** The same, while this process goes on: for what happens beside a driver. */
  commandBeside(name: string, args: readonly string[]): Promise<Command> {
    const child = spawn(name, [...args], { cwd: this.projectDirectory, env: rehearsalEnvironment(process.env, this.info), stdio: ["ignore", "pipe", "pipe"], timeout: 120_000 });
    const text = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) child[stream].setEncoding("utf8").on("data", (part: string) => (text[stream] += part));
    return new Promise((done, fail) => child.on("error", fail).on("close", (status) => done({ status, ...text })));
  }

  json<T>(name: string, args: readonly string[]): T {
    const run = this.command(name, args);
    if (run.status !== 0) throw new Error(`${name} ${args.join(" ")} ended with ${run.status}:\n${run.stderr}`);
    return JSON.parse(run.stdout) as T;
  }

  record(): EnvironmentRecord {
    return this.json<{ record: EnvironmentRecord }>("pulumi", ["stack", "output", "--json", "-s", "dev"]).record;
  }

  /** Status of one request to the first listener on a connection of its own; the error's code when there is no answer. */
  request(path: string): Promise<number | string> {
    const [entry] = parseConnectTo(readFileSync(this.info.env["EKS_BLUE_GREEN_CONNECT_TO"] ?? "", "utf8"));
    if (entry === undefined) throw new Error("there is no listener");
    return new Promise((resolve) => {
      get({ host: entry.address, port: entry.addressPort, path, agent: false, headers: { connection: "close" } }, (answer) => answer.resume().on("end", () => resolve(answer.statusCode ?? 0))).on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
  }

  /** `failures`: every failed request so far, from the ledger. Complete once the load has stopped. */
  async load(requestsPerSecond = 300): Promise<{ stop: () => Promise<LoadSummary>; failures: () => readonly LoadFailure[] }> {
    const address = await loadRun.waitUntilServing(this.info, () => undefined, new AbortController().signal);
    const ledger = join(this.info.dir, "rehearsal", `ledger-${Date.now()}.ndjson`);
    const running = await loadRun.beginLoad(this.info, address, requestsPerSecond, ledger, () => undefined);
    const lines = (): readonly ({ readonly type: string } & LoadFailure)[] => readFileSync(ledger, "utf8").split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as { readonly type: string } & LoadFailure);
    return { stop: running.stop, failures: () => lines().filter((line) => line.type === "failure") };
  }
}

/** Polls until `look` gives a value other than null, or fails with `what` after `seconds`. */
export async function eventually<T>(what: string, seconds: number, look: () => T | null | Promise<T | null>): Promise<T> {
  const until = Date.now() + seconds * 1000;
  for (;;) {
    const value = await look();
    if (value !== null) return value;
    if (Date.now() > until) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(200);
  }
}
