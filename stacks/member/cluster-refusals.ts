/** Existing clusters in which something of ours could not work. */
import * as aws from "@pulumi/aws";
import type { ExistingClusterConfig } from "../config";
import { orNull } from "./or-null";

/** @throws with a remedy when no controller could work for bindings of ours */
export async function refuseController(
  { clusterName, controller }: ExistingClusterConfig,
  autoMode: boolean,
  { identity, provider }: { readonly identity: "pod-identity" | "irsa"; readonly provider: aws.Provider },
): Promise<void> {
  const subject = `the existing cluster '${clusterName}'`;
  if (controller === "existing" && autoMode)
    throw new Error(
      `${subject} runs in EKS Auto Mode, whose own controller serves bindings of another kind ` +
        "(eks.amazonaws.com) than this package makes (elbv2.k8s.aws). Set its memberClusters' existing.controller to " +
        "managed: then the AWS Load Balancer Controller is installed beside it, for these bindings",
    );
  if (controller === "existing") return;
  if (identity === "irsa")
    throw new Error(
      `${subject} gets its controller from this project, which does not know its OpenID Connect provider, so ` +
        "nothing could trust the controller's pods. Set eks-blue-green:controller.identity to pod-identity, or " +
        "install the controller yourself (existing.controller: existing)",
    );
  await refuseWithoutAgent(clusterName, autoMode, provider, "its controller");
}

/** @throws with a remedy when pods would get no credentials. `whose`: for people */
export async function refuseWithoutAgent(
  clusterName: string,
  autoMode: boolean,
  provider: aws.Provider,
  whose: string,
): Promise<void> {
  const subject = `the existing cluster '${clusterName}'`;
  // Auto Mode has the agent built in.
  if (autoMode) return;
  const agent = await orNull(
    `add-ons of ${subject}`,
    aws.eks.getAddon({ clusterName, addonName: "eks-pod-identity-agent" }, { provider }),
  );
  if (agent === null)
    throw new Error(
      `${subject} has no add-on eks-pod-identity-agent, so ${whose} would run without permissions. Install ` +
        `it: aws eks create-addon --cluster-name ${clusterName} --addon-name eks-pod-identity-agent; then run the ` +
        "command again",
    );
}
