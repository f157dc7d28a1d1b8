import { jsonLine, print as printTo, printable } from "../../report/edge";
import { Command, InvalidArgumentError, Option } from "commander";
import { resolve } from "node:path";
import { ControlClient } from "../../../sandbox/client/control-client";
import { readSandboxInfo } from "../../../sandbox/client/start";
import { SandboxError } from "../../../sandbox/shared/errors";
import type { ListedFault } from "../../../sandbox/faults/spec";
import { parseFaultText } from "../../../sandbox/faults/text";
import { table } from "../../report/format";
import { counted } from "../../text/sentences";

const dirOption = (): Option => new Option("--dir <folder>", "the sandbox's folder").default(".sandbox");

/** For `--fault`: refused at once, before anything is started. */
export function collectFault(text: string, before: readonly string[]): readonly string[] {
  try {
    parseFaultText(text);
  } catch (error) {
    if (error instanceof SandboxError) throw new InvalidArgumentError(`${error.message}. ${error.remedy}`);
    throw error;
  }
  return [...before, text];
}

function controlOf(dir: string): ControlClient {
  const info = readSandboxInfo(resolve(dir));
  if (info === null)
    throw new SandboxError(
      "SBX-NOT-RUNNING",
      `no sandbox runs in ${resolve(dir)}`,
      "Start one with `eks-blue-green sandbox up`, or name its folder with --dir.",
    );
  return new ControlClient(info);
}

function faultLines(faults: readonly ListedFault[]): string[] {
  return faults.length === 0
    ? ["no fault is injected"]
    : table(faults.map((one) => [one.id, one.state, `${one.hits} hit${one.hits === 1 ? "" : "s"}`, one.text]));
}

const print = (lines: readonly string[]): void =>
  printTo(
    process.stdout,
    lines.flatMap((text) => text.split("\n").map(printable)),
  );

async function add(texts: readonly string[], flags: { dir: string }): Promise<void> {
  const specs = texts.map(parseFaultText);
  const control = controlOf(flags.dir);
  for (const [index, spec] of specs.entries()) {
    const { id, ...more } = await control.addFault<{
      id: string;
      pods?: readonly string[];
      targets?: readonly string[];
    }>(spec);
    print([
      `${id}  ${texts[index]}${[...(more.pods ?? []), ...(more.targets ?? [])].map((one) => `\n  ${one}`).join("")}`,
    ]);
  }
}

async function clear(ids: readonly string[], flags: { dir: string }): Promise<void> {
  const control = controlOf(flags.dir);
  if (ids.length === 0) return print([`${counted(await control.clearFaults(), "fault")} removed`]);
  for (const id of ids) await control.removeFault(id);
  print(ids.map((id) => `${id} removed`));
}

async function operations(flags: { dir: string }): Promise<void> {
  const { aws, kubernetes } = await controlOf(flags.dir).operations();
  const awsRows = Object.entries(aws)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([operation, calls]) => [`aws:${operation}`, "", String(calls)]);
  print(
    table([
      ...awsRows,
      ...kubernetes.map((one) => [`kubernetes:*:${one.verb}:${one.resource}`, one.client, String(one.calls)]),
    ]),
  );
}

/** `sandbox fault add|list|clear|operations`. */
export function faultCommand(): Command {
  const command = new Command("fault").description(
    "break something in a running sandbox, and mend it again (docs/reference/faults.md)",
  );
  command
    .command("add")
    .description("inject faults, each written as ON:WHAT=KIND,option=value…")
    .argument("<fault...>")
    .addOption(dirOption())
    .addHelpText(
      "after",
      `
Examples:
  $ eks-blue-green sandbox fault add elasticloadbalancing:RegisterTargets=throttle,count=3
  $ eks-blue-green sandbox fault add kubernetes:dev-green:patch:deployments=lost-answer,count=1
  $ eks-blue-green sandbox fault add pods:dev-green:web=answer,status=500,afterSeconds=10
  $ eks-blue-green sandbox fault add controller:dev-blue=pause node:dev-green=down api-server:dev-blue=down`,
    )
    .action(add);
  command
    .command("list")
    .description("faults that are armed or active, with their hits")
    .addOption(dirOption())
    .option("--all", "also those that did their work", false)
    .option("--json", "on one line", false)
    .action(async (flags: { dir: string; all: boolean; json: boolean }) => {
      const faults = await controlOf(flags.dir).faults(flags.all);
      if (flags.json) process.stdout.write(jsonLine(faults));
      else print(faultLines(faults));
    });
  command
    .command("clear")
    .description("remove these faults, or all, and mend what they broke")
    .argument("[id...]")
    .addOption(dirOption())
    .action(clear);
  command
    .command("operations")
    .description("every operation of AWS and of API servers that was asked for so far: what faults can hit")
    .addOption(dirOption())
    .action(operations);
  return command;
}
