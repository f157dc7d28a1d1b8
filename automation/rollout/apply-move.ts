/** `act`: the move's stack is updated by a plan that was checked against the move's allow-list. */
import type { DriverContext } from "../../stacks/contract";
import { describeMove, type MemberMove, type Move } from "../../stacks/record";
import { clusterNameOf } from "../../stacks/config/target-groups";
import { readMemberStack } from "../environment/member-stack";
import { DriverError } from "../errors";
import type { Phase } from "../events";
import { kubectl } from "../text/kubectl";
import { assertAllowed, changesOf, leavesOf } from "../policy/move-policy";
import { Attempts } from "./retry-budget";
import { stillEnough } from "./capacity-check";
import { liftProtection, protectClusterAgain } from "./deletion-protection";
import { forgetWhatIsUnreachable, isEvacuated } from "./evacuated-member";
import { nameWhatIsLeft } from "./left-by-member";
import type { PreviewedUpdate } from "../ports";
import type { StackRef } from "../ports";
import { stackName } from "../text/stack-name";
import type { Session } from "./session";
import { GateFailed, Stop, stopRequested } from "./interruptions";

/**
 * Failures of an update that may pass by themselves: a throttled call, a webhook that is not up yet, an answer that was
 * lost.
 */
const mayPass = new Set(["EBG-UPDATE-FAILED", "EBG-DEADLINE", "EBG-KUBERNETES", "EBG-AWS"]);
/**
 * EKS has tried these for a quarter of an hour and more before it said so: trying again would only keep the person
 * waiting who has to do something.
 */
const forPeople: readonly {
  readonly text: string;
  readonly remedy: (clusterName: string, command: string) => string;
}[] = [
  {
    text: "PodEvictionFailure",
    remedy: (clusterName, command) =>
      `find the budget that lets no pod go (${kubectl(clusterName)} get pdb -A) and make room, then run the same ` +
      `command again: ${command} goes on with the nodes that are still old`,
  },
  {
    text: "NodeCreationFailure",
    remedy: (clusterName, command) =>
      `find out why new nodes don't join ${clusterName} (aws eks describe-nodegroup --cluster-name ` +
      `${clusterName}, subnets, security groups, quotas), then run the same command again: ${command}`,
  },
];

/** The stack that a move updates: shares are the environment's, everything else is a member's. */
export const stackOf = (move: Move): StackRef =>
  move.kind === "shift" ? { kind: "environment" } : { kind: "member", member: move.member };

export type Phases = Partial<Record<Phase, number>>;

/** One attempt. */
export interface Attempt {
  /** Told how many operations the plan has. @throws what ends the attempts when none of them gets any further */
  readonly planned: (left: number) => void;
  /** An earlier one has failed, and may have done a part. */
  readonly again: boolean;
}

interface Freed {
  /** Of Pulumi's own protection. */
  readonly urns: Set<string>;
  /** EKS's of the cluster. */
  cluster: boolean;
}

async function once(
  session: Session,
  index: number,
  move: MemberMove,
  phases: Phases,
  { planned }: Attempt,
  /** What is not protected any more, of all attempts. */
  freed: Freed,
): Promise<void> {
  const { pulumi } = session.ports;
  const { cancel, emit } = session.options;
  const stack = stackOf(move);
  const name = stackName(session.environment.environment, stack);
  const context: DriverContext = {
    kind: "act",
    expectedRevision: session.writer.written.revision,
    // What is the user's own comes with a member; no other move declares it, so that nothing in it can stop one.
    ...(move.kind === "provision" ? { extension: "declared" } : {}),
  };
  const destroys = move.kind === "retire";
  const isOurs = (): Promise<unknown> => readMemberStack(pulumi, session.environment.environment, move.member);
  // A rollout that is given up may have been killed before it made the stack.
  if (move.kind === "provision" || destroys) {
    await isOurs();
    await pulumi.ensureMemberStack(move.member);
  }
  const plan = async (): Promise<PreviewedUpdate> => {
    if (move.kind === "drain") for (const urn of await pulumi.unprotectBindings(move.member)) freed.urns.add(urn);
    // Its last update may have been long ago, while it was active: evacuated, or never updated since.
    if (destroys) {
      await session.writer.assertNotOvertaken();
      for (const urn of await pulumi.unprotectAll(move.member)) freed.urns.add(urn);
    }
    // A drain that gave up half-way may have deleted the binding after all, and the state would still have it.
    if (move.kind === "admit") await pulumi.refreshBindings(move.member);
    if (destroys && isEvacuated(session, move.member)) {
      await pulumi.backUpState(stack);
      await forgetWhatIsUnreachable(session, move.member);
    }
    const [update] = await Promise.all([
      destroys
        ? pulumi.previewDestroy(move.member, context.expectedRevision, cancel)
        : pulumi.preview(stack, context, cancel, leavesOf(move.kind)),
      pulumi.backUpState(stack),
    ]);
    return update;
  };
  const previewed = await session.phase(index, "preview", `planning the update of ${name}`, phases, plan);
  planned(changesOf(previewed.operations).length);
  assertAllowed(move.kind, name, previewed.operations);
  await stillEnough(session, index, move);
  if (destroys) {
    await session.writer.assertNotOvertaken();
    await isOurs();
    // Last of all, and it takes its time.
    const lifted = await liftProtection(session, index, move, previewed.operations, phases, () => {
      freed.cluster = true;
    });
    if (lifted) {
      await stillEnough(session, index, move);
      await session.writer.assertNotOvertaken();
    }
  }
  emit({
    kind: "stack",
    stack: name,
    status: "started",
    message: destroys ? "destroying" : "updating",
    seconds: null,
    changes: null,
  });
  const applied = await session.phase(index, "act", `${destroys ? "destroying" : "updating"} ${name}`, phases, () =>
    destroys
      ? pulumi.destroy(move.member, context.expectedRevision, previewed.plan, cancel)
      : pulumi.apply(stack, context, previewed.plan, cancel),
  );
  if (destroys) await nameWhatIsLeft(session, move.member, session.members[move.member]?.clusterName ?? name);
  emit({
    kind: "stack",
    stack: name,
    status: "finished",
    message: destroys ? "destroyed" : "updated",
    seconds: applied.seconds,
    changes: applied.changes,
  });
}

