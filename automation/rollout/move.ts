/** One move: begin → act → gate → commit. Also the rest of a move that was begun by a driver that is gone. */
import { beginMove, commitMove, isMemberMove, type Intent, type MemberMove, type Step } from "../../stacks/record";
import { DriverError } from "../errors";
import { healthyByGroup } from "../gates/capacity";
import { snapshot } from "../observation/target-owners";
import type { Snapshot } from "../gates/peers";
import { noteFailing } from "./failing-before";
import { act, type Phases } from "./apply-move";
import { afterMove, peersBefore } from "./move-gates";
import { beforeMove, noneUnaccounted } from "./move-preconditions";
import { liftDenial } from "./evacuated-member";
import { countsBeforeDrain, waitForCapacity, waitForController } from "./capacity-check";
import { waitForCredentials } from "./credentials-check";
import { waitForExternal } from "./external-check";
import { waitForAwaited } from "./before-admission";
import { mayBeTurned, runHooks } from "./hooks";
import type { Session } from "./session";
import { performShift } from "./shift";
import { withdraw } from "./withdraw";
import { GateFailed, Stop, stopRequested } from "./interruptions";

interface Begun {
  readonly own: Snapshot;
  readonly peers: Readonly<Record<string, Snapshot>>;
}

/**
 * The next write may be left to the following `begin` only when that comes at once: not before a bake or an approval.
 * After the last step it is left to the rollout's end; a teardown's goes on without a write to what only an emptied
 * record allows.
 */
function followsAtOnce(session: Session, next: Step | undefined): boolean {
  if (next === undefined) return !session.policy.endsService;
  return next.type === "move" && next.kind !== "retire" && next.kind !== "drain";
}

async function begin(session: Session, index: number, move: MemberMove, phases: Phases): Promise<Begun> {
  await waitForCapacity(session, index, move);
  await waitForController(session, index, move);
  // Whatever deploys external workloads may be told of the member by it.
  if (move.kind === "admit") await runHooks(session, index, move);
  await waitForExternal(session, index, move);
  await waitForAwaited(session, index, move);
  await waitForCredentials(session, index, move);
  const observation = await beforeMove(session, index, move, false);
  if (session.options.stop.aborted) throw stopRequested(session.options.commandName);
  const own = move.kind === "drain" ? snapshot(session.owners, observation, move.member) : {};
  const healthy =
    move.kind === "drain" && move.from.role === "active" && countsBeforeDrain(session)
      ? healthyByGroup(observation, session.owners, move.member)
      : null;
  const peers = peersBefore(session, observation, move.member);
  noteFailing(session, move, observation);
  await session.phase(index, "begin", "writing the intent", phases, async () => {
    session.record = beginMove(session.record, {
      step: index,
      startedAt: session.isoNow(),
      ...session.caller.signature,
      targetsBefore: own,
      ...(healthy === null ? {} : { healthyBefore: healthy }),
    });
    await session.writer.flush();
  });
  return { own, peers };
}

/**
 * Takes over a move that was begun before: the revision goes up, so that a driver that still lives somewhere is fenced
 * off. Targets
 * that turned up in the meantime count as well: some of the act may be undone by a controller that was down.
 */
async function takeOver(
  session: Session,
  index: number,
  intent: Intent,
  move: MemberMove,
  phases: Phases,
): Promise<Begun> {
  // It may have been begun long ago, and those that were to carry the load may have failed since.
  await waitForCapacity(session, index, move);
  await waitForController(session, index, move);
  // What was begun like any other move has had them.
  if (move.kind === "admit" && mayBeTurned(session)) await runHooks(session, index, move);
  const observation = await beforeMove(session, index, move, true);
  noteFailing(session, move, observation);
  await session.phase(index, "begin", `taking over what ${intent.by} began`, phases, async () => {
    const now = snapshot(session.owners, observation, move.member);
    const services = [...new Set([...Object.keys(intent.targetsBefore), ...Object.keys(now)])];
    const union = Object.fromEntries(
      services.map((service) => [
        service,
        [...new Set([...(intent.targetsBefore[service] ?? []), ...(now[service] ?? [])])].sort(),
      ]),
    );
    const targetsBefore = move.kind === "drain" ? union : intent.targetsBefore;
    session.record = {
      ...session.record,
      revision: session.record.revision + 1,
      intent: { ...session.caller.signed(intent), targetsBefore },
    };
    await session.writer.flush();
  });
  return {
    own: session.record.intent?.targetsBefore ?? {},
    peers: peersBefore(session, observation, move.member),
  };
}

