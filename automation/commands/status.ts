import type { EnvironmentRecord } from "../../stacks/record";
import type { TargetCounts } from "../events";
import { observe, type Observation } from "../observation/observe";
import { countsByMember, healthOf, learnOwners, noOwners } from "../observation/target-owners";
import type { WriterLife } from "../adapters/writer-life";
import type { Health, Ports } from "../ports";
import type { Finding } from "../finding";
import { lostFindings } from "../preflight/manual-changes";
import { halfShareFindings } from "../preflight/half-shares";
import { largerFindings } from "../preflight/larger-members";
import { weightFindings } from "../preflight/weights";
import { findingsOf } from "../preflight/preflight";
import { addressesOf } from "../environment/load-balancers";
import type { Family } from "../environment/state";

/** Where traffic is, what is under way, and what AWS and the clusters say of it. */
export interface StatusReport {
  readonly environment: string;
  readonly record: EnvironmentRecord;
  readonly health: Readonly<Record<string, Health>>;
  readonly targets: Readonly<Record<string, TargetCounts>>;
  readonly observation: Observation;
  /** Where clients send their requests, by the service's port: `NAME:PORT`. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly findings: readonly Finding[];
  /**
   * Whether the driver that began the open move still runs, as far as this machine tells; null or absent: no move is
   * open.
   */
  readonly driver?: WriterLife | null;
}

/** Reads only. A member that does not answer is shown as such. */
export async function runStatus(ports: Ports, { environment, record, members }: Family): Promise<StatusReport> {
  const observation = await observe(ports, environment, members, {
    infrastructure: true,
    workload: true,
    probes: 0,
    weights: true,
    alarms: environment.config.rollout.alarms,
  });
  const owners = learnOwners(noOwners, observation);
  const health = Object.fromEntries(Object.keys(members).map((name) => [name, healthOf(owners, observation, name)]));
  return {
    environment: environment.environment,
    record,
    health,
    targets: countsByMember(owners, observation),
    observation,
    addresses: addressesOf(environment),
    findings: [
      ...findingsOf(observation, record),
      ...weightFindings(observation, record, environment.environment),
      ...halfShareFindings(record, environment.environment),
      ...largerFindings(record, environment.environment),
      ...lostFindings(observation, record, {
        environment: environment.environment,
        config: environment.config,
        deployed: Object.keys(members),
      }),
    ],
  };
}
