/**
 * What `aws eks get-token` gives is a presigned GetCallerIdentity URL; this says who it is for an API server's
 * TokenReview.
 */
import { timingSafeEqual } from "node:crypto";
import type { Cluster } from "./eks/store";
import { parseScope } from "./scope";
import { type Credentials, presignedSignature } from "./signature";

/** Without `credentials` any key is taken and no signature is checked. */
export interface TokenOptions {
  readonly credentials?: Credentials;
  readonly callerArn: string;
  /** Keys besides, with whom access entries know their owners by. */
  readonly others?: (accessKeyId: string) => { readonly secretAccessKey: string; readonly arn: string } | null;
  readonly accountId: string;
  readonly now: () => number;
}
export type Verdict =
  { readonly ok: true; readonly principalArn: string } | { readonly ok: false; readonly reason: string };

const prefix = "k8s-aws-v1.";
/** EKS takes a token for fifteen minutes whatever X-Amz-Expires says. */
const lifetimeMs = 15 * 60_000;

/** Further than this ahead of our clock, and AWS calls a signature not yet current. */
const clockSkewMs = 5 * 60_000;

export function checkToken(token: string, clusterName: string, options: TokenOptions): Verdict {
  const no = (reason: string): Verdict => ({ ok: false, reason });
  if (!token.startsWith(prefix)) return no("the token does not begin with k8s-aws-v1.");
  let url: URL;
  try {
    url = new URL(Buffer.from(token.slice(prefix.length), "base64url").toString("utf8"));
  } catch {
    return no("the token holds no URL");
  }
  const query = url.searchParams;
  if (query.get("Action") !== "GetCallerIdentity") return no("the URL is not a GetCallerIdentity request");
  const scope = parseScope(query.get("X-Amz-Credential") ?? "");
  if (scope === null || scope.service !== "sts") return no("the URL is not signed for STS");
  const { credentials } = options;
  const own = credentials === undefined || scope.accessKeyId === credentials.accessKeyId;
  const other = own ? null : (options.others?.(scope.accessKeyId) ?? null);
  if (!own && other === null) return no(`the access key ${scope.accessKeyId} is not the sandbox's, or has expired`);
  const signed = (query.get("X-Amz-SignedHeaders") ?? "").toLowerCase().split(";");
  if (!signed.includes("x-k8s-aws-id")) return no("the header x-k8s-aws-id is not signed");
  if (!query.get("X-Amz-Signature")) return no("the URL carries no signature");
  const at = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get("X-Amz-Date") ?? "");
  if (!at) return no("X-Amz-Date is missing");
  const signedAt = Date.parse(`${at[1]}-${at[2]}-${at[3]}T${at[4]}:${at[5]}:${at[6]}Z`);
  if (options.now() > signedAt + lifetimeMs) return no("the token has expired");
  if (signedAt > options.now() + clockSkewMs) return no("the token is signed in the future");
  // The cluster's name is in no part of the token but its signature.
  if (
    credentials &&
    !equal(
      presignedSignature(url, { host: url.host, "x-k8s-aws-id": clusterName }, (other ?? credentials).secretAccessKey),
      query.get("X-Amz-Signature"),
    )
  ) {
    return no(
      `the signature does not match: the token is for another cluster than ${clusterName}, or signed with ` +
        "another secret key",
    );
  }
  return { ok: true, principalArn: other?.arn ?? options.callerArn };
}

function equal(wanted: string | null, given: string | null): boolean {
  if (wanted === null || given === null || wanted.length !== Buffer.byteLength(given)) return false;
  return timingSafeEqual(Buffer.from(wanted), Buffer.from(given));
}

/** The TokenReview, answered by the cluster's access entries. */
export function review(
  cluster: Cluster | undefined,
  clusterName: string,
  tokenReview: object,
  options: TokenOptions,
): object {
  const asked = tokenReview as { apiVersion?: string; spec?: { token?: string } };
  const answer = (status: object): object => ({
    apiVersion: asked.apiVersion ?? "authentication.k8s.io/v1",
    kind: "TokenReview",
    status,
  });
  const verdict = checkToken(asked.spec?.token ?? "", clusterName, options);
  if (!verdict.ok) return answer({ authenticated: false, error: verdict.reason });
  const entry = cluster?.entries.get(verdict.principalArn);
  if (!cluster || !entry)
    return answer({
      authenticated: false,
      error: `${verdict.principalArn} has no access entry in cluster ${clusterName}`,
    });
  const admin = [...entry.policies.values()].some((one) =>
    String(one["policyArn"]).endsWith("/AmazonEKSClusterAdminPolicy"),
  );
  return answer({
    authenticated: true,
    user: {
      username: entry.username,
      uid: `aws-iam-authenticator:${options.accountId}:${entry.principalArn}`,
      groups: [...entry.groups, ...(admin ? ["system:masters"] : []), "system:authenticated"],
      extra: { arn: [entry.principalArn] },
    },
  });
}
