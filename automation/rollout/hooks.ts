/**
 * Commands of the user's own around moves. Each is run before what it stands for is written into the record, and again
 * when that was not reached: a driver that is killed leaves nothing behind that it would have to remember.
 */
import type { HookConfig } from "../../stacks/config";
import { clusterNameOf } from "../../stacks/config/target-groups";
import type { MemberMove } from "../../stacks/record";
import { hooksAround } from "../planning/hooks";
import { hookVariable } from "../ports/hooks";
import { typed, describeAsked } from "../text/command-line";
import { Stop, stopRequested } from "./interruptions";
import type { Session } from "./session";

interface Patience {
  readonly attempts: number;
  readonly longestMs: number;
  /** Whether the move is made without it when it has failed. */
  readonly mayFail: boolean;
}
const forward: Patience = { attempts: 3, longestMs: Number.POSITIVE_INFINITY, mayFail: false };
/** Clients may be failing meanwhile. */
const back: Patience = { attempts: 1, longestMs: 60_000, mayFail: true };

/** Traffic that goes back is not kept waiting; a cluster that is destroyed does not come back. */
function patienceOf({ record: { rollout } }: Session, { kind }: MemberMove): Patience {
  const goesBack = rollout?.direction === "back" || rollout?.command?.name === "rollback";
  return goesBack && kind !== "retire" ? back : forward;
}

function variablesOf(
  session: Session,
  index: number,
  { member, from, to }: MemberMove,
  hook: HookConfig,
): Record<string, string> {
  const { rollout } = session.record;
  const { environment } = session;
  const direction = rollout?.direction ?? "forward";
  const variables = {
    // The same for every attempt at the same step, also of a driver that takes it over.
    ID: [rollout?.id ?? "none", direction, index + 1, hook.name, member].join("-"),
    NAME: hook.name,
    AT: hook.at,
    ENVIRONMENT: environment.environment,
    MEMBER: member,
    CLUSTER: session.members[member]?.clusterName ?? clusterNameOf(environment, member),
    REGION: environment.config.region,
    KUBERNETES_VERSION: to.version ?? from.version ?? "",
    COMMAND: describeAsked(rollout?.command ?? null),
    DIRECTION: direction,
  };
  return Object.fromEntries(Object.entries(variables).map(([key, value]) => [hookVariable(key), value]));
}

async function attempt(
  session: Session,
  index: number,
  move: MemberMove,
  hook: HookConfig,
  count: number,
): Promise<string | null> {
  const { ports, options } = session;
  const told = { kind: "hook", index, hook: hook.name, point: hook.at, member: move.member, attempt: count } as const;
  const started = ports.clock.now();
  options.emit({ ...told, status: "started", message: hook.command.join(" "), seconds: null });
  const call = {
    command: hook.command,
    variables: variablesOf(session, index, move, hook),
    timeoutMs: Math.min(hook.timeoutSeconds * 1000, patienceOf(session, move).longestMs),
  };
  const end = (await ports.hooks?.run(call, options.cancel)) ?? { kind: "failed", why: "nobody can run it here" };
  const seconds = (ports.clock.now() - started) / 1000;
  options.emit({
    ...told,
    status: end.kind === "done" ? "finished" : "failed",
    message: end.kind === "done" ? "" : end.why,
    seconds,
  });
  return end.kind === "done" ? null : end.why;
}

async function runHook(session: Session, index: number, move: MemberMove, hook: HookConfig): Promise<void> {
  const { ports, options, environment } = session;
  const { attempts, mayFail } = patienceOf(session, move);
  for (let count = 1; ; count += 1) {
    if (options.stop.aborted) throw stopRequested(options.commandName);
    await session.assertNotOvertaken();
    const why = await attempt(session, index, move, hook, count);
    if (why === null) return;
    if (options.cancel.aborted) throw stopRequested(options.commandName);
    if (count < attempts) {
      await ports.clock.sleep(Math.max(ports.clock.scaled(10), 1000), options.stop);
      continue;
    }
    const what = `hook ${hook.name} (${hook.at} ${move.member}) failed${attempts === 1 ? "" : ` ${attempts} times`}; ${why}`;
    const repair = `repair what hooks[].command runs (or take the hook out of Pulumi.${environment.environment}.yaml), then `;
    if (!mayFail)
      throw new Stop(
        "EBG-HOOK",
        `${what}. Everything before it is done.`,
        `${repair}go on with: ${options.commandName}`,
      );
    options.emit({
      kind: "finding",
      code: "EBG-HOOK",
      severity: "recommended",
      message: `${what}; traffic goes back without it`,
      remedy: `${repair}do by hand for ${move.member} what it stands for (${typed(environment.environment, "status")})`,
    });
    return;
  }
}

/** One after the other, in the order of the config. Answers whether there was any. @throws Stop */
export async function runHooks(session: Session, index: number, move: MemberMove): Promise<boolean> {
  const hooks = hooksAround(session.options.hooks ?? [], move.kind);
  // What a command does belongs to a rollout that is in the record, whoever goes on with it.
  if (hooks.length > 0) await session.flush();
  for (const hook of hooks) await runHook(session, index, move, hook);
  return hooks.length > 0;
}
