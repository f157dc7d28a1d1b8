/** A rollout that ends before its end writes down why: its own output is gone, or elsewhere, when somebody looks. */
import { asOneWrite, type EnvironmentRecord } from "../../stacks/record";
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

/** The end is told behind this write: a backend that is slow or locked may not hide it. A machine's own time. */
const deadlineMs = 30_000;

/** One attempt. @throws DriverError when it was not written, or nobody knows by the deadline */
async function writeOnce({ ports, writer: { written }, options }: Session, next: EnvironmentRecord): Promise<void> {
  const { clock, pulumi } = ports;
  const late = new AbortController();
  const ended = new AbortController();
  const writing = (async () =>
    await pulumi.writeRecord(written.revision, next, AbortSignal.any([options.cancel, late.signal])))().finally(() =>
    ended.abort(),
  );
  const deadline = async (): Promise<void> => {
    const end = clock.now() + deadlineMs;
    while (!ended.signal.aborted && clock.now() < end) await clock.sleep(1000, ended.signal);
    if (ended.signal.aborted) return await writing;
    late.abort();
    throw new DriverError("EBG-DEADLINE", `it did not end within ${deadlineMs / 1000} s`, "");
  };
  await Promise.race([writing, deadline()]);
}

type Ending = Pick<RolloutResult, "code" | "message" | "remedy">;

async function remember(session: Session, { code, message, remedy }: Ending): Promise<void> {
  if (session.record.rollout === null || code === null || notWritten.has(code) || session.options.cancel.aborted)
    return;
  const record = withHalt(session.record, session.writer.written.revision, {
    at: session.isoNow(),
    ...session.caller.signature,
    code,
    message: oneLine(message, mostCharacters) || code,
    remedy: oneLine(remedy ?? "", mostCharacters) || null,
  });
  try {
    const next = asOneWrite(session.writer.written, record);
    await writeOnce(session, next);
    session.writer.written = next;
    session.record = next;
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
    const ahead = session.record.revision > session.writer.written.revision;
    if (error instanceof DriverError && !ahead) await remember(session, error);
    throw error;
  }
}
