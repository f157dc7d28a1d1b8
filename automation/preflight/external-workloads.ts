/** What is said of workloads that somebody else deploys: the gate before a member is let in judges them. Pure. */
import { isServing } from "../../stacks/record";
import type { EnvironmentRecord } from "../../stacks/record";
import type { Finding } from "../finding";
import { equalOf, externalProblem, externalsOf, imagesProblem, repairOf } from "../gates/external-workload";
import type { MemberObservation, Observation } from "../observation/observe";
import { describeAsked } from "../text/command-line";

export function externalFindings(
  observation: Observation,
  record: Pick<EnvironmentRecord, "placement" | "rollout">,
  member: MemberObservation,
): Finding[] {
  const role = record.placement[member.name]?.role;
  if (!member.reachable || role === undefined || role === "absent" || goes(record, member.name)) return [];
  const serving = Object.values(observation.members).filter(
    ({ name, reachable }) => reachable && name !== member.name && isServing(record.placement[name]),
  );
  // Another command than its own is refused while a rollout is under way.
  const { rollout } = record;
  const next = `eks-blue-green ${rollout == null ? `admit ${member.name}` : describeAsked(rollout.command ?? null)}`;
  return externalsOf(member).flatMap(([key, external]): Finding[] => {
    const missing = externalProblem(member.name, external);
    const problem = missing ?? (role === "standby" ? imagesProblem(member.name, key, external, serving) : null);
    if (problem === null) return [];
    return [
      {
        code: "EBG-PREFLIGHT",
        severity: "recommended",
        message: problem,
        remedy:
          role === "active"
            ? repairOf(external)
            : missing === null
              ? `${equalOf(external)}; then: ${next}`
              : external.fromFiles !== undefined
                ? `${repairOf(external)}; then: ${next}`
                : `deploy it to ${member.name} where it is deployed from; then: ${next}`,
      },
    ];
  });
}

/** Taken out of Git before its cluster is destroyed, as it should be: there it is missed by nobody. */
const goes = ({ placement, rollout }: Pick<EnvironmentRecord, "placement" | "rollout">, member: string): boolean =>
  placement[member]?.role === "standby" &&
  (rollout?.steps.slice(rollout.done) ?? []).some(
    (step) => step.type === "move" && step.kind === "retire" && step.member === member,
  );
