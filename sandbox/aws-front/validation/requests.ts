/** Refuses requests that AWS refuses before it does anything, with AWS's codes. */
import { AwsError } from "../aws-error";
import { parseQuery, type QueryObject, type QueryValue } from "../query";
import { ec2Violation } from "./ec2-rules";
import { eksViolation } from "./eks-rules";
import { type ServiceModel, serviceModel, type Shape } from "./models";
import { violations } from "./shapes";

export interface Request {
  readonly service: string;
  readonly operation: string;
  readonly path: string;
  readonly search: URLSearchParams;
  readonly body: Buffer;
}

/** @throws AwsError when AWS's model, or a rule that only its documentation has, forbids the request. */
export function validate(request: Request): void {
  const model = serviceModel(request.service);
  const operation = model?.operations[request.operation];
  if (model === undefined || operation === undefined) return;
  if (request.service === "ec2") {
    const refused = ec2Violation(request.operation, formOf(request));
    if (refused !== null) throw new AwsError(refused.code, refused.message);
    return;
  }
  const input = inputOf(model, operation.input, operation.http, request);
  if (input === null) return;
  const found = violations(model, operation.input, input);
  if (found.length > 0) throw refusal(request.service, found);
  if (request.service === "eks") {
    const refused = eksViolation(request.operation, input);
    if (refused !== null) throw new AwsError("InvalidParameterException", refused, 400);
  }
}

function refusal(service: string, found: readonly string[]): AwsError {
  const errors = `${found.length} validation error${found.length === 1 ? "" : "s"} detected`;
  const message = `${errors}: ${found.slice(0, 10).join("; ")}`;
  return new AwsError(service === "eks" ? "InvalidParameterException" : "ValidationError", message, 400);
}

const formOf = ({ body, search }: Request): URLSearchParams =>
  body.length > 0 ? new URLSearchParams(body.toString("utf8")) : search;

function inputOf(
  model: ServiceModel,
  shape: string | null,
  http: string | undefined,
  request: Request,
): Readonly<Record<string, unknown>> | null {
  if (model.protocol === "rest-json") return restInput(model, shape, http ?? "", request);
  return structured(model, shape, parseQuery(formOf(request).toString())) as Readonly<Record<string, unknown>>;
}

/** Members from the path, the query string and the JSON body of a REST request. */
function restInput(
  model: ServiceModel,
  shape: string | null,
  http: string,
  { path, search, body }: Request,
): Readonly<Record<string, unknown>> | null {
  const template = http.split(" ")[1]?.split("?")[0] ?? "";
  const names = [...template.matchAll(/\{([^}+]+)\+?\}/g)].map(([, name]) => name ?? "");
  const values = new RegExp(`^${template.replace(/\{[^}]+\}/g, "([^/]+)")}/?$`).exec(path)?.slice(1) ?? [];
  const fromPath = Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(values[index] ?? "")]));
  let json: unknown = {};
  try {
    json = body.length === 0 ? {} : JSON.parse(body.toString("utf8"));
  } catch {
    return null; // The operation itself says that this is not JSON.
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) return null;
  const members = shape === null ? {} : (model.shapes[shape]?.members ?? {});
  const located = Object.entries(members).flatMap(([member, { in: place, wire }]) => {
    const name = wire ?? member;
    if (place === "uri" && fromPath[name] !== undefined) return [[member, fromPath[name]]];
    if (place === "querystring" && search.has(name)) return [[member, search.get(name)]];
    return [];
  });
  return { ...(json as Readonly<Record<string, unknown>>), ...(Object.fromEntries(located) as object) };
}

/** A parsed query by the members' names, with maps as objects. Empty strings count as given. */
function structured(model: ServiceModel, name: string | null, value: QueryValue): unknown {
  const shape: Shape | undefined = name === null ? undefined : model.shapes[name];
  if (shape === undefined) return value;
  if (shape.type === "structure" && typeof value === "object" && !Array.isArray(value)) {
    const known = Object.entries(shape.members ?? {})
      .filter(([member, { wire }]) => Object.hasOwn(value, wire ?? member))
      .map(([member, { wire, shape: inner }]) => [
        member,
        structured(model, inner, (value as QueryObject)[wire ?? member] as QueryValue),
      ]);
    return Object.fromEntries(known) as unknown;
  }
  if (shape.type === "list" && Array.isArray(value)) {
    return value.map((one) => structured(model, shape.of ?? null, one));
  }
  return value;
}
