import { Command, InvalidArgumentError, Option } from "commander";
import { resolve } from "node:path";
import {
  admit,
  adopt,
  drain,
  evacuate,
  planUpgrade,
  rollback,
  scale,
  status,
  up,
  upgrade,
  type LookOptions,
  type Target,
  type UpgradeOptions,
  type UpResult,
  type UpgradeResult,
} from "../../index";
import { jsonLine, print, printableRows } from "../../report/edge";
import { lookReporter, reporterFor, stamp } from "../../report/reporters";
import { planLines } from "../../report/plan";
import { statusLines } from "../../report/status";
import { widthOf } from "../../report/width";
import { tellEnding } from "../../report/result-line";
import { exitCodeOfResult } from "../exit-codes";
import { onInterrupt } from "../interrupt";
import { replaceOf, replaceOptions } from "./replace-option";
import { stepsOf, stepsOption } from "./steps-option";
import { allowExecOption, trustStateAddressesOption, type TrustFlags } from "./trust-options";

interface Flags extends TrustFlags {
  stack: string;
  cwd: string;
  json: boolean;
  plain?: boolean;
  approveRetire?: boolean;
  retryVersion?: boolean;
  steps?: readonly number[];
  replace?: string;
  replaceAll?: boolean;
}

const stackOption = (): Option =>
  new Option("-s, --stack <name>", "the environment's stack, e.g. dev").makeOptionMandatory();
const cwdOption = (): Option => new Option("-C, --cwd <folder>", "the project's folder, with Pulumi.yaml").default(".");
const jsonOption = (): Option =>
  new Option("--json", "NDJSON events on stdout, people's text on stderr").default(false);
const objectOption = (): Option => new Option("--json", "one JSON object on stdout").default(false);
const plainOption = (): Option => new Option("--plain", "plain lines instead of the live view").default(false);

const base = (name: string, description: string, json = jsonOption()): Command =>
  new Command(name)
    .description(description)
    .addOption(stackOption())
    .addOption(cwdOption())
    .addOption(json)
    .addOption(allowExecOption())
    .addOption(trustStateAddressesOption());
const target = (flags: Flags): Target => ({
  environment: flags.stack,
  projectDirectory: resolve(flags.cwd),
  allowExec: flags.allowExec,
  trustStateAddresses: flags.trustStateAddresses,
});

/** Runs a rollout with its view, Ctrl-C and exit code. */
async function runRollout(flags: Flags, work: (options: UpgradeOptions) => Promise<UpgradeResult>): Promise<void> {
  const reporter = reporterFor({ json: flags.json, plain: flags.plain ?? false });
  const tell = stamp(reporter);
  const interrupt = onInterrupt((message) => tell({ kind: "note", message }));
  try {
    const result = await work({
      ...target(flags),
      approveRetire: flags.approveRetire ?? false,
      retryVersion: flags.retryVersion ?? false,
      ...stepsOf(flags),
      ...replaceOf(flags),
      onEvent: tell,
      signal: interrupt.signal,
      cancel: interrupt.cancel,
    });
    process.exitCode = exitCodeOfResult(result);
    reporter.end();
    tellEnding(flags.json, null, result);
  } finally {
    interrupt.dispose();
    reporter.end();
  }
}

async function runAdopt(flags: Flags): Promise<void> {
  const reporter = reporterFor({ json: flags.json, plain: flags.plain ?? false });
  const tell = stamp(reporter);
  const interrupt = onInterrupt((message) => tell({ kind: "note", message }));
  try {
    const result = await adopt({ ...target(flags), onEvent: tell, signal: interrupt.signal, cancel: interrupt.cancel });
    process.exitCode = exitCodeOfResult(result);
    reporter.end();
    tellEnding(flags.json, "adopted", result);
  } finally {
    interrupt.dispose();
    reporter.end();
  }
}

