/**
 * `evacuate`: a member whose API server or controller is dead leaves the target groups without its cluster's help
 * (docs/decisions/0007-evacuate.md).
 */
import { beginEvacuation, commitEvacuation, describeMove } from "../../stacks/record";
import type { EnvironmentRecord, Evacuation } from "../../stacks/record";
import { ReusedAddresses, takeable } from "../evacuation/reused-addresses";
import { candidatesOf, inTeardown, mayEvacuate, prove, withoutOpenMove, type Proven } from "../evacuation/eligibility";
import { DriverError } from "../errors";
import { decideDrained } from "../gates/drained";
import { plainLook } from "../observation/observe";
import { healthOf } from "../observation/target-owners";
import { peersBefore } from "../rollout/move-gates";
import type { RolloutResult } from "../rollout/rollout";
import { Session } from "../rollout/session";
import type { SessionOptions } from "../rollout/session-options";
import { GateFailed, Stop, stopRequested } from "../rollout/interruptions";
import { waitForGate } from "../rollout/wait-for-gate";
import type { EvacuationPort, Ports } from "../ports";
import { readFamilyToAct } from "../environment/state";
import { wantedConfig } from "./plan";
import { startTeardown } from "../planning/teardown";
import { lookWithoutShare } from "./give-share-away";
import { tellProven } from "./evacuation-findings";
import { describeAsked, typed } from "../text/command-line";
import { doing } from "../text/sentences";
import { shell } from "../text/shell";

export interface EvacuateRun extends SessionOptions {
  readonly environment: string;
  readonly member: string;
  readonly controllerIsStopped: boolean;
  /** What a person has to say of it; null: what is seen. */
  readonly why: string | null;
}
type EvacuatePorts = Ports & { readonly evacuation: EvacuationPort };

/** Seconds that a changed policy may take to be felt everywhere (IAM is eventually consistent). */
const policySeconds = 30;

/** @throws EBG-EVACUATE while a member is being evacuated: everything else waits. */
export function refuseDuringEvacuation({ evacuation }: EnvironmentRecord, environment: string): void {
  if (evacuation == null) return;
  throw new DriverError(
    "EBG-EVACUATE",
    `${evacuation.member} is being evacuated (since ${evacuation.startedAt}, by ${evacuation.by})`,
    `finish it first: eks-blue-green evacuate ${evacuation.member} --stack ${environment}`,
  );
}

/**
 * Begins, or goes on with what was begun, on whatever machine. A stop is a result. @throws DriverError for what keeps
 * it from starting
 */
export async function runEvacuate(
  ports: EvacuatePorts,
  values: Readonly<Record<string, string>>,
  run: EvacuateRun,
): Promise<RolloutResult> {
  const started = ports.clock.now();
  const config = wantedConfig(values, run.environment);
  await ports.pulumi.settle({ kind: "environment" });
  const family = await readFamilyToAct(ports, run.environment);
  const session = new Session(ports, { ...family.environment, config }, family.record, run);
  Object.assign(session.members, family.members);
  Object.assign(session.foreign, family.foreign);
  let left: readonly string[] = [];
  let result: RolloutResult;
  const end = (
    outcome: RolloutResult["outcome"],
    code: RolloutResult["code"],
    message: string,
    remedy: string | null,
  ): RolloutResult => ({ outcome, placement: session.record.placement, code, message, remedy });
  try {
    left = await begin(session, ports, run);
    await deny(session, ports.evacuation);
    await deregister(session);
    await stayGone(session, ports.evacuation, run.member);
    const teardown = session.record.evacuation?.teardown === true;
    session.record = commitEvacuation(session.record, session.isoNow());
    // In the same write: nothing else may be begun in between.
    if (teardown) session.record = startTeardown(session.record, config, session.isoNow());
    await session.writer.flush();
    const rest =
      left.length === 0
        ? ""
        : `; left alone, because nobody can prove that they are ${run.member}'s: ${left.join(", ")}`;
    const serving = session.serving();
    const after = `${run.member} is out${serving.length === 0 ? "" : `; ${doing(serving, "serve")}`}${rest}`;
    result = teardown
      ? end("done", null, after, `go on with: eks-blue-green teardown --stack ${run.environment}`)
      : end("done", null, after, whatFollows(session, run));
  } catch (error) {
    if (!(error instanceof Stop || error instanceof GateFailed)) throw error;
    const remedy =
      error instanceof Stop ? error.remedy : `${error.remedy}; then run the same command again: ${run.commandName}`;
    result = end(error instanceof Stop ? "stopped" : "failed", error.code, error.message, remedy);
  }
  run.emit({
    kind: "rollout-finished",
    outcome: result.outcome,
    placement: result.placement,
    seconds: (ports.clock.now() - started) / 1000,
    code: result.code,
    message: result.message,
    remedy: result.remedy,
  });
  return result;
}

