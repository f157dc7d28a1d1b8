/**
 * The bearer token of `aws eks get-token`, minted here: starting the CLI costs most of a second, for every plugin
 * process of every update.
 */
import { createHash, createHmac } from "node:crypto";

const hash = (text: string) => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();

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
  const scope = `${time.slice(0, 8)}/${region}/sts/aws4_request`;
  const query = Object.entries({
    Action: "GetCallerIdentity",
    Version: "2011-06-15",
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": `${accessKeyId}/${scope}`,
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
    hash(""),
  ].join("\n");
  const key = hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, time.slice(0, 8)), region), "sts"), "aws4_request");
  const signature = hmac(key, ["AWS4-HMAC-SHA256", time, scope, hash(request)].join("\n")).toString("hex");
  return `k8s-aws-v1.${Buffer.from(`https://${host}/?${query}&X-Amz-Signature=${signature}`).toString("base64url")}`;
}
