/** The wait for workloads that somebody else deploys, before a member is let in. */
import type { Move } from "../../stacks/record";
import { isExternal } from "../../stacks/config/target-groups";
import { decideExternal, externalsOf } from "../gates/external-workload";
import { listing } from "../gates/gate-result";
import { plainLook, type Observation } from "../observation/observe";
import { counted } from "../text/sentences";
import { GateFailed, Stop } from "./interruptions";
import type { Session } from "./session";
import { waitForGate } from "./wait-for-gate";

/**
 * Resolves when they are there. Nothing was moved yet, and nothing that is moved back would bring them: when they don't
 * come in time the rollout waits for a person, and the same command goes on. @throws Stop
 */
export async function waitForExternal(session: Session, index: number, { kind, member }: Move): Promise<void> {
  const { externalWorkloads } = session.policy;
  if (kind !== "admit" || externalWorkloads === "nothing") return;
  if (!session.environment.config.services.some(isExternal)) return;
  const serving = externalWorkloads === "same" ? session.active().filter((name) => name !== member) : [];
  try {
    await waitForGate(session, {
      name: `external workloads are ready on ${member}`,
      index,
      wants: { ...plainLook, workload: true },
      decide: (seen, memory) => decideExternal(seen, { member, serving }, memory),
    });
  } catch (error) {
    if (!(error instanceof GateFailed)) throw error;
    const { commandName } = session.options;
    throw new Stop(
      "EBG-GATE",
      `${member} is not let in yet: ${error.message}`,
      error.reason === "images"
        ? `deploy the same images to all members (or set services[].external.images to any), then go on with: ${commandName}`
        : `deploy what is missing on ${member} where it is deployed from, and let the driver read what it may not ` +
            `(docs/reference/permissions.md), then go on with: ${commandName}`,
    );
  }
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
