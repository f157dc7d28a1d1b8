/**
 * Every call of a look has a deadline of its own; this is the one around all of them. A look that does not end would
 * stop a gate's timeout, and Ctrl-C with it.
 */
import { stopRequested } from "./interruptions";

/** Longer than the deadlines of the calls within it; a machine's own time, so it is not scaled. */
export const lookDeadlineMs = 120_000;

/** null: it did not end in time. @throws Stop when somebody asks to stop meanwhile */
export async function withinDeadline<T>(
  work: Promise<T>,
  { stop, commandName }: { readonly stop: AbortSignal; readonly commandName: string },
  deadlineMs = lookDeadlineMs,
): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  let stopped: (() => void) | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), deadlineMs);
  });
  const asked = new Promise<never>((_, reject) => {
    stopped = () => reject(stopRequested(commandName));
    stop.addEventListener("abort", stopped, { once: true });
  });
  try {
    return await Promise.race([work, late, asked]);
  } finally {
    clearTimeout(timer);
    if (stopped !== undefined) stop.removeEventListener("abort", stopped);
    // Whoever lost the race must not end the process.
    work.catch(() => undefined);
  }
}
