/**
 * Who must stay good in a run, compared with what, and how long something may look bad: one value, made from the
 * command, the direction and what there was before the first move. Whoever has to decide asks it. Pure.
 */
import { isWeighted, servingMembers } from "../../stacks/record";
import type { Baseline, EnvironmentRecord, MemberMove, Rollout, RolloutCommand } from "../../stacks/record";
import { excusedBy, requestsBeside, type Excused } from "../observation/baseline";
import { wasDead } from "../observation/dead-member";
import { placementBefore, takesOutAgain } from "../planning/walk-back";

export interface RunPolicy {
  /** Everybody goes: nobody has to serve, or to stay good. */
  readonly endsService: boolean;
  /** What was so before: no move is blamed for it. */
  readonly excused: Excused;
  /** The same without those that were dead: what failed then was theirs. */
  readonly excusedWithoutDead: Excused;
  /** The same behind a drain: requests that failed before the newcomer came must be answered once the other has left. */
  readonly excusedBehindDrain: Excused;
  /** Members that are taken out on the way back though they served well when it turned: it may turn once more to them. */
  readonly refuge: readonly string[];
  /** Members that serve and must not get worse while this one moves. */
  peersOf(member: string): string[];
  /** Members that are still to leave on the way back. */
  readonly leaving: readonly string[];
  /** Members that a bake looks at: whoever is still to leave on the way back need not stay good. */
  readonly baked: readonly string[];
  /** How long something may look bad before a gate fails: of members, and of requests. */
  readonly tolerance: {
    readonly members: Tolerance;
    readonly requests: Tolerance;
    /** Of requests while a member comes in: they are compared with those from before it. */
    readonly newcomer: Tolerance;
    /** When not one request is answered: whoever has left was not the cause then, and may come in again. */
    readonly noAnswer: Tolerance;
  };
  /** Whether those that stay must be as many as before when this member leaves or gets smaller. */
  floorOf(move: Pick<MemberMove, "kind" | "member" | "from" | "to">): Floor;
  /** Whether requests tell something of a member that comes in now: not while one that fails is still to leave. */
  readonly requestsTell: boolean;
  /** The same once all requests were answered while it came in: what fails from then on is its doing. */
  readonly requestsTellOnceAnswered: boolean;
  /**
   * Whoever leaves may be why something is bad. Requests that fail say nothing of those that stay before it has left
   * for as long as the load balancer may still route to it.
   */
  readonly suspectsLeaving: boolean;
  /**
   * On the way forward, weighted traffic still goes to a member that is known to serve nobody, or to answer with errors:
   * what fails then is its doing, and it may lose its share whatever those that stay have.
   */
  readonly sickServes: boolean;
  /** Behind a drain, requests are judged only when the load balancer can't route to the member any more. */
  readonly requestsTellLate: boolean;
  /** What a lock of somebody else's update may take from the way: refused at once, or waited for like a gate. */
  readonly waitsForLocks: boolean;
  /**
   * What is asked of workloads that somebody else deploys before a member is let in. `same`: they are there and well,
   * and run the images of those that serve. `same-if-told`: so, but when none of those that serve can be asked, nobody
   * waits for them: whoever types an admit may be there to replace them. `there`: the images may be others, because what
   * serves is what is left. `nothing`: on the way back nobody is kept waiting for them.
   */
  readonly externalWorkloads: "same" | "same-if-told" | "there" | "nothing";
  /** Requests of a round: more where some of them failed before, because a share has to be compared (baseline.ts). */
  requests(plain: number): number;
}

/** `short`: half a minute. `gate`: as long as a gate may last, because there is nothing better to turn to. */
export type Tolerance = "short" | "gate";
/**
 * `none`: a healthy peer is enough, because what leaves may be what is broken. `start`: what served when the rollout
 * began. `stayers`: those that stay must be complete, as long as what leaves is healthy.
 */
export type Floor = "none" | "start" | "stayers";

const drainedIn = ({ steps }: Pick<Rollout, "steps">): string[] =>
  steps.flatMap((step) => (step.type === "move" && step.kind === "drain" ? [step.member] : []));

const served = (baseline: Baseline | undefined, member: string): boolean => {
  const groups = Object.values(baseline?.targets[member] ?? {});
  return groups.length > 0 && groups.every(({ registered, healthy }) => healthy > 0 && healthy * 2 >= registered);
};
const answered = (baseline: Baseline | undefined): boolean =>
  baseline !== undefined && Object.values(baseline.requests).every(({ failed }) => failed === 0);

function externalWorkloadsOf(rollout: Rollout | null): RunPolicy["externalWorkloads"] {
  if (rollout?.direction === "back") return "nothing";
  const asked = rollout?.command?.name;
  return asked === "rollback" ? "there" : asked === "admit" ? "same-if-told" : "same";
}

