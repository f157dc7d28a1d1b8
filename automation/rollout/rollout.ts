/** The loop: the rollout of the record, step by step, to its end; or back, when a gate fails before `retire`. */
import { capacityOf, finishRollout, turnBack, type Placement, type Rollout, type Step } from "../../stacks/record";
import { DriverError, type DriverErrorCode } from "../errors";
import type { Outcome } from "../events";
import { plainLook } from "../observation/observe";
import { healthOf } from "../observation/target-owners";
import { activeMembers } from "../planning/step-builder";
import { placementBefore, walkBack } from "../planning/walk-back";
import { performBake } from "./bake";
import { performMove } from "./move";
import type { Session } from "./session";
import { GateFailed, Stop, stopRequested } from "./interruptions";

export interface RolloutResult {
  readonly outcome: Outcome;
  readonly placement: Placement;
  readonly code: DriverErrorCode | null;
  readonly message: string;
  readonly remedy: string | null;
}

/**
 * @throws DriverError for what is neither a stop nor a failed gate: fenced, locked, no credentials, … The record stays
 * resumable.
 */
export async function runRollout(session: Session): Promise<RolloutResult> {
  let turned: GateFailed | null = null;
  for (;;) {
    try {
      await steps(session);
      const finished = session.record.rollout;
      session.record = finishRollout(session.record);
      await session.flush();
      return finished === null ? done(session) : ended(session, finished, turned);
    } catch (error) {
      if (error instanceof Stop) return await stopped(session, error);
      // The engine was cancelled: whatever is open stays open in the record.
      if (error instanceof DriverError && error.code === "EBG-STOPPED")
        return result(session, "stopped", error.code, error.message, error.remedy);
      if (!(error instanceof GateFailed)) throw error;
      const stay = await turn(session, error);
      if (stay !== null) return stay;
      turned = error;
    }
  }
}

/**
 * Every step that is left, without the end of the rollout. `before`: what a step that was not begun yet needs first.
 */
export async function steps(
  session: Session,
  before: (step: Step) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  for (;;) {
    const rollout = session.record.rollout;
    if (rollout === null)
      throw new DriverError("EBG-INTERNAL", "the rollout left the record while it ran", "run the same command again");
    const index = session.record.intent?.step ?? rollout.done;
    const step = rollout.steps[index];
    if (step === undefined) return;
    if (session.options.stop.aborted) throw stopRequested(session.options.commandName);
    if (session.record.intent === null) await before(step);
    if (step.type === "bake") await performBake(session, index, step);
    else await performMove(session, index, step);
  }
}

/** Writes the way back into the record, or answers why nothing is moved. */
async function turn(session: Session, cause: GateFailed): Promise<RolloutResult | null> {
  const open = session.record.intent?.move;
  if (open?.kind === "scale" && open.to.workload === "stopped" && session.record.rollout?.direction === "forward") {
    return await stopped(
      session,
      new Stop(cause.code, `${cause.message}; traffic is on ${describeActive(session)} and stays there`, cause.remedy),
    );
  }
  // A teardown has nowhere to walk back to: it stays where it is, and the same command goes on.
  if (session.tearsDown)
    return await stopped(
      session,
      new Stop(
        cause.code,
        cause.message,
        cause.remedy === ""
          ? session.options.commandName
          : `${cause.remedy}; then go on with: ${session.options.commandName}`,
      ),
    );
  const observation = await session.look(plainLook);
  const health = Object.fromEntries(
    session.present().map((name) => [name, healthOf(session.owners, observation, name)]),
  );
  const way = walkBack(session.record, health);
  if (way.kind === "stay") {
    await session.flush();
    session.options.emit({ kind: "note", message: way.why });
    return result(
      session,
      "failed",
      cause.code,
      `${cause.message}. ${way.why}`,
      cause.remedy === "" ? way.remedy : cause.remedy,
    );
  }
  rememberLeftOut(session, way.steps);
  session.options.emit({ kind: "walk-back", code: cause.code, message: cause.message, steps: way.steps });
  session.record = turnBack(session.record, {
    reason: cause.message,
    steps: way.steps,
    startedAt: session.isoNow(),
    by: session.by,
  });
  await session.flush();
  return null;
}

