/**
 * What the end-to-end tests stand on: one sandbox with the project of this checkout, the driver as a process, and a
 * steady load.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse, stringify } from "yaml";

// End-to-end tests run what users run: the compiled files.
const dist = resolve(__dirname, "../../dist");
const { startSandbox, stopSandbox } = require(
  join(dist, "sandbox/client/start.js"),
) as typeof import("../../sandbox/client/start");
const { resolveTools } = require(join(dist, "sandbox/tools/index.js")) as typeof import("../../sandbox/tools/index");
const { startDriver, rehearsalEnvironment } = require(
  join(dist, "automation/cli/rehearsal/driver-process.js"),
) as typeof import("../../automation/cli/rehearsal/driver-process");
const { exampleConfig } = require(
  join(dist, "automation/cli/rehearsal/scenarios/own-project.js"),
) as typeof import("../../automation/cli/rehearsal/scenarios/own-project");
const { copyProject, inspectProject } = require(
  join(dist, "automation/cli/rehearsal/project-copy.js"),
) as typeof import("../../automation/cli/rehearsal/project-copy");
const loadRun = require(
  join(dist, "automation/cli/rehearsal/load.js"),
) as typeof import("../../automation/cli/rehearsal/load");
import type { DriverEvent } from "../../automation/events";
import type { LbcMode, LoadFailure, LoadSummary, SandboxInfo } from "../../sandbox/contract";
import { parseConnectTo } from "../../sandbox/fabric/connect-to";
import type { EnvironmentRecord } from "../../stacks/record";

export interface DriverRun {
  readonly code: number | null;
  readonly events: readonly DriverEvent[];
  readonly stderr: string;
}

/** Settings of an environment as its config file has them. */
export type Values = Record<string, unknown>;

export interface Command {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Checkpoint {
  readonly resources?: readonly { readonly type: string; readonly outputs?: Readonly<Record<string, unknown>> }[];
  readonly pending_operations?: readonly { readonly type: string; readonly resource: { readonly urn: string } }[];
}

/** A sandbox with the config of the environment `dev` (this project's, or an example's) at one version. */
export interface TargetHealth {
  readonly Target: { readonly Id: string; readonly Port: number };
  readonly TargetHealth: { readonly State: string };
}

export class Stage {
  private constructor(
    readonly info: SandboxInfo,
    readonly projectDirectory: string,
    private readonly setVersion: (version: string) => void,
  ) {}

  static async open(
    options: {
      readonly timeScale?: number;
      readonly version?: string;
      readonly lbc?: LbcMode;
      readonly attach?: readonly string[];
      readonly example?: string;
      /** What encrypts the stacks' secrets; a passphrase (the default) costs 0.2 s of CPU at each start of the engine. */
      readonly secrets?: "key" | "passphrase";
    } = {},
  ): Promise<Stage> {
    const dir = mkdtempSync(join(tmpdir(), "ebg-e2e-"));
    const tools = await resolveTools({ onProgress: () => undefined });
    const info = await startSandbox(
      {
        dir,
        timeScale: options.timeScale ?? 60,
        lbc: options.lbc ?? "stand-in",
        attach: options.attach ?? [],
        providers: {},
        region: "us-east-1",
        untilStdinCloses: true,
      },
      tools,
      () => undefined,
    );
    mkdirSync(join(dir, "rehearsal"));
    const project = copyProject(
      options.example === undefined
        ? inspectProject(resolve(__dirname, "../.."), "dev")
        : exampleConfig(options.example),
      join(dir, "project"),
    );
    project.setVersion(options.version ?? "1.34");
    const stage = new Stage(info, project.directory, project.setVersion);
    if (options.secrets === "key") stage.encryptWithKey();
    return stage;
  }

  /** A key of the sandbox's KMS, as an environment's owner who shares its state in a bucket has one. */
  private encryptWithKey(): void {
    const { KeyMetadata } = this.json<{ KeyMetadata: { KeyId: string } }>("aws", [
      "kms",
      "create-key",
      "--output",
      "json",
    ]);
    const file = join(this.projectDirectory, "Pulumi.dev.yaml");
    const settings = parse(readFileSync(file, "utf8")) as Values;
    const provider = `awskms:///${KeyMetadata.KeyId}?region=${this.info.region}`;
    writeFileSync(file, stringify({ secretsprovider: provider, ...settings }));
  }

  /** A test that failed has not stopped its requests: they would keep the whole run waiting. */
  private readonly endsOfLoads = new Set<() => Promise<unknown>>();

  async close(): Promise<void> {
    await Promise.allSettled([...this.endsOfLoads].map((end) => end()));
    await stopSandbox(this.info.dir);
  }

