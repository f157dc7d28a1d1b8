/** The loop: the rollout of the record, step by step, to its end; or back, when a gate fails before `retire`. */
import {
  describeMove,
  finishRollout,
  isBound,
  isServing,
  isWeighted,
  turnBack,
  type Placement,
  type Rollout,
  type Step,
} from "../../stacks/record";
import { DriverError, type DriverErrorCode } from "../errors";
import type { Outcome } from "../events";
import { baselineOf } from "../observation/baseline";
import { plainLook, type Observation } from "../observation/observe";
import { nothingAnswers } from "../gates/peers";
import { walkBack } from "../planning/walk-back";
import { performBake } from "./bake";
import { carriesOn } from "./carry-on";
import { withSizes } from "./cover-goal";
import { givenToTheOthers } from "./cut-short";
import { observedHealth, sureDead } from "./goal-dies";
import { withHooksByHand } from "./hooks";
import { performMove } from "./move";
import type { Session } from "./session";
import { typed } from "../text/command-line";
import { leadsOut, withoutUpgrade, type LeadsOut } from "./what-leads-out";
import { hidesFailures, withWhatFails } from "./still-failing";
import { withWeights } from "./weights-at-end";
import { GateFailed, Stop, stopRequested } from "./interruptions";
import { leftToDo, rememberLeftOut } from "./left-out";
import { pastTheDead } from "./past-the-dead";
import { tellsWorse } from "./worse-reasons";

/** How a rollout or a planned move ended. */
export interface RolloutResult {
  readonly outcome: Outcome;
  readonly placement: Placement;
  /** Of one that is done: something was seen to be wrong all the same. */
  readonly code: DriverErrorCode | null;
  readonly message: string;
  readonly remedy: string | null;
  /**
   * What was seen to be wrong when it ended, whatever that was: requests fail that failed before, a member is sick that
   * was, or somebody changed weights. Absent: nothing was.
   */
  readonly stillBad?: { readonly code: DriverErrorCode; readonly remedy: string };
}

/**
 * @throws DriverError for what is neither a stop nor a failed gate: fenced, locked, no credentials, … The record stays
 * resumable.
 */
export async function runRollout(session: Session): Promise<RolloutResult> {
  const end = await toItsEnd(session);
  // What one that is done leaves is named last, by whoever asked for it.
  return end.outcome === "done" ? end : withHooksByHand(session, end);
}

