/** A rollout that ends before its end writes down why: its own output is gone, or elsewhere, when somebody looks. */
import { withHalt } from "../../stacks/record/halt";
import { DriverError } from "../errors";
import type { RolloutResult } from "../rollout/rollout";
import type { Session } from "../rollout/session";
import { oneLine } from "../text/foreign";

/** Nothing to say, or nobody to say it: who was fenced, or can't write, leaves the record as it is. */
const notWritten: ReadonlySet<string> = new Set([
  "EBG-STOPPED",
  "EBG-FENCED",
  "EBG-STACK-LOCKED",
  "EBG-CREDENTIALS",
  "EBG-RECORD-LOST",
  "EBG-INTERNAL",
]);

/** More of a message is in the output of whoever ran it. */
const mostCharacters = 1000;

type Ending = Pick<RolloutResult, "code" | "message" | "remedy">;

async function remember(session: Session, { code, message, remedy }: Ending): Promise<void> {
  if (session.record.rollout === null || code === null || notWritten.has(code) || session.options.cancel.aborted)
    return;
  session.record = withHalt(session.record, session.written.revision, {
    at: session.isoNow(),
    by: session.by,
    code,
    message: oneLine(message, mostCharacters),
    remedy: remedy === null ? null : oneLine(remedy, mostCharacters),
  });
  try {
    await session.flush();
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    const why = error.message.split("\n")[0] ?? "";
    session.options.emit({ kind: "note", message: `why it stopped was not written into the record: ${why}` });
  }
}

/** The same result or failure as `work`; its reason is in the record, when it stands still there. */
export async function rememberingHalt(session: Session, work: () => Promise<RolloutResult>): Promise<RolloutResult> {
  try {
    const result = await work();
    if (result.outcome === "failed" || result.outcome === "stopped") await remember(session, result);
    return result;
  } catch (error) {
    // With a write ahead of it, it may be just that write which failed.
    const ahead = session.record.revision > session.written.revision;
    if (error instanceof DriverError && !ahead) await remember(session, error);
    throw error;
  }
}