  want(version: string): void {
    this.setVersion(version);
  }

  /** Changes the environment's settings as its owner would, in Pulumi.dev.yaml; keys without their prefix. */
  configure(change: (config: Record<string, Values>) => void): void {
    const file = join(this.projectDirectory, "Pulumi.dev.yaml");
    const settings = parse(readFileSync(file, "utf8")) as { config: Values };
    const prefix = "eks-blue-green:";
    const plain = Object.fromEntries(
      Object.entries(settings.config).map(([key, value]) => [
        key.startsWith(prefix) ? key.slice(prefix.length) : key,
        value,
      ]),
    );
    change(plain as Record<string, Values>);
    writeFileSync(
      file,
      stringify({
        ...settings,
        config: Object.fromEntries(
          Object.entries(plain).map(([key, value]) => [key.includes(":") ? key : `${prefix}${key}`, value]),
        ),
      }),
    );
  }

  /** Runs the driver's CLI to its end; `onEvent` may kill it. */
  async drive(
    args: readonly string[],
    onEvent: (event: DriverEvent, kill: (signal: NodeJS.Signals) => void) => void = () => undefined,
  ): Promise<DriverRun> {
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
    const run = spawnSync(name, [...args], {
      cwd,
      env: rehearsalEnvironment(process.env, this.info),
      encoding: "utf8",
      timeout: 600_000,
    });
    return { status: run.status, stdout: run.stdout ?? "", stderr: run.stderr ?? "" };
  }

  /** The same, while this process goes on: for what happens beside a driver. */
  commandBeside(name: string, args: readonly string[]): Promise<Command> {
    const child = spawn(name, [...args], {
      cwd: this.projectDirectory,
      env: rehearsalEnvironment(process.env, this.info),
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 600_000,
    });
    const text = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const)
      child[stream].setEncoding("utf8").on("data", (part: string) => (text[stream] += part));
    return new Promise((done, fail) => child.on("error", fail).on("close", (status) => done({ status, ...text })));
  }

  json<T>(name: string, args: readonly string[]): T {
    const run = this.command(name, args);
    if (run.status !== 0) throw new Error(`${name} ${args.join(" ")} ended with ${run.status}:\n${run.stderr}`);
    return JSON.parse(run.stdout) as T;
  }

  /** ARNs of everything of a kind that ELBv2 has. */
  arns(kind: "load-balancers" | "target-groups"): readonly string[] {
    const query = kind === "load-balancers" ? "LoadBalancers[].LoadBalancerArn" : "TargetGroups[].TargetGroupArn";
    return this.json<string[]>("aws", ["elbv2", `describe-${kind}`, "--query", query, "--output", "json"]);
  }

  /** Health of the first target group's targets, as ELBv2 tells it. */
  targetHealth(): readonly TargetHealth[] {
    const [arn = ""] = this.arns("target-groups");
    return this.json<{ readonly TargetHealthDescriptions: readonly TargetHealth[] }>("aws", [
      "elbv2",
      "describe-target-health",
      "--target-group-arn",
      arn,
      "--output",
      "json",
    ]).TargetHealthDescriptions;
  }

  /**
   * As Pulumi tells it; from the checkpoint itself where a killed engine left a sidecar that Pulumi can't read (the
   * next driver removes it).
   */
  record(): EnvironmentRecord {
    const run = this.command("pulumi", ["stack", "output", "--json", "-s", "dev"]);
    if (run.status === 0) return (JSON.parse(run.stdout) as { record: EnvironmentRecord }).record;
    if (!run.stderr.includes("EOF")) throw new Error(`pulumi stack output ended with ${run.status}:\n${run.stderr}`);
    return this.checkpoint("dev")?.resources?.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs?.[
      "record"
    ] as EnvironmentRecord;
  }

