/** What must be in order before a rollout begins or goes on. Findings have stable codes; `required` ones stop it. */
import type { EnvironmentOutputs, MemberOutputs } from "../../stacks/contract";
import type { EnvironmentConfig } from "../../stacks/config";
import { onePerPort } from "../../stacks/config/group-refs";
import { isFromFiles } from "../../stacks/config/target-groups";
import { mustServeBefore } from "../policy/run-policy";
import {
  compareVersions,
  isServing,
  isWeighted,
  servingMembers,
  sharesIn,
  type EnvironmentRecord,
  type RolloutCommand,
  type Step,
} from "../../stacks/record";
import { externalFindings } from "./external-workloads";
import { hookFindings } from "./hook-programs";
import { driftFindings } from "./manual-changes";
import type { DriverErrorCode } from "../errors";
import type { Finding } from "../finding";
import { listing } from "../gates/gate-result";
import { flagProblems } from "../gates/multi-cluster-flag";
import { controllerRuns } from "../observation/controller";
import { observe, type Observation } from "../observation/observe";
import { whoseFailures } from "../observation/whose-part";
import { whomToTakeOut } from "../observation/whom-to-take-out";
import { kubectl } from "../text/kubectl";
import { lookAtNetwork } from "./network";
import { newVersionIn, stepsAhead } from "./moves-ahead";
import { networkOfRollout } from "./network-question";
import { longNodeUpdates } from "./node-replacement-time";
import { pendingChanges } from "./pending-changes";
import type { Ports, StackRef } from "../ports";
import { missingTargetGroups } from "../environment/load-balancers";
import { undeployed } from "./undeployed-config";
import { identityFindings } from "./identity";
import { insightFindings } from "./upgrade-insights";
import { groupsThatServe, weightFindings } from "./weights";

const required = (code: DriverErrorCode, message: string, remedy: string): Finding => ({
  code,
  severity: "required",
  message,
  remedy,
});
const recommended = (code: DriverErrorCode, message: string, remedy: string): Finding => ({
  code,
  severity: "recommended",
  message,
  remedy,
});

function compareDotted(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split(".").map(Number)) as [number[], number[]];
  return (left[0] ?? 0) - (right[0] ?? 0) || (left[1] ?? 0) - (right[1] ?? 0) || (left[2] ?? 0) - (right[2] ?? 0);
}

/** Multi-cluster mode exists since 2.10; a cache collision drove another binding's deregistration until 3.5.0. */
function controllerFinding(member: string, version: string | null): Finding[] {
  if (version === null) return [];
  if (compareDotted(version, "2.10.0") < 0)
    return [
      required(
        "EBG-PREFLIGHT",
        `${member} runs load balancer controller ${version}, which has no multi-cluster mode`,
        `upgrade the controller of ${member} to 2.10 or later, better 3.5.0`,
      ),
    ];
  if (compareDotted(version, "3.5.0") < 0)
    return [
      recommended(
        "EBG-PREFLIGHT",
        `${member} runs load balancer controller ${version}, which has known defects with shared target groups ` +
          "(kubernetes-sigs/aws-load-balancer-controller#4864)",
        `upgrade the controller of ${member} to 3.5.0`,
      ),
    ];
  return [];
}

/**
 * Like one that does not answer, a member whose controller is down stops a rollout that is under way only where it is
 * needed; what has begun with others goes as far as it safely can.
 */
const needsController = ({ rollout, intent }: EnvironmentRecord, member: string): boolean => {
  const next = rollout?.steps[intent?.step ?? rollout.done];
  return rollout === null || (next?.type === "move" && next.member === member);
};

/**
 * Findings of one look at the world. An unreachable member does not stop a rollout: it goes as far as it safely can.
 */
