/**
 * The gate before a member leaves traffic or gets smaller: the floor of capacity, as the planner keeps it, looked at in
 * the world.
 */
import { groupOfMember, groupRefsOf, onePerPort, type GroupRefs } from "../../stacks/config/group-refs";
import { capacityOf, replicasAt, type MemberMove, type ShiftMove } from "../../stacks/record";
import type { ServiceConfig } from "../../stacks/config";
import { isManaged, replicasAreTheirs } from "../../stacks/config/target-groups";
import { decideEnough, decideLettingGo, type CapacityRules, type LikeThoseThatLeave } from "../gates/capacity";
import { plainLook } from "../observation/observe";
import { capacityFloor, floorOf, leavingMembers } from "../planning/capacity";
import type { Floor } from "../policy/run-policy";
import { placementBefore } from "../planning/walk-back";
import { longestSince, momentOf } from "./elapsed";
import type { Session } from "./session";
import { waitForGate, type Gate } from "./wait-for-gate";

/** A drain (of one whose share is not 0 already), or fewer pods of a member in traffic. */
const takesAway = ({ kind, from, to }: MemberMove): boolean =>
  (kind === "drain" && from.role === "active" && from.share !== 0) ||
  (kind === "scale" && to.role === "active" && capacityOf(to) < capacityOf(from));

/**
 * One good round passes this gate, so it must be one in which a member that answers only some requests with errors is
 * found out.
 */
const probes = 32;

/** Resolves when those that stay can carry the load; at once for moves that take nothing away. @throws GateFailed */
export async function waitForCapacity(session: Session, index: number, move: MemberMove): Promise<void> {
  const floor = session.policy.floorOf(move);
  if (floor === "none" || !takesAway(move) || session.record.rollout === null) return;
  const rules = rulesOf(session, move, floor);
  const gate: Gate = {
    name: `enough stays without ${move.member}`,
    index,
    wants: { ...plainLook, probes },
    decide: (seen, memory) => decideEnough(seen, session.owners, rules, memory),
  };
  await waitForGate(session, gate);
  session.memory.enoughSeenAt = momentOf(session.ports.clock);
}

/**
 * A member that gets no requests any more leaves traffic then, whenever it is deregistered: those that go on getting
 * some must carry the load. @throws GateFailed
 */
export async function waitForEmptied(
  session: Session,
  index: number,
  { changes }: ShiftMove,
  { emptied, serving }: { readonly emptied: readonly string[]; readonly serving: readonly string[] },
): Promise<void> {
  for (const member of emptied) {
    if (member === session.memory.emptiedInAnyCase) continue;
    const change = changes[member];
    const move: MemberMove | null = change === undefined ? null : { kind: "drain", member, ...change };
    const floor = move === null ? "none" : session.policy.floorOf(move);
    if (move === null || floor === "none" || session.record.rollout === null) continue;
    const rules = rulesOf(session, move, floor, serving);
    await waitForGate(session, {
      name: `enough stays without ${member}`,
      index,
      wants: { ...plainLook, probes },
      decide: (seen, memory) => decideEnough(seen, session.owners, rules, memory),
    });
  }
}

/**
 * Writing the intent, a plan and a state's copy may each have taken minutes (a backend that does not answer), and an
 * attempt at the update hours: by then those that stay may have failed.
 */
const staleSeconds = 60;

/** Right before the act: the look at those that stay is made again when it is old. */
export async function stillEnough(session: Session, index: number, move: MemberMove): Promise<void> {
  const { clock } = session.ports;
  // A machine's own delays are not scaled.
  if (longestSince(clock, session.memory.enoughSeenAt) < Math.max(clock.scaled(staleSeconds), 10_000)) return;
  await waitForCapacity(session, index, move);
}

/**
 * A member that serves and gets smaller: its controller must run, and know all of its targets. One that lacks some lets
 * their pods go and the
 * load balancer goes on sending to them (docs/reference/controller-behaviour.md). Also on the way back: there it is the
 * same pods that go.
 */
export async function waitForController(
  session: Session,
  index: number,
  { kind, member, from, to }: MemberMove,
): Promise<void> {
  if (kind !== "scale" || from.role !== "active" || to.role !== "active" || capacityOf(to) >= capacityOf(from)) return;
  await waitForGate(session, {
    name: `${member}'s controller can let targets go`,
    index,
    wants: { ...plainLook, infrastructure: true },
    decide: (seen) => decideLettingGo(seen, member),
  });
}

/**
 * Whether an autoscaler owns the number of some service's targets, so that a drain has to write down how many there
 * were.
 */
export const countsBeforeDrain = (session: Session): boolean =>
  session.environment.config.services.some(
    (service) => replicasAreTheirs(service) && service.targetType !== "instance",
  );

/**
 * Seconds of AWS's time until pods that an autoscaler adds serve: its own period, the pod's start, registration and
 * health checks.
 */
const growSeconds = 900;

/** Within the gate's own timeout, which knows no remedy. */
export const growMsOf = ({ ports: { clock }, rules }: Session): number =>
  Math.max(clock.scaled(Math.min(growSeconds, 0.9 * rules.gateTimeoutSeconds)), 9000);

