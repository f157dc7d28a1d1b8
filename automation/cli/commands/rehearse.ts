import { Command, InvalidArgumentError, Option } from "commander";
import { resolve } from "node:path";
import { SandboxError } from "../../../sandbox/shared/errors";
import { parseScheduledFault } from "../rehearsal/fault-schedule";
import { exitCodes } from "../exit-codes";
import { attachOption, lbcOption, passEnvOption, providerOption, refuseAttach, timeScaleOption } from "./sandbox";
import { parsePositive } from "./sandbox-options";
import { print } from "../../report/edge";
import { reporterFor } from "../../report/reporters";
import { type RehearsalOptions, usualRates } from "../rehearsal/options";
import { rehearse } from "../rehearsal/rehearse";
import type { Scenario } from "../rehearsal/scenario";
import { scenarios } from "../rehearsal/scenarios";

/** Refused at once, before anything is started. */
function collectScheduledFault(text: string, before: readonly string[]): readonly string[] {
  try {
    parseScheduledFault(text);
  } catch (error) {
    if (error instanceof SandboxError) throw new InvalidArgumentError(`${error.message}. ${error.remedy}`);
    throw error;
  }
  return [...before, text];
}

interface Flags {
  scenario: Scenario;
  stack: string;
  cwd: string;
  from?: string;
  to?: string;
  timeScale: number;
  lbc: "stand-in" | "external";
  attach: readonly string[];
  passEnv: readonly string[];
  provider: Record<string, string>;
  rate?: number;
  json: boolean;
  plain: boolean;
  keep: boolean;
  region: string;
  fault: readonly string[];
}

async function run(flags: Flags): Promise<void> {
  refuseAttach(flags);
  const reporter = reporterFor({ json: flags.json, plain: flags.plain });
  const people = flags.json ? process.stderr : process.stdout;
  const options: RehearsalOptions = {
    projectDirectory: resolve(flags.cwd),
    environment: flags.stack,
    from: flags.from ?? null,
    to: flags.to ?? null,
    timeScale: flags.timeScale,
    lbc: flags.lbc,
    attach: flags.attach,
    passEnv: flags.passEnv,
    providers: flags.provider,
    region: flags.region,
    requestsPerSecond: flags.rate ?? null,
    keep: flags.keep,
    faults: flags.fault,
  };
  const result = await rehearse(flags.scenario, options, reporter);
  reporter.end();
  print(people, result.summary);
  process.exitCode = result.lost
    ? exitCodes.requestsLost
    : result.driverExitCode !== 0
      ? result.driverExitCode || exitCodes.failed
      : result.refuted
        ? exitCodes.findings
        : exitCodes.done;
}

function parseScenario(text: string): Scenario {
  const found = scenarios.find(({ name }) => name === text);
  if (found === undefined) throw new InvalidArgumentError(`one of: ${scenarios.map(({ name }) => name).join(", ")}.`);
  return found;
}

const [standard] = scenarios;
const widest = Math.max(...scenarios.map(({ name }) => name.length));

/** `rehearse`: an upgrade of the project in this folder, or another scenario, in a sandbox of its own, under load. */
export function rehearseCommand(): Command {
  return new Command("rehearse")
    .description(
      "rehearse an upgrade of this folder's own program under load (or another scenario), with the real engine " +
        "and real control planes, without AWS",
    )
    .addOption(
      new Option("--scenario <name>", "what to rehearse").argParser(parseScenario).default(standard, standard?.name),
    )
    .addOption(new Option("-s, --stack <name>", "the environment's stack").default("dev"))
    .addOption(new Option("-C, --cwd <folder>", "the project's folder").default("."))
    .option("--from <minor>", "Kubernetes minor to begin with (default: the one before --to)")
    .option("--to <minor>", "Kubernetes minor to upgrade to (default: what Pulumi.<stack>.yaml wants)")
    .addOption(timeScaleOption())
    .addOption(lbcOption())
    .addOption(attachOption())
    .addOption(passEnvOption("the program under rehearsal"))
    .addOption(providerOption())
    .option("--region <region>", "the sandbox's AWS region", "us-east-1")
    .addOption(
      new Option(
        "--rate <requests>",
        `requests a second, half on new connections (default: ${usualRates.http}, or ${usualRates.https} over TLS)`,
      ).argParser(parsePositive),
    )
    .addOption(
      new Option(
        "--fault <fault[@step[.phase]]>",
        "inject this fault, before the upgrade or when a step reaches a phase (repeatable; docs/reference/faults.md)",
      )
        .argParser(collectScheduledFault)
        .default([], "none"),
    )
    .option("--keep", "leave the sandbox running at the end and say where", false)
    .option("--plain", "plain lines instead of the live view", false)
    .option("--json", "NDJSON events on stdout, people's text on stderr", false)
    .addHelpText(
      "after",
      `\nScenarios:\n${scenarios.map(({ name, summary }) => `  ${name.padEnd(widest)}  ${summary}`).join("\n")}`,
    )
    .addHelpText(
      "after",
      "\nExamples:\n  $ eks-blue-green rehearse\n  $ eks-blue-green rehearse --scenario new-workload\n  $ " +
        "eks-blue-green rehearse --fault pods:dev-green:web=answer,status=500@bake\n  $ eks-blue-green rehearse " +
        "--stack staging --from 1.34 --to 1.35 --rate 3000\nExit code 0 only when it finished, not one request " +
        "failed and every verification held; 8 when requests were lost, 9 when a verification did not hold.",
    )
    .action(run);
}