export function findingsOf(
  observation: Observation,
  record: EnvironmentRecord,
  asked: RolloutCommand | null = null,
): Finding[] {
  const gated = mustServeBefore(record, asked) ? required : recommended;
  const findings: Finding[] = flagProblems(observation).map((problem) =>
    required("EBG-PREFLIGHT", problem.message, problem.remedy),
  );
  for (const member of Object.values(observation.members)) {
    const role = record.placement[member.name]?.role;
    const beingMade = record.intent?.move.member === member.name;
    const evacuated = record.placement[member.name]?.evacuated;
    if (evacuated !== undefined)
      findings.push(
        recommended(
          "EBG-EVACUATE",
          `${member.name} was evacuated at ${evacuated.at} by ${evacuated.by} ` +
            `(${evacuated.why})${member.reachable ? "; it answers again, its bindings are still there, and its controller is denied to register targets" : ""}`,
          `when its cluster is back: eks-blue-green drain ${member.name}, then eks-blue-green admit ` +
            `${member.name}; if it is gone for good, an upgrade with strategy replace destroys it`,
        ),
      );
    if (member.refusal !== undefined)
      findings.push(
        recommended(
          "EBG-KUBERNETES",
          `${member.name} (${role}) can't be asked: ${member.problem}; that says nothing of whether it is well, ` +
            "but its flags can't be checked, and it can be neither drained nor retired",
          member.refusal,
        ),
      );
    else if (!member.reachable)
      findings.push(
        recommended(
          "EBG-MEMBER-UNREACHABLE",
          `${member.name} (${role}): ${member.problem}; its flags can't be checked, and it can be neither ` +
            "drained nor retired",
          role === "active"
            ? "bring it back (aws eks describe-cluster), or take it out of traffic without its help: " +
                `eks-blue-green evacuate ${member.name}`
            : `bring it back: aws eks describe-cluster`,
        ),
      );
    else if (member.controller !== null && !controllerRuns(member.controller) && role === "active" && !beingMade)
      findings.push(
        (needsController(record, member.name) ? required : recommended)(
          "EBG-PREFLIGHT",
          `the load balancer controller of ${member.name} is not available: ${member.controller.message}`,
          `${kubectl(member.clusterName)} get deployments -A; it must run to deregister targets. If it can't be ` +
            `made to run: eks-blue-green evacuate ${member.name} takes ${member.name} out of traffic without it`,
        ),
      );
    findings.push(...controllerFinding(member.name, member.controller?.version ?? null));
    findings.push(...externalFindings(observation, record, member));
  }
  for (const [service, targets] of Object.entries(observation.groups)) {
    if (targets === null)
      findings.push(
        required(
          "EBG-AWS",
          `the targets of '${service}' can't be read: ${observation.problems.join("; ")}`,
          unreadable,
        ),
      );
  }
  for (const { port } of onePerPort(observation.groupOf)) {
    const serving = groupsThatServe(observation, record.placement, port);
    const groups = serving.map((key) => observation.groups[key] ?? null);
    if (groups.every((targets) => targets !== null && !targets.some((target) => target.state === "healthy")))
      findings.push(
        gated(
          "EBG-PREFLIGHT",
          `'${port}' has no healthy target: there is nothing to keep alive`,
          "eks-blue-green verify names what keeps it from serving (pods, targets, security-group rules); repair " +
            `that first, then run the same command again${orBringIn(record)}`,
        ),
      );
  }
  for (const [service, probe] of Object.entries(observation.probes)) {
    if (probe.failed > 0)
      findings.push(
        gated(
          "EBG-PREFLIGHT",
          `${probe.failed} of ${probe.sent} requests to '${service}' failed: ${probe.firstFailure}`,
          "repair the service, or name a path that it answers (services[].probePath), then run the same command " +
            "again; if the load balancer can't be reached from here by design, set EKS_BLUE_GREEN_PROBE=off" +
            `${orBringIn(record)}${orTakeOut(record, observation)}`,
        ),
      );
  }
  findings.push(...backToTheErring(observation, record, asked));
  for (const [name, state] of Object.entries(observation.alarms ?? {})) {
    if (state === "alarm") findings.push(gated("EBG-PREFLIGHT", `alarm ${name} rings`, "wait until it is OK"));
    if (state === "missing")
      findings.push(
        required("EBG-CONFIG", `there is no CloudWatch alarm '${name}'`, "correct eks-blue-green:rollout.alarms"),
      );
  }
  return findings;
}

