/** Before a step that raises a share: whoever serves may be dead, known or not, and then no smaller step is made. */
import { isDeepStrictEqual } from "node:util";
import { isServing, isShiftStep, isWeighted, type ShiftStep, type Step } from "../../stacks/record";
import { plainLook } from "../observation/observe";
import { lacksHealthy } from "../observation/weight-drift";
import { emptiedBy, raisedBy } from "../planning/shares";
import { betweenLooks } from "./interruptions";
import { pastTheSick } from "./sick-leaver";
import type { Session } from "./session";

/** Enough to tell whose they are that fail. */
const requests = 64;

const turning = { refuge: [], worse: true, nothingAnswers: false };

/**
 * Whoever gets everything may have answered nobody yet, and a shift can't be taken back within minutes: so much longer
 * the other one must be dead. When it is not any more, the gate of this very shift says so.
 */
async function watchOn(session: Session, step: ShiftStep, until: number): Promise<false> {
  const { placement } = session.record;
  const emptied = emptiedBy([step]);
  const untried = raisedBy(step).every((name) => !isServing(placement[name]));
  while (untried && session.ports.clock.now() < until) {
    const seen = await session.look(plainLook);
    if (!emptied.some((name) => lacksHealthy(seen, name))) break;
    await betweenLooks(session);
  }
  return false;
}

/**
 * Writes the shift that gives those that are well everything, instead of this one. False: nobody is dead, or those that
 * would serve are not all well.
 */
export async function pastTheDead(session: Session, step: Step): Promise<boolean> {
  const { record, options, ports } = session;
  if (!isShiftStep(step) || record.intent !== null || !isWeighted(record.placement)) return false;
  if (raisedBy(step).length === 0) return false;
  const { clock } = ports;
  const sure = clock.now() + session.waits.shortMs;
  if (record.rollout?.atOnce === true) return watchOn(session, step, sure);
  for (;;) {
    const next = pastTheSick(session, await session.look({ ...plainLook, probes: requests }), turning);
    const instead = next?.rollout?.steps[next.rollout.done];
    if (next === null || instead?.type !== "move" || instead.kind !== "shift") return false;
    // It was planned so.
    if (isDeepStrictEqual(instead.changes, step.changes)) return false;
    if (clock.now() >= sure) {
      session.record = next;
      options.emit({
        kind: "note",
        message:
          "a member that serves has no healthy target, or answers with errors: those that are well get all requests " +
          "in one shift",
      });
      await session.writer.flush();
      return true;
    }
    await betweenLooks(session);
  }
}
