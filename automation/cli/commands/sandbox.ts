import { Command, Option } from "commander";
import { join, resolve } from "node:path";
import type { SandboxInfo } from "../../../sandbox/contract";
import { externalControllerInstructions } from "../../../sandbox/daemon/external-controller";
import { readSandboxInfo, sandboxStatus, startSandbox, stopSandbox } from "../../../sandbox/client/start";
import { SandboxError } from "../../../sandbox/shared/errors";
import { resolveTools } from "../../../sandbox/tools/index";
import { ControlClient } from "../../../sandbox/client/control-client";
import { parseFaultText } from "../../../sandbox/faults/text";
import { jsonLine, print, printableRows, printText } from "../../report/edge";
import { sandboxStatusLines } from "../../report/sandbox-status";
import { chartCommand } from "./sandbox-chart";
import { collectFault, faultCommand } from "./sandbox-fault";
import { parseAttach, parsePassEnv, parseProviders, parseTimeScale } from "./sandbox-options";

interface UpFlags {
  dir: string;
  timeScale: number;
  lbc: "stand-in" | "external";
  attach: readonly string[];
  passEnv: readonly string[];
  provider: Record<string, string>;
  region: string;
  json: boolean;
  fault: readonly string[];
}

const dirOption = (): Option =>
  new Option("--dir <folder>", "the sandbox's folder: state, logs, sockets").default(".sandbox");
export const timeScaleOption = (): Option =>
  new Option("--time-scale <factor>", "how many times as fast as in AWS its delays pass; 1 is real time")
    .argParser(parseTimeScale)
    .default(60);
export const lbcOption = (): Option =>
  new Option(
    "--lbc <which>",
    "load balancer controller: the stand-in, or none and a print-out of what a real one needs",
  )
    .choices(["stand-in", "external"])
    .default("stand-in");
export const attachOption = (): Option =>
  new Option(
    "--attach <command>",
    "with --lbc external: run this controller for each cluster, instead of waiting for a person who does",
  )
    .argParser(parseAttach)
    .default([], "nobody's");
export const passEnvOption = (who: string): Option =>
  new Option(
    "--pass-env <name>",
    `let ${who} have this variable; of all others it gets only the harmless ones, as PATH and HOME (repeatable)`,
  )
    .argParser(parsePassEnv)
    .default([], "none");
export const providerOption = (): Option =>
  new Option(
    "--provider <name=path>",
    "use this plugin binary for aws or eks instead of the stand-in, or for kubernetes instead of Pulumi's own " +
      "(repeatable)",
  )
    .argParser(parseProviders)
    .default({}, "none");

const tell = (message: string): void => printText(process.stderr, message);

const quote = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`;

/** Lines that point a shell at the sandbox, for `eval`. */
export function shellExports(info: SandboxInfo): string[] {
  return [
    ...info.unset.map((name) => `unset ${name}`),
    ...Object.entries(info.env).map(([name, value]) => `export ${name}=${quote(value)}`),
  ];
}

/** Lines that take the sandbox's variables out of a shell again, for `eval`; PATH loses its folder. */
export function shellUnsets({ env, dir }: Pick<SandboxInfo, "env" | "dir">): string[] {
  const names = Object.keys(env).filter((name) => name !== "PATH");
  return [
    `unset ${names.join(" ")}`,
    `export PATH="$(printf '%s' "$PATH" | tr ':' '\\n' | grep -vxF ${quote(join(dir, "bin"))} | paste -sd: -)"`,
  ];
}

/** @throws SandboxError */
export function refuseAttach({ lbc, attach }: { readonly lbc: string; readonly attach: readonly string[] }): void {
  if (attach.length > 0 && lbc !== "external")
    throw new SandboxError(
      "SBX-ATTACH",
      "--attach was given, but the sandbox runs the stand-in for the load balancer controller",
      "Add --lbc external.",
    );
}

function running(dir: string): SandboxInfo {
  const info = readSandboxInfo(resolve(dir));
  if (info) return info;
  throw new SandboxError(
    "SBX-NOT-RUNNING",
    `no sandbox runs in ${resolve(dir)}`,
    "Start one with `eks-blue-green sandbox up`, or name its folder with --dir.",
  );
}

async function up(flags: UpFlags): Promise<void> {
  const dir = resolve(flags.dir);
  refuseAttach(flags);
  const there = readSandboxInfo(dir);
  if (there)
    throw new SandboxError(
      "SBX-ALREADY-RUNNING",
      `a sandbox already runs in ${dir} (pid ${there.pid})`,
      "Use it (`eks-blue-green sandbox env`), or end it with `eks-blue-green sandbox down`.",
    );
  const tools = await resolveTools({
    providers: flags.provider,
    onProgress: (progress) => tell(progress.message),
  });
  const info = await startSandbox(
    {
      dir,
      timeScale: flags.timeScale,
      lbc: flags.lbc,
      attach: flags.attach,
      passEnv: flags.passEnv,
      providers: flags.provider,
      region: flags.region,
      untilStdinCloses: false,
    },
    tools,
    (progress) => tell(progress.message),
  );
  const control = new ControlClient(info);
  for (const text of flags.fault) await control.addFault(parseFaultText(text));
  process.stdout.write(flags.json ? jsonLine(info) : `${shellExports(info).join("\n")}\n`);
  if (flags.lbc === "external" && flags.attach.length === 0)
    tell(externalControllerInstructions(info, await sandboxStatus(dir)).join("\n"));
  tell(`