async function toItsEnd(session: Session): Promise<RolloutResult> {
  let turned: GateFailed | null = null;
  for (;;) {
    try {
      const { rollout } = session.record;
      const nothingLeft = rollout !== null && rollout.done === rollout.steps.length;
      await steps(session);
      const finished = session.record.rollout;
      // Where all was done before no gate has looked at anything in this run.
      const hidden = nothingLeft || hidesFailures(session);
      session.record = finishRollout(session.record);
      await session.writer.flush();
      const end = finished === null ? done(session) : await ended(session, finished, turned);
      const judged = hidden ? await withWhatFails(session, end, finished ?? {}) : end;
      return await withWeights(session, judged);
    } catch (error) {
      if (error instanceof Stop) return await stopped(session, error);
      // The engine was cancelled: whatever is open stays open in the record.
      if (error instanceof DriverError && error.code === "EBG-STOPPED")
        return result(session, "stopped", error.code, error.message, error.remedy);
      if (!(error instanceof GateFailed)) throw error;
      try {
        const stay = await turn(session, error);
        if (stay === "goes on") continue;
        if (stay !== null) return stay;
      } catch (end) {
        if (end instanceof Stop) return await stopped(session, end);
        throw end;
      }
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
    if (await pastTheDead(session, step)) continue;
    if (session.record.intent === null) await before(step);
    if (step.type === "bake") await performBake(session, index, step);
    else await performMove(session, index, step);
  }
}

/** Writes the way back into the record, or answers why nothing is moved, or that the way back goes on. */
async function turn(session: Session, cause: GateFailed): Promise<RolloutResult | "goes on" | null> {
  const open = session.record.intent?.move;
  if (open?.kind === "scale" && open.to.workload === "stopped" && session.record.rollout?.direction === "forward") {
    return await stopped(
      session,
      new Stop(cause.code, `${cause.message}; traffic is on ${describeActive(session)} and stays there`, cause.remedy),
    );
  }
  // Its controller lets go of everybody's targets with such a binding: whoever is taken out would take all along.
  if (cause.reason === "one-sided-flag")
    return await stopped(
      session,
      new Stop(
        cause.code,
        `${cause.message}; no member is moved until it has the flag again`,
        `${cause.remedy}; then go on with: ${session.options.commandName}`,
      ),
    );
  // A teardown has nowhere to walk back to: it stays where it is, and the same command goes on.
  if (session.policy.endsService)
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
  const observation = await lookUntilTold(session);
  const { policy } = session;
  const turning = {
    refuge: policy.refuge,
    worse: tellsWorse(cause.reason),
    nothingAnswers: nothingAnswers(observation),
    asked: observation.probes,
  };
  if (await carriesOn(session, cause, observation, turning)) return "goes on";
  // On the way forward who comes back is asked by its gates: one bad look is no reason to stay where it failed.
  const dead = session.record.rollout?.direction === "back" ? await sureDead(session, observation) : undefined;
  const found = walkBack(session.record, observedHealth(session, observation), {
    turning,
    ...(dead === undefined ? {} : { dead }),
  });
  const way =
    found.kind === "steps" && found.goesOn === true
      ? { ...found, steps: withSizes(session, found.steps, dead?.dead ?? []) }
      : found;
  if (way.kind === "stay") {
    await session.writer.flush();
    session.options.emit({ kind: "note", message: way.why });
    return result(
      session,
      "failed",
      cause.code,
      `${cause.message}. ${way.why}`,
      [way.remedy, cause.remedy, ...withoutTheirHelp(session, observation)].filter((text) => text !== "").join("; "),
    );
  }
  const { rollout } = session.record;
  const again = rollout?.direction === "back" && way.goesOn !== true;
  if (again) session.memory.turnedAgain = true;
  else if (way.goesOn !== true) rememberLeftOut(session, way.steps);
  session.options.emit({ kind: "walk-back", code: cause.code, message: cause.message, steps: way.steps });
  session.record = turnBack(session.record, {
    reason: cause.message,
    steps: way.steps,
    startedAt: session.isoNow(),
    ...session.caller.signature,
    turned: baselineOf(observation, session.owners, inTraffic(session)),
    ...(way.goesOn === true && rollout?.asked === true ? { asked: true as const } : {}),
    ...(again ? { again: true as const } : {}),
  });
  await session.writer.flush();
  return null;
}

/** Members in traffic that can't be asked to leave it. */
function withoutTheirHelp(session: Session, { members }: Observation): string[] {
  const dead = session
    .active()
    .filter((name) => members[name]?.reachable === false && members[name].refusal === undefined);
  return dead.map((name) => `to take ${name} out without its help: eks-blue-green evacuate ${name}`);
}

/** Also those on their way in or out. */
export function inTraffic(session: Session): string[] {
  const open = session.record.intent?.move;
  const moves = open?.kind === "admit" || open?.kind === "drain" ? [open.member] : [];
  return [...new Set([...session.active(), ...moves])];
}

/** Between two looks when AWS did not tell the targets, unscaled. */
const askAgainSeconds = 10;

/**
 * Which way to go is decided by what is seen: a look that tells nothing is no reason to stay where a check failed. Asked
 * for as long as a gate may last. @throws Stop
 */
async function lookUntilTold(session: Session): Promise<Observation> {
  const { clock } = session.ports;
  const { stop, commandName } = session.options;
  const end = clock.now() + Math.max(clock.scaled(session.rules.gateTimeoutSeconds), 10_000);
  const probes = isWeighted(session.record.placement) ? 2 * requestsOfATurn : requestsOfATurn;
  const wants = { ...plainLook, probes, alarms: session.rules.alarms };
  for (;;) {
    const observation = await session.look(wants);
    const told = Object.values(observation.groups).every((targets) => targets !== null);
    if (told || clock.now() >= end) return observation;
    await clock.sleep(Math.max(clock.scaled(askAgainSeconds), 1000), stop);
    if (stop.aborted) throw stopRequested(commandName);
  }
}
const requestsOfATurn = 32;
async function stopped(session: Session, stop: Stop): Promise<RolloutResult> {
  await session.writer.flush();
  return result(session, "stopped", stop.code, stop.message, stop.remedy);
}

/**
 * A walk-back that somebody asked for is a success of what was asked; a rollout that ended where the config no longer
 * points is not the whole of it.
 */
async function ended(session: Session, finished: Rollout, turned: GateFailed | null): Promise<RolloutResult> {
  const { direction, givenUp, again, reason, command, wantedVersion, cut, steps } = finished;
  const wanted = session.environment.config.kubernetesVersion;
  const given = givenToTheOthers(session, finished);
  if (given !== null)
    return result(
      session,
      "stopped",
      "EBG-STOPPED",
      `${given.what}; traffic is on ${describeActive(session)}`,
      given.remedy,
    );
  if (cut === true && direction === "forward")
    return result(
      session,
      "stopped",
      "EBG-STOPPED",
      `${steps.map(describeStep).join(", ")}, which was open when another member was evacuated, is finished; traffic ` +
        `is on ${describeActive(session)}`,
      `to plan the rest anew, run the same command again: ${session.options.commandName}`,
    );
  if (again === true) return turnedAgain(session, turned, reason, await leadsOut(session));
  if (direction === "back" && givenUp !== true) return walkedBack(session, turned, reason, await leadsOut(session));
  if (direction === "back" && session.serving().every((name) => session.record.placement[name]?.version === wanted))
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

const describeStep = (step: Step): string => (step.type === "move" ? `'${describeMove(step)}'` : step.why);

const done = (session: Session, why = ""): RolloutResult =>
  result(session, "done", null, `${why}traffic is on ${describeActive(session)}`, null);

const walkedBack = (session: Session, cause: GateFailed | null, reason: string | null, out: LeadsOut): RolloutResult =>
  result(
    session,
    "walked-back",
    "EBG-WALKED-BACK",
    `walked back: ${cause?.message ?? reason ?? "a gate failed"}; traffic is on ${describeActive(session)}`,
    remedyOf(session, cause, out),
  );

/** Neither what was asked for nor the way back was done: those that serve stay. */
const turnedAgain = (
  session: Session,
  cause: GateFailed | null,
  reason: string | null,
  { first, upgrade, whom }: LeadsOut,
): RolloutResult => {
  const { placement } = session.record;
  const idle = session.present().filter((name) => !isServing(placement[name]));
  const out = idle.filter((name) => !isBound(placement[name]));
  const unused = idle.filter((name) => isBound(placement[name]));
  return result(
    session,
    "walked-back",
    "EBG-WALKED-BACK",
    `the way back failed a check and was undone: ${cause?.message ?? reason ?? "a gate failed"}; traffic is on ` +
      describeActive(session),
    [
      ...(first === null ? [] : [first]),
      ...(upgrade === null ? [] : [`to finish with what serves: ${upgrade}`]),
      ...(out.length === 0 ? [] : [`to go back all the same, repair ${out.join(", ")} first`]),
      ...unused.map(
        (name) =>
          `to take ${name} out again, which no request is sent to: ` +
          typed(session.environment.environment, `drain ${name}`),
      ),
      ...(first === null && whom !== "" ? [whom] : []),
    ].join("; "),
  );
};

function remedyOf(session: Session, cause: GateFailed | null, { first, upgrade }: LeadsOut): string {
  const said = cause?.remedy ?? "repair what the message names, then run the upgrade again: eks-blue-green upgrade";
  const left = [said, ...leftToDo(session)];
  return [...(first === null ? [] : [first]), ...(upgrade === null ? left.map(withoutUpgrade) : left)]
    .filter((text) => text !== "")
    .join("; ");
}

function describeActive(session: Session): string {
  return session
    .serving()
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
