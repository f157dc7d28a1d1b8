/** What a member's program asks of AWS before it declares anything. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterConfig } from "../config";
import { type AddonPin, minorOfKubeProxy } from "../config/keys/cluster";
import type { AddonVersions, MemberOutputs } from "../contract";

const addonNames = {
  vpcCni: "vpc-cni",
  kubeProxy: "kube-proxy",
  coredns: "coredns",
  podIdentityAgent: "eks-pod-identity-agent",
} as const;

/** The cluster's version as EKS has it; null (with a warning) when that can't be found out. */
export async function observeClusterVersion(clusterName: string, provider: aws.Provider): Promise<string | null> {
  try {
    const cluster = await aws.eks.getCluster({ name: clusterName }, { provider });
    return /^\d+\.\d+$/.test(cluster.version) ? cluster.version : null;
  } catch (error) {
    // A cluster that is not there yet, or not any more: the update itself will say what is wrong.
    await pulumi.log.debug(
      `the version of cluster '${clusterName}' was not observed: ` +
        `${error instanceof Error ? error.message : String(error)}`,
    );
    return null;
  }
}

/** What the config pins for a cluster of this minor; null: nothing. */
function pinOf(pin: AddonPin | null, key: keyof typeof addonNames, minor: string): string | null {
  if (pin === null) return null;
  if (typeof pin !== "string") return pin[minor] ?? null;
  // EKS refuses a kube-proxy of another minor than the cluster's. While a version changes there are clusters of both.
  return key === "kubeProxy" && minorOfKubeProxy(pin) !== minor ? null : pin;
}

/**
 * Versions of the core add-ons: as configured, else as deployed while the minor stays, else EKS's default for the
 * minor. So they are
 * looked up once a minor, and a new default of AWS's is no pending change in the middle of a rollout.
 */
export async function lookUpAddonVersions(
  minor: string,
  pinned: ClusterConfig["addons"],
  last: MemberOutputs["addons"],
  provider: aws.Provider,
): Promise<AddonVersions> {
  const resolve = async (key: keyof typeof addonNames): Promise<string> => {
    const configured = pinOf(pinned[key], key, minor) ?? (last?.minor === minor ? last.versions[key] : undefined);
    if (configured != null) return configured;
    const found = await aws.eks.getAddonVersion(
      { addonName: addonNames[key], kubernetesVersion: minor, mostRecent: false },
      { provider },
    );
    return found.version;
  };
  const [vpcCni, kubeProxy, coredns, podIdentityAgent] = await Promise.all([
    resolve("vpcCni"),
    resolve("kubeProxy"),
    resolve("coredns"),
    resolve("podIdentityAgent"),
  ]);
  return { vpcCni, kubeProxy, coredns, podIdentityAgent };
}
