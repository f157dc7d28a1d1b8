/**
 * How to sign in to a member's API server: what its kubeconfig says, as far as that is safe. Where the server is comes
 * from EKS.
 */
import type { RequestOptions } from "node:https";
import { parse } from "yaml";
import type { MemberOutputs } from "../../../stacks/contract";
import { DriverError } from "../../errors";
import { oneLine } from "../../text/foreign";
import { addressOf, type ClaimedAddress, type ClusterAddress } from "./cluster-lookup";
import { eksToken } from "./eks-token";
import { mayRunExec } from "./trust";

interface User {
  readonly token?: string;
  readonly "client-certificate-data"?: string;
  readonly "client-key-data"?: string;
  readonly exec?: { readonly command?: string; readonly args?: readonly string[] };
}
interface KubeconfigFile {
  readonly "current-context"?: string;
  readonly clusters?: readonly {
    readonly name: string;
    readonly cluster: { readonly server?: unknown; readonly "certificate-authority-data"?: unknown };
  }[];
  readonly contexts?: readonly {
    readonly name: string;
    readonly context: { readonly cluster: string; readonly user: string };
  }[];
  readonly users?: readonly { readonly name: string; readonly user: User }[];
}

/** What is needed of a member to ask its API server. */
export type ApiServer = Pick<MemberOutputs, "member" | "clusterName" | "region" | "endpoint" | "kubeconfig">;

export interface Access {
  readonly server: URL;
  readonly ca: string;
  /** Adds what signs the request in. */
  readonly signIn: (options: RequestOptions) => Promise<void>;
  /** Set when tokens are minted here, for the cluster of this name. */
  readonly eksCluster: { readonly name: string; readonly region: string } | null;
}

const unusable = (member: string, what: string): DriverError =>
  new DriverError(
    "EBG-KUBERNETES",
    `the kubeconfig of ${member} ${what}`,
    "give the member a complete kubeconfig and deploy its stack again",
  );

/** Cluster and region of an `aws eks get-token` call; null for any other command. */
export function eksExec(user: User, fallbackRegion: string): { name: string; region: string } | null {
  const args = user.exec?.args ?? [];
  if (!/(^|\/)aws(\.exe)?$/.test(user.exec?.command ?? "") || !args.includes("get-token")) return null;
  const after = (flag: string): string | undefined => (args.includes(flag) ? args[args.indexOf(flag) + 1] : undefined);
  const name = after("--cluster-name");
  return name === undefined ? null : { name, region: after("--region") ?? fallbackRegion };
}

/**
 * A token for another cluster than the member's own must never leave: whoever gets it may act there. @throws
 * EBG-KUBERNETES
 */
function refuseOtherCluster(member: ApiServer, wanted: { name: string; region: string }): void {
  if (wanted.name === member.clusterName && wanted.region === member.region) return;
  throw unusable(
    member.member,
    `asks for a token of cluster ${oneLine(wanted.name)} in ${oneLine(wanted.region)}, but the member's cluster is ` +
      `${member.clusterName} in ${member.region}`,
  );
}

/** @throws EBG-KUBERNETES for a login by a command of the state's choice, unless it was allowed */
function refuseUnlessAllowed(member: string, user: User): void {
  if (mayRunExec()) return;
  const { exec } = user;
  const how = exec === undefined ? "by a login helper or file" : `with the command '${oneLine(exec.command ?? "")}'`;
  throw new DriverError(
    "EBG-KUBERNETES",
    `the kubeconfig in the state of ${member} signs in ${how}, which whoever can write the state may choose; it was ` +
      "not run",
    `make the kubeconfig sign in with aws eks get-token; or, if you trust everybody who can write the state, run the ` +
      "same command with --allow-exec",
  );
}

/** @throws EBG-KUBERNETES, EBG-MEMBER-UNREACHABLE when EKS has no such cluster, and what AWS refuses */
export async function accessOf(member: ApiServer): Promise<Access> {
  const { claimed, user } = contextOf(member);
  const eksCluster = eksExec(user, member.region);
  const { token } = user;
  const certificate = user["client-certificate-data"];
  const plain = user.exec === undefined && (token !== undefined || certificate !== undefined);
  if (eksCluster !== null) refuseOtherCluster(member, eksCluster);
  else if (!plain) refuseUnlessAllowed(member.member, user);
  const base = await addressOf(member, claimed);
  if (eksCluster !== null)
    return {
      ...base,
      eksCluster,
      signIn: async (options) => bearer(options, await eksToken(eksCluster.name, eksCluster.region)),
    };
  if (!plain)
    return { ...base, eksCluster: null, signIn: (options) => otherSignIn(user, base, member.member, options) };
  return {
    ...base,
    eksCluster: null,
    signIn: async (options) => {
      if (token !== undefined) return bearer(options, token);
      options.cert = Buffer.from(certificate ?? "", "base64");
      options.key = Buffer.from(user["client-key-data"] ?? "", "base64");
    },
  };
}

/** What the kubeconfig claims. @throws EBG-KUBERNETES */
function contextOf(member: ApiServer): { readonly claimed: ClaimedAddress; readonly user: User } {
  const file = parsed(member);
  const context =
    file?.contexts?.find((one) => one.name === file["current-context"])?.context ?? file?.contexts?.[0]?.context;
  const cluster = file?.clusters?.find((one) => one.name === context?.cluster)?.cluster;
  const user = file?.users?.find((one) => one.name === context?.user)?.user;
  if (typeof cluster?.server !== "string" || user === undefined || user === null)
    throw unusable(member.member, "has no complete context");
  const { server, "certificate-authority-data": ca } = cluster;
  return { claimed: { server, ca: typeof ca === "string" ? ca : null }, user };
}

function parsed(member: ApiServer): KubeconfigFile | null {
  try {
    return parse(member.kubeconfig) as KubeconfigFile | null;
  } catch {
    throw unusable(member.member, "is no YAML");
  }
}

function bearer(options: RequestOptions, token: string): void {
  options.headers = { ...options.headers, authorization: `Bearer ${token}` } as RequestOptions["headers"];
}

/** Other exec plugins, OIDC and the like are the official client's business; it is large, so it is loaded only here. */
async function otherSignIn(user: User, at: ClusterAddress, member: string, options: RequestOptions): Promise<void> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const loaded = new KubeConfig();
  const name = "member";
  // Built anew: of the state's kubeconfig the user alone is taken, not the server and not what it says of certificates.
  loaded.loadFromString(
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": name,
      clusters: [
        {
          name,
          cluster: {
            server: at.server.href,
            "certificate-authority-data": Buffer.from(at.ca).toString("base64"),
          },
        },
      ],
      contexts: [{ name, context: { cluster: name, user: name } }],
      users: [{ name, user }],
    }),
  );
  try {
    await loaded.applyToHTTPSOptions(options);
  } catch (error) {
    // Not the API server's silence: it was not asked.
    throw new DriverError(
      "EBG-KUBERNETES",
      `there is no login to the API server of ${member}: ${error instanceof Error ? error.message : String(error)}`,
      `run the command that ${member}'s kubeconfig names (users[].user.exec) by hand and repair what it says`,
      error,
    );
  }
}
