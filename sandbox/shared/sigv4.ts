/** AWS Signature Version 4: what whoever signs and whoever checks a signature have in common. */
import { createHash, createHmac } from "node:crypto";

export interface SigningScope {
  /** `20261130`, in UTC. */
  readonly day: string;
  readonly region: string;
  readonly service: string;
}

export const signingAlgorithm = "AWS4-HMAC-SHA256";
export const sha256 = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
export const scopeText = ({ day, region, service }: SigningScope): string => `${day}/${region}/${service}/aws4_request`;

/** The last ones: a client signs with one key all day. */
const signingKeys = new Map<string, Buffer>();
function signingKey(secret: string, { day, region, service }: SigningScope): Buffer {
  const name = `${secret}/${day}/${region}/${service}`;
  const known = signingKeys.get(name);
  if (known !== undefined) return known;
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), service), "aws4_request");
  if (signingKeys.size > 200) signingKeys.clear();
  signingKeys.set(name, key);
  return key;
}

/** Of a canonical request. `time`: as X-Amz-Date has it, `20261130T120000Z`. */
export const signatureOf = (canonical: string, secret: string, time: string, scope: SigningScope): string =>
  hmac(signingKey(secret, scope), [signingAlgorithm, time, scopeText(scope), sha256(canonical)].join("\n")).toString(
    "hex",
  );