/** Who stands by, or gets no requests yet, may serve where the others don't; else a new member may. */
function orBringIn({ placement }: Pick<EnvironmentRecord, "placement">): string {
  const others = Object.keys(placement).filter(
    (name) => !isServing(placement[name]) && placement[name]?.evacuated === undefined,
  );
  const standby = others.find((name) => placement[name]?.role !== "absent");
  if (standby !== undefined) return `. Or bring in who stands by: eks-blue-green admit ${standby}`;
  return others[0] === undefined ? "" : `. Or make another member and bring it in: eks-blue-green admit ${others[0]}`;
}

/** Nothing that serves is given up for who fails the requests that it gets: their parts of weighted traffic tell. */
function backToTheErring(
  observation: Observation,
  { placement, rollout }: EnvironmentRecord,
  asked: RolloutCommand | null,
): Finding[] {
  if (asked?.name !== "rollback" || rollout !== null || !isWeighted(placement)) return [];
  const serving = servingMembers(placement);
  const who = serving.length < 2 ? null : whoseFailures(observation, sharesIn(placement), serving);
  const version = (name: string): string => placement[name]?.version ?? "";
  const leaves = who === null || serving.every((name) => compareVersions(version(name), version(who)) <= 0);
  if (who === null || leaves) return [];
  return [
    required(
      "EBG-PREFLIGHT",
      `as many requests fail as ${who} gets, and a rollback would give it all of them`,
      `take it out: eks-blue-green drain ${who}; or repair it, then run the same command again`,
    ),
  ];
}

/** Requests are failed by one of those that serve, or by what all of them use: the others' answers tell. */
function orTakeOut({ placement }: Pick<EnvironmentRecord, "placement">, observation: Observation): string {
  const whom = whomToTakeOut(placement, observation, { drain: (member) => `eks-blue-green drain ${member}` });
  return whom === "" ? "" : `; ${whom}`;
}

/** What AWS does not tell once, it may tell the next time. */
const unreadable =
  "run the same command again; when it stays so, check the driver's permissions (docs/reference/permissions.md)";

/** Found before the rollout begins: in its middle members' updates would be refused for them. */
export function configFindings(
  environment: string,
  deployed: EnvironmentConfig,
  wanted: EnvironmentConfig,
  record: EnvironmentRecord,
): Finding[] {
  const paths = undeployed(deployed, wanted);
  if (paths.length === 0) return [];
  return [
    (record.rollout === null ? required : recommended)(
      "EBG-PENDING-CHANGES",
      "the config has changes that are not deployed, and members would get them in the middle of a move: " +
        `${listing(paths, 6)}`,
      `deploy them first: eks-blue-green up --stack ${environment}`,
    ),
  ];
}

export interface PreflightInput {
  readonly ports: Ports;
  /** What the environment's stack was deployed with; `environment` has what is wanted. */
  readonly deployed: EnvironmentConfig;
  readonly environment: EnvironmentOutputs;
  readonly record: EnvironmentRecord;
  /** Outputs of the members that are not absent. */
  readonly members: Readonly<Record<string, MemberOutputs>>;
  readonly probes: boolean;
  /** What the rollout will do, from where it stands. */
  readonly steps: readonly Step[];
  /** null: an upgrade. */
  readonly asked: RolloutCommand | null;
}

/** Whether it is destroyed before anything else is done with it: what its stack would change is of no interest. */
const isOnlyRetired = (ahead: readonly Step[], member: string): boolean => {
  const next = ahead.find((step) => step.type === "move" && step.member === member);
  return next?.type === "move" && next.kind === "retire";
};

/** Of a drain many: whether any is answered says whether the member that leaves may be the one that answers. */
const requestsBefore = (asked: RolloutCommand | null): number => (asked?.name === "drain" ? 64 : 16);

/**
 * Everything is looked at side by side; members that don't answer, the one of an open move, those whose next move is
 * `retire`, and evacuated ones (what they lack is put in order by `drain`), are not previewed.
 */
