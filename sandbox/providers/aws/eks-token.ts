/**
 * The bearer token of `aws eks get-token`, minted here: starting the CLI costs most of a second, for every plugin
 * process of every update.
 */
import { scopeText, sha256, signatureOf, signingAlgorithm } from "../../shared/sigv4";

/**
 * A presigned `sts:GetCallerIdentity` with the cluster's name among the signed headers, base64url; good for 15 minutes.
 */
export function clusterToken(
  clusterName: string,
  region: string,
  accessKeyId: string,
  secretAccessKey: string,
  now: Date = new Date(),
): string {
  const host = `sts.${region}.amazonaws.com`;
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const scope = { day: time.slice(0, 8), region, service: "sts" };
  const query = Object.entries({
    Action: "GetCallerIdentity",
    Version: "2011-06-15",
    "X-Amz-Algorithm": signingAlgorithm,
    "X-Amz-Credential": `${accessKeyId}/${scopeText(scope)}`,
    "X-Amz-Date": time,
    "X-Amz-Expires": "60",
    "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
  })
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
    .join("&");
  const request = [
    "GET",
    "/",
    query,
    `host:${host}\nx-k8s-aws-id:${clusterName}\n`,
    "host;x-k8s-aws-id",
    sha256(""),
  ].join("\n");
  const signature = signatureOf(request, secretAccessKey, time, scope);
  return `k8s-aws-v1.${Buffer.from(`https://${host}/?${query}&X-Amz-Signature=${signature}`).toString("base64url")}`;
}
