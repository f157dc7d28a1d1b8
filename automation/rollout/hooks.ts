/**
 * Hooks of the user's own around moves. Each is run before what it stands for is written into the record, and again
 * when that was not reached: a driver that is killed leaves nothing behind that it would have to remember.
 */
import { createHash } from "node:crypto";
import type { HookConfig } from "../../stacks/config";
import { clusterNameOf } from "../../stacks/config/target-groups";
import type { MemberMove, Rollout } from "../../stacks/record";
import { actionOf, describeAction, hooksAround } from "../planning/hooks";
import type { HookCall, HookEnd, HookFacts } from "../ports/hooks";
import { typed, describeAsked } from "../text/command-line";
import { oneLine } from "../text/foreign";
import { Stop, stopRequested } from "./interruptions";
import type { Session } from "./session";

interface Patience {
  readonly attempts: number;
  /** For all hooks of a move. */
  readonly longestMs: number;
  /** Whether the move is made without it when it has failed. */
  readonly mayFail: boolean;
}
const forward: Patience = { attempts: 3, longestMs: Number.POSITIVE_INFINITY, mayFail: false };
/** Clients may be failing meanwhile. */
const back: Patience = { attempts: 1, longestMs: 60_000, mayFail: true };
/** With less than that left a command is not begun. */
const leastMs = 1_000;

/** Traffic that goes back is not kept waiting; a cluster that is destroyed does not come back. */
function patienceOf({ record: { rollout } }: Session, { kind }: MemberMove): Patience {
  const goesBack = rollout?.direction === "back" || rollout?.command?.name === "rollback";
  return goesBack && kind !== "retire" ? back : forward;
}

/**
 * Whether the open move may have become one by turning around: then it was never begun, and its hooks were not run.
 * The first move of a way back that was begun like any other looks the same; its hooks are run once more.
 */
export const mayBeTurned = ({ record: { rollout, intent } }: Session): boolean =>
  rollout?.direction === "back" && intent?.step === 0;

/** The same however often it is resumed, and another one when it turns once more. */
export const wayOf = ({ direction, reason, again }: Pick<Rollout, "direction" | "reason" | "again">): string =>
  direction === "forward"
    ? direction
    : `${direction}-${createHash("sha256")
        .update(JSON.stringify([reason, again === true]))
        .digest("hex")
        .slice(0, 8)}`;

function factsOf(session: Session, index: number, { member, from, to }: MemberMove, hook: HookConfig): HookFacts {
  const { rollout } = session.record;
  const { environment } = session;
  const direction = rollout?.direction ?? "forward";
  return {
    // A way back that turned once more begins at its first step again: what was done for the one before is not this.
    id: [rollout?.id ?? "none", rollout === null ? direction : wayOf(rollout), index + 1, hook.name, member].join("-"),
    name: hook.name,
    at: hook.at,
    environment: environment.environment,
    member,
    cluster: session.members[member]?.clusterName ?? clusterNameOf(environment, member),
    region: environment.config.region,
    kubernetesVersion: to.version ?? from.version ?? "",
    command: describeAsked(rollout?.command ?? null),
    direction,
  };
}

/** A hook of a move, and what there is left of the move's time for hooks. */
interface Around {
  readonly index: number;
  readonly move: MemberMove;
  readonly hook: HookConfig;
  readonly leftMs: () => number;
}
/** `notRun`: for a reason that is none of the command's. */
interface Failure {
  readonly why: string;
  readonly notRun: boolean;
}

/** The port does not reject; if the system's refusal comes out all the same, an attempt has failed. */
async function ended(session: Session, call: HookCall): Promise<HookEnd> {
  const { ports, options } = session;
  try {
    return (await ports.hooks?.run(call, options.cancel)) ?? { kind: "failed", why: "nobody can run it here" };
  } catch (error) {
    if (!(error instanceof Error) || !("errno" in error)) throw error;
    return { kind: "failed", why: `it could not be run: ${oneLine(error.message)}` };
  }
}

