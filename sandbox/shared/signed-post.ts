/** Headers of a signed POST to the path `/`, for the few calls that are not worth an SDK's client. */
import { scopeText, sha256, signatureOf, signingAlgorithm } from "./sigv4";

export interface PostToSign {
  readonly host: string;
  readonly region: string;
  readonly service: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function signedPost(post: PostToSign, now: Date = new Date()): Record<string, string> {
  const { host, region, service, accessKeyId, secretAccessKey, sessionToken } = post;
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const scope = { day: time.slice(0, 8), region, service };
  const headers: Record<string, string> = {
    ...post.headers,
    "x-amz-date": time,
    ...(sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken }),
  };
  const signed = Object.entries({ ...headers, host }).sort(([a], [b]) => (a < b ? -1 : 1));
  const names = signed.map(([name]) => name).join(";");
  const canonical = [
    "POST",
    "/",
    "",
    ...signed.map(([name, value]) => `${name}:${value}`),
    "",
    names,
    sha256(post.body),
  ];
  const signature = signatureOf(canonical.join("\n"), secretAccessKey, time, scope);
  return {
    ...headers,
    authorization:
      `${signingAlgorithm} Credential=${accessKeyId}/${scopeText(scope)}, SignedHeaders=${names}, ` +
      `Signature=${signature}`,
  };
}
