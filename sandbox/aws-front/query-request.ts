/**
 * Requests that whoever allows them and whoever carries them out would read differently are refused: AWS's policies are
 * asked about what stands in the one place, and moto may do what stands in another (the URL before the body, a header
 * when both are empty).
 */
import type { IncomingHttpHeaders } from "node:http";
import { AwsError } from "./aws-error";

export interface Incoming {
  readonly method: string;
  /** As it came: moto gets it so. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly url: URL;
  readonly body: Buffer;
}

/** Those that speak nothing but AWS's query protocol (EC2's is a kind of it). */
const queryServices = new Set(["ec2", "elasticloadbalancing", "iam", "sts", "cloudformation", "autoscaling", "rds"]);
/** Bytes. No operation of the query protocol has half as much. */
const mostBytes = 1_000_000;

const refuse = (code: string, message: string, status = 400): never => {
  throw new AwsError(code, message, status);
};
const formType = /^application\/x-www-form-urlencoded\s*(;|$)/i;

/** Parameters of the query protocol: in the body, or without one in the URL. */
export const parametersOf = (body: Buffer, search: URLSearchParams): URLSearchParams =>
  body.length > 0 ? new URLSearchParams(body.toString("utf8")) : search;

/** @throws AwsError with status 400 */
export function refuseAmbiguous(service: string, incoming: Incoming): void {
  const { headers, url, body } = incoming;
  // No client sends one, and readers differ in what they make of it.
  if (incoming.target.includes("#")) refuse("MalformedQueryString", "The request's target has a fragment");
  const targeted = headers["x-amz-target"] !== undefined;
  if (queryServices.has(service)) {
    if (targeted) refuse("MalformedQueryString", `${service} takes its operation as Action, not as X-Amz-Target`);
    const path = incoming.target.split("?")[0] ?? "";
    if (!/^(GET|POST)$/.test(incoming.method) || path !== "/")
      refuse("InvalidAction", `${service} has no ${incoming.method} ${path}`);
    return refuseUnclearForm(incoming);
  }
  const named = url.searchParams.has("Action");
  // Moto reads any body so.
  if (targeted && (named || (body.length < mostBytes && new URLSearchParams(body.toString("utf8")).has("Action"))))
    refuse("InvalidAction", "The operation is named by X-Amz-Target and by an Action");
  if (!targeted && service !== "eks" && (named || formType.test(headers["content-type"] ?? "")))
    refuseUnclearForm(incoming);
}

function refuseUnclearForm({ headers, url, body }: Incoming): void {
  if (body.length > mostBytes) refuse("RequestEntityTooLarge", `The request is larger than ${mostBytes} bytes`, 413);
  if (body.length > 0 && !formType.test(headers["content-type"] ?? ""))
    refuse("MalformedQueryString", "A body has to be application/x-www-form-urlencoded");
  if (headers["content-encoding"] !== undefined) refuse("MalformedQueryString", "A body must not be encoded");
  const inUrl = [...url.searchParams.keys()].filter((name) => !name.startsWith("X-Amz-"));
  if (body.length > 0 && inUrl.length > 0)
    refuse("MalformedQueryString", `Parameters are in the body and in the URL: ${inUrl[0]}`);
  // `URLSearchParams` takes this for the mark before a query, others for a part of the name.
  if (body[0] === 0x3f) refuse("MalformedQueryString", "The body begins with a question mark");
  const names = [...parametersOf(body, url.searchParams).keys()];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) refuse("InvalidQueryParameter", `The parameter ${twice} is there more than once`);
  if (!names.includes("Action")) refuse("MissingAction", "The request names no Action");
}
