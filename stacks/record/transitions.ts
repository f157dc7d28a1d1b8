/**
 * Pure transitions of the record. Each answers the next record with a revision one higher; `asOneWrite` joins several
 * of them
 * into one write (a `commit` that the next `begin` carries). None reads a clock: times and names come in as data.
 */
import { capacityOf, nodePercentOf } from "./desired-member";
import { withoutFailing } from "./failing-before";
import { changesOf, describeMove, isMemberMove, membersOf, placementAfter } from "./moves";
import { schemaOf } from "./schema";
import { isServing } from "./serving";
import { signatureOf } from "./signature";
import type {
  Baseline,
  EnvironmentRecord,
  Intent,
  MemberPlacement,
  Move,
  Placement,
  Rollout,
  Signature,
  Step,
} from "./types";

/** A transition that the record's state forbids: a mistake of the caller, not of the user. */
export class RecordError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "RecordError";
  }
}

const samePlacement = (a: MemberPlacement, b: MemberPlacement): boolean =>
  a.role === b.role &&
  a.version === b.version &&
  a.workload === b.workload &&
  (a.evacuated === undefined) === (b.evacuated === undefined) &&
  a.share === b.share &&
  capacityOf(a) === capacityOf(b) &&
  nodePercentOf(a) === nodePercentOf(b);
const describe = (placement: MemberPlacement): string =>
  `${placement.role} ${placement.version ?? "-"} ` +
  `${placement.workload}${placement.evacuated === undefined ? "" : " (evacuated)"}${capacityOf(placement) === 100 ? "" : ` at ${capacityOf(placement)} %`}` +
  (placement.share === undefined ? "" : ` with share ${placement.share}`);

function openRollout(record: EnvironmentRecord, action: string): Rollout {
  if (record.rollout === null) throw new RecordError(`${action}: no rollout is under way`);
  return record.rollout;
}

function noIntent(record: EnvironmentRecord, action: string): void {
  if (record.intent !== null) {
    throw new RecordError(`${action}: '${describeMove(record.intent.move)}' was begun and is not committed`);
  }
}

/** The move of a step, checked against where each of its members stands. */
function moveOf(step: Step | undefined, placement: Placement, action: string): Move {
  if (step === undefined || step.type !== "move") throw new RecordError(`${action}: the step is not a move`);
  const { type: _step, ...move } = step;
  for (const [member, { from }] of Object.entries(changesOf(move))) {
    const stands = placement[member];
    if (stands === undefined) throw new RecordError(`${action}: no member '${member}' in the record`);
    if (!samePlacement(stands, from))
      throw new RecordError(
        `${action}: '${step.kind} ${member}' starts from ${describe(from)}, but the record has ${describe(stands)}`,
      );
  }
  return move;
}

/** Writes down a planned rollout. Nothing moves yet. */
export function startRollout(
  record: EnvironmentRecord,
  plan: Pick<Rollout, "id" | "command" | "strategy" | "wantedVersion" | "steps" | "startedAt" | "baseline">,
): EnvironmentRecord {
  if (record.rollout !== null) throw new RecordError(`startRollout: rollout ${record.rollout.id} is under way`);
  noIntent(record, "startRollout");
  const { id, command, strategy, wantedVersion, steps, startedAt, baseline } = plan;
  return {
    ...record,
    revision: record.revision + 1,
    rollout: {
      id,
      ...(command === undefined ? {} : { command }),
      strategy,
      wantedVersion,
      steps,
      ...(baseline === undefined ? {} : { baseline }),
      startedAt,
      done: 0,
      direction: "forward",
      reason: null,
    },
  };
}

/**
 * Writes the intent of the move at `step`. Bakes between the last committed step and this one count as done: they are
 * not moves and leave no intent.
 */
export function beginMove(
  record: EnvironmentRecord,
  begin: Pick<Intent, "step" | "startedAt" | "by" | "caller" | "targetsBefore"> & {
    readonly healthyBefore?: Readonly<Record<string, number>>;
  },
): EnvironmentRecord {
  const rollout = openRollout(record, "beginMove");
  noIntent(record, "beginMove");
  const skipped = rollout.steps.slice(rollout.done, begin.step);
  if (begin.step < rollout.done)
    throw new RecordError(`beginMove: step ${begin.step} is done already (${rollout.done} are)`);
  if (skipped.some((step) => step.type === "move"))
    throw new RecordError(`beginMove: step ${begin.step} would skip a move after step ${rollout.done}`);
  const move = moveOf(rollout.steps[begin.step], record.placement, "beginMove");
  const intent: Intent = {
    move,
    step: begin.step,
    startedAt: begin.startedAt,
    ...signatureOf(begin),
    targetsBefore: begin.targetsBefore,
  };
  const counted =
    begin.healthyBefore === undefined || !isMemberMove(move)
      ? {}
      : { healthyBefore: { ...rollout.healthyBefore, [move.member]: begin.healthyBefore } };
  return { ...record, revision: record.revision + 1, rollout: { ...rollout, ...counted, done: begin.step }, intent };
}