const refsOf = ({ environment }: Session): GroupRefs => groupRefsOf(environment.loadBalancer.services);

/**
 * Where an autoscaler owns the number, nobody knows what traffic needs but those that serve it: what leaves is counted
 * before it leaves,
 * together with what left earlier in this rollout and does not come back.
 */
function likeThoseThatLeave(
  session: Session,
  port: string,
  member: string,
  service: ServiceConfig,
): LikeThoseThatLeave {
  const { rollout, intent } = session.record;
  const steps = rollout?.steps ?? [];
  const drained = steps
    .slice(0, rollout?.done ?? 0)
    .flatMap((step) => (step.type === "move" && step.kind === "drain" ? [step.member] : []));
  const forGood = leavingMembers(steps);
  const leaving = [...new Set([member, ...forGood.filter((name) => !drained.includes(name))])];
  // Of a drain that is open, some targets may be gone already; one that begins anew is counted anew.
  const left = [
    ...forGood.filter((name) => drained.includes(name)),
    ...(intent?.move.member === member ? [member] : []),
  ];
  const refs = refsOf(session);
  const before = Object.fromEntries(
    left.map((name) => [name, rollout?.healthyBefore?.[name]?.[groupOfMember(refs, port, name)] ?? 0]),
  );
  const external = isManaged(service) ? {} : { external: true as const };
  return { percent: session.rules.minCapacityPercent, leaving, before, ...external };
}

function floorPercent(session: Session, member: string, from: Floor): number {
  const { rollout, placement } = session.record;
  if (rollout === null) return 0;
  if (from === "start") return floorOf(placementBefore(session.record), rollout, session.rules);
  const { [member]: _leaves, ...stayers } = placement;
  return capacityFloor(stayers, session.rules);
}

/**
 * Pods that are not ready are not even registered: where nobody had a healthy target before, what leaves now, if
 * anything, is the measure.
 */
function nobodyServed(session: Session, port: string): boolean {
  const serving = session.serving();
  const refs = refsOf(session);
  return (
    serving.length > 0 && serving.every((name) => session.policy.excused.dead(name, groupOfMember(refs, port, name)))
  );
}

/**
 * Nobody has to have more than before the rollout began: what was sick then, or missing, is not its doing. What served
 * then is still needed, also that of the member that leaves: one that was made larger may be sick with more targets than
 * anybody needs.
 */
function whatThereWas(
  session: Session,
  port: string,
  { stayers, leaving }: { readonly stayers: readonly string[]; readonly leaving: string },
  from: Floor,
  needed: number,
): number {
  const { excused } = session.policy;
  const refs = refsOf(session);
  const sum = (counts: readonly number[]): number => counts.reduce((all, one) => all + one, 0);
  const had = (names: readonly string[]): number | null => {
    const counts = names.map((name) => excused.had(name, groupOfMember(refs, port, name)));
    return counts.some((count) => count === null) ? null : sum(counts.map((count) => count ?? 0));
  };
  if (from !== "start") return Math.min(needed, had(stayers) ?? needed);
  const sick = sum(stayers.map((name) => excused.sick(name, groupOfMember(refs, port, name))));
  return Math.max(0, needed - sick, Math.min(needed, had([...stayers, leaving]) ?? 0));
}

/** `stayers`: absent, all others that serve. */
function rulesOf(
  session: Session,
  { member, kind, to }: MemberMove,
  from: Floor,
  stayers: readonly string[] = session.serving().filter((name) => name !== member),
): CapacityRules {
  const floor = floorPercent(session, member, from);
  // A person asked for it: nothing has to be in a hurry where it still serves.
  const asked = session.record.rollout?.command?.name === "drain" && session.policy.sickServes;
  const required: Record<string, CapacityRules["required"][string]> = {};
  const keeps: Record<string, number> = {};
  for (const { port, service: name } of onePerPort(refsOf(session))) {
    const service = session.environment.config.services.find((one) => one.name === name);
    if (service === undefined) continue;
    if (service.targetType === "instance") required[port] = null;
    else if (kind === "drain" && nobodyServed(session, port))
      required[port] = likeThoseThatLeave(session, port, member, service);
    else if (replicasAreTheirs(service))
      required[port] = kind === "drain" ? likeThoseThatLeave(session, port, member, service) : null;
    else
      required[port] = whatThereWas(
        session,
        port,
        { stayers, leaving: member },
        from,
        Math.ceil((service.replicas * floor) / 100),
      );
    if (kind === "scale") keeps[port] = replicasAreTheirs(service) ? 0 : replicasAt(service.replicas, capacityOf(to));
  }
  return {
    member,
    stayers,
    minActive: Math.max(1, session.rules.minActive),
    required,
    keeps,
    ...session.waits.tolerance,
    excused: session.policy.excused,
    suspectsLeaving: from === "stayers" && session.policy.suspectsLeaving,
    ...(asked && from !== "stayers" ? { whereHealthy: true as const } : {}),
    ...(from === "stayers" || (session.policy.sickServes && !asked) ? { whileHealthy: true as const } : {}),
    repairMs: session.waits.repairMs,
    growMs: growMsOf(session),
  };
}