/**
 * Lifting the protection is no part of the plan: what is not done after all leaves nothing unprotected, and a member
 * that goes on serving keeps its bindings from everybody's `pulumi destroy`. Not when somebody else has moved on: what
 * he is about to delete is none of ours.
 */
async function protectAgain(session: Session, member: string, { urns, cluster }: Freed, why: unknown): Promise<void> {
  const isOver = why instanceof DriverError || why instanceof GateFailed || why instanceof Stop;
  const freed = [...urns];
  if ((freed.length === 0 && !cluster) || !isOver || why.code === "EBG-FENCED") return;
  try {
    await session.writer.assertNotOvertaken();
    if (cluster) await protectClusterAgain(session, member);
    if (freed.length > 0) await session.ports.pulumi.protectAgain(member, freed);
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    session.options.emit({
      kind: "note",
      message:
        `${freed.length} resources of ${member} stay unprotected until its next update ` +
        `(${error.message.split("\n")[0] ?? ""}): ${freed.join(", ")}`,
    });
  }
}

/** @throws what ends the move; what it has unprotected is protected again then. */
export async function act(session: Session, index: number, move: MemberMove, phases: Phases): Promise<void> {
  const freed: Freed = { urns: new Set(), cluster: false };
  try {
    await attempted(session, move, (attempt) => once(session, index, move, phases, attempt, freed));
    await session.loadMember(move.member);
  } catch (error) {
    await protectAgain(session, move.member, freed, error);
    throw error;
  }
}

/**
 * Repeats an update that failed for a reason that may pass: it is the same declaration, so a second run does what the
 * first left over.
 */
export async function attempted(
  session: Session,
  move: Move,
  once: (attempt: Attempt) => Promise<void>,
): Promise<void> {
  const { options, ports } = session;
  const attempts = new Attempts();
  const locksUntil = ports.clock.now() + ports.clock.scaled(session.rules.gateTimeoutSeconds);
  let last: DriverError | null = null;
  for (;;) {
    attempts.begin();
    try {
      if (attempts.made > 1) await ports.pulumi.settle(stackOf(move));
      const planned = (left: number): void => {
        if (!attempts.planned(left) && last !== null) throw last;
      };
      return await once({ planned, again: attempts.made > 1 });
    } catch (error) {
      if (!(error instanceof DriverError)) throw error;
      const tries = error === last ? attempts.made - 1 : attempts.made;
      const failed = (remedy = error.remedy): GateFailed =>
        new GateFailed(
          error.code,
          `${describeMove(move)}${tries === 1 ? "" : `, after ${tries} attempts`}: ${error.message}`,
          remedy,
          { cause: error },
        );
      if (error === last) throw failed();
      // An earlier attempt may have done part of it: the move stays open, and is turned back or gone on with.
      if (attempts.made > 1 && error.code === "EBG-PLAN-REFUSED") throw failed();
      if (error.code === "EBG-STACK-LOCKED" && session.policy.waitsForLocks && ports.clock.now() < locksUntil) {
        if (options.stop.aborted) throw stopRequested(options.commandName);
        options.emit({ kind: "note", message: `waiting for a lock: ${error.message.split("\n")[0] ?? ""}` });
        attempts.free();
        await ports.clock.sleep(Math.max(ports.clock.scaled(10), 1000), options.stop);
        continue;
      }
      if (!mayPass.has(error.code)) throw error;
      options.emit({
        kind: "stack",
        stack: stackName(session.environment.environment, stackOf(move)),
        status: "failed",
        message: error.message,
        seconds: null,
        changes: null,
      });
      const known = forPeople.find(({ text }) => error.message.includes(text));
      if (known !== undefined && move.member !== undefined)
        throw failed(known.remedy(clusterNameOf(session.environment, move.member), options.commandName));
      if (!attempts.failed() || options.cancel.aborted) throw failed();
      // The intent is open and the record says so: as safe a point as a gate's next round.
      if (options.stop.aborted) throw stopRequested(options.commandName);
      options.emit({
        kind: "note",
        message: `trying again (attempt ${attempts.made + 1}): ${error.message.split("\n")[0] ?? ""}`,
      });
      last = error;
      await ports.clock.sleep(Math.max(ports.clock.scaled(attempts.pauseSeconds), 1000), options.stop);
    }
  }
}
