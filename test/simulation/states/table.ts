/** Every command in every state: it goes on, is refused with a remedy, or finds nothing to do. */
import { commandsIn, withStack } from "../../../automation/text/command-line";
import { members, Stage, type Typed } from "./stage";
import { befallen, recordStates, worldStates } from "./states";

export const commands: Readonly<Record<string, Typed>> = {
  upgrade: { name: "upgrade" },
  "upgrade --approve-retire": { name: "upgrade", approves: true },
  "upgrade --retry-version": { name: "upgrade", retries: true },
  rollback: { name: "rollback" },
  "rollback --approve-retire": { name: "rollback", approves: true },
  ...Object.fromEntries(
    members.flatMap((member) => [
      [`admit ${member}`, { name: "admit", member } as const],
      [`drain ${member}`, { name: "drain", member } as const],
      [`scale ${member} --percent 200`, { name: "scale", member, percent: 200 } as const],
      [`evacuate ${member}`, { name: "evacuate", member } as const],
    ]),
  ),
  up: { name: "up" },
  teardown: { name: "teardown" },
};

export type Cell =
  | { readonly kind: "goes on" }
  | { readonly kind: "nothing to do" }
  | { readonly kind: "refused"; readonly code: string; readonly message: string; readonly remedy: string };
export interface Row {
  readonly world: string;
  readonly record: string;
  readonly cells: Readonly<Record<string, Cell>>;
}

async function cellOf(stage: Stage, typed: Typed): Promise<Cell> {
  const told = await stage.check(typed);
  if (told === "goes on" || told.outcome === "done") return { kind: "goes on" };
  if (told.outcome === "nothing-to-do") return { kind: "nothing to do" };
  // Who is not in traffic needs no way out of it.
  if (/it has no part in the traffic/.test(told.message)) return { kind: "nothing to do" };
  return { kind: "refused", code: told.outcome, message: told.message, remedy: withStack(told.remedy ?? "", "dev") };
}

async function cellsOf(stage: Stage): Promise<Row["cells"]> {
  const cells: Record<string, Cell> = {};
  for (const [name, typed] of Object.entries(commands)) cells[name] = await cellOf(stage, typed);
  return cells;
}

export async function rows(): Promise<readonly Row[]> {
  const found: Row[] = [];
  for (const [record, reach] of Object.entries(recordStates)) {
    // Nothing that is checked changes anything, so one stage does for every state of the world.
    const stage = await reach();
    for (const [world, state] of Object.entries(worldStates)) {
      if (state.applies?.(stage) === false) continue;
      await befallen(stage, state);
      found.push({ world, record, cells: await cellsOf(stage) });
    }
  }
  const nothing = new Stage();
  nothing.undeployed = true;
  found.push({ world: "all is well", record: "nothing is deployed", cells: await cellsOf(nothing) });
  return found;
}

/** Words that send a person to something else than this tool. */
const byHand =
  /\bkubectl |\baws [a-z0-9]+ |\bpulumi |\bbring .*\bback\b|\brepair\b|\beks-blue-green:[a-z]|Pulumi\.\w+\.yaml|\brename\b|get an access entry/;

export interface Next {
  /** Commands that the remedy names, of those in the table. */
  readonly commands: readonly string[];
  /** Something is to be repaired, or typed for another tool, before any of them. */
  readonly byHandFirst: boolean;
}

/** What a person who follows a remedy can do. */
export function nextOf(remedy: string): Next {
  const named = commandsIn(remedy).flatMap(({ name, member, options }) => {
    const words = [
      name,
      ...(member === null ? [] : [member]),
      ...Object.entries(options).flatMap(([option, value]) =>
        ["--approve-retire", "--retry-version", "--percent"].includes(option) ? [option, value].filter(Boolean) : [],
      ),
    ].join(" ");
    return Object.keys(commands).filter((one) => one === words || one.replace(/ --percent.*/, "") === words);
  });
  const first = remedy.search(/eks-blue-green (?!status|verify|plan)[a-z]/);
  const hand = remedy.search(byHand);
  return { commands: [...new Set(named)], byHandFirst: hand >= 0 && (first < 0 || hand < first) };
}

/** Null: what a command is refused with leads on; else the way that leads nowhere. */
export function deadEnd({ cells }: Row, command: string): string | null {
  const seen = new Set<string>();
  const leadsOn = (name: string): boolean => {
    if (seen.has(name)) return false;
    seen.add(name);
    const cell = cells[name];
    if (cell?.kind !== "refused") return cell !== undefined;
    const next = nextOf(cell.remedy);
    return next.byHandFirst || next.commands.some(leadsOn);
  };
  if (leadsOn(command)) return null;
  return [...seen].map((name) => `${name}: ${refusalOf(cells[name])}`).join(" | ");
}

export const refusalOf = (cell: Cell | undefined): string =>
  cell?.kind === "refused" ? `${cell.code}: ${cell.message} → ${cell.remedy}` : (cell?.kind ?? "");
