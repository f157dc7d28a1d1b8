/** What `plan` and `status` print for people. Pure. */
import type { Finding } from "../finding";
import type { StatusReport, Surroundings, UpgradePlan } from "../index";
import type { MemberPlacement, Placement } from "../../stacks/record";
import { typed } from "../text/command-line";
import { describeAsked } from "../text/command-line";
import { table } from "./format";
import { targetSigns } from "./live";
import { stepTitle } from "./step-title";

const noTargets = { healthy: 0, initial: 0, draining: 0, unhealthy: 0 };

function standing(placement: MemberPlacement): string {
  if (placement.role === "absent") return "absent";
  return (
    `${placement.role} at ` +
    `${placement.version}${placement.workload === "stopped" ? ", workload stopped" : ""}${placement.evacuated === undefined ? "" : `, evacuated ${placement.evacuated.at}`}`
  );
}

const placementLines = (placement: Placement): string[] =>
  table(
    Object.keys(placement)
      .sort()
      .map((name) => [`  ${name}`, standing(placement[name] as MemberPlacement)]),
  );

/** Where this was asked, when that is not AWS at its own speed; none when it is. */
export function surroundingsLines({ timeScale, sandbox, connectTo }: Surroundings): string[] {
  if (sandbox !== null)
    return [`in the sandbox ${sandbox.dir} (AWS at ${sandbox.awsEndpoint}), ${timeScale} times as fast as AWS`];
  return connectTo === null ? [] : [`requests go by the table ${connectTo} (EKS_BLUE_GREEN_CONNECT_TO)`];
}

type Asked = { readonly surroundings?: Surroundings };
const asked = ({ surroundings }: Asked): string[] =>
  surroundings === undefined ? [] : surroundingsLines(surroundings);

export function planLines(plan: UpgradePlan & Asked): string[] {
  const head = [
    `${plan.environment}: wanted Kubernetes ${plan.wantedVersion}, strategy ${plan.strategy}`,
    ...asked(plan),
    ...placementLines(plan.from),
    "",
  ];
  if (plan.steps.length === 0) return [...head, "Nothing to do."];
  const about = plan.underWay
    ? "Under way " +
      `(${plan.underWay.direction === "back" ? "walking back" : `${plan.underWay.done} of ${plan.underWay.steps.length} steps done`}); ` +
      "left to do:"
    : "The upgrade would:";
  const last = plan.underWay ? "Go on with: " : "Do it with: ";
  return [
    ...head,
    about,
    ...plan.steps.map((step, index) => `  ${String(index + 1).padStart(2)}. ${stepTitle(step)}`),
    "",
    `${last}eks-blue-green upgrade --stack ${plan.environment}`,
  ];
}

const findingLines = (findings: readonly Finding[]): string[] =>
  findings.length === 0
    ? ["No findings."]
    : findings.flatMap((finding) => [
        `${finding.severity === "required" ? "PROBLEM" : "advice"} ${finding.code}: ${finding.message}`,
        `  → ${finding.remedy}`,
      ]);

export function statusLines(report: StatusReport & Asked): string[] {
  const { record } = report;
  const rows = Object.keys(record.placement)
    .sort()
    .map((name) => {
      const seen = report.observation.members[name];
      const reach =
        record.placement[name]?.role === "absent"
          ? "-"
          : seen?.reachable
            ? "answers"
            : seen?.refusal !== undefined
              ? "REFUSES US"
              : "DOES NOT ANSWER";
      return [
        `  ${name}`,
        standing(record.placement[name] as MemberPlacement),
        reach,
        record.placement[name]?.role === "active" ? (report.health[name] ?? "unknown") : "-",
        targetSigns(report.targets[name] ?? noTargets),
      ];
    });
  const rollout = record.rollout
    ? [
        `rollout ${record.rollout.id} to ${record.rollout.wantedVersion}: ${record.rollout.done} of ` +
          `${record.rollout.steps.length} steps done, ` +
          `${record.rollout.direction}${record.rollout.reason ? ` (${record.rollout.reason})` : ""}`,
        `  go on with: eks-blue-green ${describeAsked(record.rollout.command ?? null)} --stack ${report.environment}`,
      ]
    : ["no rollout is under way"];
  const intent = record.intent
    ? [
        `open move: ${record.intent.move.kind} ${record.intent.move.member}, since ${record.intent.startedAt}, ` +
          `by ${record.intent.by}`,
      ]
    : [];
  const evacuation =
    record.evacuation == null
      ? []
      : [
          `${record.evacuation.member} is being evacuated, since ${record.evacuation.startedAt}, by ` +
            `${record.evacuation.by}`,
          `  go on with: eks-blue-green evacuate ${record.evacuation.member} --stack ${report.environment}`,
        ];
  const { adoption } = record;
  const adopting =
    adoption == null
      ? []
      : [
          `the load balancer of '${adoption.service}' is being ` +
            `${adoption.direction === "forward" ? "handed over to the stack" : `given back to its Service (${adoption.reason ?? ""})`}: ` +
            `at '${adoption.step}', since ${adoption.startedAt}, by ${adoption.by}`,
          `  go on with: eks-blue-green adopt --stack ${report.environment}`,
        ];
  const held =
    record.hold == null
      ? []
      : [
          `${record.hold.version} was rolled back at ${record.hold.at} by ${record.hold.by}: upgrade does not go there`,
          `  to try it again: ${typed(report.environment, "upgrade --retry-version")}`,
        ];
  return [
    `${report.environment}, record revision ${record.revision}`,
    ...asked(report),
    ...table([["  member", "placement", "API server", "service", "targets"], ...rows]),
    "",
    ...rollout,
    ...intent,
    ...evacuation,
    ...adopting,
    ...held,
    "",
    ...findingLines(report.findings),
  ];
}
