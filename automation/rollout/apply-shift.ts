/** The act of a shift: an update of the environment's stack that changes weights and nothing else. */
import type { ShiftMove } from "../../stacks/record";
import { assertAllowed, changesOf } from "../policy/move-policy";
import type { StackRef } from "../ports";
import { stackName } from "../text/stack-name";
import { attempted, type Attempt, type Phases } from "./apply-move";
import type { Session } from "./session";

const stack: StackRef = { kind: "environment" };

interface Shifting {
  /** Weights may not be as the state has them: whoever began it was killed, or somebody changed them by hand. */
  readonly unsure: boolean;
  /** Right before the update: whoever gets more can still take it. */
  readonly stillReady: () => Promise<void>;
}

async function once(
  session: Session,
  index: number,
  phases: Phases,
  { planned, again }: Attempt,
  { unsure, stillReady }: Shifting,
): Promise<void> {
  const { pulumi } = session.ports;
  const { cancel, emit } = session.options;
  const name = stackName(session.environment.environment, stack);
  const context = { kind: "act", expectedRevision: session.writer.written.revision } as const;
  const previewed = await session.phase(index, "preview", `planning the update of ${name}`, phases, async () => {
    if (unsure || again) await pulumi.refreshRoutes();
    const [update] = await Promise.all([pulumi.preview(stack, context, cancel), pulumi.backUpState(stack)]);
    return update;
  });
  const changes = changesOf(previewed.operations).length;
  planned(changes);
  assertAllowed("shift", name, previewed.operations);
  await stillReady();
  const tell = (
    status: "started" | "finished",
    seconds: number | null,
    done: Readonly<Record<string, number>> | null,
  ) =>
    emit({
      kind: "stack",
      stack: name,
      status,
      message: status === "started" ? "shifting" : "shifted",
      seconds,
      changes: done,
    });
  tell("started", null, null);
  const applied = await session.phase(index, "act", `shifting traffic in ${name}`, phases, () =>
    pulumi.apply(stack, context, previewed.plan, cancel),
  );
  tell("finished", applied.seconds, applied.changes);
}

/** Repeatable: the same weights are declared each time, so a second run does what the first left over. */
export const applyShift = (
  session: Session,
  index: number,
  move: ShiftMove,
  phases: Phases,
  shifting: Shifting,
): Promise<void> => attempted(session, move, (attempt) => once(session, index, phases, attempt, shifting));
