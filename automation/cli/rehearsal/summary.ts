/**
 * The end of a rehearsal, as a person would forward it: requests, time per move and where it went, targets by member
 * over time.
 */
import colors from "picocolors";
import type { DriverEvent, Phase } from "../../events";
import { bar, count, overTime, seconds, table, type Sample } from "../../report/format";
import { stepTitle } from "../../report/step-title";

/** What the load client measured, in the summary's own words. */
export interface LoadFigures {
  readonly sent: number;
  readonly failed: number;
  readonly idleResets: number;
  readonly seconds: number;
  readonly byConnection: Readonly<Record<"new" | "kept-alive", { readonly sent: number; readonly failed: number }>>;
  readonly failuresByKind: Readonly<Record<string, number>>;
  /** Bad answers by the member that gave them; nobody answered the rest. */
  readonly failedByMember?: Readonly<Record<string, number>>;
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly schedulingLagMs: { readonly p99: number; readonly max: number };
  readonly void: boolean;
}

/** Something that a scenario claims, and whether it was seen to hold. */
export interface ClaimFigures {
  readonly step: string;
  readonly title: string;
  readonly holds: boolean;
  readonly seen: string;
}

export interface RehearsalFigures {
  readonly title: string;
  /** Absent: what the last `rollout-finished` event says. */
  readonly ending?: { readonly good: boolean; readonly message: string };
  readonly claims?: readonly ClaimFigures[];
  readonly timeScale: number;
  readonly events: readonly DriverEvent[];
  /** Null when the rehearsal ended before its load began. */
  readonly load: LoadFigures | null;
  readonly ledgerFile: string | null;
  readonly setupSeconds: number;
  readonly totalSeconds: number;
}

const phases: readonly Phase[] = ["begin", "preview", "act", "gate", "commit"];

const dashes = phases.map(() => "-");

interface Rows {
  readonly rows: readonly (readonly string[])[];
  readonly stages: number;
}

/** Steps of rollouts and of hand-overs, below the stage that they belong to; stages from the first request on. */
function rowsOf(events: readonly DriverEvent[]): Rows {
  const from = events.findIndex((event) => event.kind === "load");
  const rows: string[][] = [];
  let inner: string[][] = [];
  const begun = new Map<string, number>();
  let stages = 0;
  for (const [index, event] of events.entries()) {
    if (event.kind === "step-finished")
      inner.push([
        `  ${stepTitle(event.step)}`,
        seconds(event.seconds),
        ...phases.map((phase) => (event.phases[phase] === undefined ? "-" : seconds(event.phases[phase] ?? 0))),
      ]);
    if (event.kind === "adoption") {
      const name = `${event.service}: ${event.step}`;
      if (event.status === "started") begun.set(name, Date.parse(event.at));
      if (event.status === "finished")
        inner.push([
          `  ${name}`,
          seconds((Date.parse(event.at) - (begun.get(name) ?? Date.parse(event.at))) / 1000),
          ...dashes,
        ]);
    }
    if (event.kind !== "stage" || (event.status !== "finished" && event.status !== "failed")) continue;
    if (from >= 0 && index > from && !event.name.startsWith("verify: ")) {
      stages += 1;
      rows.push([event.name, seconds(event.seconds ?? 0), ...dashes], ...inner);
    } else if (event.name.startsWith("verify: ")) continue;
    inner = [];
  }
  return { rows: [...rows, ...inner], stages };
}

function stepRows(events: readonly DriverEvent[]): string[] {
  const { rows, stages } = rowsOf(events);
  // One stage alone is the headline again.
  const shown =
    stages > 1
      ? rows
      : rows.filter(([title]) => title?.startsWith("  ")).map(([title = "", ...rest]) => [title.trimStart(), ...rest]);
  return shown.length === 0
    ? ["  no step was finished"]
    : table([["step", "total", ...phases], ...shown], [false, true, true, true, true, true, true]).map(
        (line) => `  ${line}`,
      );
}

function claimLines(claims: readonly ClaimFigures[]): string[] {
  if (claims.length === 0) return [];
  const step = Math.max(...claims.map((one) => one.step.length));
  return [
    "verifications, in the order in which they were made",
    ...claims.map(
      (one) =>
        `  ${one.holds ? colors.green("✔") : colors.red("✖")} ` +
        `${one.step.padEnd(step)}${step === 0 ? "" : "  "}${one.title}: ${one.seen}`,
    ),
    "",
  ];
}

type Series = Readonly<Record<string, readonly Sample[]>>;

/** Both charts share one time axis, so that what is above each other happened at the same time. */
function chart(
  title: string,
  series: Series,
  span: { readonly from: number; readonly to: number },
  width: number,
  unit: string,
): string[] {
  const members = Object.keys(series).sort();
  if (members.length === 0) return [];
  const columns = members.map((member) => overTime(series[member] ?? [], span.from, span.to, width));
  const most = Math.max(...columns.flat());
  const name = Math.max(...members.map((member) => member.length));
  return [
    `${title} (█ = ${count(most)} ${unit})`,
    ...members.map((member, index) =>
      `  ${member.padEnd(name)} ${(columns[index] ?? []).map((value) => bar(value, most)).join("")}`.trimEnd(),
    ),
  ];
}

