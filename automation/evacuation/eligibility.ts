/** Whether a member may be evacuated, and which targets are provably its own. Pure. */
import { boundMembers, describeMove, isWeighted, membersOf, servingMembers } from "../../stacks/record";
import type { EnvironmentRecord } from "../../stacks/record";
import { DriverError } from "../errors";
import { listing } from "../gates/gate-result";
import { controllerRuns } from "../observation/controller";
import { groupOfMember, portOf } from "../../stacks/config/group-refs";
import { groupsOfMember, type Observation } from "../observation/observe";
import { isDeadIn } from "../observation/dead-member";
import { claimKey } from "../observation/claims";
import { healthOf, isRegistered, serves, targetsOf, type TargetOwners } from "../observation/target-owners";
import { bringIn } from "../planning/step-builder";
import type { AddressOwner } from "../ports";
import { describeAsked, typed } from "../text/command-line";
import { refuseBelowFloor } from "./capacity-floor";

export interface EvacuationRequest {
  readonly environment: string;
  readonly member: string;
  /** The person's word that the controller can't come back by itself. */
  readonly controllerIsStopped: boolean;
  /** Role of the member's controller; null: not known. */
  readonly roleName: string | null;
  /** `rollout.minCapacityPercent`. Default 100. */
  readonly minCapacityPercent?: number;
}

const refused = (message: string, remedy: string): DriverError => new DriverError("EBG-EVACUATE", message, remedy);

/** In the middle of a teardown, whose record says so. */
export const inTeardown = ({ rollout }: EnvironmentRecord): boolean => rollout?.command?.name === "teardown";

/** What stands against it, or why it is needed. @throws EBG-EVACUATE, EBG-ROLLOUT-UNDER-WAY */
export function mayEvacuate(
  record: EnvironmentRecord,
  observation: Observation,
  owners: TargetOwners,
  request: EvacuationRequest,
): string {
  const { member, environment } = request;
  refuseOpenWork(record, observation, owners, request);
  const stands = record.placement[member];
  if (stands === undefined)
    throw refused(
      `there is no member '${member}' (there are: ${Object.keys(record.placement).join(", ")})`,
      "correct the name",
    );
  // Half in, half out: its targets may be registered though it was never committed. And a standby whose cluster is gone
  // can't be asked to go either; but its control plane is away for a while whenever it is made or upgraded.
  const { move } = record.intent ?? {};
  const between = move?.member === member && (move.from.role === "active" || move.to.role === "active");
  const teardown = inTeardown(record);
  const goneStandby =
    stands.role === "standby" &&
    stands.evacuated === undefined &&
    (teardown || move === undefined || move.kind === "retire") &&
    observation.members[member]?.reachable !== true;
  if (stands.role !== "active" && record.evacuation == null && !between && !goneStandby)
    throw refused(
      `${member} is ${stands.role}: it has no part in the ` +
        `traffic${stands.evacuated === undefined ? "" : `; it was evacuated at ${stands.evacuated.at}`}`,
      stands.evacuated === undefined
        ? `eks-blue-green status --stack ${environment}`
        : `once its cluster answers, put it in order: eks-blue-green drain ${member} --stack ${environment}`,
    );
  const why = whyNeeded(record, observation, owners, request);
  const others = Object.values(observation.members).filter((one) => one.name !== member);
  const silent = others.filter((one) => !one.reachable);
  // In a teardown each of them goes; EC2's tags alone say whose a target is, when nobody can be asked.
  if (silent.length > 0 && !teardown) {
    throw refused(
      `${silent.map((one) => one.name).join(", ")} can't be asked either (${silent[0]?.problem ?? ""}), so ` +
        `nobody can say which targets are ${member}'s alone`,
      `${silent[0]?.refusal ?? `bring ${silent[0]?.name ?? "it"}'s API server back first`}; its targets and ` +
        `${member}'s are left as they are`,
    );
  }
  const unread = Object.keys(observation.groups).filter((key) => observation.groups[key] === null);
  if (unread.length > 0)
    throw refused(
      `AWS did not tell the targets of ${unread.join(", ")}: ${listing(observation.problems, 1)}`,
      "run the same command again",
    );
  const beside = servingBeside(record, observation, owners, member);
  const peers = beside.filter((name) => observation.members[name] !== undefined);
  const lost = teardown ? [] : lastServedBy(observation, owners, member, peers);
  if (!teardown && (peers.length === 0 || lost.length > 0)) {
    const states =
      peers.map((name) => `${name}: ${healthOf(owners, observation, name)}`).join(", ") || "no other member is active";
    throw refused(
      `without ${member} nobody would serve${lost.length > 0 && peers.length > 0 ? ` ${listing(lost)}` : ""} (${states})`,
      `repair another member, or ${bringIn(record.placement, [member])}; then run the same command again`,
    );
  }
  if (!teardown) refuseBelowFloor(record, observation, owners, request, beside);
  if (request.roleName === null && !request.controllerIsStopped) {
    throw refused(
      `the IAM role of ${member}'s controller is not known, so it can't be kept from registering its targets ` +
        "again when it comes back",
      "make sure that it can't run (scale its nodes to zero, or cut its permissions), then say so: " +
        `eks-blue-green evacuate ${member} --controller-is-stopped --stack ${environment}`,
    );
  }
  return why;
}