/** What is open of another member comes first. */
function whatFollows({ record: { rollout, intent } }: Session, { environment, member }: EvacuateRun): string {
  const back =
    `when its cluster is back: ${typed(environment, `drain ${member}`)}, then ` + typed(environment, `admit ${member}`);
  return rollout === null || intent === null
    ? back
    : `finish '${describeMove(intent.move)}', which is still open: ` +
        `${typed(environment, describeAsked(rollout.command ?? null))}; ${back}`;
}

/** Looks, decides, and writes down what is going to be done. Answers what is left alone. */
async function begin(session: Session, ports: EvacuatePorts, run: EvacuateRun): Promise<readonly string[]> {
  const { member, environment } = run;
  const open = session.record.evacuation ?? null;
  await session.caller.identify();
  const outputs = session.members[member];
  const roleName = open?.roleName ?? outputs?.controller.roleName ?? null;
  const asked = {
    environment,
    member,
    controllerIsStopped: run.controllerIsStopped || (open !== null && open.roleName === null),
    roleName,
    minCapacityPercent: session.rules.minCapacityPercent,
  };
  const observation = await lookWithoutShare(session, asked);
  // One that was begun is finished even if its cluster came back meanwhile: its controller may be denied already.
  const why = open?.why ?? mayEvacuate(session.record, observation, session.owners, asked);
  if (open !== null && open.member !== member) mayEvacuate(session.record, observation, session.owners, asked);
  const proven = await proof(session, ports, member);
  tellProven(run, proven);
  const count = Object.values(proven.targets).flat().length;
  // Where its targets are gone already (its nodes were deleted with it), the rest is done all the same: denied, looked
  // at, written down.
  if (open === null && count === 0 && proven.doubtful)
    throw new DriverError(
      "EBG-EVACUATE",
      `no registered target is provably ${member}'s: ${proven.unproven.join("; ")}`,
      `eks-blue-green status --stack ${environment}; targets that nobody can prove are a person's to deregister`,
    );
  if (run.stop.aborted) throw stopRequested(run.commandName);
  const evacuation: Evacuation =
    open === null
      ? {
          member,
          startedAt: session.isoNow(),
          ...session.caller.signature,
          why: run.why === null ? why : `${run.why} (${why})`,
          targets: proven.targets,
          ...(session.record.placement[member]?.role === "standby" && session.record.intent?.move.member !== member
            ? { unbound: true }
            : {}),
          ...(inTeardown(session.record) ? { teardown: true } : {}),
          roleName: run.controllerIsStopped && outputs?.controller.roleName == null ? null : roleName,
        }
      : { ...session.caller.signed(open), targets: merged(open.targets, proven.targets) };
  if (open !== null)
    run.emit({
      kind: "note",
      message: `going on with the evacuation of ${member} that ${open.by} began at ${open.startedAt}`,
    });
  else if (inTeardown(session.record))
    run.emit({ kind: "note", message: `the teardown is planned anew behind this, without ${member}` });
  else if (session.record.rollout !== null && session.memory.emptiedInAnyCase !== member)
    run.emit({ kind: "note", message: whatEnds(session, member) });
  await session.phase(0, "begin", `writing down that ${member} is evacuated: ${evacuation.why}`, {}, async () => {
    // One that was coming in is in: its bindings may be there, and nobody looks after its move any more.
    const others = session.record.intent?.move.member === member ? session.record : withoutOpenMove(session.record);
    session.record = beginEvacuation(others, evacuation);
    await session.writer.flush();
  });
  return proven.unproven;
}

function whatEnds({ record: { rollout, intent }, environment }: Session, member: string): string {
  const planned = `rollout ${rollout?.id ?? ""} ends here: it was planned with ${member}`;
  const { move } = intent ?? {};
  return move === undefined || move.member === member || move.kind === "admit"
    ? `${planned}; ${typed(environment.environment, "upgrade")} plans anew`
    : `${planned}; '${describeMove(move)}', which is open, is finished afterwards`;
}

async function proof(session: Session, ports: EvacuatePorts, member: string): Promise<Proven> {
  const observation = await session.look(plainLook);
  const candidates = candidatesOf(observation, member);
  const clusterName = session.members[member]?.clusterName ?? "";
  const owners = await ports.evacuation.ownersOf(
    [...new Set([candidates.unclaimed, candidates.claimed].flatMap((ids) => Object.values(ids).flat()))],
    session.environment.network.vpcId,
  );
  const proven = prove(candidates, owners, clusterName);
  for (const target of proven.wronglyClaimed) session.settleClaim(target, member);
  return proven;
}

