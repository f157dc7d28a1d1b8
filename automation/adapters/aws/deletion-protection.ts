/** EKS's deletion protection of a cluster: an update of its own, which EKS works on for a while. */
import { DescribeUpdateCommand, type EKSClient, UpdateClusterConfigCommand } from "@aws-sdk/client-eks";
import type { ClusterUpdate } from "../../ports";
import { callAws } from "./call";

/** EKS works on one update of a cluster at a time. */
function isBusy(error: unknown): boolean {
  const { cause } = (error ?? {}) as { cause?: { name?: string } };
  return cause?.name === "ResourceInUseException";
}

/** @returns the update's id; null while the cluster works on another one */
export async function setDeletionProtection(eks: EKSClient, name: string, on: boolean): Promise<string | null> {
  try {
    const { update } = await callAws("eks:UpdateClusterConfig", (options) =>
      eks.send(new UpdateClusterConfigCommand({ name, deletionProtection: on }), options),
    );
    return update?.id ?? null;
  } catch (error) {
    if (isBusy(error)) return null;
    throw error;
  }
}

/** How it stands. What it failed with is EKS's own word. */
export async function clusterUpdate(eks: EKSClient, name: string, updateId: string): Promise<ClusterUpdate> {
  const { update } = await callAws("eks:DescribeUpdate", (options) =>
    eks.send(new DescribeUpdateCommand({ name, updateId }), options),
  );
  if (update?.status === "Successful") return { status: "done", message: "" };
  if (update?.status !== "Failed" && update?.status !== "Cancelled") return { status: "running", message: "" };
  const errors = (update.errors ?? []).map(({ errorCode, errorMessage }) => `${errorCode}: ${errorMessage}`);
  return { status: "failed", message: errors.length > 0 ? errors.join("; ") : update.status };
}