/**
 * Members beside it that serve, or are half in. Where traffic is weighted and none of them is well, those without a share
 * get it: they serve then.
 */
function servingBeside(
  record: EnvironmentRecord,
  observation: Observation,
  owners: TargetOwners,
  member: string,
): string[] {
  const { placement } = withoutOpenMove(record);
  const serving = servingMembers(placement).filter((name) => name !== member);
  const isWell = (name: string): boolean => healthOf(owners, observation, name) === "healthy";
  if (!isWeighted(placement) || serving.some(isWell)) return serving;
  return [
    ...serving,
    ...boundMembers(placement).filter((name) => name !== member && !serving.includes(name) && isWell(name)),
  ];
}

/**
 * Target groups in which the member may be the last that serves: it has a healthy target there, as far as nobody else
 * has it, and no peer serves. What nobody serves is not made worse.
 */
function lastServedBy(
  observation: Observation,
  owners: TargetOwners,
  member: string,
  peers: readonly string[],
): string[] {
  const { groupOf, groups } = observation;
  return groupsOfMember(observation, member).flatMap((key) => {
    const port = portOf(groupOf, key);
    if (peers.some((name) => serves(owners, observation, groupOfMember(groupOf, port, name), name))) return [];
    const theirs = new Set(
      Object.keys(observation.members)
        .filter((name) => name !== member)
        .flatMap((name) => targetsOf(owners, observation, key, name).map(({ id }) => id)),
    );
    const alive = (groups[key] ?? []).some(({ id, state }) => state === "healthy" && !theirs.has(id));
    return alive ? [`'${port}'`] : [];
  });
}

function refuseOpenWork(
  record: EnvironmentRecord,
  observation: Observation,
  owners: TargetOwners,
  { member, environment }: EvacuationRequest,
): void {
  const { evacuation, adoption, intent, rollout } = record;
  if (evacuation != null && evacuation.member !== member) {
    throw refused(
      `${evacuation.member} is being evacuated (since ${evacuation.startedAt}, by ${evacuation.by})`,
      `finish that first: eks-blue-green evacuate ${evacuation.member} --stack ${environment}`,
    );
  }
  if (adoption != null)
    throw refused(
      `the load balancer of '${adoption.service}' is being handed over (since ${adoption.startedAt}, by ` +
        `${adoption.by})`,
      `finish that first: eks-blue-green adopt --stack ${environment}`,
    );
  // An open move of another member ends here, where somebody who is not between two places serves without it; or when
  // it is the very one that comes in.
  const steady = servingBeside(record, observation, owners, member).filter(
    (name) => intent?.move.member !== name || intent.move.kind === "admit",
  );
  if (
    intent !== null &&
    intent.move.member !== member &&
    !steady.some((name) => healthOf(owners, observation, name) === "healthy")
  ) {
    const command = describeAsked(rollout?.command ?? null);
    throw refused(
      `'${describeMove(intent.move)}' is open (since ${intent.startedAt}, by ${intent.by}), so ` +
        `${membersOf(intent.move).join(", ")} is neither in nor out`,
      `let it end first, or stop there: ${typed(environment, command)}; it stops by itself where it needs ${member}`,
    );
  }
}

/** @throws EBG-EVACUATE when the cluster is well, or may be: then it can leave as it should */
function whyNeeded(
  { rollout }: EnvironmentRecord,
  observation: Observation,
  owners: TargetOwners,
  { member, environment, controllerIsStopped }: EvacuationRequest,
): string {
  const seen = observation.members[member];
  if (seen === undefined) return `${member}'s stack has no outputs`;
  // A broken control plane may refuse everybody: whoever vouches for its controller's end may go on.
  if (seen.refusal !== undefined && controllerIsStopped) return `it can't be asked: ${seen.problem}`;
  if (seen.refusal !== undefined)
    throw refused(
      `${member} can't be asked (${seen.problem}), which is no sign that it is dead: it may be well, and serve`,
      `${seen.refusal}; then look once more: eks-blue-green status --stack ${environment}. If it refuses ` +
        "everybody and you have made sure that its controller runs no more: --controller-is-stopped",
    );
  if (!seen.reachable) return `its API server does not answer: ${seen.problem}`;
  if (seen.controller === null || controllerRuns(seen.controller))
    throw refused(
      `${member} answers and its load balancer controller runs: it needs no evacuation`,
      // A member that serves is not drained out of what is under way.
      rollout === null || isDeadIn(observation, owners, member)
        ? `eks-blue-green drain ${member} --stack ${environment}`
        : `go on with what is under way: ${typed(environment, describeAsked(rollout.command ?? null))}`,
    );
  return `its load balancer controller does not run: ${seen.controller.message}`;
}

