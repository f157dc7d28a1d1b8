/** A member's kubeconfig: where its API server is and how to sign in. */
import type { RequestOptions } from "node:https";
import { parse } from "yaml";
import type { MemberOutputs } from "../../../stacks/contract";
import { DriverError } from "../../errors";
import { eksToken } from "./eks-token";

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
    readonly cluster: { readonly server: string; readonly "certificate-authority-data"?: string };
  }[];
  readonly contexts?: readonly {
    readonly name: string;
    readonly context: { readonly cluster: string; readonly user: string };
  }[];
  readonly users?: readonly { readonly name: string; readonly user: User }[];
}

export interface Access {
  readonly server: URL;
  readonly ca: string | null;
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

/** @throws EBG-KUBERNETES */
export function accessOf(member: MemberOutputs): Access {
  const file = parse(member.kubeconfig) as KubeconfigFile | null;
  const context =
    file?.contexts?.find((one) => one.name === file["current-context"])?.context ?? file?.contexts?.[0]?.context;
  const cluster = file?.clusters?.find((one) => one.name === context?.cluster)?.cluster;
  const user = file?.users?.find((one) => one.name === context?.user)?.user;
  if (cluster === undefined || user === undefined) throw unusable(member.member, "has no complete context");
  const ca = cluster["certificate-authority-data"];
  const base = {
    server: new URL(cluster.server),
    ca: ca === undefined ? null : Buffer.from(ca, "base64").toString("utf8"),
  };
  const eksCluster = eksExec(user, member.region);
  if (eksCluster !== null) {
    return {
      ...base,
      eksCluster,
      signIn: async (options) => bearer(options, await eksToken(eksCluster.name, eksCluster.region)),
    };
  }
  const { token, exec } = user;
  if (exec !== undefined || (token === undefined && user["client-certificate-data"] === undefined)) {
    return { ...base, eksCluster: null, signIn: (options) => otherSignIn(member.kubeconfig, member.member, options) };
  }
  return {
    ...base,
    eksCluster: null,
    signIn: async (options) => {
      if (token !== undefined) return bearer(options, token);
      options.cert = Buffer.from(user["client-certificate-data"] ?? "", "base64");
      options.key = Buffer.from(user["client-key-data"] ?? "", "base64");
    },
  };
}

function bearer(options: RequestOptions, token: string): void {
  options.headers = { ...options.headers, authorization: `Bearer ${token}` } as RequestOptions["headers"];
}

/** Other exec plugins, OIDC and the like are the official client's business; it is large, so it is loaded only here. */
async function otherSignIn(kubeconfig: string, member: string, options: RequestOptions): Promise<void> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const loaded = new KubeConfig();
  loaded.loadFromString(kubeconfig);
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
