import colors from "picocolors";
import type { TargetCounts } from "../events";
import { harmless } from "../text/foreign";
import { count, seconds } from "./format";
import type { View, ViewLine } from "./view-model";

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;

function mark(line: ViewLine, nowMs: number): string {
  switch (line.status) {
    case "pending":
      return colors.dim("·");
    case "running":
      return colors.cyan(frames[Math.floor(nowMs / 100) % frames.length] ?? "⠋");
    case "done":
      return colors.green("✔");
    case "failed":
      return colors.red("✖");
    default:
      return line.status satisfies never;
  }
}

/** `●` healthy, `◐` initial, `◌` draining, `✖` unhealthy: one sign a target, and numbers when there are many. */
export function targetSigns(counts: TargetCounts): string {
  const total = counts.healthy + counts.initial + counts.draining + counts.unhealthy;
  if (total === 0) return colors.dim("none");
  if (total > 24)
    return (
      `${counts.healthy} healthy, ${counts.initial} initial, ${counts.draining} draining, ${counts.unhealthy} ` +
      "unhealthy"
    );
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

function renderLine(line: ViewLine, nowMs: number, width: number): string {
  const elapsed =
    line.seconds ?? (line.status === "running" && line.startedAt !== null ? (nowMs - line.startedAt) / 1000 : null);
  const indent = "  ".repeat(line.depth);
  const time = elapsed === null ? "" : ` ${seconds(elapsed)}`;
  const used = indent.length + 2 + line.title.length + time.length + 2;
  const note = line.note && line.status !== "pending" ? `  ${clip(line.note, Math.max(10, width - used))}` : "";
  const title = line.status === "pending" ? colors.dim(line.title) : line.title;
  return (
    `${indent}${mark(line, nowMs)} ` +
    `${title}${colors.dim(time)}${line.status === "failed" ? colors.red(note) : colors.dim(note)}`
  );
}

/** The whole live view as lines of text. `width` in columns. */
export function renderView(view: View, nowMs: number, width: number): string[] {
  const lines = view.lines.map((line) => renderLine(line, nowMs, width));
  const members = Object.keys(view.targets).sort();
  if (members.length > 0) {
    const parts = members.map(
      (member) =>
        `${member} ${targetSigns(view.targets[member] ?? { healthy: 0, initial: 0, draining: 0, unhealthy: 0 })}`,
    );
    lines.push("", `  targets  ${parts.join("   ")}`);
  }
  if (view.load) {
    const failed = view.load.failed === 0 ? colors.green("0 failed") : colors.red(`${count(view.load.failed)} failed`);
    lines.push(
      `  load     ${count(view.load.requestsPerSecond)} requests/s   ${count(view.load.sent)} sent   ${failed}`,
    );
  }
  return lines.map(harmless);
}
