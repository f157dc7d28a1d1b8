/** Before a step that raises a share: whoever serves may be dead, known or not, and then no smaller step is made. */
import { isDeepStrictEqual } from "node:util";
import { isShiftStep, isWeighted, type Step } from "../../stacks/record";
import { plainLook } from "../observation/observe";
import { raisedBy } from "../planning/shares";
import { betweenLooks } from "./interruptions";
import { pastTheSick } from "./sick-leaver";
import type { Session } from "./session";

const turning = { refuge: [], worse: true, nothingAnswers: false };

/**
 * Writes the shift that gives those that are well everything, instead of this one. False: nobody is dead, or those that
 * would serve are not all well.
 */
export async function pastTheDead(session: Session, step: Step): Promise<boolean> {
  const { record, options, ports } = session;
  if (!isShiftStep(step) || record.intent !== null || !isWeighted(record.placement)) return false;
  if (raisedBy(step).length === 0) return false;
  const { clock } = ports;
  const sure = clock.now() + session.shortMs;
  for (;;) {
    const next = pastTheSick(session, await session.look(plainLook), turning);
    const instead = next?.rollout?.steps[next.rollout.done];
    if (next === null || instead?.type !== "move" || instead.kind !== "shift") return false;
    // It was planned so.
    if (isDeepStrictEqual(instead.changes, step.changes)) return false;
    if (clock.now() >= sure) {
      session.record = next;
      options.emit({
        kind: "note",
        message: "a member that serves has no healthy target: those that are well get all requests in one shift",
      });
      await session.flush();
      return true;
    }
    await betweenLooks(session);
  }
}
