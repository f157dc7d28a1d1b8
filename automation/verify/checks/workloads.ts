/**
 * What a workload must have so that its pods can come and go without a lost request: grace > preStop > the load
 * balancer's lag.
 */
import { lagOf } from "../../../components/internal/propagation-lag";
import type { MemberServiceOutputs } from "../../../stacks/contract";
import { groupOfMember } from "../../../stacks/config/group-refs";
import { clusterNameOf, isFromFiles, isManaged } from "../../../stacks/config/target-groups";
import { gateCheck } from "./readiness-gates";
import { replicasWanted, takeBack } from "../../preflight/manual-changes";
import { kubectl, shellQuote } from "../../text/kubectl";
import { bad, ok, skipped, unknown, type Check, type VerifyCode } from "../catalog";
import type { Inspection, MemberInspection } from "../inspection";
import type { TargetGroupReading, WorkloadReading } from "../../ports/readings";
import { counted } from "../../text/sentences";

const codes: readonly VerifyCode[] = [
  "EBG-V-REPLICAS",
  "EBG-V-REPLICAS-DRIFT",
  "EBG-V-READINESS-PROBE",
  "EBG-V-PRESTOP",
  "EBG-V-GRACE",
  "EBG-V-PDB",
  "EBG-V-TOPOLOGY",
  "EBG-V-DEREGISTRATION-DELAY",
  "EBG-V-READINESS-GATES",
];
const fix = (what: string): string =>
  `${what}: a Workload of this package has it; else change the Deployment's manifest`;

function stopChecks(subject: string, workload: WorkloadReading, lag: number): Check[] {
  const sleeping = workload.containers.filter((one) => one.preStop !== null);
  const longest = sleeping.reduce<number | null>(
    (most, { preStop }) => (preStop?.seconds == null ? most : Math.max(most ?? 0, preStop.seconds)),
    null,
  );
  const grace = workload.terminationGraceSeconds;
  if (sleeping.length === 0)
    return [
      bad(
        "EBG-V-PRESTOP",
        subject,
        "no container has a preStop hook",
        fix(`lifecycle.preStop.sleep.seconds of ${lag} or more`),
        { figures: { lagSeconds: lag } },
      ),
      bad(
        "EBG-V-GRACE",
        subject,
        `terminationGracePeriodSeconds is ${grace}, and no preStop hook delays SIGTERM`,
        fix(`preStop of ${lag} or more, and a grace period longer than that`),
      ),
    ];
  if (longest === null)
    return (["EBG-V-PRESTOP", "EBG-V-GRACE"] as const).map((code) =>
      unknown(
        code,
        subject,
        `how long the preStop hook of ${sleeping.map((one) => one.name).join(", ")} takes can't be told from its ` +
          "command",
        "use lifecycle.preStop.sleep.seconds, or a plain `sleep N`",
      ),
    );
  const figures = { lagSeconds: lag, preStopSeconds: longest, graceSeconds: grace };
  return [
    longest >= lag
      ? ok("EBG-V-PRESTOP", subject, `preStop ${longest} s, lag ${lag} s`, figures)
      : bad(
          "EBG-V-PRESTOP",
          subject,
          `preStop ${longest} s is shorter than the load balancer's lag of ${lag} s`,
          fix(`lifecycle.preStop.sleep.seconds of ${lag} or more`),
          { figures },
        ),
    grace > longest
      ? ok("EBG-V-GRACE", subject, `grace ${grace} s, preStop ${longest} s`, figures)
      : bad(
          "EBG-V-GRACE",
          subject,
          `terminationGracePeriodSeconds ${grace} is not longer than preStop ${longest} s`,
          fix(`terminationGracePeriodSeconds of ${longest + 60}`),
          { figures },
        ),
  ];
}

