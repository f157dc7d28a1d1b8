import { Command, Option } from "commander";
import { resolve } from "node:path";
import { adopt, planUpgrade, status, up, upgrade } from "../index";
import { reporterFor, stamp } from "../report/reporters";
import { planLines, statusLines } from "../report/tables";
import { exitCodeOfOutcome } from "./exit-codes";
import { onInterrupt } from "./interrupt";

interface Flags { stack: string; cwd: string; json: boolean; plain?: boolean; approveRetire?: boolean }

const stackOption = (): Option => new Option("-s, --stack <name>", "the environment's stack, e.g. dev").makeOptionMandatory();
const cwdOption = (): Option => new Option("-C, --cwd <folder>", "the project's folder, with Pulumi.yaml").default(".");
const jsonOption = (): Option => new Option("--json", "NDJSON events on stdout, people's text on stderr").default(false);
const plainOption = (): Option => new Option("--plain", "plain lines instead of the live view").default(false);

const base = (name: string, description: string): Command => new Command(name).description(description).addOption(stackOption()).addOption(cwdOption()).addOption(jsonOption());
const target = (flags: Flags): { environment: string; projectDirectory: string } => ({ environment: flags.stack, projectDirectory: resolve(flags.cwd) });

async function runUpgrade(flags: Flags): Promise<void> {
  const reporter = reporterFor({ json: flags.json, plain: flags.plain ?? false });
  const tell = stamp(reporter);
  const interrupt = onInterrupt((message) => tell({ kind: "note", message }));
  try {
    const result = await upgrade({ ...target(flags), approveRetire: flags.approveRetire ?? false, onEvent: tell, signal: interrupt.signal, cancel: interrupt.cancel });
    process.exitCode = exitCodeOfOutcome(result.outcome);
    reporter.end();
    if (!flags.json) process.stdout.write(`\n${result.outcome}: ${result.message}\n${result.remedy ? `→ ${result.remedy}\n` : ""}`);
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
    process.exitCode = exitCodeOfOutcome(result.outcome);
    reporter.end();
    process.stdout.write(flags.json ? `${JSON.stringify({ at: new Date().toISOString(), kind: "adopted", ...result })}\n` : `\n${result.outcome}: ${result.message}\n${result.remedy ? `→ ${result.remedy}\n` : ""}`);
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
    await up({ ...target(flags), onEvent: tell, signal: interrupt.signal, cancel: interrupt.cancel });
  } finally {
    interrupt.dispose();
    reporter.end();
  }
}

async function runPlan(flags: Flags): Promise<void> {
  const plan = await planUpgrade(target(flags));
  process.stdout.write(flags.json ? `${JSON.stringify({ at: new Date().toISOString(), kind: "plan", ...plan })}\n` : `${planLines(plan).join("\n")}\n`);
}

async function runStatus(flags: Flags): Promise<void> {
  const report = await status(target(flags));
  process.stdout.write(flags.json ? `${JSON.stringify({ at: new Date().toISOString(), kind: "status", ...report })}\n` : `${statusLines(report).join("\n")}\n`);
}

/** `up`, `plan`, `upgrade`, `status`. */
export function driverCommands(): Command[] {
  return [
    base("up", "deploy the environment's stack, then its members' side by side; moves no traffic")
      .addOption(plainOption())
      .addHelpText("after", "\nExample:\n  $ eks-blue-green up --stack dev")
      .action(runUp),
    base("plan", "what an upgrade to the wanted version would do; changes nothing")
      .addHelpText("after", "\nExample:\n  $ eks-blue-green plan --stack dev --json | jq .steps")
      .action(runPlan),
    base("upgrade", "go to the wanted Kubernetes version, or go on with an upgrade that was interrupted")
      .addOption(plainOption())
      .option("--approve-retire", "destroy the old member at the end without asking", false)
      .addHelpText("after", "\nExamples:\n  $ eks-blue-green upgrade --stack dev\n  $ eks-blue-green upgrade --stack dev --approve-retire --json > events.ndjson   # CI\nInterrupted, killed, or on another machine: run the same command again.")
      .action(runUpgrade),
    base("adopt", "hand the load balancers that the primary's Services own over to the environment's stack, under traffic")
      .addOption(plainOption())
      .addHelpText("after", "\nExample:\n  $ eks-blue-green adopt --stack dev\nInterrupted, killed, or on another machine: run the same command again.")
      .action(runAdopt),
    base("status", "where traffic is, what is under way, and what AWS and the clusters say of it")
      .addHelpText("after", "\nExample:\n  $ eks-blue-green status --stack dev")
      .action(runStatus),
  ];
}
