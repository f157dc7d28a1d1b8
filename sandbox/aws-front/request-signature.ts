/**
 * AWS Signature Version 4 of any request, header or presigned URL, as AWS's front door checks it: whoever knows a key's
 * name only, or gets a browser to send something, gets nothing.
 */
import { timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { sha256, signatureOf, signingAlgorithm } from "../shared/sigv4";
import { AwsError } from "./aws-error";

/** Of one access key. `sessionToken`: has to come along with a temporary key. */
export interface KeySecret {
  readonly secretAccessKey: string;
  readonly sessionToken: string | null;
}

export interface SignedRequest {
  readonly method: string;
  /** As it came: path and query, nothing decoded. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Claim {
  readonly credential: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly date: string;
  readonly sessionToken: string | null;
  /** A presigned URL's life; null: in the headers. */
  readonly expiresSeconds: number | null;
}

/** AWS takes a signature for as long, before and after. */
const skewMs = 15 * 60_000;
/** RFC 3986: what encodeURIComponent leaves out. */
const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
const decode = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
};
const headerText = (value: string | readonly string[] | undefined): string =>
  (typeof value === "string" ? value : (value ?? []).join(",")).trim().replaceAll(/ +/g, " ");

type Parameters = readonly (readonly [name: string, value: string])[];

function parametersOf(target: string): Parameters {
  const at = target.indexOf("?");
  return (at === -1 ? "" : target.slice(at + 1))
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const equals = pair.indexOf("=");
      return equals === -1
        ? ([decode(pair), ""] as const)
        : ([decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))] as const);
    });
}

const longestLifeSeconds = 7 * 86_400;
/** 0 of what AWS takes for no life: such a URL is never good. */
function lifeOf(text: string): number {
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  return seconds <= longestLifeSeconds ? seconds : 0;
}

function claimOf({ headers }: SignedRequest, parameters: Parameters): Claim | null {
  const header = headers.authorization;
  if (header?.startsWith(`${signingAlgorithm} `)) {
    const part = (name: string): string => new RegExp(`${name}=([^,\\s]+)`).exec(header)?.[1] ?? "";
    return {
      credential: part("Credential"),
      signedHeaders: part("SignedHeaders").toLowerCase().split(";"),
      signature: part("Signature"),
      date: headerText(headers["x-amz-date"]),
      sessionToken: headers["x-amz-security-token"] === undefined ? null : headerText(headers["x-amz-security-token"]),
      expiresSeconds: null,
    };
  }
  const query = new Map(parameters);
  if (query.get("X-Amz-Algorithm") !== signingAlgorithm) return null;
  return {
    credential: query.get("X-Amz-Credential") ?? "",
    signedHeaders: (query.get("X-Amz-SignedHeaders") ?? "").toLowerCase().split(";"),
    signature: query.get("X-Amz-Signature") ?? "",
    date: query.get("X-Amz-Date") ?? "",
    sessionToken: query.get("X-Amz-Security-Token") ?? null,
    expiresSeconds: lifeOf(query.get("X-Amz-Expires") ?? ""),
  };
}

/** S3 takes the path as it came; for all others it is normalized and encoded once more. */
function canonicalPath(path: string, service: string): string {
  if (service === "s3") return path === "" ? "/" : path;
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  const trailing = kept.length > 0 && path.endsWith("/") ? "/" : "";
  return `/${kept.map(encode).join("/")}${trailing}`;
}

/** What stands in the signature for the body; null: the header says something else than the body is. */
function payloadHash({ headers, body }: SignedRequest, service: string, presigned: boolean): string | null {
  const declared = headers["x-amz-content-sha256"];
  if (service === "s3" && (presigned || (typeof declared === "string" && /^(UNSIGNED|STREAMING)-/.test(declared))))
    return typeof declared === "string" ? declared : "UNSIGNED-PAYLOAD";
  const actual = sha256(body);
  return declared === undefined || declared === actual ? actual : null;
}

