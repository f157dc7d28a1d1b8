/** A shift: ready → begin → act on the environment's stack → weights read back and held → commit. */
import { beginMove, commitMove, type Intent, type ShiftMove, type ShiftStep } from "../../stacks/record";
import { DriverError } from "../errors";
import { decideShiftReady } from "../gates/shift-ready";
import { decideShifted } from "../gates/shifted";
import type { Snapshot } from "../gates/peers";
import { failed, listing, notYet, type Decided } from "../gates/gate-result";
import { wasDead } from "../observation/dead-member";
import { lacksHealthy } from "../observation/weight-drift";
import { differences } from "../observation/route-weights";
import { snapshot } from "../observation/target-owners";
import type { Observation } from "../observation/observe";
import { errAgain, leaversAnswered } from "../planning/turn-again";
import { applyShift } from "./apply-shift";
import type { Phases } from "./apply-move";
import { waitForEmptied } from "./capacity-check";
import { longestSince, momentOf, type Moment } from "./elapsed";
import { Stop, stopRequested } from "./interruptions";
import { looksOf } from "./observation-needs";
import type { Session } from "./session";
import { loadOf } from "./shift-load";
import { aimsOf, type ShiftAims } from "./shift-rules";
import { weightsAsRecorded } from "./shift-weights";
import { waitForGate, type Gate } from "./wait-for-gate";
import { withdraw } from "./withdraw";

interface Shift {
  readonly session: Session;
  readonly index: number;
  readonly move: ShiftMove;
  readonly aims: ShiftAims;
  readonly phases: Phases;
}

type Peers = Readonly<Record<string, Snapshot>>;

/** A shift that is under way is not made ready for ever: what AWS does not have by then is turned back. */
const confirmSeconds = 600;
/** Between two readings of the weights. */
const againSeconds = 10;
/** So long AWS may have other weights than those that were written before they are written once more. */
const rewriteSeconds = 30;
/** What was seen before is looked at again when it is older than this. */
const staleSeconds = 60;

/** Whoever loses its share may be why requests fail: on the way back, or one that is known to be sick, while it is. */
const isSuspected = ({ session: { policy, record }, aims }: Shift, seen: Observation): boolean =>
  policy.suspectsLeaving ||
  (policy.sickServes &&
    aims.losing.some((member) => lacksHealthy(seen, member) || record.rollout?.erring?.includes(member) === true));

/**
 * Whoever is emptied at once because it was dead has healthy targets again: then there is no reason for it any more, and
 * the newcomer is as untried as before.
 */
function revived({ session: { record }, aims }: Shift, seen: Observation): Decided | null {
  const { rollout } = record;
  if (rollout?.atOnce !== true || rollout.direction === "back") return null;
  const dead = aims.emptied.filter((member) => wasDead(rollout.baseline, member));
  if (dead.length === 0 || dead.some((member) => lacksHealthy(seen, member))) return null;
  return notYet(
    failed(
      "unhealthy",
      `${dead.join(", ")} had no healthy target and has some again, so its requests are not given away at once`,
      "eks-blue-green status shows each target's state; then run the same command again",
    ),
  );
}

/**
 * Of a member that comes in. Where one is only emptied, or may be why something is bad, they ring for what it did, for
 * some time after it has nothing any more.
 */
const alarmsTell = (shift: Shift): boolean =>
  !shift.session.policy.endsService &&
  !shift.session.policy.suspectsLeaving &&
  shift.session.record.rollout?.command?.name !== "rollback" &&
  Object.values(shift.move.changes).some(({ from, to }) => (to.share ?? 0) > (from.share ?? 0));

const tolerances = (session: Session) => ({
  ...session.waits.tolerance,
  excused: session.policy.excused,
  repairMs: session.waits.repairMs,
});

const peersOf = ({ session, aims }: Shift, seen: Observation): Peers =>
  Object.fromEntries(aims.serving.map((member) => [member, snapshot(session.owners, seen, member)]));

function readyGate(shift: Shift, peersBefore: Peers): Gate {
  const { session, index, aims } = shift;
  const rules = {
    rising: aims.rising,
    serving: aims.staying,
    peersBefore,
    ...tolerances(session),
  };
  const load = loadOf(session, aims);
  return {
    name: aims.rising.length === 0 ? `ready for ${aims.what}` : `${aims.rising.join(", ")} can take more`,
    index,
    wants: looksOf(session).serving,
    decide: (seen, memory) =>
      revived(shift, seen) ??
      decideShiftReady(seen, session.owners, { ...rules, ...load, lenient: isSuspected(shift, seen) }, memory),
  };
}

/** What must hold before the weights are changed: as of now. @throws GateFailed, Stop */
async function ready(shift: Shift, resumed: boolean): Promise<{ peers: Peers; isDrifted: boolean; at: Moment }> {
  const { session, index, aims, move } = shift;
  await waitForEmptied(session, index, move, aims);
  const { seen, isDrifted } = await weightsAsRecorded(session, aims, resumed);
  const peers = peersOf(shift, seen);
  // In a teardown nobody has to serve: one that is sick must not be in the way.
  if (!session.policy.endsService) await waitForGate(session, readyGate(shift, peers));
  return { peers, isDrifted, at: momentOf(session.ports.clock) };
}

