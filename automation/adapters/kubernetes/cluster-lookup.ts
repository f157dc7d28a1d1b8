/**
 * Where a member's API server is, and whose certificates it has: from EKS, by the cluster's name. The state says both as
 * well, but whoever can write the state would choose who gets the driver's token: it is believed only while EKS fails,
 * and when somebody says so.
 */
import { DescribeClusterCommand, EKSClient } from "@aws-sdk/client-eks";
import type { MemberOutputs } from "../../../stacks/contract";
import { DriverError } from "../../errors";
import { oneLine } from "../../text/foreign";
import { shell } from "../../text/shell";
import { callAws, isGone } from "../aws/call";
import { clientSettings } from "../aws/client";
import { mayTrustStateAddresses } from "./trust";

export interface ClusterAddress {
  readonly server: URL;
  /** PEM. */
  readonly ca: string;
}

type Cluster = Pick<MemberOutputs, "member" | "clusterName" | "region">;

/** What the state's kubeconfig says. `ca`: base64 of PEM. */
export interface ClaimedAddress {
  readonly server: string;
  readonly ca: string | null;
}

/** Real milliseconds in which EKS is not asked again where the state is believed: it is disturbed, and would take long. */
const believedMs = 60_000;

/** A cluster keeps its address for life; one that was made again under the same name has another. */
const known = new Map<string, ClusterAddress>();
const asking = new Map<string, Promise<ClusterAddress>>();
const believed = new Map<string, { readonly address: ClusterAddress; readonly until: number }>();
/** One a region: what it learns of a throttled EKS slows down whoever asks next. */
const clients = new Map<string, EKSClient>();
const keyOf = ({ region, clusterName }: Cluster): string => `${region}/${clusterName}`;

function clientOf(region: string): EKSClient {
  const client = clients.get(region) ?? new EKSClient(clientSettings(region));
  clients.set(region, client);
  return client;
}

/** The next lookup begins with a client of its own. */
export function closeLookups(): void {
  for (const client of clients.values()) client.destroy();
  clients.clear();
}

/** EKS fails, which says nothing of the cluster. */
class Disturbed extends DriverError {}

const silent = ({ member, clusterName }: Cluster, what: string, cause?: unknown): DriverError =>
  new DriverError(
    "EBG-MEMBER-UNREACHABLE",
    `the API server of ${member} has no address: ${what}`,
    shell`aws eks describe-cluster --name ${clusterName}`,
    cause,
  );

async function describe(cluster: Cluster): Promise<ClusterAddress> {
  const { clusterName, region } = cluster;
  const client = clientOf(region);
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
    throw new Disturbed(
      "EBG-KUBERNETES",
      `EKS does not say where the API server of ${cluster.member} is: ${error.message}`,
      `${error.remedy}; if it can't wait and you trust everybody who can write the state, add --trust-state-addresses ` +
        "to the command: the address in the state is used while EKS fails",
      error,
    );
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

/** The state's own word, where it may be believed: only while EKS fails, not when it has no such cluster or refuses. */
async function askOrBelieve(cluster: Cluster, server: URL | null, ca: string | null): Promise<ClusterAddress> {
  const mayBelieve = mayTrustStateAddresses() && server?.protocol === "https:" && ca !== null;
  if (!mayBelieve) return await ask(cluster);
  const key = keyOf(cluster);
  const kept = believed.get(key);
  if (kept !== undefined && performance.now() < kept.until && sameServer(kept.address.server, server))
    return kept.address;
  try {
    return await ask(cluster);
  } catch (error) {
    if (!(error instanceof Disturbed)) throw error;
    const address = { server, ca: Buffer.from(ca, "base64").toString("utf8") };
    believed.set(key, { address, until: performance.now() + believedMs });
    return address;
  }
}

/**
 * The cluster's address as EKS has it. `claimed`: what the state's kubeconfig names.
 * @throws EBG-KUBERNETES for another server, or while EKS fails; EBG-MEMBER-UNREACHABLE when there is no cluster;
 * EBG-CREDENTIALS
 */
export async function addressOf(cluster: Cluster, claimed: ClaimedAddress): Promise<ClusterAddress> {
  const server = URL.canParse(claimed.server) ? new URL(claimed.server) : null;
  const kept = known.get(keyOf(cluster));
  if (kept !== undefined && server !== null && sameServer(kept.server, server)) return kept;
  const address = await askOrBelieve(cluster, server, claimed.ca);
  if (server !== null && sameServer(address.server, server)) return address;
  throw new DriverError(
    "EBG-KUBERNETES",
    `the kubeconfig in the state of ${cluster.member} names the server ${oneLine(claimed.server)}, but EKS says that cluster ` +
      `${cluster.clusterName} is at ${address.server.origin}; nothing was sent to either`,
    "find out who changed the state of the member's stack (SECURITY.md); if the cluster was made again by hand, deploy " +
      `that stack: pulumi up --stack ENVIRONMENT-${cluster.member}`,
  );
}

/** After a certificate that the kept authority did not sign: the cluster may have been made again at the same address. */
export function forgetAddress(cluster: Cluster): void {
  known.delete(keyOf(cluster));
  believed.delete(keyOf(cluster));
}
