/** One HTTP endpoint for all of AWS: finds out who is called, applies faults, and answers in the caller's protocol. */
import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { AwsError } from "./aws-error";
import { answerCloudFormation } from "./cloudformation";
import { answerElb } from "./elbv2/actions";
import type { ElbContext } from "./elbv2/context";
import { type Answer, errorAnswer } from "./error-answer";
import { eksRoute, keyParameters } from "./eks/routes";
import type { EksContext, Json } from "./eks/store";
import type { Fault, Faults } from "./faults";
import type { MotoProxy } from "./moto-proxy";
import { withAddressesResolved } from "./network-interfaces";
import type { AskedRequest } from "./permissions/ask";
import type { Principal } from "./permissions/authorizer";
import type { Permissions } from "./permissions";
import { parseQuery } from "./query";
import { parametersOf, refuseAmbiguous } from "./query-request";
import type { RequestLog } from "./request-log";
import { answerSessionToken } from "./session-token";
import { type KeySecret, refuseBadSignature, refuseWebPages } from "./request-signature";
import { claimedScope, endedSession, type Scope, scopeOf } from "./scope";
import { canonicalCidr } from "./validation/ec2-rules";
import { validate } from "./validation/requests";

export interface RouterParts extends Permissions {
  readonly region: string;
  readonly ownKey?: string;
  /** Secrets of the keys that may be used; none is checked when left out. */
  readonly secretOf?: (accessKeyId: string) => KeySecret | null;
  readonly elb: ElbContext;
  readonly eks: EksContext;
  readonly moto: MotoProxy;
  readonly faults: Faults;
  readonly log: RequestLog;
  readonly ec2Changed: () => void;
  readonly later: (ms: number, run: () => void) => void;
}
interface Asked {
  readonly scope: Scope;
  readonly action: string;
  readonly body: Buffer;
  readonly url: URL;
  readonly params: Readonly<Record<string, unknown>>;
  readonly requestId: string;
}

/** Services whose SDKs ask them for another endpoint. */
const discovering = new Set(["timestream", "dynamodb"]);
const maxBody = 64 * 1024 * 1024;

function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBody)
        reject(new AwsError("RequestEntityTooLarge", `The request is larger than ${maxBody} bytes`, 413));
      else chunks.push(chunk);
    });
    request.on("end", () => resolve(Buffer.concat(chunks)));
    request.on("error", reject);
  });
}

function understand(request: IncomingMessage, body: Buffer, url: URL, scope: Scope): Asked {
  const requestId = randomUUID();
  const target = request.headers["x-amz-target"];
  if (scope.service === "eks") {
    const name = eksRoute(request.method ?? "GET", url.pathname).name;
    return {
      scope,
      action: name,
      body,
      url,
      requestId,
      params: { path: decodeURIComponent(url.pathname), ...keyParameters(json(body)) },
    };
  }
  if (typeof target === "string")
    return { scope, action: target.split(".").pop() ?? target, body, url, requestId, params: {} };
  const form = body.length < 1_000_000 ? parametersOf(body, url.searchParams) : new URLSearchParams();
  const action = form.get("Action") ?? `${request.method ?? ""} ${url.pathname}`;
  const params = [...form]
    .filter(([key]) => key !== "Action" && key !== "Version" && !key.startsWith("X-Amz-"))
    .slice(0, 12)
    .map(([key, value]) => [key, value.slice(0, 200)]);
  return { scope, action, body, url, requestId, params: Object.fromEntries(params) as Record<string, string> };
}

function json(body: Buffer): Json {
  if (body.length === 0) return {};
  try {
    const parsed: unknown = JSON.parse(body.toString("utf8"));
    return typeof parsed === "object" && parsed !== null ? (parsed as Json) : {};
  } catch {
    throw new AwsError("SerializationException", "The request's body is not JSON", 400);
  }
}

