/**
 * What somebody changed by hand, as far as it endangers a rollout and a preview can't see it: found by looking, and
 * named with what repairs it. Pure.
 */
import type { EnvironmentConfig } from "../../stacks/config";
import { boundMembers, capacityOf, replicasAt, type EnvironmentRecord, type Step } from "../../stacks/record";
import { portOf } from "../../stacks/config/group-refs";
import { isManaged, targetGroupsOf } from "../../stacks/config/target-groups";
import { listing } from "../gates/gate-result";
import { driftOf, lookAgain } from "../observation/target-drift";
import { declareAgain, describeLost, lostObjects } from "../observation/deleted-objects";
import { groupsOfMember, type Observation } from "../observation/observe";
import { isRegistered, learnOwners, noOwners, targetsOf } from "../observation/target-owners";
import type { Finding } from "../finding";

const finding = (severity: Finding["severity"], message: string, remedy: string): Finding => ({
  code: "EBG-DRIFT",
  severity,
  message,
  remedy,
});

/**
 * Server-side apply leaves a field to whoever wrote it last: only a forced update takes it back
 * (docs/reference/aws-behaviour.md). A refresh,
 * because the state
 * still has the old number and would see nothing to do; and once more without the variable, because the provider's
 * entry keeps the setting.
 */
export const takeBack = (stack: string): string =>
  `PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up --refresh --stack ${stack} && pulumi up --stack ${stack}`;

/**
 * The Deployments' replicas by the service's port, where the config decides over them; null: an autoscaler or somebody else
 * does.
 */
export function replicasWanted(
  config: EnvironmentConfig,
  record: Pick<EnvironmentRecord, "placement">,
  member: string,
): Readonly<Record<string, number | null>> {
  const placement = record.placement[member];
  return Object.fromEntries(
    targetGroupsOf(config).map(({ key, service: name }) => {
      const service = config.services.find((one) => one.name === name);
      if (service === undefined || service.existing != null || !isManaged(service)) return [key, null];
      if (placement?.workload === "stopped") return [key, 0];
      return [key, service.autoscaled ? null : replicasAt(service.replicas, capacityOf(placement))];
    }),
  );
}

interface Surroundings {
  readonly environment: string;
  readonly config: EnvironmentConfig;
  /** What the rollout that is about to begin, or goes on, will do. */
  readonly steps: readonly Step[];
  /**
   * Members whose stacks a plain update would not change: of the others nobody can say that somebody did it by hand.
   */
  readonly deployed: readonly string[];
}

function replicaFindings(
  observation: Observation,
  record: EnvironmentRecord,
  { environment, config, steps, deployed }: Surroundings,
): Finding[] {
  const scaled = new Set(steps.flatMap((step) => (step.type === "move" && step.kind === "scale" ? [step.member] : [])));
  const named = new Set<string>();
  return Object.values(observation.members).flatMap((member) => {
    if (record.intent?.move.member === member.name || !deployed.includes(member.name)) return [];
    const wanted = replicasWanted(config, record, member.name);
    return Object.entries(member.services).flatMap(([group, { deployment }]) => {
      const port = portOf(observation.groupOf, group);
      const right = wanted[port] ?? null;
      const service = targetGroupsOf(config).find(({ key }) => key === port)?.service ?? port;
      if (
        right === null ||
        deployment === null ||
        deployment.wanted === right ||
        named.has(`${member.name}/${service}`)
      )
        return [];
      named.add(`${member.name}/${service}`);
      // Half-way is the worst place to stop; and what scales nothing is not in the way.
      const severity = record.rollout === null && scaled.has(member.name) ? "required" : "recommended";
      return [
        finding(
          severity,
          `${service} on ${member.name} has ${deployment.wanted} replicas, and the config and the record say ` +
            `${right}: somebody changed it by hand, and a move that scales it would be refused as a conflict`,
          takeBack(`${environment}-${member.name}`),
        ),
      ];
    });
  });
}

function targetFindings(observation: Observation, record: EnvironmentRecord, environment: string): Finding[] {
  const leaving = record.intent?.move.kind === "drain" ? record.intent.move.member : null;
  const bound = boundMembers(record.placement).filter(
    (name) => record.placement[name]?.evacuated === undefined && name !== leaving,
  );
  const owners = learnOwners(noOwners, observation);
  const taken = driftOf(observation, bound)
    .filter(({ targets }) => targets.length > 0)
    .map(({ member, service, bindings, targets }) =>
      finding(
        "recommended",
        `${targets.length} targets of ${member} are ready and in its controller's list, but not registered in ` +
          `'${service}': ${listing(targets)}. Its controller does not put back what was taken out; a rollout's ` +
          "gates make it look again",
        bindings.map((binding) => lookAgain(observation.members[member]?.clusterName ?? member, binding)).join("; "),
      ),
    );
  const sick = bound.flatMap((member) =>
    groupsOfMember(observation, member).flatMap((service) => {
      const bad = targetsOf(owners, observation, service, member).filter(
        (target) => isRegistered(target) && target.state !== "healthy" && target.state !== "initial",
      );
      if (bad.length === 0) return [];
      return [
        finding(
          "recommended",
          `${bad.length} targets of ${member} are ${bad[0]?.state} in '${service}': ` +
            `${bad[0]?.description ?? bad[0]?.reason ?? listing(bad.map((target) => target.id))}`,
          `eks-blue-green verify --stack ${environment} tells pods that fail from security-group rules that were ` +
            "taken away",
        ),
      ];
    }),
  );
  return [...taken, ...sick];
}

/** Ports of services whose Deployments the stacks declare. */
export const ownDeployments = (config: EnvironmentConfig): string[] =>
  targetGroupsOf(config)
    .filter(({ service: name }) => {
      const service = config.services.find((one) => one.name === name);
      return service !== undefined && service.existing == null && isManaged(service);
    })
    .map(({ key }) => key);

/** Half-way is the worst place to stop: there the gates judge, and turn back where they can. */
export function lostFindings(
  observation: Observation,
  record: EnvironmentRecord,
  { environment, config, deployed }: Pick<Surroundings, "environment" | "config" | "deployed">,
): Finding[] {
  const judged = deployed.filter(
    (name) => record.intent?.move.member !== name && record.placement[name]?.evacuated === undefined,
  );
  return lostObjects(observation, judged, ownDeployments(config)).map((lost) =>
    finding(record.rollout === null ? "required" : "recommended", describeLost(lost), declareAgain(environment)),
  );
}

export function driftFindings(
  observation: Observation,
  record: EnvironmentRecord,
  surroundings: Surroundings,
): Finding[] {
  return [
    ...lostFindings(observation, record, surroundings),
    ...targetFindings(observation, record, surroundings.environment),
    ...replicaFindings(observation, record, surroundings),
  ];
}