async function runUp(flags: Flags): Promise<void> {
  const reporter = reporterFor({ json: flags.json, plain: flags.plain ?? false });
  const tell = stamp(reporter);
  const interrupt = onInterrupt((message) => tell({ kind: "note", message }));
  try {
    const result = await up({ ...target(flags), onEvent: tell, signal: interrupt.signal, cancel: interrupt.cancel });
    reporter.end();
    tellEnding(flags.json, "up", upEnding(flags.stack, result));
  } finally {
    interrupt.dispose();
    reporter.end();
  }
}

/** With the addresses: what was deployed is there to be asked. */
function upEnding(environment: string, { addresses, changes }: UpResult) {
  const list = Object.entries(addresses).map(([key, address]) => `${key} at ${address}`);
  const where = list.length === 0 ? "it has no load balancer yet" : `requests go to ${list.join(", ")}`;
  return { outcome: "done", message: `${environment} is deployed; ${where}`, remedy: null, addresses, changes };
}

/** Says on stderr what is being read; its answer is for stdout. */
async function looking<T>(flags: Flags, work: (options: LookOptions) => Promise<T>): Promise<T> {
  const reporter = lookReporter();
  try {
    return await work({ ...target(flags), onEvent: stamp(reporter) });
  } finally {
    reporter.end();
  }
}

async function runPlan(flags: Flags): Promise<void> {
  const plan = await looking(flags, (options) => planUpgrade({ ...options, ...stepsOf(flags), ...replaceOf(flags) }));
  if (flags.json) process.stdout.write(jsonLine({ at: new Date().toISOString(), kind: "plan", ...plan }));
  else print(process.stdout, planLines(printableRows(plan), widthOf(process.stdout)));
}

async function runStatus(flags: Flags): Promise<void> {
  const report = await looking(flags, status);
  if (flags.json) process.stdout.write(jsonLine({ at: new Date().toISOString(), kind: "status", ...report }));
  else print(process.stdout, statusLines(printableRows(report), widthOf(process.stdout)));
}

function wholePercent(text: string): number {
  const percent = Number(text);
  if (!/^\d+$/.test(text) || percent < 1)
    throw new InvalidArgumentError("must be a whole number from 1, in percent of the configured size.");
  return percent;
}

const resumes =
  "\nInterrupted or killed: run the same command again. While it is under way, other commands are refused " +
  "(`rollback` turns it around).";

/** Planned work on one member, with the gates of an upgrade. */
function plannedWork(): Command[] {
  const onMember = (name: string, description: string): Command =>
    base(name, description).argument("<member>", "the member's name, e.g. blue").addOption(plainOption());
  return [
    base(
      "rollback",
      "turn around what is under way; or bring the old member back that still stands by after an upgrade",
    )
      .addOption(plainOption())
      .option(
        "--approve-retire",
        "approve that a new member that is only half made is destroyed; without it the way back stops before " +
          "that (exit 6)",
        false,
      )
      .addHelpText(
        "after",
        "\nExample:\n  $ eks-blue-green rollback --stack dev\nVersions are never lowered and nothing that was " +
          "destroyed comes back: where that would be needed, it says so and changes nothing.",
      )
      .action((flags: Flags) => runRollout(flags, rollback)),
    onMember("admit", "take a member into traffic; one that is absent is provisioned first")
      .addHelpText("after", `\nExample:\n  $ eks-blue-green admit green --stack dev${resumes}`)
      .action((member: string, flags: Flags) => runRollout(flags, (options) => admit({ ...options, member }))),
    onMember(
      "drain",
      "take a member out of traffic; it runs on as a standby. The others are scaled up first if they can't carry " +
        "the load",
    )
      .addHelpText("after", `\nExample:\n  $ eks-blue-green drain green --stack dev${resumes}`)
      .action((member: string, flags: Flags) => runRollout(flags, (options) => drain({ ...options, member }))),
    onMember("scale", "set a member's replicas and nodes, in percent of what the config says")
      .addOption(
        new Option("--percent <number>", "100 is the configured size").argParser(wholePercent).makeOptionMandatory(),
      )
      .addHelpText("after", `\nExample:\n  $ eks-blue-green scale green --percent 200 --stack dev${resumes}`)
      .action((member: string, flags: Flags & { percent: number }) =>
        runRollout(flags, (options) => scale({ ...options, member, percent: flags.percent })),
      ),
  ];
}

