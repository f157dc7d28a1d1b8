/**
 * An evacuation where traffic is weighted begins with a shift: a group that is emptied answers its part of the requests
 * with errors. Weights are the environment's, so nothing of the member's cluster is needed for that.
 */
import { describeMove, isWeighted, type EnvironmentRecord } from "../../stacks/record";
import { inTeardown, mayEvacuate, type EvacuationRequest } from "../evacuation/eligibility";
import { DriverError } from "../errors";
import { plainLook, type Observation } from "../observation/observe";
import { canTakeOver, getsSome } from "../planning/emptying";
import { bringIn } from "../planning/step-builder";
import { steps } from "../rollout/rollout";
import type { Session } from "../rollout/session";
import { describeAsked, typed } from "../text/command-line";
import { emptyInstead, evacuatedBy, evacuationId } from "./empty-instead";

/** Thrown by this file, to itself: what is left of the rollout needs the member's cluster. */
class ShareIsGone extends Error {}

const isOwn = ({ rollout }: EnvironmentRecord, member: string): boolean =>
  rollout?.command?.name === "drain" && rollout.command.member === member && rollout.direction === "forward";

/**
 * Nothing but a shift, or somebody who comes in, may be half-way: nobody could say who gets which part.
 * @throws EBG-EVACUATE
 */
function refuseOpenMove({ intent, rollout }: EnvironmentRecord, { member, environment }: EvacuationRequest): void {
  if (intent === null || canTakeOver(intent.move, member)) return;
  const command = describeAsked(rollout?.command ?? null);
  throw new DriverError(
    "EBG-EVACUATE",
    `'${describeMove(intent.move)}' is open (since ${intent.startedAt}, by ${intent.by}), and ${member} still gets a ` +
      "part of the requests, which has to go to the others first",
    `let it end: ${typed(environment, command)}, or ${typed(environment, "rollback")}; it stops by itself where it needs ` +
      `${member}; then run the same command again: ${typed(environment, `evacuate ${member}`)}`,
  );
}

/** The shift, and the drain that `drain` would go on with should the cluster come back before the evacuation begins. */
function begun(session: Session, observation: Observation, { member, environment }: EvacuationRequest): void {
  if (isOwn(session.record, member)) return;
  const instead = emptyInstead(session, observation, { member, id: evacuationId });
  if (instead !== null) return;
  throw new DriverError(
    "EBG-EVACUATE",
    `without ${member} nobody would serve: no other member in traffic is healthy`,
    `repair another member, or ${bringIn(session.record.placement, [member])}; then run the same command again: ` +
      typed(environment, `evacuate ${member}`),
  );
}

/** Whether it gets no part of the requests, and no shift is half-way that takes one from it. */
const nothingToGive = ({ record }: Session, member: string): boolean =>
  record.evacuation != null || inTeardown(record) || !getsSome(record, member);

/**
 * Returns when the member gets no requests any more, and no node of the load balancer sends it any.
 * @throws GateFailed, Stop; EBG-EVACUATE when it may not be evacuated, or something else is half-way
 */
async function giveShareAway(session: Session, observation: Observation, asked: EvacuationRequest): Promise<void> {
  const { member } = asked;
  if (nothingToGive(session, member)) return;
  const { record } = session;
  // A drain's shift is its own: whether its member may be evacuated is asked before any traffic moves. And a way back of
  // an evacuation leads to the member: it is taken over like any other.
  const { rollout, intent } = record;
  const isEvacuation = rollout !== null && evacuatedBy(rollout) === member && isOwn(record, member);
  const resumes = isEvacuation && intent?.move.kind === "shift";
  if (!resumes) {
    mayEvacuate(record, observation, session.owners, asked);
    refuseOpenMove(record, asked);
    begun(session, observation, asked);
  }
  session.memory.emptiedInAnyCase = member;
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
