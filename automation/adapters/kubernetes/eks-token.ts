/** `aws eks get-token` without the AWS CLI: a presigned GetCallerIdentity, bound to the cluster by a signed header. */
import { createHash, createHmac } from "node:crypto";
import { STSClient } from "@aws-sdk/client-sts";
import { SignatureV4 } from "@smithy/signature-v4";
import { DriverError } from "../../errors";

/** SHA-256 and its HMAC in the shape that the signer asks for. */
class Sha256 {
  private readonly hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = secret === undefined ? createHash("sha256") : createHmac("sha256", bytes(secret));
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.hash.update(bytes(data));
  }
  async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }
  reset(): void {
    throw new Error("a hash is used once");
  }
}
function bytes(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === "string") return Buffer.from(data, "utf8");
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

/** EKS takes a token for 15 minutes from its signing, whatever it says itself. */
const usableMs = 13 * 60_000;
const cache = new Map<string, { readonly token: string; readonly until: number }>();

/**
 * The region's own host of STS, as the SDK knows it for every partition, with FIPS and dual stack when they are set
 * (AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT). AWS_ENDPOINT_URL is not asked: EKS takes no other host.
 */
async function stsHost({ config }: STSClient, region: string): Promise<string> {
  const [UseFIPS, UseDualStack] = await Promise.all([config.useFipsEndpoint(), config.useDualstackEndpoint()]);
  return config.endpointProvider({ Region: region, UseFIPS, UseDualStack, UseGlobalEndpoint: false }).url.hostname;
}

async function mint(clusterName: string, region: string): Promise<string> {
  const client = new STSClient({ region });
  try {
    const signer = new SignatureV4({
      service: "sts",
      region,
      credentials: await client.config.credentials(),
      sha256: Sha256,
    });
    const hostname = await stsHost(client, region);
    const signed = await signer.presign(
      {
        method: "GET",
        protocol: "https:",
        hostname,
        path: "/",
        query: { Action: "GetCallerIdentity", Version: "2011-06-15" },
        headers: { host: hostname, "x-k8s-aws-id": clusterName },
      },
      // A header that is signed, not moved into the query: the authenticator sends it along itself.
      {
        expiresIn: 60,
        unhoistableHeaders: new Set(["x-k8s-aws-id"]),
        signableHeaders: new Set(["host", "x-k8s-aws-id"]),
      },
    );
    const query = Object.entries(signed.query ?? {})
      .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(String(value))}`)
      .join("&");
    return `k8s-aws-v1.${Buffer.from(`https://${hostname}/?${query}`).toString("base64url")}`;
  } finally {
    client.destroy();
  }
}

/** A bearer token for the cluster, kept for less than its life. @throws EBG-CREDENTIALS */
export async function eksToken(clusterName: string, region: string, now: number = Date.now()): Promise<string> {
  const key = `${region}/${clusterName}`;
  const kept = cache.get(key);
  if (kept !== undefined && now < kept.until) return kept.token;
  try {
    const token = await mint(clusterName, region);
    cache.set(key, { token, until: now + usableMs });
    return token;
  } catch (error) {
    throw new DriverError(
      "EBG-CREDENTIALS",
      `no AWS credentials to sign a token for cluster ${clusterName}: ` +
        `${error instanceof Error ? error.message : String(error)}`,
      "check with: aws sts get-caller-identity",
      error,
    );
  }
}

/** After a 401: credentials may have changed under the same name. */
export function forgetToken(clusterName: string, region: string): void {
  cache.delete(`${region}/${clusterName}`);
}
