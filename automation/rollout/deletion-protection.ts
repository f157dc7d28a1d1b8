/** What a retirement does with EKS's deletion protection, once nothing else speaks against the destruction. */
import type { MemberMove } from "../../stacks/record";
import { clusterNameOf } from "../../stacks/config/target-groups";
import { switchProtection, wantsProtection } from "../environment/deletion-protection";
import { DriverError } from "../errors";
import type { PlannedOperation } from "../ports";
import type { Phases } from "./apply-move";
import { stopRequested } from "./interruptions";
import type { Session } from "./session";

const deletesCluster = ({ operation, type }: PlannedOperation): boolean =>
  operation === "delete" && type === "aws:eks/cluster:Cluster";

/**
 * Takes it off the member's cluster, if this destruction deletes one. Answers whether it was on; `asking` is called when
 * EKS has been asked, by this driver or by one before it.
 * @throws EBG-PLAN-REFUSED when it is on and the config does not say so: somebody has put it on by hand
 */
export async function liftProtection(
  session: Session,
  index: number,
  { member }: MemberMove,
  operations: readonly PlannedOperation[],
  phases: Phases,
  asking: () => void,
): Promise<boolean> {
  const { config } = session.environment;
  if (config.memberClusters?.[member]?.existing != null || !operations.some(deletesCluster)) return false;
  const { aws } = session.ports;
  const { stop, commandName } = session.options;
  const clusterName = clusterNameOf(session.environment, member);
  const cluster = await aws.clusterStatus(clusterName);
  // Of any other EKS does not mind it. What it works on may be this very switch, of a driver that is gone.
  const minds = cluster?.status === "ACTIVE" || cluster?.status === "UPDATING";
  const isOn = minds && cluster.deletionProtection === true;
  // A driver that is gone may have taken it off, or have asked for that: it is put back all the same if the cluster stays.
  if (minds && wantsProtection(config, member) && (!isOn || cluster.status === "UPDATING")) asking();
  if (!isOn && cluster?.status !== "UPDATING") return false;
  if (!wantsProtection(config, member)) {
    if (!isOn) return false;
    throw new DriverError(
      "EBG-PLAN-REFUSED",
      `EKS protects ${clusterName} against deletion, and the config does not say so (cluster.deletionProtection): ` +
        "somebody may have put it on for a reason, so nothing was destroyed",
      "if it is to go: aws eks update-cluster-config --no-deletion-protection --name " +
        `${clusterName}; then run the same command again: ${commandName}`,
    );
  }
  return await session.phase(index, "act", `taking EKS's deletion protection off ${clusterName}`, phases, () =>
    switchProtection(session.ports, clusterName, false, { stop, stopped: () => stopRequested(commandName), asking }),
  );
}

/**
 * Of a cluster that stays after all. It is asked for, not waited for: the command ends here with what went wrong, and
 * the next one waits for EKS.
 */
export async function protectClusterAgain(session: Session, member: string): Promise<void> {
  const clusterName = clusterNameOf(session.environment, member);
  const { aws } = session.ports;
  const tell = (message: string): void => session.options.emit({ kind: "note", message });
  try {
    const cluster = await aws.clusterStatus(clusterName);
    if (cluster === null || (cluster.status === "ACTIVE" && cluster.deletionProtection === true)) return;
    if (cluster.status === "ACTIVE" && (await aws.setDeletionProtection(clusterName, true)) !== null)
      tell(`EKS is asked to protect ${clusterName} against deletion again: it stays`);
    else
      tell(`EKS will not protect ${clusterName} against deletion (it is ${cluster.status}): the next 'up' sees to it`);
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    tell(
      `EKS does not protect ${clusterName} against deletion until the next 'up' ` +
        `(${error.message.split("\n")[0] ?? ""})`,
    );
  }
}