function delayCheck(subject: string, workload: WorkloadReading, group: TargetGroupReading | null, lag: number): Check {
  if (group === null)
    return unknown(
      "EBG-V-DEREGISTRATION-DELAY",
      subject,
      "the target group's attributes can't be read",
      "check the driver's permissions (docs/reference/permissions.md)",
    );
  const delay = Number(group.attributes["deregistration_delay.timeout_seconds"] ?? "300");
  const grace = workload.terminationGraceSeconds;
  const figures = { deregistrationDelaySeconds: delay, graceSeconds: grace };
  if (delay > grace)
    return bad(
      "EBG-V-DEREGISTRATION-DELAY",
      subject,
      `the load balancer keeps flows open for ${delay} s, but the pod is killed after ${grace} s`,
      fix(`deregistrationDelaySeconds of ${grace} or less, or a longer grace period`),
      { figures },
    );
  if (delay < lag)
    return bad(
      "EBG-V-DEREGISTRATION-DELAY",
      subject,
      `${delay} s is shorter than the load balancer's lag of ${lag} s: a flow that comes late may be cut at once`,
      fix(`deregistrationDelaySeconds of ${lag} or more`),
      { figures },
    );
  return ok("EBG-V-DEREGISTRATION-DELAY", subject, `${delay} s, grace ${grace} s`, figures);
}

function workloadOf(inspection: Inspection, name: string, key: string, member: MemberInspection): Check[] {
  const service = inspection.outputs[name]?.services[key];
  const subject = `${name}/${key}`;
  const ofNamespace = kubectl(clusterNameOf(inspection.environment, name), service?.namespace ?? "NAMESPACE");
  const isTheirs = service !== undefined && !isManaged(service);
  const reading = member.workloads[key] ?? { kind: "unknown", why: "it was not asked for" };
  if (reading.kind === "unknown")
    return codes.map((code) =>
      unknown(
        code,
        subject,
        reading.why,
        isTheirs
          ? `${ofNamespace} get service ${shellQuote(service.service)}; ` +
              (isFromFiles(service)
                ? `eks-blue-green up --stack ${inspection.environment.environment}`
                : "deploy it where it is deployed from")
          : `${ofNamespace} get deployment ${shellQuote(service?.deployment ?? "NAME")}; one that was deleted by hand ` +
              `comes back with: eks-blue-green up --stack ${inspection.environment.environment}`,
      ),
    );
  const { value: workload } = reading;
  const lag = lagOf(inspection.environment.loadBalancer.type).usual;
  const stopped = !isTheirs && inspection.placement[name]?.workload === "stopped";
  const replicas = { replicas: workload.replicas };
  const unprobed = workload.containers.filter((one) => !one.readinessProbe).map((one) => one.name);
  const budgets = workload.disruptionBudgets;
  const nodes = new Set(workload.pods.map((pod) => pod.node)).size;
  const groupKey = groupOfMember(inspection.observation.groupOf, key, name);
  const group = inspection.targetGroups[groupKey];
  const target = group?.kind === "seen" ? group.value : null;
  const bindings = inspection.observation.members[name]?.services[groupKey]?.bindings ?? [];
  return [
    stopped
      ? skipped("EBG-V-REPLICAS", subject, "its workload is stopped")
      : workload.replicas >= 2
        ? ok("EBG-V-REPLICAS", subject, `${workload.replicas}`, replicas)
        : bad("EBG-V-REPLICAS", subject, counted(workload.replicas, "replica"), fix("2 replicas or more"), {
            figures: replicas,
          }),
    replicasDrift(inspection, name, key, workload.replicas),
    unprobed.length < workload.containers.length
      ? ok(
          "EBG-V-READINESS-PROBE",
          subject,
          `${workload.containers.length - unprobed.length} of ${workload.containers.length} containers`,
        )
      : bad(
          "EBG-V-READINESS-PROBE",
          subject,
          `none of ${unprobed.join(", ")} has a readiness probe`,
          fix("a readinessProbe"),
        ),
    ...stopChecks(subject, workload, lag),
    budgetCheck(subject, budgets, workload.replicas, stopped),
    workload.spreadOver.length > 0
      ? ok("EBG-V-TOPOLOGY", subject, `over ${workload.spreadOver.join(", ")}; now on ${counted(nodes, "node")}`)
      : bad(
          "EBG-V-TOPOLOGY",
          subject,
          `neither spread constraints nor anti-affinity; now on ${counted(nodes, "node")}`,
          fix("topologySpreadConstraints over zone and host"),
        ),
    delayCheck(subject, workload, target, lag),
    gateCheck(subject, workload, member, bindings, target?.targetType === "instance", {
      kubectl: ofNamespace,
      name: isTheirs ? null : (service?.deployment ?? "?"),
    }),
  ];
}