/** A value for every member at every sample, 0 where the sample does not name it. */
function seriesOf<E extends DriverEvent & { readonly byMember: object }>(
  samples: readonly E[],
  valueOf: (event: E, member: string) => number,
): Record<string, Sample[]> {
  const members = [...new Set(samples.flatMap((event) => Object.keys(event.byMember)))];
  return Object.fromEntries(
    members.map((member) => [
      member,
      samples.map((event) => ({ at: Date.parse(event.at), value: valueOf(event, member) })),
    ]),
  );
}

/** Healthy targets by member. */
export function healthyTargets(events: readonly DriverEvent[]): Record<string, Sample[]> {
  return seriesOf(
    events.filter((event) => event.kind === "targets"),
    (event, member) => event.byMember[member]?.healthy ?? 0,
  );
}

/** Answered requests a second by member. */
export function answersPerSecond(events: readonly DriverEvent[]): Record<string, Sample[]> {
  return seriesOf(
    events.filter((event) => event.kind === "load"),
    (event, member) => event.byMember[member] ?? 0,
  );
}

function spanOf(series: readonly Series[]): { readonly from: number; readonly to: number } {
  const times = series.flatMap((one) => Object.values(one).flatMap((samples) => samples.map(({ at }) => at)));
  return times.length === 0 ? { from: 0, to: 1 } : { from: Math.min(...times), to: Math.max(...times) };
}

/** A bad answer is the fault of who gave it; a request that nobody answered is the procedure's, or a crashed pod's. */
function whoFailed(load: LoadFigures): string {
  const bad = Object.entries(load.failedByMember ?? {});
  const nobody = load.failed - bad.reduce((sum, [, number]) => sum + number, 0);
  return [
    ...bad.map(([member, number]) => `${count(number)} were bad answers of ${member}`),
    `${count(nobody)} were answered by nobody`,
  ].join(", ");
}

function loadLines(load: LoadFigures, ledgerFile: string | null): string[] {
  const verdict = load.void
    ? colors.yellow("VOID: the load client itself starved, so the run proves nothing")
    : load.failed + load.idleResets === 0
      ? colors.green("0 failed")
      : colors.red(`${count(load.failed)} failed, ${count(load.idleResets)} idle connections reset`);
  const kinds = Object.entries(load.failuresByKind).map(([kind, number]) => `${kind} ${count(number)}`);
  return [
    `requests    ${count(load.sent)} sent in ${seconds(load.seconds)} ` +
      `(${count(load.sent / Math.max(load.seconds, 0.001))}/s), ${verdict}`,
    `            new connections ${count(load.byConnection.new.sent)} sent, ` +
      `${count(load.byConnection.new.failed)} failed · kept alive ${count(load.byConnection["kept-alive"].sent)} ` +
      `sent, ${count(load.byConnection["kept-alive"].failed)} failed · idle resets ${count(load.idleResets)}`,
    ...(kinds.length > 0 ? [`            failures by kind: ${kinds.join(", ")} · ${whoFailed(load)}`] : []),
    `latency     p50 ${load.latencyMs.p50.toFixed(1)} ms, p99 ${load.latencyMs.p99.toFixed(1)} ms, max ` +
      `${load.latencyMs.max.toFixed(0)} ms · client's own lag p99 ${load.schedulingLagMs.p99.toFixed(1)} ms, max ` +
      `${load.schedulingLagMs.max.toFixed(0)} ms`,
    ...(load.failed > 0 && ledgerFile ? [`ledger      ${ledgerFile}`] : []),
  ];
}

/** The summary's lines. `width` bounds the charts, in columns. */
export function rehearsalSummary(figures: RehearsalFigures, width = 72): string[] {
  const finished = figures.events.filter((event) => event.kind === "rollout-finished").at(-1);
  const ending = figures.ending ?? {
    good: finished?.outcome === "done",
    message: finished ? `${finished.outcome}, ${finished.message}` : "the upgrade did not finish",
  };
  const claims = figures.claims ?? [];
  const good =
    ending.good &&
    claims.every(({ holds }) => holds) &&
    figures.load !== null &&
    figures.load.failed + figures.load.idleResets === 0 &&
    !figures.load.void;
  const targets = healthyTargets(figures.events);
  const answers = answersPerSecond(figures.events);
  const span = spanOf([targets, answers]);
  return [
    "",
    `${good ? colors.green("✔") : colors.red("✖")} ${colors.bold(figures.title)}: ${ending.message}`,
    "",
    ...(figures.load ? loadLines(figures.load, figures.ledgerFile) : ["requests    none were sent"]),
    `time        ${seconds(figures.totalSeconds)} in all, ${seconds(figures.setupSeconds)} of them to set up; ` +
      `AWS's delays run ${figures.timeScale} times as fast as in AWS`,
    "",
    "where the time went",
    ...stepRows(figures.events),
    "",
    ...claimLines(claims),
    ...chart("healthy targets by member", targets, span, width, "targets"),
    ...chart("answers by member", answers, span, width, "requests/s"),
    "",
  ];
}