The sandbox runs (pid ${info.pid}, ${flags.timeScale} times as fast as AWS). Point a shell at it:
  source ${dir}/env.sh
then, for example:
  eks-blue-green up --stack dev                deploy the environment of this folder
  kubectl get tgb -A · aws elbv2 describe-target-groups · pulumi preview -s dev
  eks-blue-green plan|upgrade|status --stack dev
Your project's own files are not written to: driver and pulumi work on a copy of its settings, ${dir}/projects/NAME.
End it with: eval "$(eks-blue-green sandbox down)"`);
}

async function status(flags: { dir: string; json: boolean }): Promise<void> {
  const info = running(flags.dir);
  const report = await sandboxStatus(info.dir);
  if (flags.json) process.stdout.write(jsonLine(report));
  else
    print(process.stdout, [
      ...sandboxStatusLines(printableRows(report)),
      ...externalControllerInstructions(info, report),
    ]);
}

/** `sandbox up|down|status|env|tools|fault`. */
export function sandboxCommand(): Command {
  const command = new Command("sandbox").description(
    "the rehearsal ground on its own: real engine, real control planes, no AWS account",
  );
  command
    .command("up")
    .description(
      "start a sandbox, leave it running, print the variables that point your own pulumi, kubectl and aws at it",
    )
    .addOption(dirOption())
    .addOption(timeScaleOption())
    .addOption(lbcOption())
    .addOption(attachOption())
    .addOption(passEnvOption("an attached controller"))
    .addOption(providerOption())
    .option("--region <region>", "the sandbox's AWS region", "us-east-1")
    .addOption(
      new Option("--fault <fault>", "inject this fault from the beginning (repeatable; docs/reference/faults.md)")
        .argParser(collectFault)
        .default([], "none"),
    )
    .option("--json", "print the sandbox's description as JSON", false)
    .addHelpText(
      "after",
      `\nExample:\n  $ eval "$(eks-blue-green sandbox up)" && eks-blue-green up --stack dev && kubectl get tgb -A`,
    )
    .action(up);
  command
    .command("down")
    .description(
      "end the sandbox and everything it started, remove its folder, print the lines that take its variables out of " +
        "a shell",
    )
    .addOption(dirOption())
    .action(async (flags: { dir: string }) => {
      const info = running(flags.dir);
      await stopSandbox(info.dir);
      tell("The sandbox has ended; nothing of it is left running.");
      process.stdout.write(`${shellUnsets(info).join("\n")}\n`);
      if (process.stdout.isTTY)
        tell(
          "These lines take its variables out of this shell (or open a new one); another time: " +
            'eval "$(eks-blue-green sandbox down)"',
        );
    });
  command
    .command("status")
    .description("processes, memory, clusters, faults")
    .addOption(dirOption())
    .option("--json", "on one line", false)
    .action(status);
  command
    .command("env")
    .description("print the variables again, for eval")
    .addOption(dirOption())
    .action((flags: { dir: string }) => void process.stdout.write(`${shellExports(running(flags.dir)).join("\n")}\n`));
  command
    .command("tools")
    .description("find, download or build the tools that the sandbox runs, and print where they are")
    .option("--json", "as JSON", false)
    .action(async () => {
      const tools = await resolveTools({ onProgress: (progress) => tell(progress.message) });
      process.stdout.write(jsonLine(tools, 2));
    });
  command.addCommand(chartCommand());
  command.addCommand(faultCommand());
  return command;
}
