/** All verifications over one inspection. Pure. */
import { hasPartIn, portOf } from "../../stacks/config/group-refs";
import { isDraining, isRegistered, learnOwners, noOwners, targetsOf } from "../observation/target-owners";
import { bindingChecks } from "./checks/bindings";
import { credentialChecks } from "./checks/credentials";
import { externalChecks } from "./checks/external-workloads";
import { memberChecks } from "./checks/members";
import { networkChecks } from "./checks/network";
import { tagChecks } from "./checks/tags";
import { trafficChecks } from "./checks/traffic";
import { workloadChecks } from "./checks/workloads";
import type { Check } from "./catalog";
import type { Inspection } from "./inspection";

/** `good`: nothing required fails, and everything required could be seen. */
export type Verdict = "good" | "findings" | "unknown";

/** Everything that `verify` looked at, with what does not hold. */
export interface VerifyReport {
  readonly environment: string;
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
  /** What failed or could not be seen, required ones first. */
  readonly findings: readonly Check[];
  /** Targets and answers of each member, group by group. */
  readonly traffic: readonly TrafficRow[];
}

/** A member's part in a target group: targets, and answers to this run's requests. */
export interface TrafficRow {
  readonly group: string;
  readonly member: string;
  readonly healthy: number;
  readonly registered: number;
  readonly draining: number;
  /** null: no sample, or the answers don't tell. */
  readonly answers: number | null;
}

export function verdictOf(checks: readonly Check[]): Verdict {
  const required = checks.filter((check) => check.severity === "required");
  if (required.some((check) => check.status === "failed")) return "findings";
  // No check at all is no proof either.
  return required.length === 0 || required.some((check) => check.status === "unknown") ? "unknown" : "good";
}

function trafficOf(inspection: Inspection): TrafficRow[] {
  const { observation, samples, placement } = inspection;
  const owners = learnOwners(noOwners, observation);
  return Object.keys(observation.groups).flatMap((group) =>
    Object.keys(placement).flatMap((member) => {
      if (!hasPartIn(observation.groupOf, group, member)) return [];
      const targets = targetsOf(owners, observation, group, member);
      const sample = samples[portOf(observation.groupOf, group)];
      const answers =
        sample?.kind === "seen" && Object.keys(sample.value.byName).length > 0
          ? (sample.value.byName[member] ?? 0)
          : null;
      if (targets.length === 0 && !answers) return [];
      return [
        {
          group,
          member,
          healthy: targets.filter((target) => target.state === "healthy").length,
          registered: targets.filter(isRegistered).length,
          draining: targets.filter(isDraining).length,
          answers,
        },
      ];
    }),
  );
}

const weight = (check: Check): number => (check.severity === "required" ? 0 : 2) + (check.status === "failed" ? 0 : 1);

export function verify(inspection: Inspection): VerifyReport {
  const checks = [
    ...memberChecks(inspection),
    ...bindingChecks(inspection),
    ...trafficChecks(inspection),
    ...networkChecks(inspection),
    ...tagChecks(inspection),
    ...externalChecks(inspection),
    ...credentialChecks(inspection),
    ...workloadChecks(inspection),
  ];
  const findings = checks
    .filter((check) => check.status === "failed" || check.status === "unknown")
    .sort((a, b) => weight(a) - weight(b));
  return {
    environment: inspection.environment.environment,
    verdict: verdictOf(checks),
    checks,
    findings,
    traffic: trafficOf(inspection),
  };
}
