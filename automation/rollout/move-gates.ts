/** The gates after each kind of move. */
import { capacityOf, isServing, isWeighted, type MemberMove } from "../../stacks/record";
import { decideAdmitted } from "../gates/admitted";
import { decideDrained, decideGone, leftovers } from "../gates/drained";
import { decideReady, lackingOf } from "../gates/ready";
import { decideUpgraded } from "../gates/upgraded";
import { failed, notYet, passed, waiting } from "../gates/gate-result";
import { plainLook, type Observation } from "../observation/observe";
import { claimKey } from "../observation/claims";
import { healthOf, snapshot } from "../observation/target-owners";
import { probeProblem, type Snapshot } from "../gates/peers";
import type { Session } from "./session";
import { looksOf } from "./observation-needs";
import { proveController } from "./prove-controller";
import { proveCredentials } from "./credentials-check";
import { boundAgain } from "./move-preconditions";
import { waitForGate, type Gate } from "./wait-for-gate";
import { doing } from "../text/sentences";

/** Targets of every other active member, for those that can't be asked later. */
export function peersBefore(session: Session, observation: Observation, member: string): Record<string, Snapshot> {
  const peers = session.policy.peersOf(member);
  return Object.fromEntries(peers.map((peer) => [peer, snapshot(session.owners, observation, peer)]));
}

/** The gate after the move; resolves when it has passed. @throws GateFailed, Stop */
export async function afterMove(
  session: Session,
  index: number,
  move: MemberMove,
  before: { readonly own: Snapshot; readonly peers: Readonly<Record<string, Snapshot>> },
): Promise<void> {
  const gate = gateOf(session, index, move, before);
  if (gate !== null) await waitForGate(session, gate);
  if (move.kind !== "provision") return;
  await proveController(session, index, move.member);
  await proveCredentials(session, index, move.member);
}

function gateOf(
  session: Session,
  index: number,
  move: MemberMove,
  before: { readonly own: Snapshot; readonly peers: Readonly<Record<string, Snapshot>> },
): Gate | null {
  const { member } = move;
  const looks = looksOf(session);
  const peers = session.policy.peersOf(member);
  const common = {
    member,
    peers,
    peersBefore: before.peers,
    holdMs: session.waits.holdMs,
    ...session.waits.tolerance,
    excused: session.policy.excused,
    repairMs: session.waits.repairMs,
  };
  switch (move.kind) {
    case "provision":
      return {
        name: `${member} is ready`,
        index,
        wants: looks.infrastructure,
        decide: (seen) => decideReady(seen, member),
      };
    case "admit":
      return admitGate(session, index, move, common);
    case "drain":
      return drainGate(session, index, member, {
        ...common,
        excused: session.policy.excusedBehindDrain,
        before: before.own,
        drainMs: session.waits.drainMs,
        requestsTellLate: session.policy.requestsTellLate,
        noAnswerToleratedMs: session.waits.noAnswerToleratedMs,
        mayBeTaken: (key, id) => session.memory.settledClaims.get(claimKey(key, id)) !== member,
      });
    case "upgrade":
      return {
        name: `${member} is at ${move.to.version ?? "?"}`,
        index,
        wants: { ...looks.infrastructure, cluster: member },
        decide: (seen) =>
          decideUpgraded(seen, { member, version: move.to.version ?? "", workload: move.to.workload === "running" }),
      };
    case "scale":
      if (move.to.role === "active") return resizedGate(session, index, move, common);
      return move.to.workload === "stopped"
        ? {
            name: `${member}'s workload has stopped`,
            index,
            wants: looks.workload,
            decide: (seen) => decideGone(seen, session.owners, member),
          }
        : {
            name: `${member}'s workload is ready`,
            index,
            wants: looks.infrastructure,
            decide: (seen) => decideReady(seen, member),
          };
    case "retire":
      return stayersGate(session, index, peers);
    default:
      return move.kind satisfies never;
  }
}

/** One without a share; nothing for others. */
const unserved = (
  session: Session,
  member: string,
  to: MemberMove["to"],
): Pick<Parameters<typeof decideAdmitted>[2], "unserved"> =>
  isServing(to)
    ? {}
    : { unserved: { served: session.serving().filter((name) => name !== member), sureMs: session.waits.shortMs } };