async function stopped(session: Session, stop: Stop): Promise<RolloutResult> {
  await session.flush();
  return result(session, "stopped", stop.code, stop.message, stop.remedy);
}

/**
 * A walk-back that somebody asked for is a success of what was asked; a rollout that ended where the config no longer
 * points is not the whole of it.
 */
function ended(
  session: Session,
  { direction, givenUp, reason, command, wantedVersion }: Rollout,
  turned: GateFailed | null,
): RolloutResult {
  const wanted = session.environment.config.kubernetesVersion;
  if (direction === "back" && givenUp !== true) return walkedBack(session, turned, reason);
  if (direction === "back" && session.active().every((name) => session.record.placement[name]?.version === wanted))
    return done(session, `${reason ?? "given up"}; `);
  if (direction === "forward" && (command !== undefined || wantedVersion === wanted)) return done(session);
  const what =
    direction === "back"
      ? `the rollout to ${wantedVersion} had been given up, and that is finished`
      : `the rollout to ${wantedVersion}, which was under way, is finished`;
  return result(
    session,
    "stopped",
    "EBG-STOPPED",
    `${what}; traffic is on ${describeActive(session)}. The config wants ${wanted}`,
    `for that, run the same command again: ${session.options.commandName}`,
  );
}

const done = (session: Session, why = ""): RolloutResult =>
  result(session, "done", null, `${why}traffic is on ${describeActive(session)}`, null);

const walkedBack = (session: Session, cause: GateFailed | null, reason: string | null): RolloutResult =>
  result(
    session,
    "walked-back",
    "EBG-WALKED-BACK",
    `walked back: ${cause?.message ?? reason ?? "a gate failed"}; traffic is on ${describeActive(session)}`,
    remedyOf(session, cause),
  );

const remedyOf = (session: Session, cause: GateFailed | null): string =>
  [cause?.remedy ?? "repair what the message names and run the upgrade again", ...leftToDo(session)].join("; ");

/**
 * What a walk-back leaves to a person, because no plan does it by itself: who is out again after its upgrade comes back
 * by name, and who carried its load gets smaller.
 */
export function leftToDo(session: Session): string[] {
  const { placement } = session.record;
  const out = session.present().filter((name) => session.leftOut.has(name) && placement[name]?.role === "standby");
  const larger = activeMembers(placement).filter((name) => capacityOf(placement[name]) > 100);
  return [
    ...(out.length === 0
      ? []
      : [
          `once ${out.join(" and ")} is good again: ` +
            `${out.map((name) => `eks-blue-green admit ${name}`).join("; ")}; then run the upgrade again`,
        ]),
    ...(larger.length === 0
      ? []
      : [
          `${larger.map((name) => `${name} is kept at ${capacityOf(placement[name])} %`).join(", ")}; when ` +
            `everybody serves: ${larger.map((name) => `eks-blue-green scale ${name} --percent 100`).join("; ")}`,
        ]),
  ];
}

/** Those of them that served when the rollout began. */
export function rememberLeftOut(session: Session, steps: readonly Step[]): void {
  const before = activeMembers(placementBefore(session.record));
  for (const step of steps)
    if (step.type === "move" && step.kind === "drain" && before.includes(step.member)) session.leftOut.add(step.member);
}

function describeActive(session: Session): string {
  return session
    .active()
    .map((name) => `${name} (${session.record.placement[name]?.version ?? "?"})`)
    .join(", ");
}

function result(
  session: Session,
  outcome: Outcome,
  code: DriverErrorCode | null,
  message: string,
  remedy: string | null,
): RolloutResult {
  return { outcome, placement: session.record.placement, code, message, remedy };
}