async function begin({ session, index, phases }: Shift): Promise<void> {
  if (session.options.stop.aborted) throw stopRequested(session.options.commandName);
  await session.phase(index, "begin", "writing the intent", phases, async () => {
    session.record = beginMove(session.record, {
      step: index,
      startedAt: session.isoNow(),
      ...session.caller.signature,
      targetsBefore: {},
    });
    await session.writer.flush();
  });
}

/** The revision goes up, so that a driver that still lives somewhere is fenced off. */
async function takeOver({ session, index, phases }: Shift, intent: Intent): Promise<void> {
  await session.phase(index, "begin", `taking over what ${intent.by} began`, phases, async () => {
    session.record = {
      ...session.record,
      revision: session.record.revision + 1,
      intent: session.caller.signed(intent),
    };
    await session.writer.flush();
  });
}

function shiftedGate(shift: Shift, peersBefore: Peers): Gate {
  const { session, index, move, aims } = shift;
  const { clock } = session.ports;
  const rules = {
    weights: aims.weights,
    what: aims.what,
    serving: aims.serving,
    peersBefore,
    confirmMs: Math.max(clock.scaled(againSeconds), 1000),
    holdMs: session.waits.holdMsOf(move),
    ...tolerances(session),
    // What failed of those that were dead excuses nothing of those that have their part.
    excused: aims.emptied.length > 0 ? session.policy.excusedWithoutDead : session.policy.excused,
    ...(alarmsTell(shift) ? { alarmsUnlessDead: aims.losing } : {}),
    endsService: session.policy.endsService,
  };
  return {
    name: aims.what,
    index,
    wants: {
      ...looksOf(session).serving,
      weights: true,
      ...(alarmsTell(shift) ? { alarms: session.rules.alarms } : {}),
    },
    timeoutSeconds: Math.min(confirmSeconds, session.rules.gateTimeoutSeconds),
    untoldStops: true,
    decide: (seen, memory) => {
      // Who answered more is known: nothing is gained by waiting for the other one.
      const turns = leaversAnswered(session.record, seen.probes) !== null;
      const tolerated = turns ? { requestsToleratedMs: session.waits.shortMs } : {};
      const late = isSuspected(shift, seen) && !errAgain(session.record, seen.probes);
      const now = { ...rules, ...tolerated, requestsTellLate: late };
      return decideShifted(seen, session.owners, now, memory);
    },
    meanwhile: rewriting(shift),
  };
}

/** What AWS lacks of a vector that was written is written again: the same vector, never another one. */
function rewriting(shift: Shift): (seen: Observation) => Promise<void> {
  const { session, index, move, aims } = shift;
  const { clock } = session.ports;
  const graceMs = Math.max(clock.scaled(rewriteSeconds), 3000);
  let since: number | null = null;
  return async (seen) => {
    const wrong = seen.weights == null ? null : differences(aims.weights, seen.weights);
    if (wrong === null) return;
    since = wrong.length === 0 ? null : (since ?? seen.at);
    if (since === null || seen.at - since < graceMs) return;
    session.options.emit({ kind: "note", message: `writing the weights once more: ${listing(wrong)}` });
    await applyShift(session, index, move, {}, { unsure: true, stillReady: () => Promise.resolve() });
    since = clock.now();
  };
}

export async function performShift(session: Session, index: number, step: ShiftStep, phases: Phases): Promise<void> {
  const move: ShiftMove = { kind: step.kind, changes: step.changes };
  const shift: Shift = { session, index, move, aims: aimsOf(session, move), phases };
  const open = session.record.intent;
  const seen = await ready(shift, open !== null);
  if (open === null) await begin(shift);
  else await takeOver(shift, open);
  const stillReady = async (): Promise<void> => {
    const { clock } = session.ports;
    const atOnce = session.record.rollout?.atOnce === true;
    // A machine's own delays are not scaled.
    if (!atOnce && longestSince(clock, seen.at) < Math.max(clock.scaled(staleSeconds), 10_000)) return;
    if (session.policy.endsService) return;
    await waitForGate(session, readyGate(shift, seen.peers));
  };
  try {
    await applyShift(session, index, move, phases, { unsure: open !== null || seen.isDrifted, stillReady });
  } catch (error) {
    const refused = error instanceof DriverError && error.code === "EBG-PLAN-REFUSED";
    if (refused && open === null) await withdraw(session, new Stop(error.code, error.message, error.remedy));
    throw error;
  }
  await session.phase(index, "gate", "looking at the weights and at who is served", phases, () =>
    waitForGate(session, shiftedGate(shift, seen.peers)),
  );
  await session.phase(index, "commit", "writing the placement", phases, async () => {
    session.record = commitMove(session.record);
    // What follows looks on for a while, or takes away what was emptied: both stand on this.
    await session.writer.flush();
  });
}
