import { Command, CommanderError } from "commander";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { driverCommands } from "./commands/rollouts";
import { exitCodeOfError, exitCodes, isCoded } from "./exit-codes";
import { rehearseCommand } from "./commands/rehearse";
import { sandboxCommand } from "./commands/sandbox";
import { jsonLine, printMessage, printText } from "../report/edge";
import { teardownCommand } from "./commands/teardown";
import { verifyCommand } from "./commands/verify";

function packageVersion(): string {
  // dist/automation/cli/main.js, or automation/cli/main.ts under ts-node: the package's folder is three or two up.
  for (const up of ["../../..", "../.."]) {
    try {
      return (JSON.parse(readFileSync(join(__dirname, up, "package.json"), "utf8")) as { version: string }).version;
    } catch {
      continue;
    }
  }
  return "unknown";
}

/** Prints an error as people and scripts need it: code, what happened, what to do. */
export function printError(error: unknown, json: boolean): void {
  const shown = isCoded(error)
    ? { code: error.code, message: error.message, remedy: error.remedy }
    : {
        code: "EBG-INTERNAL",
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
        remedy:
          "This is a defect of eks-blue-green; please report it with this text. Run the same command again: it " +
          "resumes.",
      };
  if (json) process.stdout.write(jsonLine({ at: new Date().toISOString(), kind: "error", ...shown }));
  process.stderr.write("\n");
  printMessage(process.stderr, `${shown.code}: ${shown.message}`);
  printMessage(process.stderr, `→ ${shown.remedy}`);
}

/** Commands that are added, not made by their parent, don't take over how it ends and what it prints after an error. */
function inheriting(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inheriting(child, command);
  return command;
}

export function buildProgram(): Command {
  const program = new Command("eks-blue-green")
    .description(
      "Upgrades Kubernetes on Amazon EKS by moving member clusters in and out of one shared target group, and " +
        "proves at every move that no request is lost.",
    )
    .version(packageVersion())
    .showHelpAfterError("(run with --help for the options and examples)")
    .configureHelp({ sortSubcommands: false })
    .configureOutput({ writeErr: (text) => printText(process.stderr, text.replace(/\n$/, "")) })
    .exitOverride();
  for (const command of [...driverCommands(), verifyCommand(), teardownCommand(), rehearseCommand(), sandboxCommand()])
    program.addCommand(inheriting(command, program));
  program.addHelpText(
    "after",
    `
Examples:
  $ eks-blue-green rehearse --stack dev          see an upgrade of your own program under load, without AWS
  $ eks-blue-green up --stack dev                deploy the environment and its members
  $ eks-blue-green plan --stack dev              what an upgrade would do
  $ eks-blue-green upgrade --stack dev --json    do it, events as NDJSON on stdout (CI)

Exit codes: 0 done · 2 usage or config · 3 tools, credentials, project · 4 refused, nothing changed · 5 walked back · 6 stopped at a safe
point, run again to go on · 7 failed, needs a look · 8 a rehearsal lost requests ·
9 verify found something required · 10 verify could not look at something required · 11 teardown left something over · 1 a defect. docs/reference/errors.md explains each code.`,
  );
  return program;
}

/**
 * When the reader of our output is gone (a closed terminal, `| head`), a rollout stops at its next safe point instead
 * of dying in the middle of a move.
 */
function stopWhenNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      stream.write = () => true;
      if (process.listenerCount("SIGTERM") > 0) process.emit("SIGTERM", "SIGTERM");
      else process.exit(exitCodes.stopped);
    });
  }
}

/** Entry of bin/eks-blue-green.js. */
export function main(argv: readonly string[]): void {
  const json = argv.includes("--json");
  stopWhenNobodyReads();
  buildProgram()
    .parseAsync([...argv])
    .catch((error: unknown) => {
      if (error instanceof CommanderError) {
        process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usageOrConfig;
        return;
      }
      printError(error, json);
      process.exitCode = exitCodeOfError(error);
    });
}