async function answerFor(parts: RouterParts, request: IncomingMessage, asked: Asked): Promise<Answer> {
  const { scope, body, url, requestId } = asked;
  if (scope.service === "elasticloadbalancing") {
    const params = parseQuery(parametersOf(body, url.searchParams).toString());
    if (params["Version"] === "2015-12-01")
      return {
        status: 200,
        headers: { "content-type": "text/xml", "x-amzn-requestid": requestId },
        body: await answerElb(parts.elb, params, requestId),
      };
    throw new AwsError(
      "InvalidAction",
      "The sandbox has Elastic Load Balancing v2 (2015-12-01) only, no Classic Load Balancers",
    );
  }
  if (scope.service === "eks") {
    const answer = await eksRoute(request.method ?? "GET", url.pathname).run(
      parts.eks,
      url.searchParams,
      json(body),
      parts.principals.entryArnOf(scope.accessKeyId),
    );
    return {
      status: 200,
      headers: { "content-type": "application/json", "x-amzn-requestid": requestId },
      body: JSON.stringify(answer),
    };
  }
  if (scope.service === "cloudformation") {
    const name = parametersOf(body, url.searchParams).get("StackName");
    return {
      status: 200,
      headers: { "content-type": "text/xml", "x-amzn-requestid": requestId },
      body: answerCloudFormation(asked.action, name, requestId),
    };
  }
  // moto names AWS's own hosts here, and an SDK that asks where to call goes there.
  if (asked.action === "DescribeEndpoints" && discovering.has(scope.service)) {
    return {
      status: 200,
      headers: { "content-type": "application/x-amz-json-1.0", "x-amzn-requestid": requestId },
      body: JSON.stringify({
        Endpoints: [{ Address: `http://${request.headers.host ?? ""}`, CachePeriodInMinutes: 1440 }],
      }),
    };
  }
  if (scope.service === "sts" && asked.action === "GetSessionToken")
    return answerSessionToken(parts.principals, { ...asked, accessKeyId: scope.accessKeyId });
  if (scope.service === "ec2" && asked.action === "DeleteSecurityGroup")
    checkUnused(parts.elb, parametersOf(body, url.searchParams).get("GroupId") ?? "");
  const changed = scope.service === "ec2" && body.length > 0 ? await rewritten(parts, asked.action, body) : null;
  const raw = await parts.moto.send(
    request.method ?? "GET",
    inMoto(parts, scope, request.url ?? "/"),
    headersInMoto(parts, scope, request.headers),
    changed ? Buffer.from(changed.toString()) : body,
  );
  if (scope.service === "ec2" && !/^(Describe|Get|Search|List)/.test(asked.action)) parts.ec2Changed();
  if (scope.service === "iam" && !/^(Get|List)/.test(asked.action)) parts.iam.changed();
  if (raw.status < 300 && (scope.service === "iam" || scope.service === "sts"))
    await parts.principals.learn(
      asked.action,
      parametersOf(body, url.searchParams).toString(),
      raw.body.toString("utf8"),
    );
  return { ...raw, error: raw.status >= 400 ? String(raw.status) : undefined };
}

/** Moto tells callers apart by their keys, and knows those alone that it made. */
function inMoto({ principals }: RouterParts, { accessKeyId }: Scope, signed: string): string {
  const known = principals.inMoto(accessKeyId);
  return known === accessKeyId ? signed : signed.replace(accessKeyId, known);
}

function headersInMoto(parts: RouterParts, scope: Scope, headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { authorization } = headers;
  return authorization === undefined ? headers : { ...headers, authorization: inMoto(parts, scope, authorization) };
}

/** What moto would take as it is, where EC2 keeps something else. */
async function rewritten(parts: RouterParts, action: string, body: Buffer): Promise<URLSearchParams | null> {
  if (action === "DescribeNetworkInterfaces")
    return await withAddressesResolved(parts.elb.ec2, new URLSearchParams(body.toString("utf8")));
  if (!/^(Authorize|Revoke)SecurityGroup|^Create(Vpc|Subnet)$/.test(action)) return null;
  const form = new URLSearchParams(body.toString("utf8"));
  for (const [key, value] of [...form]) if (/CidrIp$|^CidrBlock$/.test(key)) form.set(key, canonicalCidr(value));
  return form;
}

/** A load balancer's network interfaces have its groups; moto knows nothing of them. */
function checkUnused(elb: ElbContext, groupId: string): void {
  const user = [...elb.store.loadBalancers.values()].find((one) => one.securityGroups.includes(groupId));
  if (user) throw new AwsError("DependencyViolation", `resource ${groupId} has a dependent object`);
}