/** Members that served when the rollout began and had no healthy target, or answered with errors, then or since. */
export const deadBefore = (record: Pick<EnvironmentRecord, "rollout" | "placement">): string[] =>
  isWeighted(record.placement)
    ? servingMembers(placementBefore(record)).filter(
        (name) => wasDead(record.rollout?.baseline, name) || record.rollout?.erring?.includes(name) === true,
      )
    : [];

/**
 * Of the rollout that the record has; without one, of nothing that is under way. `isRevived`: whether those that were dead
 * when it began have healthy targets again, in the last look: then requests that failed with them excuse nothing.
 */
export function runPolicy(
  { rollout, placement }: Pick<EnvironmentRecord, "rollout" | "placement">,
  isRevived: () => boolean = () => false,
): RunPolicy {
  const failing = rollout?.failingBefore ?? {};
  const serving = servingMembers(placement);
  const erring = rollout?.erring ?? [];
  const endsService = rollout?.command?.name === "teardown";
  const back = rollout?.direction === "back" ? rollout : null;
  const times = [rollout?.baseline, back?.turned].filter((time) => time !== undefined);
  const dead = back !== null ? [] : deadBefore({ rollout, placement });
  const excusedWithoutDead = excusedBy(times.map((time) => ({ ...time, requests: {} })));
  const emptied = dead.length > 0 && !dead.some((name) => serving.includes(name));
  const asBefore = excusedBy(times, failing);
  const excused: Excused = emptied
    ? excusedWithoutDead
    : { ...asBefore, failing: (key) => (isRevived() ? excusedWithoutDead : asBefore).failing(key) };
  const leaving = back === null ? [] : drainedIn(back);
  // Where requests failed when it turned, one that leaves may be why: there is nothing to turn to.
  const clean = answered(back?.turned);
  const refuge =
    back === null || back.again === true || !clean ? [] : leaving.filter((name) => served(back.turned, name));
  // Somebody asked for it: what gets worse then is whoever comes in, as on the way forward.
  const asked = back?.asked === true && refuge.length > 0;
  // One that was taken out again may not have been the cause: then it must come in again soon.
  // Asked for, and nobody is to leave: whoever came in is why.
  const onlyComes = back?.asked === true && leaving.length === 0;
  const requests = back === null || refuge.length > 0 || takesOutAgain(back) || onlyComes ? "short" : "gate";
  const drainsAhead =
    back !== null &&
    back.steps
      .slice(back.done)
      // Where traffic is weighted a shift has taken it from them before: then requests tell of those that stay.
      .some((step) => step.type === "move" && step.kind === "drain" && placement[step.member]?.share !== 0);
  const onceAnswered = drainsAhead && back.asked !== true && back.again !== true;
  return {
    endsService,
    excused,
    excusedWithoutDead: dead.length > 0 ? excusedWithoutDead : excused,
    excusedBehindDrain: excusedBy(times),
    refuge,
    peersOf: (member) => (endsService ? [] : serving.filter((name) => name !== member && !leaving.includes(name))),
    leaving,
    baked: serving.filter((name) => !leaving.includes(name)),
    tolerance: {
      members: back === null || asked ? "short" : "gate",
      requests,
      newcomer: back?.asked === true || onceAnswered ? "short" : requests,
      noAnswer: back?.again !== true || takesOutAgain(back) ? "short" : "gate",
    },
    floorOf: ({ kind, member }) => {
      if (endsService || (back === null && erring.includes(member))) return "none";
      if (back === null || kind !== "drain") return "start";
      return refuge.includes(member) ? "stayers" : "none";
    },
    // Asked for, also where some failed when it turned: when more of them do with who comes in, it is that one.
    requestsTell: !drainsAhead || back.asked === true,
    requestsTellOnceAnswered: onceAnswered,
    requestsTellLate: back !== null || Object.keys(failing).length > 0,
    suspectsLeaving: back !== null && !asked,
    sickServes:
      back === null &&
      isWeighted(placement) &&
      serving.some((name) => erring.includes(name) || wasDead(rollout?.baseline, name)),
    waitsForLocks: back !== null,
    externalWorkloads: externalWorkloadsOf(rollout),
    requests: (plain) => {
      const shares = Object.keys({ ...times.at(-1)?.requests, ...failing }).map((key) => excused.failing(key));
      return Math.max(plain, ...shares.filter((share) => share > 0).map(requestsBeside));
    },
  };
}

/**
 * Whether the environment must serve well before a run begins. Who types a command because something is broken is told
 * so, and goes on; an upgrade waits.
 */
export function mustServeBefore(
  { rollout, placement }: Pick<EnvironmentRecord, "rollout" | "placement">,
  command: RolloutCommand | null,
): boolean {
  // What is under way is not stopped by what its own gates look at: half-way in front of a member that fails is the
  // worst place to stay, and they turn back.
  if (rollout !== null) return false;
  if (command === null || command.name === "replace") return true;
  if (command.name !== "scale") return false;
  const stands = placement[command.member ?? ""];
  return (command.percent ?? 100) < (stands?.capacityPercent ?? 100);
}
