import { Command, Option } from "commander";
import { resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { teardown } from "../../index";
import { reporterFor, stamp } from "../../report/reporters";
import { tellEnding } from "../../report/result-line";
import { exitCodes } from "../exit-codes";
import { onInterrupt } from "../interrupt";
import { allowExecOption, trustStateAddressesOption, type TrustFlags } from "./trust-options";

interface Flags extends TrustFlags {
  stack: string;
  cwd: string;
  json: boolean;
  plain: boolean;
  yesDelete?: string;
}

const codes = { done: exitCodes.done, stopped: exitCodes.stopped, leftovers: exitCodes.leftovers } as const;

/** Typed on a terminal; anywhere else the flag is required. */
async function ask(environment: string): Promise<string> {
  if (!process.stdin.isTTY || process.env.CI) return "";
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (
      await terminal.question(
        `This destroys the load balancer and every cluster of ${environment}, after their traffic was ` +
          "drained.\nType the environment's name to go on: ",
      )
    ).trim();
  } finally {
    terminal.close();
  }
}

async function run(flags: Flags): Promise<void> {
  // The question is asked before the live view takes the terminal.
  const typed = flags.yesDelete ?? (await ask(flags.stack));
  const reporter = reporterFor({ json: flags.json, plain: flags.plain });
  const tell = stamp(reporter);
  const interrupt = onInterrupt((message) => tell({ kind: "note", message }));
  try {
    const result = await teardown({
      environment: flags.stack,
      projectDirectory: resolve(flags.cwd),
      allowExec: flags.allowExec,
      trustStateAddresses: flags.trustStateAddresses,
      confirm: typed,
      onEvent: tell,
      signal: interrupt.signal,
      cancel: interrupt.cancel,
    });
    reporter.end();
    process.exitCode = codes[result.outcome];
    tellEnding(flags.json, "teardown", result);
  } finally {
    interrupt.dispose();
    reporter.end();
  }
}

export function teardownCommand(): Command {
  return new Command("teardown")
    .description("drain, then destroy every member and the environment's stack, and look for what is left")
    .addOption(new Option("-s, --stack <name>", "the environment's stack, e.g. dev").makeOptionMandatory())
    .addOption(new Option("-C, --cwd <folder>", "the project's folder, with Pulumi.yaml").default("."))
    .addOption(
      new Option(
        "--yes-delete <name>",
        "the environment's name once more; asked for on a terminal, required elsewhere",
      ),
    )
    .addOption(new Option("--json", "NDJSON events on stdout, people's text on stderr").default(false))
    .addOption(allowExecOption())
    .addOption(trustStateAddressesOption())
    .addOption(new Option("--plain", "plain lines instead of the live view").default(false))
    .addHelpText(
      "after",
      "\nExample:\n  $ eks-blue-green teardown --stack dev --yes-delete dev\nStop the clients first: requests " +
        "fail once the last member is drained. Interrupted or killed: run the same command again.",
    )
    .action(run);
}