/** Whom a move takes into traffic, or out of it: one that is bound with a share of 0 has no part in it. */
function movedBy(move: Move): string | null {
  if (move.kind === "shift") {
    const rises = Object.entries(move.changes).map(
      ([name, { from, to }]) => [name, (to.share ?? 0) - (from.share ?? 0)] as const,
    );
    return rises.sort(([, a], [, b]) => b - a)[0]?.[0] ?? null;
  }
  if (move.kind === "admit") return isServing(move.to) ? move.member : null;
  return move.kind === "drain" && isServing(move.from) ? move.member : null;
}

function trafficOf(intent: Intent): Pick<EnvironmentRecord, "lastTraffic"> {
  const { kind } = intent.move;
  const member = movedBy(intent.move);
  if (member === null || (kind !== "admit" && kind !== "drain" && kind !== "shift")) return {};
  return { lastTraffic: { kind, member, startedAt: intent.startedAt, ...signatureOf(intent) } };
}

/** The open move has happened and was observed: placement follows, the intent is closed, its step is done. */
export function commitMove(record: EnvironmentRecord): EnvironmentRecord {
  const rollout = openRollout(record, "commitMove");
  const intent = record.intent;
  if (intent === null) throw new RecordError("commitMove: no move was begun");
  return {
    ...record,
    ...trafficOf(intent),
    revision: record.revision + 1,
    placement: placementAfter(record.placement, intent.move),
    rollout: { ...(intent.move.kind === "drain" ? withoutFailing(rollout) : rollout), done: intent.step + 1 },
    intent: null,
  };
}

/** The bake at the next step has passed. */
export function commitBake(record: EnvironmentRecord): EnvironmentRecord {
  const rollout = openRollout(record, "commitBake");
  noIntent(record, "commitBake");
  if (rollout.steps[rollout.done]?.type !== "bake")
    throw new RecordError(`commitBake: step ${rollout.done} is not a bake`);
  return { ...record, revision: record.revision + 1, rollout: { ...rollout, done: rollout.done + 1 } };
}

/**
 * Replaces the rest of the rollout by the way back. A move that is open is not forgotten: the way back must begin with a
 * move of the same members back to where they stood, and that becomes the open intent, so that a plain update still
 * declares the union of both.
 */
export function turnBack(
  record: EnvironmentRecord,
  back: {
    readonly reason: string;
    readonly steps: readonly Step[];
    readonly startedAt: string;
    readonly givenUp?: true;
    /** What is seen when it turns. */
    readonly turned?: Baseline;
    readonly asked?: true;
    /** From a way back that failed a check. */
    readonly again?: true;
  } & Signature,
): EnvironmentRecord {
  const rollout = openRollout(record, "turnBack");
  const { turned: _before, asked: _asked, atOnce: _atOnce, erring, ...rest } = withoutFailing(rollout);
  const turned: Rollout = {
    ...rest,
    steps: back.steps,
    done: 0,
    direction: "back",
    reason: back.reason,
    ...(back.turned === undefined ? {} : { turned: back.turned }),
    // By itself it turns because of what else is wrong; of a rollback that somebody asks for it is still the last word.
    ...(back.asked === true ? { asked: true as const, ...(erring === undefined ? {} : { erring }) } : {}),
    ...(back.again === true ? { again: true as const } : {}),
    ...(back.givenUp === true ? { givenUp: true as const } : {}),
  };
  const open = record.intent;
  if (open === null) return { ...record, revision: record.revision + 1, rollout: turned };
  const move = moveOf(back.steps[0], placementAfter(record.placement, open.move), "turnBack");
  const [opened, first] = [membersOf(open.move), membersOf(move)];
  if (!opened.every((member) => first.includes(member))) {
    throw new RecordError(
      `turnBack: '${describeMove(open.move)}' is open, so the way back begins with ` +
        `${opened.join(", ")}, not with ${first.join(", ")}`,
    );
  }
  const intent: Intent = {
    move,
    step: 0,
    startedAt: back.startedAt,
    ...signatureOf(back),
    targetsBefore: open.targetsBefore,
  };
  return { ...record, revision: record.revision + 1, rollout: turned, intent };
}

/** Every step is done: the rollout leaves the record. */
export function finishRollout(record: EnvironmentRecord): EnvironmentRecord {
  const rollout = openRollout(record, "finishRollout");
  noIntent(record, "finishRollout");
  if (rollout.done < rollout.steps.length)
    throw new RecordError(
      `finishRollout: ${rollout.steps.length - rollout.done} of ${rollout.steps.length} steps are not done`,
    );
  return { ...record, revision: record.revision + 1, rollout: null };
}

/**
 * The record with members that the config has and it has not, as absent ones. Same revision: it says nothing new about
 * traffic.
 */
export function withMembers(record: EnvironmentRecord, members: readonly string[]): EnvironmentRecord {
  const missing = members.filter((member) => record.placement[member] === undefined);
  if (missing.length === 0) return record;
  const placement: Record<string, MemberPlacement> = { ...record.placement };
  for (const member of missing) placement[member] = { role: "absent", version: null, workload: "running" };
  return { ...record, placement };
}

/** Several transitions as one write: one revision above `before`. */
export function asOneWrite(before: EnvironmentRecord, after: EnvironmentRecord): EnvironmentRecord {
  if (after.revision <= before.revision) throw new RecordError("asOneWrite: nothing was changed");
  return { ...after, schemaVersion: schemaOf(after), revision: before.revision + 1 };
}
