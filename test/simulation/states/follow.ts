/** A person who types what the last remedy says, and repairs what it says, until somebody serves and nothing is open. */
import { notArrived, type Told } from "../robot";
import type { Stage, Typed } from "./stage";
import { commands, nextOf } from "./table";
import { withStack } from "../../../automation/text/command-line";

export const mostCommands = 10;

/** A teardown ends in nothing. */
const over = ({ outcome }: Told, typed: Typed, stage: Stage): boolean =>
  typed.name === "teardown"
    ? outcome === "done"
    : /^(done|nothing-to-do|EBG-WALKED-BACK|EBG-HELD|EBG-PLAN-IMPOSSIBLE)$/.test(outcome) &&
      notArrived(stage.world) === null;

/** Null: arrived; else what was typed and told, line by line. */
export async function follow(stage: Stage, first: string): Promise<string | null> {
  const lines: string[] = [];
  let name = first;
  for (let typed = 1; typed <= mostCommands; typed += 1) {
    const command = commands[name];
    if (command === undefined) break;
    const told = command.name === "up" ? await stage.deploy() : await stage.run(command);
    lines.push(`${name}: ${told.outcome}: ${told.message} → ${told.remedy ?? ""}`);
    if (over(told, command, stage)) return null;
    const next = nextOf(withStack(told.remedy ?? "", "dev"));
    if (/pulumi up --stack/.test(told.remedy ?? "")) await stage.deploy();
    else if (next.byHandFirst) stage.recover();
    await stage.wait(600);
    // What it says first; the same command once something was repaired, or when it says nothing else.
    name = next.commands[0] ?? name;
  }
  return [...lines, notArrived(stage.world) ?? "never said to be done"].join("\n");
}