/** `plan` and `upgrade`, with what both take. */
function upgrades(): Command[] {
  return [
    base("plan", "what an upgrade would do, and how long it takes; changes nothing", objectOption())
      .addOption(stepsOption())
      .addOption(replaceOptions()[0])
      .addOption(replaceOptions()[1])
      .addHelpText("after", "\nExample:\n  $ eks-blue-green plan --stack dev --json | jq .steps")
      .action(runPlan),
    base("upgrade", "go to the wanted Kubernetes version, or go on with an upgrade that was interrupted")
      .addOption(plainOption())
      .option(
        "--approve-retire",
        "approve that the old member is destroyed at the end; without it the rollout stops before that (exit 6)",
        false,
      )
      .option(
        "--retry-version",
        "try a version again that was rolled back and is held; without it the upgrade stops before it begins (exit 6)",
        false,
      )
      .addOption(stepsOption())
      .addOption(replaceOptions()[0])
      .addOption(replaceOptions()[1])
      .addHelpText(
        "after",
        "\nExamples:\n  $ eks-blue-green upgrade --stack dev\n  $ eks-blue-green upgrade --stack dev " +
          "--approve-retire --json > events.ndjson   # CI\nInterrupted, killed, or on another machine: run the " +
          "same command again.",
      )
      .action((flags: Flags) => runRollout(flags, upgrade)),
  ];
}

/** `up`, `plan`, `upgrade`, `rollback`, `admit`, `drain`, `scale`, `status`. */
export function driverCommands(): Command[] {
  return [
    base(
      "up",
      "deploy the environment's stack, then its members' side by side, and wait until requests are answered; " +
        "moves no traffic",
    )
      .addOption(plainOption())
      .addHelpText("after", "\nExample:\n  $ eks-blue-green up --stack dev")
      .action(runUp),
    ...upgrades(),
    ...plannedWork(),
    base(
      "evacuate",
      "break-glass: take a member whose API server or controller is dead out of traffic, without its cluster's help",
    )
      .argument("<member>", "the member's name, e.g. blue")
      .addOption(plainOption())
      .option(
        "--controller-is-stopped",
        "your word that its controller can't come back by itself; only where its IAM role is not known",
        false,
      )
      .option("--why <text>", "for the record and for colleagues")
      .addHelpText(
        "after",
        `\nExample:\n  $ eks-blue-green evacuate blue --why "control plane lost, ticket 123" --stack dev\nA ` +
          "member that answers and whose controller runs is drained instead. When its cluster is back: " +
          "eks-blue-green drain MEMBER, then admit.\nInterrupted or killed: run the same command again.",
      )
      .action((member: string, flags: Flags & { controllerIsStopped: boolean; why?: string }) =>
        runRollout(flags, (options) =>
          evacuate({
            ...options,
            member,
            controllerIsStopped: flags.controllerIsStopped,
            ...(flags.why === undefined ? {} : { why: flags.why }),
          }),
        ),
      ),
    base(
      "adopt",
      "hand the load balancers that the primary's Services own over to the environment's stack, under traffic",
    )
      .addOption(plainOption())
      .addHelpText(
        "after",
        "\nExample:\n  $ eks-blue-green adopt --stack dev\nInterrupted, killed, or on another machine: run the " +
          "same command again.",
      )
      .action(runAdopt),
    base("status", "where traffic is, what is under way, and what AWS and the clusters say of it", objectOption())
      .addHelpText("after", "\nExample:\n  $ eks-blue-green status --stack dev")
      .action(runStatus),
  ];
}
