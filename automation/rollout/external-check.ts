/** The wait for workloads that somebody else deploys, before a member is let in. */
import type { Move } from "../../stacks/record";
import { isExternal } from "../../stacks/config/target-groups";
import { decideExternal } from "../gates/external-workload";
import { plainLook } from "../observation/observe";
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
        : `deploy what is missing on ${member} where it is deployed from, then go on with: ${commandName}`,
    );
  }
}
