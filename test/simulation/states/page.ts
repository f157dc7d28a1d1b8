/** docs/reference/commands-by-state.md, from what the driver's own code answers. */
import { commands, rows, type Cell, type Row } from "./table";

/** Times and process ids are of no interest here, and differ from run to run. */
const plain = (text: string): string =>
  text
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
    .replace(/\b[\w.-]+@[\w.-]+ \d+/g, "SOMEBODY")
    .replace(/\s+/g, " ")
    .replace(/\|/g, "\\|")
    .trim();

class Notes {
  private readonly texts: string[] = [];
  numberOf({ code, remedy }: Cell & { readonly kind: "refused" }): number {
    const text = `\`${code}\` | ${plain(remedy)}`;
    const known = this.texts.indexOf(text);
    return known >= 0 ? known + 1 : this.texts.push(text);
  }
  lines(): string[] {
    return [
      "| number | code | remedy |",
      "| --- | --- | --- |",
      ...this.texts.map((text, index) => `| ${index + 1} | ${text} |`),
    ];
  }
}

const cellText = (cell: Cell | undefined, notes: Notes): string => {
  if (cell === undefined || cell.kind === "nothing to do") return "–";
  return cell.kind === "goes on" ? "→" : `${notes.numberOf(cell)}`;
};

function tableOf(found: readonly Row[], notes: Notes): string[] {
  const names = Object.keys(commands);
  return [
    `| record | ${names.map((name) => `\`${name}\``).join(" | ")} |`,
    `| --- | ${names.map(() => "---").join(" | ")} |`,
    ...found.map(
      ({ record, cells }) => `| ${record} | ${names.map((name) => cellText(cells[name], notes)).join(" | ")} |`,
    ),
  ];
}

export function pageOf(found: readonly Row[]): string {
  const notes = new Notes();
  const worlds = [...new Set(found.map(({ world }) => world))];
  const sections = worlds.flatMap((world) => [
    `## ${world[0]?.toUpperCase() ?? ""}${world.slice(1)}`,
    "",
    ...tableOf(
      found.filter((row) => row.world === world),
      notes,
    ),
    "",
  ]);
  return `${[
    "# Commands by state",
    "",
    "What each command does in each state of the record and of the world. Written by `npm run docs`: the driver's own code",
    "is asked, with an environment in memory. A test compares it, and follows every remedy to its end: none is a dead end.",
    "",
    "- `→`: the command passes its checks and goes on. How far it gets is decided by its gates.",
    "- `–`: there is nothing to do, or the command has no use here.",
    "- a number: the command is refused, with the remedy of that number below.",
    "",
    "Environment `dev`, members `blue` (1.34 at first) and `green`; the config wants 1.35. Unless a row says otherwise,",
    "`upgrade` and `rollback` concern version 1.35. `adopt` is not in the table. `plan`, `status` and `verify` only look:",
    "they need a deployed environment, and `plan` is refused where no upgrade is possible.",
    "",
    ...sections,
    "## Remedies",
    "",
    ...notes.lines(),
  ].join("\n")}\n`;
}

export const commandsByStatePage = async (): Promise<string> => pageOf(await rows());
