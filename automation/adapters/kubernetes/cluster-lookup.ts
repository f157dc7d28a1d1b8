/**
 * Where a member's API server is, and whose certificates it has: from EKS, by the cluster's name. The state says both as
 * well, but whoever can write the state would choose who gets the driver's token.
 */
import { DescribeClusterCommand, EKSClient } from "@aws-sdk/client-eks";
import type { MemberOutputs } from "../../../stacks/contract";
import { DriverError } from "../../errors";
import { oneLine } from "../../text/foreign";
import { shell } from "../../text/shell";
import { callAws, isGone } from "../aws/call";
import { clientSettings } from "../aws/client";

export interface ClusterAddress {
  readonly server: URL;
  /** PEM. */
  readonly ca: string;
}

type Cluster = Pick<MemberOutputs, "member" | "clusterName" | "region">;

/** A cluster keeps its address for life; one that was made again under the same name has another. */
const known = new Map<string, ClusterAddress>();
const asking = new Map<string, Promise<ClusterAddress>>();
const keyOf = ({ region, clusterName }: Cluster): string => `${region}/${clusterName}`;

const silent = ({ member, clusterName }: Cluster, what: string, cause?: unknown): DriverError =>
  new DriverError(
    "EBG-MEMBER-UNREACHABLE",
    `the API server of ${member} has no address: ${what}`,
    shell`aws eks describe-cluster --name ${clusterName}`,
    cause,
  );

async function describe(cluster: Cluster): Promise<ClusterAddress> {
  const { clusterName, region } = cluster;
  const client = new EKSClient(clientSettings(region));
  try {
    const { cluster: found } = await callAws("eks:DescribeCluster", (options) =>
      client.send(new DescribeClusterCommand({ name: clusterName }), options),
    );
    const certificate = found?.certificateAuthority?.data;
    if (!found?.endpoint || !certificate)
      throw silent(cluster, `EKS has none yet for cluster ${clusterName} (${found?.status ?? "no status"})`);
    return { server: new URL(found.endpoint), ca: Buffer.from(certificate, "base64").toString("utf8") };
  } catch (error) {
    if (isGone(error)) throw silent(cluster, `EKS has no cluster ${clusterName} in ${region}`, error);
    if (!(error instanceof DriverError) || !["EBG-AWS", "EBG-DEADLINE"].includes(error.code)) throw error;
    // AWS that fails says nothing of the cluster: it must not be taken for a dead one.
    throw new DriverError(
      "EBG-KUBERNETES",
      `EKS does not say where the API server of ${cluster.member} is: ${error.message}`,
      error.remedy,
      error,
    );
  } finally {
    client.destroy();
  }
}

async function ask(cluster: Cluster): Promise<ClusterAddress> {
  const key = keyOf(cluster);
  const running = asking.get(key);
  if (running !== undefined) return running;
  const asked = describe(cluster).finally(() => asking.delete(key));
  asking.set(key, asked);
  const address = await asked;
  known.set(key, address);
  return address;
}

const sameServer = (one: URL, other: URL): boolean =>
  one.origin === other.origin && one.pathname.replace(/\/$/, "") === other.pathname.replace(/\/$/, "");

/**
 * The cluster's address as EKS has it. `claimed`: the server that the state's kubeconfig names.
 * @throws EBG-KUBERNETES for another server; EBG-MEMBER-UNREACHABLE when there is no cluster; EBG-CREDENTIALS
 */
export async function addressOf(cluster: Cluster, claimed: string): Promise<ClusterAddress> {
  const server = URL.canParse(claimed) ? new URL(claimed) : null;
  const kept = known.get(keyOf(cluster));
  if (kept !== undefined && server !== null && sameServer(kept.server, server)) return kept;
  const address = await ask(cluster);
  if (server !== null && sameServer(address.server, server)) return address;
  throw new DriverError(
    "EBG-KUBERNETES",
    `the kubeconfig in the state of ${cluster.member} names the server ${oneLine(claimed)}, but EKS says that cluster ` +
      `${cluster.clusterName} is at ${address.server.origin}; nothing was sent to either`,
    "find out who changed the state of the member's stack (SECURITY.md); if the cluster was made again by hand, deploy " +
      `that stack: pulumi up --stack ENVIRONMENT-${cluster.member}`,
  );
}

/** After a certificate that the kept authority did not sign: the cluster may have been made again at the same address. */
export function forgetAddress(cluster: Cluster): void {
  known.delete(keyOf(cluster));
}
