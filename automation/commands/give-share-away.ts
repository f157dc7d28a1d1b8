/**
 * An evacuation where traffic is weighted begins with a shift: a group that is emptied answers its part of the requests
 * with errors. Weights are the environment's, so nothing of the member's cluster is needed for that.
 */
import {
  describeMove,
  isMovedBy,
  isWeighted,
  startRollout,
  type EnvironmentRecord,
  type MemberPlacement,
  type ShiftStep,
  type Step,
} from "../../stacks/record";
import { inTeardown, mayEvacuate, type EvacuationRequest } from "../evacuation/eligibility";
import { DriverError } from "../errors";
import { baselineOf } from "../observation/baseline";
import { plainLook, type Observation } from "../observation/observe";
import { healthOf } from "../observation/target-owners";
import { shiftWithout } from "../planning/shares-without";
import { steps } from "../rollout/rollout";
import type { Session } from "../rollout/session";
import { describeAsked, typed } from "../text/command-line";

/** Thrown by this file, to itself: what is left of the rollout needs the member's cluster. */
class ShareIsGone extends Error {}

const isOwn = ({ rollout }: EnvironmentRecord, member: string): boolean =>
  rollout?.command?.name === "drain" && rollout.command.member === member && rollout.direction === "forward";

/** The shift, and the drain that `drain` would go on with should the cluster come back before the evacuation begins. */
function stepsOf(member: string, stands: MemberPlacement, shift: ShiftStep | null): Step[] {
  const { share: _share, ...plain } = stands;
  const emptied = { ...stands, share: 0 };
  return [
    shift ?? { type: "move", kind: "shift", changes: { [member]: { from: stands, to: emptied } } },
    { type: "move", kind: "drain", member, from: emptied, to: { ...plain, role: "standby" } },
  ];
}

/**
 * A shift that is open, and changes its share too, leads elsewhere instead: all of it is written anew. Nothing else may be
 * half-way: nobody could say who gets which part. @throws EBG-EVACUATE
 */
function refuseOpenMove({ intent, rollout }: EnvironmentRecord, { member, environment }: EvacuationRequest): void {
  if (intent === null || (intent.move.kind === "shift" && isMovedBy(intent.move, member))) return;
  const command = describeAsked(rollout?.command ?? null);
  throw new DriverError(
    "EBG-EVACUATE",
    `'${describeMove(intent.move)}' is open (since ${intent.startedAt}, by ${intent.by}), and ${member} still gets a ` +
      "part of the requests, which has to go to the others first",
    `let it end: ${typed(environment, command)}, or ${typed(environment, "rollback")}; it stops by itself where it needs ` +
      `${member}; then run the same command again: ${typed(environment, `evacuate ${member}`)}`,
  );
}

function begun(session: Session, observation: Observation, { member }: EvacuationRequest): EnvironmentRecord {
  const { record } = session;
  const stands = record.placement[member];
  if (stands === undefined || isOwn(record, member)) return record;
  if (record.rollout !== null)
    session.options.emit({
      kind: "note",
      message: `rollout ${record.rollout.id} ends here: it was planned with ${member}`,
    });
  const startedAt = session.isoNow();
  const { intent } = record;
  const isWell = (name: string): boolean => healthOf(session.owners, observation, name) === "healthy";
  const shift = intent === null ? null : shiftWithout(record.placement, intent.move, { gone: [member], isWell });
  const started = startRollout(
    { ...record, rollout: null, intent: null },
    {
      id: `${startedAt.replace(/[-:]|\.\d+/g, "")}-evacuate`,
      command: { name: "drain", member, percent: null },
      strategy: session.rules.strategy,
      wantedVersion: session.environment.config.kubernetesVersion,
      steps: stepsOf(member, stands, shift),
      startedAt,
      baseline: baselineOf(observation, session.owners, session.active()),
    },
  );
  if (intent === null || shift === null) return started;
  const { type: _type, ...move } = shift;
  return { ...started, intent: { ...session.signed(intent), move, step: 0 } };
}

/** Whether it gets no part of the requests, and no shift is half-way that takes one from it. */
function nothingToGive({ record }: Session, member: string): boolean {
  if (record.evacuation != null || inTeardown(record)) return true;
  const open = record.intent?.move;
  return (record.placement[member]?.share ?? 0) === 0 && !(open?.kind === "shift" && isMovedBy(open, member));
}

/**
 * Returns when the member gets no requests any more, and no node of the load balancer sends it any.
 * @throws GateFailed, Stop; EBG-EVACUATE when it may not be evacuated, or something else is half-way
 */
async function giveShareAway(session: Session, observation: Observation, asked: EvacuationRequest): Promise<void> {
  const { member } = asked;
  if (nothingToGive(session, member)) return;
  const { record } = session;
  const resumes = record.intent?.move.kind === "shift" && isOwn(record, member);
  if (!resumes) {
    mayEvacuate(record, observation, session.owners, asked);
    refuseOpenMove(record, asked);
    session.record = begun(session, observation, asked);
  }
  session.emptiedInAnyCase = member;
  try {
    await steps(session, (step) => {
      if (step.type === "move" && step.kind === "drain") throw new ShareIsGone();
      return Promise.resolve();
    });
  } catch (error) {
    if (!(error instanceof ShareIsGone)) throw error;
  }
}

/** Of the look that a shift is compared with. */
const requests = 32;

/** What is seen when the member gets no requests, as it is where traffic is shared. @throws as giveShareAway */
export async function lookWithoutShare(session: Session, asked: EvacuationRequest): Promise<Observation> {
  const probes = isWeighted(session.record.placement) ? requests : 0;
  const look = (): Promise<Observation> => session.look({ ...plainLook, infrastructure: true, probes });
  const before = await look();
  const { revision } = session.record;
  await giveShareAway(session, before, asked);
  // A shift holds for minutes.
  return session.record.revision === revision ? before : await look();
}
