/** What an ALB adds to a request and takes away from requests and answers. */
import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** They are about one connection, not about the request. */
const ofConnection = new Set(["connection", "keep-alive", "proxy-connection", "expect"]);

/** HTTP/2 has no such headers; the frames say it. */
export const isHttp2 = ({ httpVersionMajor }: Pick<IncomingMessage, "httpVersionMajor">): boolean =>
  httpVersionMajor === 2;

export interface ForwardedFor {
  readonly clientAddress: string;
  readonly protocol: string;
  readonly port: number;
}

function pairs(raw: readonly string[]): [string, string][] {
  const result: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) result.push([raw[at] as string, raw[at + 1] as string]);
  return result;
}

const flat = (list: readonly (readonly [string, string])[]): string[] => list.flatMap(([name, value]) => [name, value]);

/** `1-67891233-abcdef012345678912345678`, as AWS writes it. */
export function traceId(nowMs: number): string {
  return `Root=1-${Math.floor(nowMs / 1000).toString(16)}-${randomBytes(12).toString("hex")}`;
}

/** Raw headers of the request to the target. `upgrade`: the connection itself goes on as something else. */
export function requestHeaders(request: IncomingMessage, by: ForwardedFor, upgrade: boolean): string[] {
  const own = new Set(["x-forwarded-for", "x-forwarded-proto", "x-forwarded-port", "x-amzn-trace-id"]);
  const kept = pairs(request.rawHeaders).filter(([name]) => {
    const lower = name.toLowerCase();
    return !own.has(lower) && !ofConnection.has(lower) && !lower.startsWith(":") && (upgrade || lower !== "upgrade");
  });
  const authority = request.headers[":authority"];
  if (authority !== undefined && request.headers.host === undefined) kept.unshift(["Host", String(authority)]);
  const before = request.headers["x-forwarded-for"];
  const added: [string, string][] = [
    ["X-Forwarded-For", before === undefined ? by.clientAddress : `${[before].flat().join(", ")}, ${by.clientAddress}`],
    ["X-Forwarded-Proto", by.protocol.toLowerCase()],
    ["X-Forwarded-Port", String(by.port)],
    ["X-Amzn-Trace-Id", [request.headers["x-amzn-trace-id"] ?? traceId(Date.now())].flat().join()],
  ];
  const hasBody = request.headers["content-length"] !== undefined || request.headers["transfer-encoding"] !== undefined;
  // Node would send an empty chunked body with these methods.
  if (!hasBody && !isHttp2(request) && !["GET", "HEAD", "OPTIONS", "TRACE", "DELETE"].includes(request.method ?? ""))
    added.push(["Content-Length", "0"]);
  return flat([...kept, ...added, ["Connection", upgrade ? "upgrade" : "keep-alive"]]);
}

/** Raw headers of the answer to the client. */
export function answerHeaders(raw: readonly string[], clientStays: boolean): string[] {
  const kept = pairs(raw).filter(([name]) => !ofConnection.has(name.toLowerCase()));
  return flat([...kept, ["Connection", clientStays ? "keep-alive" : "close"]]);
}

/** The same for a client that speaks HTTP/2. */
export function answerHeaders2(raw: readonly string[]): string[] {
  return flat(
    pairs(raw).filter(
      ([name]) => !ofConnection.has(name.toLowerCase()) && !/^(transfer-encoding|upgrade)$/i.test(name),
    ),
  );
}