/** A preview can't see it: the state has what was deployed. */
function replicasDrift(inspection: Inspection, name: string, key: string, replicas: number): Check {
  const subject = `${name}/${key}`;
  if (inspection.moving === name) return skipped("EBG-V-REPLICAS-DRIFT", subject, "a move of this member is under way");
  const right = replicasWanted(inspection.environment.config, inspection, name)[key] ?? null;
  if (right === null)
    return skipped("EBG-V-REPLICAS-DRIFT", subject, "an autoscaler or somebody else decides over them");
  const figures = { replicas, wanted: right };
  return replicas === right
    ? ok("EBG-V-REPLICAS-DRIFT", subject, `${right}`, figures)
    : bad(
        "EBG-V-REPLICAS-DRIFT",
        subject,
        `${replicas}, and the config and the record say ${right}`,
        takeBack(`${inspection.environment.environment}-${name}`),
        { figures },
      );
}

function budgetCheck(
  subject: string,
  budgets: WorkloadReading["disruptionBudgets"],
  replicas: number,
  stopped: boolean,
): Check {
  if (budgets.length === 0)
    return bad(
      "EBG-V-PDB",
      subject,
      "no PodDisruptionBudget selects its pods",
      fix("a PodDisruptionBudget with maxUnavailable 1"),
    );
  const said = budgets
    .map(
      (one) =>
        `${one.name} ` +
        `(${one.maxUnavailable === null ? `minAvailable ${one.minAvailable}` : `maxUnavailable ${one.maxUnavailable}`})`,
    )
    .join(", ");
  const blocks = budgets.some(
    (one) =>
      one.maxUnavailable === "0" ||
      one.maxUnavailable === "0%" ||
      one.minAvailable === "100%" ||
      (!stopped && one.minAvailable !== null && /^\d+$/.test(one.minAvailable) && Number(one.minAvailable) >= replicas),
  );
  if (blocks)
    return bad("EBG-V-PDB", subject, `${said} allows no pod to go: node drains hang`, fix("maxUnavailable 1"));
  const permits = budgets.every(
    (one) =>
      one.minAvailable === "0" ||
      one.minAvailable === "0%" ||
      one.maxUnavailable === "100%" ||
      (!stopped &&
        one.maxUnavailable !== null &&
        /^\d+$/.test(one.maxUnavailable) &&
        Number(one.maxUnavailable) >= replicas),
  );
  return permits
    ? bad("EBG-V-PDB", subject, `${said} lets all pods go at once`, fix("maxUnavailable 1"))
    : ok("EBG-V-PDB", subject, said);
}

const workloadName = (outputs: MemberServiceOutputs | undefined): string =>
  outputs === undefined || isManaged(outputs) ? `Deployment ${outputs?.deployment}` : `Service ${outputs.service}`;

/** Each Deployment once, though several target groups may lead to it. */
export function workloadChecks(inspection: Inspection): Check[] {
  return Object.values(inspection.observation.members)
    .filter((member) => member.reachable)
    .flatMap((member) => {
      const outputs = inspection.outputs[member.name];
      const reading = inspection.members[member.name];
      if (outputs === undefined || reading === undefined) return [];
      const keys = Object.keys(outputs.services);
      const deployments = keys.map((key) =>
        [outputs.services[key]?.namespace, workloadName(outputs.services[key])].join("/"),
      );
      const first = keys.filter((_, index) => deployments.indexOf(deployments[index] ?? "") === index);
      return first.flatMap((key) => workloadOf(inspection, member.name, key, reading));
    });
}
