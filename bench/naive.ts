/**
 * The naive procedure beside ours, in one sandbox under the same load: bind green, delete blue's binding, destroy blue
 * at once; against
 * provision, admit, bake, drain, bake, retire. Prints both counts. Run with `make bench`; exits with 0 only when ours
 * lost nothing and
 * the naive one lost something (a load that can't see the difference would prove nothing).
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { rehearsalEnvironment, startDriver } from "../automation/cli/rehearsal/driver-process";
import { beginLoad, waitUntilServing } from "../automation/cli/rehearsal/load";
import { copyProject, inspectProject } from "../automation/cli/rehearsal/project-copy";
import type { DriverEvent } from "../automation/events";
import { count, table } from "../automation/report/format";
import type { LoadSummary, SandboxInfo } from "../sandbox/contract";
import { startSandbox, stopSandbox } from "../sandbox/client/start";
import { resolveTools } from "../sandbox/tools/index";

const requestsPerSecond = Number(process.argv[2] ?? 500);
const say = (text: string): void => void process.stderr.write(`${text}\n`);

interface Scene {
  readonly info: SandboxInfo;
  readonly directory: string;
  readonly want: (version: string) => void;
}

async function drive(
  scene: Scene,
  args: readonly string[],
  onEvent: (event: DriverEvent, kill: () => void) => void = () => undefined,
): Promise<number | null> {
  const driver = startDriver(
    [...args, "--stack", "dev", "--cwd", scene.directory],
    scene.info,
    join(scene.info.dir, "logs", "driver.log"),
    (event) => onEvent(event, () => void driver.child.kill("SIGKILL")),
  );
  return driver.ended;
}

function run(scene: Scene, command: string, args: readonly string[]): string {
  const result = spawnSync(command, [...args], {
    cwd: scene.directory,
    env: rehearsalEnvironment(process.env, scene.info),
    encoding: "utf8",
    timeout: 120_000,
  });
  if (result.status !== 0)
    throw new Error(`${command} ${args.join(" ")} ended with ${result.status}: ${result.stderr}`);
  return result.stdout;
}

async function underLoad(scene: Scene, work: () => Promise<void>): Promise<LoadSummary> {
  const address = await waitUntilServing(scene.info, () => undefined, new AbortController().signal);
  const load = await beginLoad(
    scene.info,
    address,
    requestsPerSecond,
    join(scene.info.dir, "rehearsal", "ledger.ndjson"),
    () => undefined,
  );
  try {
    await work();
    await sleep(2000);
  } catch (error) {
    await load.stop();
    throw error;
  }
  return load.stop();
}

/**
 * What a script would do: green is bound, blue's binding is deleted and its nodes are taken away without waiting for
 * anything.
 */
async function naive(scene: Scene, from: string, to: string): Promise<void> {
  const binding = JSON.parse(
    run(scene, "kubectl", ["--context", `dev-${from}`, "-n", "web", "get", "targetgroupbinding", "web", "-o", "json"]),
  ) as { spec: { targetGroupARN: string } };
  const manifest = {
    apiVersion: "elbv2.k8s.aws/v1beta1",
    kind: "TargetGroupBinding",
    metadata: { name: "web", namespace: "web" },
    spec: {
      targetGroupARN: binding.spec.targetGroupARN,
      targetType: "ip",
      multiClusterTargetGroup: true,
      serviceRef: { name: "web", port: 8080 },
    },
  };
  const apply = spawnSync("kubectl", ["--context", `dev-${to}`, "apply", "-f", "-"], {
    cwd: scene.directory,
    env: rehearsalEnvironment(process.env, scene.info),
    input: JSON.stringify(manifest),
    encoding: "utf8",
  });
  if (apply.status !== 0) throw new Error(`kubectl apply: ${apply.stderr}`);
  run(scene, "kubectl", ["--context", `dev-${from}`, "-n", "web", "delete", "targetgroupbinding", "web"]);
  run(scene, "kubectl", [
    "--context",
    `dev-${from}`,
    "-n",
    "web",
    "delete",
    "deployment",
    "web",
    "--cascade=foreground",
    "--grace-period=1",
  ]);
  run(scene, "kubectl", [
    "--context",
    `dev-${from}`,
    "-n",
    "web",
    "delete",
    "pods",
    "--all",
    "--grace-period=0",
    "--force",
  ]);
  await sleep(10_000);
}

async function setUp(): Promise<Scene> {
  const tools = await resolveTools({ onProgress: (progress) => say(progress.message) });
  const dir = mkdtempSync(join(tmpdir(), "eks-blue-green-"));
  const info = await startSandbox(
    { dir, timeScale: 60, lbc: "stand-in", providers: {}, region: "us-east-1", untilStdinCloses: true },
    tools,
    () => undefined,
  );
  mkdirSync(join(dir, "rehearsal"));
  const project = copyProject(inspectProject(resolve("."), "dev"), join(dir, "project"));
  return { info, directory: project.directory, want: project.setVersion };
}

function report(ours: LoadSummary, theirs: LoadSummary): void {
  const row = (name: string, summary: LoadSummary): string[] => [
    name,
    count(summary.sent),
    count(summary.failed),
    count(summary.idleResets),
    Object.entries(summary.failuresByKind)
      .map(([kind, number]) => `${kind} ${count(number)}`)
      .join(", ") || "-",
    summary.void ? "VOID" : "",
  ];
  const lines = table(
    [
      ["procedure", "sent", "failed", "idle resets", "by kind", ""],
      row("eks-blue-green upgrade", ours),
      row("naive: bind, unbind, destroy", theirs),
    ],
    [false, true, true, true],
  );
  process.stdout.write(`\n${lines.join("\n")}\n`);
}

async function main(): Promise<void> {
  const scene = await setUp();
  try {
    scene.want("1.34");
    say("deploying dev at 1.34");
    if ((await drive(scene, ["up"])) !== 0) throw new Error("up failed");
    scene.want("1.35");
    say("ours: upgrading 1.34 → 1.35");
    const ours = await underLoad(scene, async () => {
      const code = await drive(scene, ["upgrade", "--approve-retire"]);
      if (code !== 0) throw new Error(`upgrade ended with ${code}`);
    });
    scene.want("1.36");
    say("naive: provisioning blue at 1.36 with the driver, which is then killed; the rest by hand");
    await drive(scene, ["upgrade", "--approve-retire"], (event, kill) => {
      if (event.kind === "step-finished" && event.step.type === "move" && event.step.kind === "provision") kill();
    });
    const theirs = await underLoad(scene, () => naive(scene, "green", "blue"));
    report(ours, theirs);
    process.exitCode = ours.failed + ours.idleResets === 0 && !ours.void && theirs.failed > 0 ? 0 : 1;
  } finally {
    await stopSandbox(scene.info.dir);
  }
}

main().catch((error: unknown) => {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
});
