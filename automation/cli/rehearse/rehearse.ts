/** One rehearsal from tools to summary: a sandbox of its own, the user's program, the driver as a pipeline would call it, load all the while. */
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SandboxInfo } from "../../../sandbox/contract";
import { supportedVersions } from "../../../sandbox/control-plane/index";
import { ControlClient } from "../../../sandbox/control-client";
import { startSandbox, stopSandbox } from "../../../sandbox/daemon/start";
import { resolveTools } from "../../../sandbox/tools/index";
import { DriverError } from "../../errors";
import type { DriverEvent, EventSink } from "../../events";
import { rehearsalSummary } from "../../report/rehearsal-summary";
import type { Reporter } from "../../report/reporters";
import { stamp } from "../../report/reporters";
import { exitCodes } from "../exit-codes";
import { startDriver } from "./driver-process";
import { FaultSchedule } from "./fault-schedule";
import { beginLoad, waitUntilServing, type RunningLoad } from "./load-run";
import { copyProject, inspectProject, minorBefore, type RehearsedProject } from "./project-copy";

export interface RehearsalOptions {
  readonly projectDirectory: string;
  readonly environment: string;
  /** Null: the minor before `to`. */
  readonly from: string | null;
  /** Null: what the environment's config wants. */
  readonly to: string | null;
  readonly timeScale: number;
  readonly lbc: "stand-in" | "external";
  readonly providers: Readonly<Record<string, string>>;
  readonly region: string;
  readonly requestsPerSecond: number;
  /** Leave the sandbox running at the end. */
  readonly keep: boolean;
  /** As `--fault` takes them, with or without a moment. */
  readonly faults?: readonly string[];
}

export interface RehearsalResult {
  readonly summary: readonly string[];
  /** True when a request failed, an idle connection was reset, or the load proves nothing. */
  readonly lost: boolean;
  readonly driverExitCode: number | null;
}

/** Runs `work` as a stage of the view; its result's text is shown when it ends. */
async function stage<T>(tell: EventSink, name: string, work: (progress: (message: string) => void) => Promise<T>, ended: (result: T) => string): Promise<T> {
  const startedAt = Date.now();
  const since = (): number => (Date.now() - startedAt) / 1000;
  tell({ kind: "stage", name, status: "started", message: "", seconds: null });
  try {
    const result = await work((message) => tell({ kind: "stage", name, status: "progress", message, seconds: null }));
    tell({ kind: "stage", name, status: "finished", message: ended(result), seconds: since() });
    return result;
  } catch (error) {
    tell({ kind: "stage", name, status: "failed", message: error instanceof Error ? error.message : String(error), seconds: since() });
    throw error;
  }
}

function tail(file: string, lines: number): string {
  try {
    return readFileSync(file, "utf8").trim().split("\n").slice(-lines).join("\n");
  } catch {
    return "";
  }
}

