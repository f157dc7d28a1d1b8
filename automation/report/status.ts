/** What `status` prints for people. Pure. */
import { haltOf } from "../../stacks/record/halt";
import { describeMove } from "../../stacks/record";
import type { EnvironmentRecord, Signature } from "../../stacks/record";
import type { StatusReport } from "../commands/status";
import type { Finding } from "../finding";
import { describeAsked, typed } from "../text/command-line";
import { heldWhat } from "../text/held";
import { wrap } from "../text/wrap";
import { table, tableOrBlocks } from "./format";
import { targetSigns } from "./live";
import { standing } from "./placement";
import { stepTitle } from "./step-title";
import { askedWhere, type Asked } from "./surroundings";

const noTargets = { healthy: 0, initial: 0, draining: 0, unhealthy: 0 };

function reachOf(report: StatusReport, name: string): string {
  if (report.record.placement[name]?.role === "absent") return "-";
  const seen = report.observation.members[name];
  if (seen?.reachable) return "answers";
  return seen?.refusal !== undefined ? "REFUSES US" : "DOES NOT ANSWER";
}

function memberLines(report: StatusReport, width: number): string[] {
  const { placement } = report.record;
  const rows = Object.keys(placement)
    .sort()
    .map((name) => [
      `  ${name}`,
      standing(placement, name),
      reachOf(report, name),
      placement[name]?.role === "active" ? (report.health[name] ?? "unknown") : "-",
      targetSigns(report.targets[name] ?? noTargets),
    ]);
  return tableOrBlocks([["  member", "placement", "API server", "service", "targets"], ...rows], width);
}

/** None before the load balancer is there. */
const addressLines = (addresses: StatusReport["addresses"]): string[] =>
  Object.keys(addresses).length === 0
    ? []
    : ["", "requests go to", ...table(Object.entries(addresses).map(([key, address]) => [`  ${key}`, address]))];

/** What whoever looks can know of the driver that began the open move. */
const lives = {
  runs: "that process runs on this machine",
  gone: "no such process runs on this machine any more",
  elsewhere: "not of this machine: whether it still runs can't be seen from here",
} as const;

/** What happened, what is open, and how it goes on. */
function rolloutLines({ record, environment, driver }: StatusReport, width: number): string[] {
  const { rollout, intent } = record;
  if (rollout === null) return ["no rollout is under way"];
  const halt = haltOf(record);
  const next = rollout.steps[intent?.step ?? rollout.done];
  const back = rollout.direction === "back" ? ", walking back" : "";
  const command = typed(environment, describeAsked(rollout.command ?? null));
  return [
    `rollout ${rollout.id} to ${rollout.wantedVersion}: ${rollout.done} of ${rollout.steps.length} steps done, ` +
      `${rollout.direction}`,
    ...(rollout.reason ? wrap(`  it turned: ${rollout.reason}`, width, "    ") : []),
    ...(halt === null
      ? []
      : [
          ...wrap(`  STOPPED at ${halt.at} by ${signer(halt)}, ${halt.code}: ${halt.message}`, width, "    "),
          ...(halt.remedy === null ? [] : [`  → ${halt.remedy}`]),
        ]),
    ...(intent === null
      ? next === undefined || halt !== null
        ? []
        : wrap(`  next${back}: ${stepTitle(next)}`, width, "    ")
      : wrap(
          `open move: ${describeMove(intent.move)}, since ${intent.startedAt}, by ${signer(intent)}` +
            `${halt === null && driver != null ? ` (${lives[driver]})` : ""}`,
          width,
          "  ",
        )),
    driver === "runs" && halt === null ? `  if it is stuck, stop it, then: ${command}` : `  go on with: ${command}`,
  ];
}

/** `by` says which process; the ARN is what AWS saw. */
const signer = ({ by, caller }: Signature): string => (caller === undefined ? by : `${by} (${caller})`);

function lastTrafficLines({ lastTraffic }: EnvironmentRecord, width: number): string[] {
  if (lastTraffic == null) return [];
  const { kind, member, startedAt } = lastTraffic;
  return wrap(`traffic was moved last: ${kind} ${member}, begun ${startedAt}, by ${signer(lastTraffic)}`, width);
}

function evacuationLines({ evacuation }: EnvironmentRecord, environment: string, width: number): string[] {
  if (evacuation == null) return [];
  const { member, startedAt } = evacuation;
  return [
    ...wrap(`${member} is being evacuated, since ${startedAt}, by ${signer(evacuation)}`, width),
    `  go on with: ${typed(environment, `evacuate ${member}`)}`,
  ];
}

function adoptionLines({ adoption }: EnvironmentRecord, environment: string, width: number): string[] {
  if (adoption == null) return [];
  const { service, direction, reason, step, startedAt } = adoption;
  const way = direction === "forward" ? "handed over to the stack" : `given back to its Service (${reason ?? ""})`;
  return [
    ...wrap(
      `the load balancer of '${service}' is being ${way}: at '${step}', since ${startedAt}, by ${signer(adoption)}`,
      width,
    ),
    `  go on with: ${typed(environment, "adopt")}`,
  ];
}

function holdLines({ hold }: EnvironmentRecord, environment: string, width: number): string[] {
  if (hold == null) return [];
  return [
    ...wrap(`${heldWhat(hold)} was rolled back at ${hold.at} by ${signer(hold)}: upgrade does not go there`, width),
    `  to try it again: ${typed(environment, "upgrade --retry-version")}`,
  ];
}

/** Remedies are pasted: they stay on one line, however long. */
const findingLines = (findings: readonly Finding[], width: number): string[] =>
  findings.length === 0
    ? ["No findings."]
    : findings.flatMap(({ severity, code, message, remedy }) => [
        ...wrap(`${severity === "required" ? "PROBLEM" : "advice"} ${code}: ${message}`, width),
        `  → ${remedy}`,
      ]);

/** `width`: of the terminal, in characters. */
export function statusLines(report: StatusReport & Asked, width = Infinity): string[] {
  const { record, environment } = report;
  return [
    `${environment}, record revision ${record.revision}`,
    ...askedWhere(report),
    ...memberLines(report, width),
    ...addressLines(report.addresses),
    "",
    ...rolloutLines(report, width),
    ...lastTrafficLines(record, width),
    ...evacuationLines(record, environment, width),
    ...adoptionLines(record, environment, width),
    ...holdLines(record, environment, width),
    "",
    ...findingLines(report.findings, width),
  ];
}