  /**
   * Status of one request to the first listener on a connection of its own; the error's code when there is no answer.
   */
  request(path: string): Promise<number | string> {
    const [entry] = parseConnectTo(readFileSync(this.info.env["EKS_BLUE_GREEN_CONNECT_TO"] ?? "", "utf8"));
    if (entry === undefined) throw new Error("there is no listener");
    return new Promise((resolve) => {
      get(
        { host: entry.address, port: entry.addressPort, path, agent: false, headers: { connection: "close" } },
        (answer) => answer.resume().on("end", () => resolve(answer.statusCode ?? 0)),
      ).on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
  }

  /**
   * Begins once `listeners` of them or more serve (at the usual time scale of 60 a request in every 0.6 s of AWS's
   * time; measured: each 100 a second cost a sixth of a core); on `most` of them, those with the lowest ports, with a
   * client process each. `failures`: every failed request so far, from the ledgers. Complete once the load has stopped.
   */
  async load(
    requestsPerSecond = 100,
    listeners = 1,
    most = Number.POSITIVE_INFINITY,
  ): Promise<{ stop: () => Promise<LoadSummary>; failures: () => readonly LoadFailure[] }> {
    const serving = await loadRun.waitUntilAllServe(
      this.info,
      listeners,
      () => undefined,
      new AbortController().signal,
    );
    const entries = [...serving].sort((a, b) => a.port - b.port).slice(0, most);
    const began = new Date().toISOString();
    const folder = join(this.info.dir, "rehearsal");
    const ledger = `ledger-${Date.now()}`;
    const running = await loadRun.beginLoad(
      this.info,
      entries,
      requestsPerSecond,
      join(folder, `${ledger}.ndjson`),
      () => undefined,
    );
    const lines = (): readonly ({ readonly type: string } & LoadFailure)[] =>
      readdirSync(folder)
        .filter((name) => name.startsWith(ledger))
        .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n"))
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as { readonly type: string } & LoadFailure);
    const end = (): Promise<LoadSummary> => running.stop();
    this.endsOfLoads.add(end);
    const stop = async (): Promise<LoadSummary> => {
      this.endsOfLoads.delete(end);
      const summary = await end();
      if (summary.failed + summary.idleResets > 0)
        console.log(
          `      what the load balancer could not deliver, first and last:\n${this.lostConnections(began)
            .map((line) => `        ${line}`)
            .join("\n")}`,
        );
      return summary;
    };
    return { stop, failures: () => lines().filter((line) => line.type === "failure") };
  }

  /** What the data plane wrote of them since (ISO 8601): which target, in which state. */
  private lostConnections(since: string): string[] {
    const lines = readFileSync(join(this.info.dir, "logs", "data-plane.log"), "utf8")
      .split("\n")
      .filter((line) => line.includes('"connection-lost"') && (JSON.parse(line) as { at: string }).at >= since);
    return lines.length <= 40 ? lines : [...lines.slice(0, 20), ...lines.slice(-20)];
  }

  private state(...names: string[]): string {
    return join(this.info.dir, "state", ".pulumi", ...names);
  }
  /** Projects of this stage's backend, each with a folder of its own. */
  private projects(kind: "locks" | "stacks"): string[] {
    const folder = kind === "locks" ? this.state("locks", "organization") : this.state("stacks");
    return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  }

  /** Process id of the engine that holds a stack's lock; null when nobody does. */
  lockOf(stack: string): number | null {
    for (const folder of this.projects("locks").map((project) => join(project, stack))) {
      try {
        const file = readdirSync(folder).find((name) => name.endsWith(".json"));
        if (file !== undefined) return (JSON.parse(readFileSync(join(folder, file), "utf8")) as { pid: number }).pid;
      } catch {
        // Not there, or gone at this moment.
      }
    }
    return null;
  }

  /** kill -9 of the engine that holds a stack; false when nobody does. */
  killEngine(stack: string): boolean {
    const pid = this.lockOf(stack);
    if (pid === null) return false;
    try {
      process.kill(-pid, "SIGKILL");
      return true;
    } catch {
      // It has just ended.
      return false;
    }
  }

  /** What an engine was doing when it was last heard of: `creating web`. */
  pendingOperations(stack: string): string[] {
    return (this.checkpoint(stack)?.pending_operations ?? []).map(
      ({ type, resource }) => `${type} ${basename(resource.urn.split("::").at(-1) ?? "")}`,
    );
  }

  /** null: never written, or being written at this moment. */
  private checkpoint(stack: string): Checkpoint | null {
    for (const file of this.projects("stacks").map((project) => join(project, `${stack}.json`))) {
      try {
        return (
          (JSON.parse(readFileSync(file, "utf8")) as { checkpoint: { latest?: Checkpoint } }).checkpoint.latest ?? null
        );
      } catch {
        // Of another project, or half of it.
      }
    }
    return null;
  }
}

/** Long enough for a machine that many others use; how fast something is, is judged nowhere. */
const patienceSeconds = 300;

/** Polls until `look` gives a value other than null, or fails with `what`. Rests for as long as a look takes. */
export async function eventually<T>(what: string, look: () => T | null | Promise<T | null>): Promise<T> {
  const until = Date.now() + patienceSeconds * 1000;
  for (;;) {
    const began = Date.now();
    const value = await look();
    if (value !== null) return value;
    if (Date.now() > until) throw new Error(`not within ${patienceSeconds} s: ${what}`);
    await sleep(Math.max(200, Date.now() - began));
  }
}
