/** AWS Signature Version 4, as far as the front recomputes it: presigned URLs without a body. */
import { sha256, signatureOf } from "../shared/sigv4";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** RFC 3986: what encodeURIComponent leaves out. */
const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);

/**
 * The signature that a GET of this URL has when it is signed with `secret` and the signed headers have these values
 * (names in lower case); null when
 * a signed header's value is not given.
 */
export function presignedSignature(url: URL, headers: Readonly<Record<string, string>>, secret: string): string | null {
  const query = url.searchParams;
  const names = (query.get("X-Amz-SignedHeaders") ?? "").toLowerCase().split(";").sort();
  if (names.some((name) => !Object.hasOwn(headers, name))) return null;
  const [, date = "", region = "", service = ""] =
    /([^/]*)\/([^/]*)\/([^/]*)\/aws4_request$/.exec(query.get("X-Amz-Credential") ?? "") ?? [];
  const parameters = [...query]
    .filter(([key]) => key !== "X-Amz-Signature")
    .map(([key, value]) => `${encode(key)}=${encode(value)}`)
    .sort();
  const canonical = [
    "GET",
    url.pathname,
    parameters.join("&"),
    ...names.map((name) => `${name}:${(headers[name] ?? "").trim().replaceAll(/ +/g, " ")}`),
    "",
    names.join(";"),
    sha256(""),
  ].join("\n");
  return signatureOf(canonical, secret, query.get("X-Amz-Date") ?? "", { day: date, region, service });
}
