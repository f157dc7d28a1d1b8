/** The wait for workloads that somebody else deploys, before a member is let in. */
import type { MemberMove } from "../../stacks/record";
import { isExternal } from "../../stacks/config/target-groups";
import { decideExternal, externalsOf, silentPeers } from "../gates/external-workload";
import { listing } from "../gates/gate-result";
import { silence, type MemberObservation, type Observation } from "../observation/observe";
import { counted } from "../text/sentences";
import { orEvacuate } from "./evacuated-member";
import type { GateFailed } from "./interruptions";
import type { Session } from "./session";
import { waitToLetIn } from "./wait-to-let-in";

/** Resolves when they are there. @throws Stop */
export async function waitForExternal(session: Session, index: number, move: MemberMove): Promise<void> {
  const { policy, environment, tolerance, options } = session;
  const { kind, member } = move;
  const { externalWorkloads } = policy;
  if (kind !== "admit" || externalWorkloads === "nothing") return;
  if (!environment.config.services.some(isExternal)) return;
  const serving = externalWorkloads === "there" ? [] : session.serving().filter((name) => name !== member);
  const passesSilence = externalWorkloads === "same-if-told";
  const rules = { member, serving, toleratedMs: tolerance.toleratedMs, passesSilence };
  const silentIn = (seen: Observation | null): readonly MemberObservation[] =>
    seen === null ? [] : silentPeers(seen, rules);
  const last = await waitToLetIn(
    session,
    index,
    move,
    {
      name: `external workloads are ready on ${member}`,
      decide: (seen, memory) => decideExternal(seen, rules, memory),
    },
    (failure, seen) => remedyOf(session, member, failure, silentIn(seen)),
  );
  const silent = silentIn(last);
  if (silent.length > 0)
    options.emit({
      kind: "note",
      message:
        `${member} comes in though nobody can say which images serve, because admit was asked for by name: ` +
        silent.map(silence).join("; "),
    });
}

/** What a person can do about it, by what was waited for last. */
function remedyOf(
  session: Session,
  member: string,
  { reason }: GateFailed,
  silent: readonly MemberObservation[],
): string {
  const goOn = `then go on with: ${session.options.commandName}`;
  if (reason === "images")
    return `deploy the same images to all members (or set services[].external.images to any), ${goOn}`;
  if (reason === "unknown" && silent.length > 0) {
    const back = silent.map(
      ({ name, refusal }) => refusal ?? `bring ${name}'s API server back (aws eks describe-cluster)`,
    );
    const dead = silent.filter(({ refusal }) => refusal === undefined);
    return (
      `${back.join(", ")}, or set services[].external.images to any, ${goOn}` +
      dead.map(({ name }) => orEvacuate(session, name)).join("")
    );
  }
  return (
    `deploy what is missing on ${member} where it is deployed from, and let the driver read what it may not ` +
    `(docs/reference/permissions.md), ${goOn}`
  );
}

/**
 * What still runs on a member that is about to be destroyed; empty: nothing. Nobody stops it but its owner: its clients
 * are told to go when it ends, and not before.
 */
export function theirPods({ members }: Observation, member: string): string {
  const running = externalsOf(members[member]).filter(([, { pods }]) => pods.total > 0);
  if (running.length === 0) return "";
  const pods = running.map(([, { pods, serviceName }]) => `${counted(pods.total, "pod")} of Service ${serviceName}`);
  return (
    `; ${listing(pods)} still run there and keep the connections that clients have open: let who deploys them take ` +
    `them off ${member} first (out of Argo CD, Flux or Helm), so that they end in order`
  );
}
