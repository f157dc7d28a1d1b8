/**
 * Pure transitions of the record. Each answers the next record with a revision one higher; `asOneWrite` joins several
 * of them
 * into one write (a `commit` that the next `begin` carries). None reads a clock: times and names come in as data.
 */
import { capacityOf, nodePercentOf } from "./desired-member";
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
  capacityOf(a) === capacityOf(b) &&
  nodePercentOf(a) === nodePercentOf(b);
const describe = (placement: MemberPlacement): string =>
  `${placement.role} ${placement.version ?? "-"} ` +
  `${placement.workload}${placement.evacuated === undefined ? "" : " (evacuated)"}${capacityOf(placement) === 100 ? "" : ` at ${capacityOf(placement)} %`}`;

function openRollout(record: EnvironmentRecord, action: string): Rollout {
  if (record.rollout === null) throw new RecordError(`${action}: no rollout is under way`);
  return record.rollout;
}

function noIntent(record: EnvironmentRecord, action: string): void {
  if (record.intent !== null) {
    throw new RecordError(
      `${action}: '${record.intent.move.kind} ${record.intent.move.member}' was begun and is not committed`,
    );
  }
}

/** The move of a step, checked against where its member stands. */
function moveOf(step: Step | undefined, placement: Placement, action: string): Move {
  if (step === undefined || step.type !== "move") throw new RecordError(`${action}: the step is not a move`);
  const stands = placement[step.member];
  if (stands === undefined) throw new RecordError(`${action}: no member '${step.member}' in the record`);
  if (!samePlacement(stands, step.from)) {
    throw new RecordError(
      `${action}: '${step.kind} ${step.member}' starts from ${describe(step.from)}, but the record has ` +
        `${describe(stands)}`,
    );
  }
  return { kind: step.kind, member: step.member, from: step.from, to: step.to };
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
    begin.healthyBefore === undefined
      ? {}
      : { healthyBefore: { ...rollout.healthyBefore, [move.member]: begin.healthyBefore } };
  return { ...record, revision: record.revision + 1, rollout: { ...rollout, ...counted, done: begin.step }, intent };
}

function trafficOf(intent: Intent): Pick<EnvironmentRecord, "lastTraffic"> {
  const { kind, member } = intent.move;
  if (kind !== "admit" && kind !== "drain") return {};
  return { lastTraffic: { kind, member, startedAt: intent.startedAt, ...signatureOf(intent) } };
}

/** The open move has happened and was observed: placement follows, the intent is closed, its step is done. */
export function commitMove(record: EnvironmentRecord): EnvironmentRecord {
  const rollout = openRollout(record, "commitMove");
  const intent = record.intent;
  if (intent === null) throw new RecordError("commitMove: no move was begun");
  const placement = { ...record.placement, [intent.move.member]: intent.move.to };
  return {
    ...record,
    ...trafficOf(intent),
    revision: record.revision + 1,
    placement,
    rollout: { ...rollout, done: intent.step + 1 },
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
 * Replaces the rest of the rollout by the way back. A move that is open is not forgotten: the way back must begin with
 * the same
 * member's move back to where it stood, and that becomes the open intent, so that a plain update still declares the
 * union of both.
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
  const { turned: _before, asked: _asked, ...rest } = rollout;
  const turned: Rollout = {
    ...rest,
    steps: back.steps,
    done: 0,
    direction: "back",
    reason: back.reason,
    ...(back.turned === undefined ? {} : { turned: back.turned }),
    ...(back.asked === true ? { asked: true as const } : {}),
    ...(back.again === true ? { again: true as const } : {}),
    ...(back.givenUp === true ? { givenUp: true as const } : {}),
  };
  const open = record.intent;
  if (open === null) return { ...record, revision: record.revision + 1, rollout: turned };
  const reached = { ...record.placement, [open.move.member]: open.move.to };
  const move = moveOf(back.steps[0], reached, "turnBack");
  if (move.member !== open.move.member) {
    throw new RecordError(
      `turnBack: '${open.move.kind} ${open.move.member}' is open, so the way back begins with ` +
        `${open.move.member}, not with ${move.member}`,
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
  return { ...after, revision: before.revision + 1 };
}