export async function preflight({
  ports,
  deployed: deployedConfig,
  environment,
  record,
  members,
  probes,
  steps,
  asked,
}: PreflightInput): Promise<{ readonly findings: Finding[]; readonly observation: Observation }> {
  const wants = {
    infrastructure: true,
    workload: true,
    probes: probes ? requestsBefore(asked) : 0,
    weights: true as const,
    alarms: environment.config.rollout.alarms,
  };
  const ahead = stepsAhead(record, steps, asked, environment.config.kubernetesVersion);
  const [observation, network, insights, identity] = await Promise.all([
    observe(ports, environment, members, wants),
    lookAtNetwork(ports, networkOfRollout({ environment, deployed: deployedConfig, record, members, ahead })),
    insightFindings(ports, members, ahead),
    identityFindings(ports),
  ]);
  const previewable = Object.keys(members).filter(
    (name) =>
      observation.members[name]?.reachable &&
      record.intent?.move.member !== name &&
      record.placement[name]?.role !== "absent" &&
      record.placement[name]?.evacuated === undefined &&
      !isOnlyRetired(ahead, name),
  );
  const stacks: StackRef[] = [
    { kind: "environment" },
    ...previewable.map((member) => ({ kind: "member", member }) as const),
  ];
  const makesMember = ahead.some((step) => step.type === "move" && step.kind === "provision");
  const readsFiles = environment.config.services.some(isFromFiles) ? { resources: [] } : undefined;
  const hasCharts = environment.config.services.some(({ chart }) => chart !== undefined);
  const pending = await Promise.all(
    stacks.map((stack) =>
      pendingChanges(ports, environment.environment, stack, {
        makesMember,
        extension: (stack.kind === "environment" ? environment : members[stack.member])?.extension,
        files: stack.kind === "member" ? members[stack.member]?.workloadFiles : readsFiles,
        rendersFor: hasCharts && stack.kind === "member" ? newVersionIn(ahead) : undefined,
      }),
    ),
  );
  const deployed = previewable.filter(
    (_, index) => pending[index + 1]?.every(({ severity }) => severity !== "required") === true,
  );
  const drift = driftFindings(observation, record, {
    environment: environment.environment,
    config: environment.config,
    steps,
    deployed,
  });
  const undeployed = Object.keys(record.placement).filter(
    (name) =>
      record.placement[name]?.role !== "absent" && members[name] === undefined && record.intent?.move.member !== name,
  );
  const lost = undeployed.map((name) =>
    required(
      "EBG-RECORD-LOST",
      `the record says that ${name} is ${record.placement[name]?.role}, but its stack has no outputs`,
      `pulumi up --stack ${environment.environment}-${name}`,
    ),
  );
  const missing = missingTargetGroups(environment).map((key) =>
    required(
      "EBG-PREFLIGHT",
      `the target group '${key}' was not found, so nobody can say who serves it`,
      `deploy the stack that makes its load balancer: eks-blue-green up --stack ${environment.environment}; then ` +
        `look: eks-blue-green status --stack ${environment.environment}`,
    ),
  );
  const { alarms } = environment.config.rollout;
  // In the middle of a rollout its bakes wait for them.
  const silent =
    observation.alarms === null && alarms.length > 0
      ? [
          (record.rollout === null ? required : recommended)(
            "EBG-AWS",
            `the alarms ${alarms.join(", ")} can't be read: ${observation.problems.join("; ")}`,
            unreadable,
          ),
        ]
      : [];
  return {
    findings: [
      ...findingsOf(observation, record, asked),
      ...weightFindings(observation, record, environment.environment, asked),
      ...silent,
      ...drift,
      ...missing,
      ...pending.flat(),
      ...configFindings(environment.environment, deployedConfig, environment.config, record),
      ...lost,
      ...(await hookFindings(ports.hooks, environment.config, ahead, record.rollout !== null)),
      ...longNodeUpdates(environment.config, ahead, record.rollout !== null),
      ...identity,
      ...network,
      ...insights,
    ],
    observation,
  };
}