/** @throws EBG-FENCED */
async function attempt(
  session: Session,
  { index, move, hook, leftMs }: Around,
  count: number,
): Promise<Failure | null> {
  const { ports, options } = session;
  // A driver that was overtaken runs nothing; whether it was can't always be told.
  if (!(await session.writer.stillMine())) return { why: "the record could not be read", notRun: true };
  const left = leftMs();
  if (left < leastMs)
    return { why: `those before it took the ${back.longestMs / 1000} s that hooks of a move have`, notRun: true };
  const told = { kind: "hook", index, hook: hook.name, point: hook.at, member: move.member, attempt: count } as const;
  const started = ports.clock.now();
  const action = actionOf(hook);
  options.emit({ ...told, status: "started", message: describeAction(action), seconds: null });
  const end = await ended(session, {
    action,
    facts: factsOf(session, index, move, hook),
    timeoutMs: Math.min(hook.timeoutSeconds * 1000, left),
  });
  const seconds = (ports.clock.now() - started) / 1000;
  options.emit({
    ...told,
    status: end.kind === "done" ? "finished" : "failed",
    message: end.kind === "done" ? "" : end.why,
    seconds,
  });
  return end.kind === "done" ? null : { why: end.why, notRun: false };
}

/** Says that the move is made without it, or stops. @throws Stop */
function giveUp(session: Session, { move, hook }: Around, { why, notRun }: Failure): void {
  const { options, environment } = session;
  const { attempts, mayFail } = patienceOf(session, move);
  const name = `${hook.name} (${hook.at} ${move.member})`;
  const how = notRun ? "was not run" : `failed${attempts === 1 ? "" : ` ${attempts} times`}`;
  const what = `hook ${name} ${how}; ${why}`;
  const repair = notRun
    ? ""
    : `repair what the hook does (or take the hook out of Pulumi.${environment.environment}.yaml), then `;
  if (!mayFail)
    throw new Stop("EBG-HOOK", `${what}. Everything before it is done.`, `${repair}go on with: ${options.commandName}`);
  session.memory.failedHooks.add(name);
  options.emit({
    kind: "finding",
    code: "EBG-HOOK",
    severity: "recommended",
    message: `${what}; traffic goes back without it`,
    remedy: `${repair}do by hand for ${move.member} what it stands for (${typed(environment.environment, "status")})`,
  });
}

async function runHook(session: Session, around: Around): Promise<void> {
  const { ports, options } = session;
  const { move, hook } = around;
  const { attempts } = patienceOf(session, move);
  for (let count = 1; ; count += 1) {
    if (options.stop.aborted) throw stopRequested(options.commandName);
    const failure = await attempt(session, around, count);
    if (failure === null) return void session.memory.failedHooks.delete(`${hook.name} (${hook.at} ${move.member})`);
    if (options.cancel.aborted) throw stopRequested(options.commandName);
    if (count >= attempts) return giveUp(session, around, failure);
    await ports.clock.sleep(Math.max(ports.clock.scaled(10), 1000), options.stop);
  }
}

/** The end with what hooks that moves were made without leave to a person; once, however often it is asked for. */
export function withHooksByHand<T extends { readonly remedy: string | null }>({ memory }: Session, end: T): T {
  const { failedHooks } = memory;
  const byHand = `do by hand what these hooks stand for: ${[...failedHooks].join(", ")}`;
  if (failedHooks.size === 0 || end.remedy?.includes(byHand) === true) return end;
  return { ...end, remedy: end.remedy === null || end.remedy === "" ? byHand : `${end.remedy}; ${byHand}` };
}

/** One after the other, in the order of the config. Answers whether there was any. @throws Stop */
export async function runHooks(session: Session, index: number, move: MemberMove): Promise<boolean> {
  const hooks = hooksAround(session.options.hooks ?? [], move.kind);
  // What a command does belongs to a rollout that is in the record, whoever goes on with it.
  if (hooks.length > 0) await session.writer.flush();
  const { clock } = session.ports;
  const until = clock.now() + patienceOf(session, move).longestMs;
  for (const hook of hooks) await runHook(session, { index, move, hook, leftMs: () => until - clock.now() });
  return hooks.length > 0;
}
