/** docs/reference/cli.md: what the commands themselves say of their arguments and options. */
import type { Command, Option } from "commander";
import { buildProgram } from "../../automation/cli/main";

interface Variable {
  readonly name: string;
  readonly meaning: string;
}

/** The variables that commands read; a test compares the names with the sources. */
export const variables: readonly Variable[] = [
  {
    name: "EKS_BLUE_GREEN_PROBE",
    meaning: "`off`: the driver sends no requests to the load balancer. Only ELB's target health is left as proof.",
  },
  {
    name: "EKS_BLUE_GREEN_CONNECT_TO",
    meaning:
      "A file of lines `HOST:PORT:ADDRESS:PORT`: where probes really connect to, for a tunnel. A sandbox sets it.",
  },
  {
    name: "EKS_BLUE_GREEN_TIME_SCALE",
    meaning: "Times are divided by this number. Only for a sandbox, which sets it.",
  },
  {
    name: "EKS_BLUE_GREEN_PROJECT_PATH",
    meaning: "The real project's folder, where relative paths of the config begin. A rehearsal sets it for its copy.",
  },
  {
    name: "EKS_BLUE_GREEN_PROJECT_FOLDER",
    meaning: "Where the program finds the files of workloads. Commands set it; plain `pulumi up` does not need it.",
  },
  { name: "EKS_BLUE_GREEN_SANDBOX", meaning: "The control endpoint of the running sandbox. A sandbox sets it." },
  { name: "EKS_BLUE_GREEN_SANDBOX_SECRET", meaning: "What that endpoint asks for. A sandbox sets it." },
  {
    name: "EKS_BLUE_GREEN_CACHE",
    meaning:
      "Where the sandbox's tools are kept. Default: `$XDG_CACHE_HOME/eks-blue-green`, else `~/.cache/eks-blue-green`.",
  },
  { name: "EKS_BLUE_GREEN_KEEP_LOGS", meaning: "A folder into which a rehearsal copies its logs at the end." },
  {
    name: "EKS_BLUE_GREEN_LBC",
    meaning: "`external`: a rehearsal starts no load balancer controller; yours is attached.",
  },
];

const cell = (text: string): string => text.replaceAll("|", "\\|").replace(/\s+/g, " ");

/** Prose in lines of at most 120 columns; tables, lists and code stay as they are. */
function wrapped(block: string): string {
  if (/^(\||-|#|`{3})/.test(block)) return block;
  const lines: string[] = [];
  for (const word of block.split(/\s+/)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > 120) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join("\n");
}

function optionRow(option: Option): string {
  const fallback: unknown = option.defaultValue;
  const shown =
    (typeof fallback === "string" && fallback !== "") || typeof fallback === "number" ? `\`${fallback}\`` : "";
  const allowed = option.argChoices === undefined ? "" : ` One of: ${option.argChoices.join(", ")}.`;
  return `| \`${cell(option.flags)}\` | ${cell(option.description + (allowed === "" ? "" : `.${allowed}`))} | ${shown} |`;
}

function section(command: Command, parents: readonly string[]): readonly string[] {
  const path = [...parents, command.name()];
  const shown = command.options.filter((option) => !option.hidden);
  const taken = command.registeredArguments.filter((argument) => argument.description !== "");
  return [
    `${"#".repeat(path.length)} ${path.join(" ")}`,
    command.description(),
    ...(command.commands.length > 0 ? [] : [`\`\`\`\n${path.join(" ")} ${command.usage()}\n\`\`\``]),
    ...(taken.length === 0 ? [] : [taken.map((one) => `- \`${one.name()}\`: ${one.description}`).join("\n")]),
    ...(shown.length === 0 || path.length === 1
      ? []
      : [["| option | meaning | default |", "| --- | --- | --- |", ...shown.map(optionRow)].join("\n")]),
    ...command.commands.flatMap((child) => section(child, path)),
  ];
}

export function cliPage(): string {
  return [
    "# The command line",
    "Generated from the commands themselves by `npm run docs`.",
    "Exit codes: [Exit codes and error codes](errors.md). Every command that reads or changes an environment needs " +
      "`--stack`, the name of the environment's stack.",
    ...section(buildProgram(), []).slice(1),
    "## Environment variables",
    [
      "| variable | meaning |",
      "| --- | --- |",
      ...variables.map(({ name, meaning }) => `| \`${name}\` | ${cell(meaning)} |`),
    ].join("\n"),
    "Besides, the AWS SDK's, Pulumi's and the AWS CLI's own variables apply.",
  ]
    .map(wrapped)
    .join("\n\n")
    .concat("\n");
}