/**
 * The record as if the open move of another member were not there, which is what an evacuation leaves of it: one that
 * comes or goes counts as in traffic, because its bindings may be there.
 */
export function withoutOpenMove(record: EnvironmentRecord): EnvironmentRecord {
  const { intent } = record;
  if (intent === null || intent.move.kind !== "admit") return record;
  const { member, to } = intent.move;
  return { ...record, placement: { ...record.placement, [member]: to } };
}

export interface Candidates {
  /** Registered and listed by no other member, by target group key: for EC2 to confirm. */
  readonly unclaimed: Readonly<Record<string, readonly string[]>>;
  /** Registered, and another member says that it is its own: the member's only if EC2 says so, and nobody else's. */
  readonly claimed: Readonly<Record<string, readonly string[]>>;
  /** The member's own list or endpoints have these, or they are in a group of its own; proof enough. */
  readonly own: ReadonlySet<string>;
}

export function candidatesOf(observation: Observation, member: string): Candidates {
  const others = Object.values(observation.members).filter((one) => one.name !== member);
  const mine = observation.members[member];
  const own = new Set<string>();
  const unclaimed: Record<string, string[]> = {};
  const contested: Record<string, string[]> = {};
  for (const key of groupsOfMember(observation, member)) {
    const claimed = new Set(
      others.flatMap((one) => [...(one.services[key]?.recorded ?? []), ...(one.services[key]?.endpoints ?? [])]),
    );
    const registered = (observation.groups[key] ?? []).filter(isRegistered).map((target) => target.id);
    // A group of its own has nobody else's.
    const byGroup = observation.groupOf[key]?.member === member ? registered : [];
    unclaimed[key] = registered.filter((id) => !claimed.has(id)).sort();
    contested[key] = registered.filter((id) => claimed.has(id)).sort();
    for (const id of [...byGroup, ...(mine?.services[key]?.recorded ?? []), ...(mine?.services[key]?.endpoints ?? [])])
      if (!claimed.has(id)) own.add(`${key}|${id}`);
  }
  return { unclaimed, claimed: contested, own };
}

export interface Proven {
  readonly targets: Record<string, string[]>;
  /** Left alone: `ip:port in 'web': why`. */
  readonly unproven: readonly string[];
  /** Whether some of those may be the member's all the same: EC2 names no other cluster for them. */
  readonly doubtful: boolean;
  /** Among `targets`: another member claims it, and EC2 says that it is this one's. `key|ip:port`. */
  readonly wronglyClaimed: readonly string[];
}

/** A target is the member's when its own lists say so or EC2's tags name its cluster, and no other cluster. */
export function prove(
  { unclaimed, claimed, own }: Candidates,
  owners: Readonly<Record<string, AddressOwner>>,
  clusterName: string,
): Proven {
  const targets: Record<string, string[]> = {};
  const unproven: string[] = [];
  let doubtful = false;
  for (const [key, ids] of Object.entries(unclaimed)) {
    targets[key] = [];
    for (const id of ids) {
      const owner = owners[id];
      const foreign = (owner?.clusters ?? []).filter((name) => name !== clusterName);
      if (foreign.length > 0) unproven.push(`${id} in '${key}': ${owner?.via ?? ""} belongs to ${foreign.join(", ")}`);
      else if (own.has(`${key}|${id}`) || (owner?.clusters ?? []).includes(clusterName)) targets[key].push(id);
      else {
        doubtful = true;
        unproven.push(
          `${id} in '${key}': ` +
            `${owner === undefined ? "EC2 knows no interface with this address" : `${owner.via} has no cluster's tag`}`,
        );
      }
    }
  }
  const wronglyClaimed = Object.entries(claimed).flatMap(([key, ids]) =>
    ids.flatMap((id) => {
      const clusters = owners[id]?.clusters ?? [];
      if (clusters.length !== 1 || clusters[0] !== clusterName) return [];
      (targets[key] ??= []).push(id);
      return [claimKey(key, id)];
    }),
  );
  return { targets, unproven, doubtful, wronglyClaimed };
}