/**
 * In a teardown: its stack has no outputs, so it never served (its first update failed), and nobody knows where to ask
 * it. It is destroyed as it is.
 */
const neverDeployed = (session: Session, { kind, member }: MemberMove): boolean =>
  session.policy.endsService && (kind === "drain" || kind === "scale") && session.members[member] === undefined;

/** The move counts as done without an update. @throws Stop while targets are registered that may be its own */
async function passOver(session: Session, index: number, { kind, member }: MemberMove): Promise<void> {
  await noneUnaccounted(session, member, `could not ${kind} ${member}`);
  session.options.emit({
    kind: "note",
    message: `${member}'s stack has no outputs: nothing to ${kind}, it is destroyed as it is`,
  });
  const begun =
    session.record.intent === null
      ? beginMove(session.record, {
          step: index,
          startedAt: session.isoNow(),
          ...session.caller.signature,
          targetsBefore: {},
        })
      : session.record;
  session.record = commitMove(begun);
  await session.writer.flush();
}

/**
 * A member that was to be made under a name that is somebody else's: nothing of it is there, so going back from it
 * touches nothing.
 */
async function passOverForeign(session: Session, index: number, { member }: MemberMove, whose: string): Promise<void> {
  session.options.emit({
    kind: "note",
    message:
      `stack ${session.environment.environment}-${member} belongs to ${whose} and is left as it is: nothing of ` +
      `'${member}' was made`,
  });
  session.record = commitMove(
    session.record.intent === null
      ? beginMove(session.record, {
          step: index,
          startedAt: session.isoNow(),
          ...session.caller.signature,
          targetsBefore: {},
        })
      : session.record,
  );
  await session.writer.flush();
}

export async function performMove(
  session: Session,
  index: number,
  step: Step & { readonly type: "move" },
): Promise<void> {
  const phases: Phases = {};
  const started = session.ports.clock.now();
  const open = session.record.intent;
  session.options.emit({ kind: "step-started", index, step, resumed: open !== null });
  if (!isMemberMove(step)) await performShift(session, index, step, phases);
  else await performMemberMove(session, index, step, phases);
  session.options.emit({
    kind: "step-finished",
    index,
    step,
    seconds: (session.ports.clock.now() - started) / 1000,
    phases,
  });
}

/**
 * A member that is destroyed is gone, whatever becomes of the others: a move that stays open for them would keep every
 * command away that could bring somebody else in. @throws Stop, and what is no gate's
 */
async function beyondRecall(session: Session, { kind, member }: MemberMove, error: unknown): Promise<never> {
  if (kind !== "retire" || !(error instanceof GateFailed)) throw error;
  session.record = commitMove(session.record);
  const remedy = [error.remedy, `go on with: ${session.options.commandName}`].filter((text) => text !== "");
  throw new Stop(error.code, `${member} is destroyed; ${error.message}`, remedy.join("; then "));
}

async function performMemberMove(session: Session, index: number, step: MemberMove, phases: Phases): Promise<void> {
  const open = session.record.intent;
  const move: MemberMove = { kind: step.kind, member: step.member, from: step.from, to: step.to };
  const whose = move.kind === "retire" ? session.foreign[move.member] : undefined;
  if (whose !== undefined || neverDeployed(session, move)) {
    if (whose !== undefined) await passOverForeign(session, index, move, whose);
    else await passOver(session, index, move);
    return;
  }
  const before =
    open === null ? await begin(session, index, move, phases) : await takeOver(session, index, open, move, phases);
  try {
    await act(session, index, move, phases);
  } catch (error) {
    const refused = error instanceof DriverError && error.code === "EBG-PLAN-REFUSED";
    // One that was taken over may have been half done by the other driver.
    if (refused && open === null) await withdraw(session, new Stop(error.code, error.message, error.remedy));
    throw error;
  }
  await session.phase(index, "gate", "looking at AWS and Kubernetes", phases, () =>
    afterMove(session, index, move, before).catch((error: unknown) => beyondRecall(session, move, error)),
  );
  if (move.kind === "drain") await liftDenial(session, move.member);
  // One that is run again after a kill has found the move done, and its gate as well.
  const hooked = (move.kind === "provision" || move.kind === "drain") && (await runHooks(session, index, move));
  await session.phase(index, "commit", "writing the placement", phases, async () => {
    session.record = commitMove(session.record);
    // What a hook did is not done again for a write that was left for later.
    if (hooked || !followsAtOnce(session, session.record.rollout?.steps[index + 1])) await session.writer.flush();
  });
}
