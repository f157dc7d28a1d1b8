/** The server of an ALB's listener: HTTP/1.1, and with a certificate TLS with HTTP/2 for clients that want it. */
import http from "node:http";
import http2 from "node:http2";
import type { Server } from "node:net";
import type { DataPlaneListener } from "../../contract";
import { selfSigned } from "../../shared/self-signed";

/** AWS's limit of a request's headers. */
const HEADERS_BYTES = 64 * 1024;
/** AWS's limit of requests under way on one connection of a client (HTTP/2). */
const STREAMS = 128;

/** Certificates by ARN: the same listener made anew, or another one, has the same again. */
const made = new Map<string, ReturnType<typeof selfSigned>>();

function certificateOf(arn: string, host: string): ReturnType<typeof selfSigned> {
  const known = made.get(arn) ?? selfSigned(host, "*.example.com");
  made.set(arn, known);
  return known;
}

export interface ListenerServer {
  readonly server: Server;
  /** Before it, nobody may listen. */
  readonly ready: Promise<void>;
  keepAlive(ms: number): void;
}

export function serverFor(spec: DataPlaneListener): ListenerServer {
  if (spec.protocol !== "HTTPS") {
    const server = http.createServer({ noDelay: true, maxHeaderSize: HEADERS_BYTES, requestTimeout: 0 });
    return { server, ready: Promise.resolve(), keepAlive: (ms) => (server.keepAliveTimeout = ms) };
  }
  const server = http2.createSecureServer({
    allowHTTP1: true,
    settings: { maxConcurrentStreams: STREAMS },
    ...({ noDelay: true, maxHeaderSize: HEADERS_BYTES, requestTimeout: 0 } as object),
  });
  const ready = certificateOf(spec.certificateArns[0] ?? "", spec.dnsName).then(({ privateKey, certificate }) =>
    server.setSecureContext({ key: privateKey, cert: certificate }),
  );
  return { server, ready, keepAlive: (ms) => Object.assign(server, { keepAliveTimeout: ms }) };
}