function faultError(fault: Fault, scope: Scope, action: string): AwsError | null {
  switch (fault.kind) {
    case "throttle":
      return scope.service === "eks"
        ? new AwsError("TooManyRequestsException", "Rate exceeded", 429)
        : new AwsError(
            scope.service === "ec2" ? "RequestLimitExceeded" : "Throttling",
            "Rate exceeded",
            scope.service === "ec2" ? 503 : 400,
          );
    case "error":
      return new AwsError(
        fault.code ?? "InternalFailure",
        fault.message ?? `Fault ${fault.id} of the sandbox, at ${scope.service}:${action}`,
        fault.status ?? 500,
      );
    case "delay":
    case "lost-answer":
    case "timeout":
      return null;
    default:
      return fault.kind satisfies never;
  }
}

function checkSignature(parts: RouterParts, request: IncomingMessage, body: Buffer, scope: Scope): void {
  if (parts.secretOf === undefined) return;
  const secret = parts.secretOf(scope.accessKeyId);
  if (secret === null) throw new AwsError("UnrecognizedClientException", "The access key is not active.", 403);
  const { method = "GET", url: target = "/", headers } = request;
  refuseBadSignature({ method, target, headers, body }, scope.service, secret, Date.now());
}

const isMotoControl = ({ pathname }: URL): boolean =>
  /moto-api/i.test(
    pathname.replaceAll(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16))),
  );

export async function handle(parts: RouterParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const started = Date.now();
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  let asked: Asked | null = null;
  let fault: Fault | null = null;
  let answer: Answer;
  let principal: Principal | null = null;
  let permissions: readonly string[] | undefined;
  try {
    refuseWebPages(request);
    const body = await readBody(request);
    const scope = scopeOf(request.headers, url, parts.region, parts.ownKey, (key) => parts.principals.knows(key));
    checkSignature(parts, request, body, scope);
    if (parts.principals.hasEnded(scope.accessKeyId)) throw endedSession(scope);
    const { method = "GET", headers, url: target = "/" } = request;
    refuseAmbiguous(scope.service, { method, target, headers, url, body });
    asked = understand(request, body, url, scope);
    fault = parts.faults.take({ service: asked.scope.service, action: asked.action });
    const error = fault ? faultError(fault, asked.scope, asked.action) : null;
    if (error) throw error;
    if (fault?.kind === "timeout") return void parts.later(fault.ms ?? 120_000, () => request.socket.destroy());
    const delay = fault?.kind === "delay" ? fault : null;
    if (delay) await new Promise<void>((resolve) => parts.faults.hold(delay, parts.later, resolve));
    const call: AskedRequest = {
      service: asked.scope.service,
      operation: asked.action,
      path: url.pathname,
      search: url.searchParams,
      body,
    };
    validate(call);
    principal = await parts.principals.of(asked.scope.accessKeyId);
    // Moto's own controls, whoever is called.
    if (principal !== null && isMotoControl(url))
      throw new AwsError("AccessDenied", "Only the sandbox's own key may use moto's controls", 403);
    if (principal !== null) permissions = await parts.authorizer.check(principal, call);
    answer = await answerFor(parts, request, asked);
    parts.authorizer.done(call);
  } catch (error) {
    const known =
      error instanceof AwsError
        ? error
        : new AwsError(
            "InternalFailure",
            "The sandbox's AWS front failed: " +
              `${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
            500,
          );
    answer = errorAnswer(
      known,
      claimedScope(request.headers, url)?.service ?? null,
      request,
      asked?.requestId ?? randomUUID(),
    );
  } finally {
    if (fault?.kind === "timeout" && asked)
      parts.log.add({
        at: new Date(started).toISOString(),
        operation: `${asked.scope.service}:${asked.action}`,
        params: asked.params,
        status: 0,
        ms: Date.now() - started,
        fault: fault.id,
      });
  }
  parts.log.add({
    at: new Date(started).toISOString(),
    operation: asked ? `${asked.scope.service}:${asked.action}` : "unsigned",
    params: asked?.params ?? {},
    status: answer.status,
    error: answer.error,
    ms: Date.now() - started,
    fault: fault?.id,
    ...(principal === null ? {} : { by: principal.arn, permissions }),
  });
  if (fault?.kind === "lost-answer") return void request.socket.destroy();
  response.writeHead(answer.status, { ...answer.headers, "content-length": Buffer.byteLength(answer.body) });
  response.end(request.method === "HEAD" ? undefined : answer.body);
}