function merged(a: Evacuation["targets"], b: Evacuation["targets"]): Record<string, string[]> {
  return Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map((key) => [
      key,
      [...new Set([...(a[key] ?? []), ...(b[key] ?? [])])].sort(),
    ]),
  );
}

/** Looked at after it was written, and given the time that IAM takes. */
async function deny(session: Session, evacuation: EvacuationPort): Promise<void> {
  const { roleName, member, by } = session.record.evacuation as Evacuation;
  const { emit, stop, commandName } = session.options;
  if (roleName === null) {
    emit({
      kind: "note",
      message:
        `nothing keeps ${member}'s controller from registering its targets again but the word of ${by} that it is ` +
        "stopped",
    });
    return;
  }
  await session.phase(
    0,
    "preview",
    `denying ${member}'s controller (role ${roleName}) to register targets`,
    {},
    async () => {
      const before = await evacuation.registeringDenied(roleName);
      if (!before) {
        await session.writer.assertNotOvertaken();
        if ((await evacuation.denyRegistering(roleName)) === "no-role") {
          emit({
            kind: "note",
            message: `the role ${roleName} of ${member}'s controller is gone: nothing can register targets with it`,
          });
          return;
        }
      }
      if (!(await evacuation.registeringDenied(roleName)))
        throw new GateFailed(
          "EBG-EVACUATE",
          `the policy that denies ${member}'s controller to register targets is not on role ${roleName}, though ` +
            "IAM took it",
          shell`look at it: aws iam list-role-policies --role-name ${roleName}`,
        );
      await session.ports.clock.sleep(session.ports.clock.scaled(policySeconds), stop);
      if (stop.aborted) throw stopRequested(commandName);
    },
  );
}

async function deregister(session: Session): Promise<void> {
  const { targets, member } = session.record.evacuation as Evacuation;
  await session.phase(
    0,
    "act",
    `deregistering ${Object.values(targets).flat().length} targets of ${member}`,
    {},
    async () => {
      // Seen once more right before: an address may have become somebody else's.
      const observation = await session.look(plainLook);
      const { free, claimed } = takeable(session, observation);
      if (claimed.length > 0)
        session.options.emit({ kind: "note", message: `not deregistered: ${claimed.join(", ")}` });
      await deregisterAll(session, free);
    },
  );
}

async function deregisterAll(session: Session, targets: Readonly<Record<string, readonly string[]>>): Promise<void> {
  // What is left undone here is seen, and done, in the next round of the gate behind it.
  if (Object.values(targets).every((ids) => ids.length === 0) || !(await session.writer.stillMine())) return;
  for (const [key, ids] of Object.entries(targets)) {
    const group = session.environment.loadBalancer.services[key];
    if (group === undefined || ids.length === 0) continue;
    session.options.emit({ kind: "note", message: `deregistering in '${key}': ${ids.join(", ")}` });
    await session.ports.aws.deregister(group.targetGroupArn, ids);
  }
}

/** Nothing is taken back here, so whatever else is wrong is waited for as long as a gate may. */
async function stayGone(session: Session, evacuation: EvacuationPort, member: string): Promise<void> {
  const { targets, teardown } = session.record.evacuation as Evacuation;
  const look = await session.look(plainLook);
  const before = peersBefore(session, look, member);
  const reused = new ReusedAddresses(session, evacuation, member, targets);
  // In a teardown nobody has to serve meanwhile.
  const rules = {
    member,
    // What is sick already is not this evacuation's doing, and nothing here would mend it.
    peers:
      teardown === true
        ? []
        : session.policy.peersOf(member).filter((name) => healthOf(session.owners, look, name) === "healthy"),
    peersBefore: before,
    before: targets,
    holdMs: session.waits.holdMs,
    toleratedMs: Number.POSITIVE_INFINITY,
    drainMs: session.waits.drainMs,
    mayBeTaken: (key: string, id: string) => reused.mayBeTaken(key, id),
  };
  await session.phase(0, "gate", "looking at AWS and the other members", {}, () =>
    waitForGate(session, {
      name: `${member} is out`,
      index: 0,
      wants: teardown === true ? plainLook : { ...plainLook, probes: 4 },
      decide: (seen, memory) => decideDrained(seen, session.owners, rules, memory),
      meanwhile: async (seen) => {
        await reused.ask(seen);
        await deregisterAll(session, takeable(session, seen).free);
      },
    }),
  );
}
