import { Command, InvalidArgumentError, Option } from "commander";
import { resolve } from "node:path";
import { verify } from "../../index";
import { jsonLine, print, printableRows } from "../../report/edge";
import { lookReporter, stamp } from "../../report/reporters";
import { verifyLines } from "../../report/verify";
import { widthOf } from "../../report/width";
import { exitCodeOfVerdict } from "../exit-codes";
import { allowExecOption, trustStateAddressesOption, type TrustFlags } from "./trust-options";

interface Flags extends TrustFlags {
  stack: string;
  cwd: string;
  json: boolean;
  requests: number;
  concurrency: number;
}

const whole =
  (least: number) =>
  (text: string): number => {
    if (!/^\d+$/.test(text) || Number(text) < least) throw new InvalidArgumentError(`a whole number from ${least}.`);
    return Number(text);
  };

async function run(flags: Flags): Promise<void> {
  const reporter = lookReporter();
  const tell = stamp(reporter);
  const { allowExec, trustStateAddresses } = flags;
  const target = { environment: flags.stack, projectDirectory: resolve(flags.cwd), allowExec, trustStateAddresses };
  // People get the findings with the table, scripts in the one object.
  const report = await verify({
    ...target,
    requests: flags.requests,
    concurrency: flags.concurrency,
    onEvent: (event) => {
      if (event.kind !== "finding") tell(event);
    },
  }).finally(() => reporter.end());
  if (flags.json) process.stdout.write(jsonLine({ at: new Date().toISOString(), kind: "verify", ...report }));
  else print(process.stdout, verifyLines(printableRows(report), widthOf(process.stdout)));
  process.exitCode = exitCodeOfVerdict(report.verdict);
}

export function verifyCommand(): Command {
  return new Command("verify")
    .description("look at everything that must hold while clusters share a target group; changes nothing")
    .addOption(new Option("-s, --stack <name>", "the environment's stack, e.g. dev").makeOptionMandatory())
    .addOption(new Option("-C, --cwd <folder>", "the project's folder, with Pulumi.yaml").default("."))
    .addOption(
      new Option("--requests <n>", "requests to each target group, each on a new connection; 0 sends none")
        .argParser(whole(0))
        .default(1000),
    )
    .addOption(new Option("--concurrency <n>", "how many of them at a time").argParser(whole(1)).default(40))
    .addOption(new Option("--json", "one JSON object on stdout").default(false))
    .addOption(allowExecOption())
    .addOption(trustStateAddressesOption())
    .addHelpText(
      "after",
      "\nExamples:\n  $ eks-blue-green verify --stack dev\n  $ eks-blue-green verify --stack dev --requests 5000 " +
        "--json | jq '.findings[].code'\n\nExit codes: 0 everything required holds · 9 something required does not " +
        "· 10 something required could not be looked at.\ndocs/reference/verify.md explains each code.",
    )
    .action(run);
}