const equal = (one: string, other: string): boolean =>
  one.length === Buffer.byteLength(other) && timingSafeEqual(Buffer.from(one), Buffer.from(other));

function expired(claim: Claim, now: number): string | null {
  const at = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(claim.date);
  if (at === null) return "X-Amz-Date is missing or malformed";
  const signedAt = Date.parse(`${at[1]}-${at[2]}-${at[3]}T${at[4]}:${at[5]}:${at[6]}Z`);
  if (signedAt > now + skewMs) return `Signature not yet current: ${claim.date}`;
  if (claim.expiresSeconds === 0) return `X-Amz-Expires must be a number from 1 to ${longestLifeSeconds}`;
  const life = claim.expiresSeconds === null ? skewMs : claim.expiresSeconds * 1000;
  return signedAt + life < now ? `Signature expired: ${claim.date}` : null;
}

/** Why the request is not signed with this secret; null: it is. */
export function signatureProblem(
  request: SignedRequest,
  { secretAccessKey, sessionToken }: KeySecret,
  now: number,
): string | null {
  const parameters = parametersOf(request.target);
  const claim = claimOf(request, parameters);
  if (claim === null) return "The request is not signed with AWS4-HMAC-SHA256";
  const [, date = "", region = "", service = ""] =
    /\/([^/]*)\/([^/]*)\/([^/]*)\/aws4_request$/.exec(claim.credential) ?? [];
  const late = expired(claim, now);
  if (late !== null) return late;
  if (sessionToken !== null && (claim.sessionToken === null || !equal(sessionToken, claim.sessionToken)))
    return "The session token that belongs to the key is missing or wrong";
  const unsigned = Object.keys(request.headers).filter(
    (name) => (name === "host" || name === "x-amz-target") && !claim.signedHeaders.includes(name),
  );
  if (unsigned.length > 0) return `The header ${unsigned.join(", ")} is not signed`;
  const payload = payloadHash(request, service, claim.expiresSeconds !== null);
  if (payload === null) return "The header x-amz-content-sha256 is not the body's";
  const pairs = parameters
    .filter(([name]) => claim.expiresSeconds === null || name !== "X-Amz-Signature")
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a, one], [b, other]) => (a === b ? (one < other ? -1 : 1) : a < b ? -1 : 1));
  const canonical = [
    request.method,
    canonicalPath(request.target.split("?")[0] ?? "/", service),
    pairs.map(([name, value]) => `${name}=${value}`).join("&"),
    ...claim.signedHeaders.map((name) => `${name}:${headerText(request.headers[name])}`),
    "",
    claim.signedHeaders.join(";"),
    payload,
  ].join("\n");
  const wanted = signatureOf(canonical, secretAccessKey, claim.date, { day: date, region, service });
  return equal(wanted, claim.signature)
    ? null
    : "The request signature we calculated does not match the signature you provided";
}

/** Named as the service names it. */
export function refuseBadSignature(request: SignedRequest, service: string, secret: KeySecret, now: number): void {
  const problem = signatureProblem(request, secret, now);
  if (problem === null) return;
  if (service === "ec2")
    throw new AwsError("AuthFailure", `AWS was not able to validate the provided access credentials: ${problem}`, 401);
  const query = ["sts", "iam", "elasticloadbalancing", "autoscaling", "cloudformation", "sns", "rds", "s3"];
  throw new AwsError(query.includes(service) ? "SignatureDoesNotMatch" : "InvalidSignatureException", problem, 403);
}

const local = /^(127(\.\d{1,3}){3}|localhost|\[::1\])(:\d+)?$/i;

/**
 * A web page in the user's browser reaches this port by a name of its own (DNS rebinding), or as another origin; a
 * program of this machine does neither. @throws AwsError
 */
export function refuseWebPages({ headers }: Pick<SignedRequest, "headers">): void {
  if (local.test(headers.host ?? "") && headers.origin === undefined) return;
  throw new AwsError("AccessDenied", "Only programs of this machine may ask the sandbox, by its address.", 403);
}
