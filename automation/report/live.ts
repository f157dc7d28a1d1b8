/** The live view as lines of text: no wider and no higher than the terminal. Pure. */
import colors from "picocolors";
import type { TargetCounts } from "../events";
import { harmless } from "../text/foreign";
import { folded, type Fold } from "./fold";
import { bare, count, seconds } from "./format";
import type { LineStatus, View, ViewLine } from "./view-model";

/** Of the terminal, in characters. `rows`: without the one that the cursor is on. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;
const spinner = (nowMs: number): string => colors.cyan(frames[Math.floor(nowMs / 100) % frames.length] ?? "⠋");

function mark(status: LineStatus, nowMs: number): string {
  switch (status) {
    case "pending":
      return colors.dim("·");
    case "running":
      return spinner(nowMs);
    case "done":
      return colors.green("✔");
    case "stopped":
      return colors.yellow("■");
    case "failed":
      return colors.red("✖");
    default:
      return status satisfies never;
  }
}

/** Signs are for a glance; of more targets than these, numbers tell more. */
const mostSigns = 24;

/** `3 healthy, 1 draining`: what there is none of is left out. */
function targetNumbers(counts: TargetCounts): string {
  const states = ["healthy", "initial", "draining", "unhealthy"] as const;
  return states.flatMap((state) => (counts[state] === 0 ? [] : [`${counts[state]} ${state}`])).join(", ");
}

/** `●` healthy, `◐` initial, `◌` draining, `✖` unhealthy: one sign a target, and numbers when there are many. */
export function targetSigns(counts: TargetCounts, most = mostSigns): string {
  const total = counts.healthy + counts.initial + counts.draining + counts.unhealthy;
  if (total === 0) return colors.dim("none");
  if (total > most) return targetNumbers(counts);
  return (
    colors.green("●".repeat(counts.healthy)) +
    colors.yellow("◐".repeat(counts.initial)) +
    colors.dim("◌".repeat(counts.draining)) +
    colors.red("✖".repeat(counts.unhealthy))
  );
}

function clip(text: string, width: number): string {
  const flat = text.replace(/\s+/g, " ");
  return flat.length <= width ? flat : `${flat.slice(0, Math.max(0, width - 1))}…`;
}

/** Less of a note says nothing. */
const leastNote = 10;

function renderLine(line: ViewLine, nowMs: number, width: number): string {
  const elapsed =
    line.seconds ?? (line.status === "running" && line.startedAt !== null ? (nowMs - line.startedAt) / 1000 : null);
  const indent = "  ".repeat(line.depth);
  const time = elapsed === null ? "" : ` ${seconds(elapsed)}`;
  const title = clip(line.title, Math.max(leastNote, width - indent.length - 2 - time.length));
  const left = width - (indent.length + 2 + title.length + time.length + 2);
  const note = line.note && line.status !== "pending" && left >= leastNote ? `  ${clip(line.note, left)}` : "";
  return (
    `${indent}${mark(line.status, nowMs)} ` +
    `${line.status === "pending" ? colors.dim(title) : title}${colors.dim(time)}` +
    `${line.status === "failed" ? colors.red(note) : colors.dim(note)}`
  );
}

const foldWords = {
  done: "done",
  failed: "failed",
  stopped: "stopped",
  running: "running",
  pending: "to come",
} as const satisfies Record<LineStatus, string>;

function renderFold(fold: Fold | null, sign: string): string[] {
  if (fold === null) return [];
  const parts = (Object.keys(foldWords) as LineStatus[]).flatMap((status) =>
    fold.hidden[status] === undefined ? [] : [`${fold.hidden[status]} ${foldWords[status]}`],
  );
  return [colors.dim(`  ${sign} ${parts.join(", ")}`)];
}

/** In one row when there is room, else a row for each member, with numbers for signs that are too many. */
function targetLines(targets: View["targets"], width: number): string[] {
  const members = Object.entries(targets).sort(([a], [b]) => (a < b ? -1 : 1));
  if (members.length === 0) return [];
  const row = `  targets  ${members.map(([member, counts]) => `${member} ${targetSigns(counts)}`).join("   ")}`;
  if (bare(row).length <= width) return [row];
  return members.map(([member, counts], index) => {
    const head = `${index === 0 ? "  targets  " : "           "}${member} `;
    return `${head}${targetSigns(counts, Math.min(mostSigns, width - head.length))}`;
  });
}

function loadLines({ load }: View, width: number): string[] {
  if (load === null) return [];
  const failed = `${count(load.failed)} failed`;
  const coloured = load.failed === 0 ? colors.green(failed) : colors.red(failed);
  const sent = `  load     ${count(load.requestsPerSecond)} requests/s   ${count(load.sent)} sent   `;
  // Whether requests failed is the one thing that must be seen.
  return [sent.length + failed.length <= width ? `${sent}${coloured}` : `  load     ${coloured}`];
}

function activityLines({ activity }: View, nowMs: number, width: number): string[] {
  if (activity === null) return [];
  const time = ` ${seconds((nowMs - activity.startedAt) / 1000)}`;
  return [`${spinner(nowMs)} ${clip(activity.message, width - 2 - time.length)}${colors.dim(time)}`];
}

/** The whole view; lines that there is no room for are folded, what runs stays. */
export function renderView(view: View, nowMs: number, { columns, rows }: Size): string[] {
  const activity = activityLines(view, nowMs, columns);
  const state = [...targetLines(view.targets, columns), ...loadLines(view, columns)];
  const spaced = state.length === 0 || rows < 12 ? state : ["", ...state];
  // Steps come first: of a terminal of a few rows they get at least half.
  const below = [...activity, ...spaced].slice(0, Math.max(0, Math.floor(rows / 2)));
  const { above, lines, below: after } = folded(view.lines, rows - below.length);
  return [
    ...renderFold(above, "↑"),
    ...lines.map((line) => renderLine(line, nowMs, columns)),
    ...renderFold(after, "↓"),
    ...below,
  ].map(harmless);
}
