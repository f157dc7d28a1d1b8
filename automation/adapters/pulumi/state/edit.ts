/**
 * The one way in which the driver changes a stack's state by itself: read, decide, write. No backend does this under
 * one lock, so a state that somebody else saves in between must never be overwritten:
 * - nothing is decided before the backend has said that nobody holds the stack;
 * - right before the state is written the stack must be free once more, and its state must be the one that was decided
 *   on; else all of it begins anew;
 * - writing takes the stack's lock. When somebody else has it, the write is never repeated with the old text.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { DriverError } from "../../../errors";
import { withTemporaryFolder, writePrivateFile } from "../../temporary-folders";
import { LockedError } from "../engine/failures";
import { exportText, type StackCli, type State } from "./export";

/** Each begins after somebody else's update has ended: more of them than this is no accident. */
const mostAttempts = 20;

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Whether it was written. @throws LockedError when somebody else holds the stack */
async function importOnce(engine: StackCli, stack: string, state: State): Promise<void> {
  await withTemporaryFolder("state", async (folder) => {
    const file = join(folder, "state.json");
    writePrivateFile(file, JSON.stringify(state));
    await engine.commandOnce(stack, ["stack", "import", "--file", file, "--stack", stack]);
  });
}

/**
 * `decide` answers the state to be written, or null when it stays as it is. It is asked again whenever somebody else was
 * faster, with a state of its own to change. Answers the state that the stack has then; null when there is no such
 * stack.
 * @throws EBG-STACK-LOCKED, and what `decide` throws
 */
export async function editState(
  engine: StackCli,
  stack: string,
  decide: (state: State) => State | null | Promise<State | null>,
): Promise<State | null> {
  // To ask a bucket whether a stack is free makes one that is not there.
  if ((await exportText(engine, stack)) === null) return null;
  for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
    await engine.untilProvenFree(stack);
    const before = await exportText(engine, stack);
    if (before === null) return null;
    const state = await decide(JSON.parse(before) as State);
    if (state === null) return JSON.parse(before) as State;
    await engine.untilProvenFree(stack);
    const now = await exportText(engine, stack);
    if (now === null || digest(now) !== digest(before)) continue;
    try {
      await importOnce(engine, stack, state);
      return state;
    } catch (error) {
      if (!(error instanceof LockedError)) throw error;
    }
  }
  throw new DriverError(
    "EBG-STACK-LOCKED",
    `stack ${stack} is being changed by somebody else again and again`,
    "let the other updates end, then run the same command again",
  );
}
