/** What the comparisons share: a sandbox with this project's environment, the driver in it, and a steady load. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { rehearsalEnvironment, startDriver } from "../automation/cli/rehearsal/driver-process";
import { beginLoad, waitUntilServing } from "../automation/cli/rehearsal/load";
import { copyProject, inspectProject, type RehearsedProject } from "../automation/cli/rehearsal/project-copy";
import type { DriverEvent } from "../automation/events";
import { count, table } from "../automation/report/format";
import { startSandbox, stopSandbox } from "../sandbox/client/start";
import type { LoadSummary, SandboxInfo } from "../sandbox/contract";
import { resolveTools } from "../sandbox/tools/index";

export const say = (text: string): void => void process.stderr.write(`${text}\n`);

export interface Scene {
  readonly info: SandboxInfo;
  readonly project: RehearsedProject;
}

/** A sandbox for `work`, which ends with it. `timeScale`: how many times as fast as in AWS its delays pass. */
export async function inSandbox<T>(timeScale: number, work: (scene: Scene) => Promise<T>): Promise<T> {
  const tools = await resolveTools({ onProgress: (progress) => say(progress.message) });
  const dir = mkdtempSync(join(tmpdir(), "eks-blue-green-"));
  const info = await startSandbox(
    { dir, timeScale, lbc: "stand-in", providers: {}, region: "us-east-1", untilStdinCloses: true },
    tools,
    () => undefined,
  );
  try {
    mkdirSync(join(dir, "rehearsal"));
    const project = copyProject(inspectProject(resolve("."), "dev"), join(dir, "project"));
    return await work({ info, project });
  } finally {
    await stopSandbox(dir);
  }
}

/** The driver's CLI; answers its exit code. */
export async function drive(
  { info, project }: Scene,
  args: readonly string[],
  onEvent: (event: DriverEvent, kill: () => void) => void = () => undefined,
): Promise<number | null> {
  const driver = startDriver(
    [...args, "--stack", project.environment, "--cwd", project.directory],
    info,
    join(info.dir, "logs", "driver.log"),
    (event) => onEvent(event, () => void driver.child.kill("SIGKILL")),
  );
  return driver.ended;
}

/** The driver's CLI, which must do it. @throws Error */
export async function mustDrive(scene: Scene, ...args: readonly string[]): Promise<void> {
  const code = await drive(scene, args);
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}`);
}

/** The driver's upgrade until it has done a move of this kind: there it is killed, and a person goes on. */
export async function upgradeUntil(scene: Scene, kind: "provision" | "admit"): Promise<void> {
  await drive(scene, ["upgrade", "--approve-retire"], (event, kill) => {
    if (event.kind === "step-finished" && event.step.type === "move" && event.step.kind === kind) kill();
  });
}

/** A command of a person's, in the sandbox's surroundings. @throws Error with what it said */
export function run({ info, project }: Scene, command: string, args: readonly string[], input?: string): string {
  const result = spawnSync(command, args, {
    cwd: project.directory,
    env: rehearsalEnvironment(process.env, info),
    encoding: "utf8",
    timeout: 120_000,
    ...(input === undefined ? {} : { input }),
  });
  if (result.status !== 0)
    throw new Error(`${command} ${args.join(" ")} ended with ${result.status}: ${result.stderr}`);
  return result.stdout;
}

/** What a steady load saw while `work` was done, and two seconds longer. */
export async function underLoad(
  { info }: Scene,
  requestsPerSecond: number,
  work: () => Promise<void>,
): Promise<LoadSummary> {
  const entry = await waitUntilServing(info, () => undefined, new AbortController().signal);
  const ledger = join(info.dir, "rehearsal", "ledger.ndjson");
  const load = await beginLoad(info, entry, requestsPerSecond, ledger, () => undefined);
  try {
    await work();
    await sleep(2000);
  } catch (error) {
    await load.stop();
    throw error;
  }
  return load.stop();
}

/** By procedure; the first is ours. */
export type Results = readonly (readonly [procedure: string, summary: LoadSummary])[];

/** Prints them. True when ours lost nothing and every other one lost something: else the load can't see a difference. */
export function report(results: Results): boolean {
  const rows = results.map(([name, summary]) => [
    name,
    count(summary.sent),
    count(summary.failed),
    count(summary.idleResets),
    Object.entries(summary.failuresByKind)
      .map(([kind, number]) => `${kind} ${count(number)}`)
      .join(", ") || "-",
    summary.void ? "VOID" : "",
  ]);
  const titles = ["procedure", "sent", "failed", "idle resets", "by kind", ""];
  process.stdout.write(`\n${table([titles, ...rows], [false, true, true, true]).join("\n")}\n`);
  const [ours, ...others] = results.map(([, summary]) => summary);
  const nothingLost = ours !== undefined && ours.failed + ours.idleResets === 0 && !ours.void;
  return nothingLost && others.every(({ failed }) => failed > 0);
}

/** Runs a comparison to its end; the exit code is that of its verdict. */
export function compare(comparison: () => Promise<Results>): void {
  comparison().then(
    (results) => {
      process.exitCode = report(results) ? 0 : 1;
    },
    (error: unknown) => {
      say(error instanceof Error ? (error.stack ?? error.message) : String(error));
      process.exitCode = 1;
    },
  );
}