function admitGate(
  session: Session,
  index: number,
  { member, to }: MemberMove,
  common: Parameters<typeof decideAdmitted>[2],
): Gate {
  const { requestsTell, requestsTellOnceAnswered } = session.policy;
  const rules = {
    ...common,
    requestsToleratedMs: session.waits.newcomerToleratedMs,
    ...unserved(session, member, to),
    ...(requestsTellOnceAnswered ? { requestsTellOnceAnswered } : {}),
  };
  return {
    name: `${member} ${isServing(to) ? "serves" : "is in"}`,
    index,
    // Requests say nothing of one that gets none yet: who fails them is dealt with when it has come in.
    wants: isServing(to) && (requestsTell || requestsTellOnceAnswered) ? looksOf(session).serving : plainLook,
    decide: (seen, memory) => decideAdmitted(seen, session.owners, rules, memory),
  };
}

/** The retired member's stack is empty: there is nothing to ask. The peers are looked at once more. */
function stayersGate(session: Session, index: number, peers: readonly string[]): Gate | null {
  if (peers.length === 0) return null;
  const { excused } = session.policy;
  const well = (seen: Observation): boolean =>
    peers.every((name) => healthOf(session.owners, seen, name, excused.sick) !== "unhealthy");
  return {
    name: "the members that stay serve",
    index,
    wants: looksOf(session).serving,
    decide: (seen) =>
      notYet(
        well(seen)
          ? (probeProblem(seen, excused) ?? passed(doing(peers, "serve")))
          : waiting("peers-unhealthy", `${peers.join(", ")}: not healthy`),
      ),
  };
}

/**
 * A member in traffic that got another size: its pods are ready; after growing they also take traffic, so that they
 * carry what they were made for.
 */
function resizedGate(
  session: Session,
  index: number,
  { member, from, to }: MemberMove,
  common: Parameters<typeof decideAdmitted>[2],
): Gate {
  const rules = {
    ...common,
    holdMs: capacityOf(to) > capacityOf(from) ? common.holdMs : 0,
    ...unserved(session, member, to),
    ...(isWeighted(session.record.placement) ? { partsFail: { sureMs: session.waits.shortMs } } : {}),
    ready: (seen: Observation) => lackingOf(seen, member),
  };
  return {
    name: `${member} serves at ${capacityOf(to)} %`,
    index,
    wants: looksOf(session).resized,
    decide: (seen, memory) => decideAdmitted(seen, session.owners, rules, memory),
  };
}

type DrainRules = Parameters<typeof decideDrained>[2];

/**
 * Leftovers are ours to deregister only when the controller had its time and no other member knows them
 * (docs/reference/aws-behaviour.md).
 */
function drainGate(session: Session, index: number, member: string, rules: DrainRules): Gate {
  const { clock } = session.ports;
  const since = clock.now();
  const graceMs = Math.max(clock.scaled(30), 3000);
  return {
    name: `${member} is out`,
    index,
    // In a teardown, and when nobody else serves, it is not asked who answers: nobody has to.
    wants: rules.peers.length === 0 ? plainLook : looksOf(session).serving,
    decide: (seen, memory) =>
      boundAgain(session, seen, member)
        ? notYet(
            failed(
              "still-registered",
              `${member} was bound again by an update that is not this driver's`,
              `eks-blue-green status; let nobody deploy ${member}'s stack meanwhile, and run the upgrade again: eks-blue-green upgrade`,
            ),
          )
        : decideDrained(seen, session.owners, rules, memory),
    meanwhile: async (seen) => {
      if (seen.at - since < graceMs) return;
      // An evacuated member that is gone for good claims nothing any more when everybody goes.
      const left = leftovers(seen, { ...rules, silentGo: session.policy.endsService });
      for (const [service, ids] of Object.entries(left.free)) {
        const group = session.environment.loadBalancer.services[service];
        if (group === undefined) continue;
        if (!(await session.writer.stillMine())) return;
        session.options.emit({
          kind: "note",
          message: `deregistering ${ids.length} leftover targets of ${member} in '${service}': ${ids.join(", ")}`,
        });
        await session.ports.aws.deregister(group.targetGroupArn, ids);
      }
    },
  };
}