/** The driver's CLI in a process of its own; its events go to the same view. Throws when it fails and `mustSucceed`. */
async function drive(args: readonly string[], info: SandboxInfo, tell: (event: DriverEvent) => void, signal: AbortSignal): Promise<number | null> {
  const log = join(info.dir, "logs", `driver-${args[0]}.log`);
  const driver = startDriver(args, info, log, tell);
  const stop = (): void => void driver.child.kill("SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  const code = await driver.ended;
  signal.removeEventListener("abort", stop);
  if (code !== 0 && args[0] === "up") throw new DriverError("EBG-UPDATE-FAILED", `\`eks-blue-green ${args.join(" ")}\` ended with ${code}:\n${tail(log, 15)}`, `The whole log was ${log}; run with --keep to look at the sandbox.`);
  return code;
}

interface Scene { readonly info: SandboxInfo; readonly project: RehearsedProject; readonly from: string; readonly to: string }

/** A rehearsal that ended before its sandbox began leaves an empty folder; a sandbox removes its own. */
function removeIfEmpty(dir: string): void {
  try {
    rmdirSync(dir);
  } catch {
    // gone already, or kept
  }
}

/** Told before anything is started. */
function checkVersions(from: string, to: string): void {
  const can = supportedVersions.join(", ");
  for (const [flag, version] of [["--from", from], ["--to", to]] as const) {
    if (!supportedVersions.includes(version)) throw new DriverError("EBG-CONFIG", `the sandbox has no Kubernetes ${version} (${flag})`, `It has ${can}: choose with --from and --to, or set eks-blue-green:kubernetesVersion.`);
  }
  if (supportedVersions.indexOf(to) <= supportedVersions.indexOf(from)) throw new DriverError("EBG-CONFIG", `--to ${to} is not newer than --from ${from}`, `An upgrade goes up: the sandbox has ${can}.`);
}

async function setUp(options: RehearsalOptions, dir: string, tell: EventSink): Promise<Scene> {
  const inspected = inspectProject(options.projectDirectory, options.environment);
  const to = options.to ?? inspected.wantedVersion;
  const from = options.from ?? minorBefore(to);
  checkVersions(from, to);
  const tools = await stage(tell, "tools", (progress) => resolveTools({ onProgress: (step) => progress(step.message) }), () => "ready");
  const info = await stage(
    tell,
    "sandbox",
    (progress) => startSandbox({ dir, timeScale: options.timeScale, lbc: options.lbc, providers: options.providers, region: options.region, untilStdinCloses: !options.keep }, tools, (step) => progress(step.message)),
    (started) => `AWS at ${started.awsEndpoint}, ${options.timeScale} times as fast`,
  );
  // Everything of the rehearsal is in the sandbox's folder, which goes with it, also after a kill -9 of this process.
  mkdirSync(join(dir, "rehearsal"));
  const project = copyProject(inspected, join(dir, "project"));
  project.setVersion(from);
  return { info, project, from, to };
}

export async function rehearse(options: RehearsalOptions, reporter: Reporter): Promise<RehearsalResult> {
  const startedAt = Date.now();
  const events: DriverEvent[] = [];
  const record: Reporter = { tell: (event) => { events.push(event); reporter.tell(event); }, end: () => reporter.end() };
  const tell = stamp(record);
  const interrupted = new AbortController();
  // The first asks the driver to stop at a safe point; after a second the sandbox ends by itself, because this process is gone.
  const interrupt = (): void => {
    if (interrupted.signal.aborted) process.exit(exitCodes.stopped);
    tell({ kind: "note", message: "stopping at the next safe point; once more to end at once" });
    interrupted.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  const dir = mkdtempSync(join(tmpdir(), "eks-blue-green-"));
  let load: RunningLoad | null = null;
  try {
    const scene = await setUp(options, dir, tell);
    const driverArgs = ["--stack", options.environment, "--cwd", scene.project.directory];
    await stage(tell, `deploy ${options.environment} at ${scene.from}`, () => drive(["up", ...driverArgs], scene.info, record.tell, interrupted.signal), () => "");
    const address = await stage(tell, "first answer", (progress) => waitUntilServing(scene.info, progress, interrupted.signal), (found) => `${found.host}:${found.port}`);
    const setupSeconds = (Date.now() - startedAt) / 1000;
    load = await beginLoad(scene.info, address, options.requestsPerSecond, join(dir, "rehearsal", "ledger.ndjson"), tell);
    scene.project.setVersion(scene.to);
    const control = new ControlClient(scene.info.control);
    const schedule = new FaultSchedule(options.faults ?? [], control, tell);
    await schedule.begin();
    const onEvent = (event: DriverEvent): void => {
      record.tell(event);
      schedule.onEvent(event);
    };
    const code = await stage(tell, `upgrade ${options.environment} ${scene.from} → ${scene.to}`, () => drive(["upgrade", ...driverArgs, "--approve-retire"], scene.info, onEvent, interrupted.signal), (exit) => (exit === 0 ? "" : `exit code ${exit}`));
    const figures = await load.stop();
    const missed = await schedule.end();
    const faults = options.faults === undefined || options.faults.length === 0 ? [] : [...(await control.faults(true)).map((one) => `fault   ${one.text}: ${one.hits} hit(s)`), ...missed.map((text) => `fault   ${text}: its moment never came`)];
    load = null;
    const title = `${options.environment} ${scene.from} → ${scene.to} (replace)`;
    const summary = rehearsalSummary({ title, timeScale: options.timeScale, events, load: figures, ledgerFile: options.keep ? join(dir, "rehearsal", "ledger.ndjson") : null, setupSeconds, totalSeconds: (Date.now() - startedAt) / 1000 });
    return { summary: [...summary, ...faults], lost: figures.failed + figures.idleResets > 0 || figures.void, driverExitCode: code };
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
    await load?.stop();
    if (!options.keep) await stopSandbox(dir);
    removeIfEmpty(dir);
  }
}
