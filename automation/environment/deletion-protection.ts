/**
 * EKS's deletion protection of the members' clusters. It stays on through a cluster's life, whatever its role: who is
 * about to destroy one takes it off, and whoever keeps it after all puts it back. Each look comes before each call, so
 * that a driver that was killed anywhere goes on.
 */
import type { EnvironmentConfig } from "../../stacks/config";
import { DriverError } from "../errors";
import type { Ports } from "../ports";

/** Seconds, real AWS's, that EKS may work on updates of a cluster before it is given up: an upgrade takes minutes. */
const mostSeconds = 1800;

interface Waiting {
  readonly stop: AbortSignal;
  /** What is thrown when `stop` is. */
  readonly stopped: () => Error;
  /** Told once, when EKS is asked. */
  readonly asking?: () => void;
}

/** Whether the config wants the cluster of this member protected: never one that is somebody else's. */
export function wantsProtection(
  { cluster, memberClusters }: Pick<EnvironmentConfig, "cluster" | "memberClusters">,
  member: string,
): boolean {
  return cluster.deletionProtection === true && memberClusters?.[member]?.existing == null;
}

/**
 * Returns when the protection is as it is wanted, and EKS has ended its update. Answers whether it was another before.
 * A cluster that is gone, is going or has failed is left alone: EKS deletes it with or without.
 * @throws EBG-AWS, EBG-CREDENTIALS, EBG-DEADLINE, and `stopped()`
 */
export async function switchProtection(
  { aws, clock }: Pick<Ports, "aws" | "clock">,
  clusterName: string,
  on: boolean,
  { stop, stopped, asking }: Waiting,
): Promise<boolean> {
  const until = clock.now() + clock.scaled(mostSeconds);
  const what = `${on ? "putting" : "taking"} EKS's deletion protection ${on ? "on" : "off"} ${clusterName}`;
  for (let update: string | null = null; ;) {
    if (update === null) {
      const cluster = await aws.clusterStatus(clusterName);
      if (cluster === null || (cluster.status !== "ACTIVE" && cluster.status !== "UPDATING")) return false;
      if (cluster.status === "ACTIVE") {
        if ((cluster.deletionProtection === true) === on) return false;
        if (stop.aborted) throw stopped();
        update = await aws.setDeletionProtection(clusterName, on);
        if (update !== null) asking?.();
      }
    } else {
      const { status, message } = await aws.clusterUpdate(clusterName, update);
      if (status === "done") return true;
      if (status === "failed")
        throw new DriverError(
          "EBG-AWS",
          `${what}: ${message}`,
          "see to what EKS says, then run the same command again",
        );
    }
    if (clock.now() > until)
      throw new DriverError(
        "EBG-DEADLINE",
        `${what}: EKS still works on an update of the cluster`,
        `look at it: aws eks list-updates --name ${clusterName}; then run the same command again`,
      );
    if (stop.aborted) throw stopped();
    await clock.sleep(Math.max(clock.scaled(5), 250), stop);
  }
}
