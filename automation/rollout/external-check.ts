/** The wait for workloads that this package has not written, before a member is let in. */
import type { ServiceConfig } from "../../stacks/config";
import type { MemberMove } from "../../stacks/record";
import { isExternal, isFromFiles, isManaged } from "../../stacks/config/target-groups";
import { decideExternal, equalOf, externalsOf, imagesKey, silentPeers } from "../gates/external-workload";
import { listing } from "../gates/gate-result";
import { silence, type MemberObservation, type Observation } from "../observation/observe";
import { counted } from "../text/sentences";
import { orEvacuate } from "./evacuated-member";
import type { GateFailed } from "./interruptions";
import type { Session } from "./session";
import { waitToLetIn } from "./wait-to-let-in";

/** Resolves when they are there. @throws Stop */
export async function waitForExternal(session: Session, index: number, move: MemberMove): Promise<void> {
  const { policy, environment, waits, options } = session;
  const { kind, member } = move;
  const { externalWorkloads } = policy;
  if (kind !== "admit" || externalWorkloads === "nothing") return;
  const { services } = environment.config;
  if (services.every(isManaged)) return;
  const serving = externalWorkloads === "there" ? [] : session.serving().filter((name) => name !== member);
  const passesSilence = externalWorkloads === "same-if-told";
  const rules = { member, serving, toleratedMs: waits.tolerance.toleratedMs, passesSilence };
  const silentIn = (seen: Observation | null): readonly MemberObservation[] =>
    seen === null ? [] : silentPeers(seen, rules);
  const last = await waitToLetIn(
    session,
    index,
    move,
    {
      name: `${services.some(isExternal) ? "external workloads" : "workloads from files"} are ready on ${member}`,
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

/** Of each kind of files that there is. */
const keysOfFiles = (services: readonly ServiceConfig[]): string =>
  [...new Set(services.filter(isFromFiles).map(({ workload }) => imagesKey({ fromFiles: workload })))].join(" or ");

/** What a person can do about it, by what was waited for last. */
function remedyOf(
  session: Session,
  member: string,
  { reason }: GateFailed,
  silent: readonly MemberObservation[],
): string {
  const goOn = `then go on with: ${session.options.commandName}`;
  const { services } = session.environment.config;
  const [first] = services.some(isExternal) ? [] : services.filter(isFromFiles);
  const fromFiles = first === undefined ? {} : { fromFiles: first.workload };
  const keys = first === undefined ? imagesKey({}) : keysOfFiles(services);
  if (reason === "images") return `${equalOf(fromFiles, keys)}, ${goOn}`;
  if (reason === "unknown" && silent.length > 0) {
    const back = silent.map(
      ({ name, refusal }) => refusal ?? `bring ${name}'s API server back (aws eks describe-cluster)`,
    );
    const dead = silent.filter(({ refusal }) => refusal === undefined);
    return (
      `${back.join(", ")}, or set ${keys} to any, ${goOn}` + dead.map(({ name }) => orEvacuate(session, name)).join("")
    );
  }
  if (first !== undefined)
    return (
      `correct the files and deploy them (eks-blue-green up), and let the driver read what it may not ` +
      `(docs/reference/permissions.md), ${goOn}`
    );
  return (
    `deploy what is missing on ${member} where it is deployed from, and let the driver read what it may not ` +
    `(docs/reference/permissions.md), ${goOn}`
  );
}

/**
 * What still runs on a member that is about to be destroyed; empty: nothing. Nobody stops it but its owner: its clients
 * are told to go when it ends, and not before. Pods from files end in order with the objects of the stack.
 */
export function theirPods({ members }: Observation, member: string): string {
  const running = externalsOf(members[member]).filter(
    ([, { pods, fromFiles }]) => pods.total > 0 && fromFiles === undefined,
  );
  if (running.length === 0) return "";
  const pods = running.map(([, { pods, serviceName }]) => `${counted(pods.total, "pod")} of Service ${serviceName}`);
  return (
    `; ${listing(pods)} still run there and keep the connections that clients have open: let who deploys them take ` +
    `them off ${member} first (out of Argo CD, Flux or Helm), so that they end in order`
  );
}
