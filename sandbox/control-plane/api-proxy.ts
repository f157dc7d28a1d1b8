/**
 * Stands in front of one API server, in the daemon: kubeconfigs carry its address, so that every call of driver,
 * providers, controller
 * and kubectl can be made to fail, hang, or lose its answer, and is counted. The cluster's own parts (nodes, controller
 * manager,
 * scheduler) call the API server directly: their traffic is most of it, and their faults are other ones.
 *
 * It ends TLS with the API server's own certificate. Bearer tokens are passed on; who shows the administrator's client
 * certificate is
 * passed on with the same certificate, which is the only one that kubeconfigs hold.
 */
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import * as https from "node:https";
import type { TLSSocket } from "node:tls";
import type { Armed } from "../faults/call-faults";
import type { KubernetesFaultSpec } from "../faults/spec";
import type { ClusterCertificates } from "./certificates";
import type { KubernetesCalls } from "./kubernetes-calls";
import { attributesOf } from "./request-attributes";
import { KEEP_ALIVE_MS } from "../shared/keep-alive";

export interface ApiProxySettings {
  readonly cluster: string;
  readonly certificates: ClusterCertificates;
  /** Port of the API server itself. */
  readonly upstreamPort: number;
  readonly calls: KubernetesCalls;
}

/** Shorter than the API server's own 90 s, for the same reason. */
const upstreamIdleMs = 60_000;
const silentMs = 120_000;

/**
 * Headers that belong to one connection, and identities that nobody may claim. How a body is framed stays as it was.
 */
const dropped = /^(connection|keep-alive|proxy-connection|te|trailer|upgrade|x-remote-.*)$/;

export class ApiProxy {
  private server: https.Server | null = null;
  private readonly agents: { readonly administrator: https.Agent; readonly others: https.Agent };
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(private readonly settings: ApiProxySettings) {
    const { caData, adminCertData, adminKeyData } = settings.certificates;
    const decode = (data: string): Buffer => Buffer.from(data, "base64");
    const common = { keepAlive: true, timeout: upstreamIdleMs, ca: decode(caData) };
    this.agents = {
      administrator: new https.Agent({ ...common, cert: decode(adminCertData), key: decode(adminKeyData) }),
      others: new https.Agent(common),
    };
  }

  listen(port: number): Promise<void> {
    const { certificates } = this.settings;
    const server = https.createServer(
      {
        key: readFileSync(certificates.servingKeyFile),
        cert: readFileSync(certificates.servingCertFile),
        ca: Buffer.from(certificates.caData, "base64"),
        requestCert: true,
        rejectUnauthorized: false,
        keepAliveTimeout: KEEP_ALIVE_MS,
        requestTimeout: 0,
        headersTimeout: 0,
        noDelay: true,
      },
      (request, response) => this.handle(request, response),
    );
    server.on("clientError", (_, socket) => socket.destroy());
    this.server = server;
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => resolve());
    });
  }

  /** No new connection; idle ones end, requests under way go on. */
  stopAccepting(): void {
    this.server?.close();
    this.server?.closeIdleConnections();
  }

  /** Connections are refused from now on, open ones are reset. */
  close(): void {
    this.server?.close();
    this.server?.closeAllConnections();
    this.server = null;
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    this.agents.administrator.destroy();
    this.agents.others.destroy();
  }

  private handle(request: IncomingMessage, response: ServerResponse): void {
    const startedAt = Date.now();
    const call = {
      cluster: this.settings.cluster,
      client: request.headers["user-agent"] ?? "",
      ...attributesOf(request.method ?? "GET", request.url ?? "/"),
    };
    const fault = this.settings.calls.faults.take(call);
    const told = (status: number): void =>
      this.settings.calls.log(call, status, Date.now() - startedAt, fault?.id ?? null);
    if (fault === null) return this.forward(request, response, null, told);
    switch (fault.kind) {
      case "throttle":
        return refuse(request, response, 429, "TooManyRequests", fault, `${call.verb} ${call.resource}`, told);
      case "error":
        return refuse(
          request,
          response,
          fault.status ?? 500,
          (fault.status ?? 500) === 503 ? "ServiceUnavailable" : "InternalError",
          fault,
          `${call.verb} ${call.resource}`,
          told,
        );
      case "delay":
        return this.settings.calls.faults.hold(fault, this.later, () => this.forward(request, response, null, told));
      case "lost-answer":
        return this.forward(request, response, fault, told);
      case "timeout":
        told(0);
        return this.later(fault.ms ?? silentMs, () => request.socket.destroy());
      default:
        return fault.kind satisfies never;
    }
  }

  private readonly later = (ms: number, run: () => void): void => {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      run();
    }, ms);
    this.timers.add(timer);
  };

  private forward(
    request: IncomingMessage,
    response: ServerResponse,
    losesAnswer: Armed<KubernetesFaultSpec> | null,
    told: (status: number) => void,
  ): void {
    const socket = request.socket as TLSSocket;
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !dropped.test(name)));
    const agent = socket.authorized ? this.agents.administrator : this.agents.others;
    const upstream = https.request(
      {
        host: "127.0.0.1",
        port: this.settings.upstreamPort,
        method: request.method,
        path: request.url,
        headers,
        agent,
      },
      (answer) => {
        told(answer.statusCode ?? 0);
        if (losesAnswer !== null) {
          // Done for good before the caller is cut off; a watch would never end by itself.
          if (/[?&]watch=(1|true)/.test(request.url ?? "")) return void socket.destroy();
          return void answer.resume().on("close", () => socket.destroy());
        }
        const kept = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !dropped.test(name)));
        response.writeHead(answer.statusCode ?? 502, kept);
        response.flushHeaders();
        answer.pipe(response);
        answer.on("error", () => socket.destroy());
        answer.on("aborted", () => socket.destroy());
      },
    );
    // As if the API server itself had cut the connection.
    upstream.on("error", () => socket.destroy());
    response.on("close", () => upstream.destroy());
    request.pipe(upstream);
  }
}

/**
 * A Status object, as the API server's own refusals are: with the advice to come again where it is overloaded (429) or
 * about to stop or start (503), without where it failed (500).
 */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  code: number,
  reason: string,
  fault: Armed<KubernetesFaultSpec>,
  what: string,
  told: (status: number) => void,
): void {
  told(code);
  const body = JSON.stringify({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: `fault ${fault.id} of the sandbox, at ${what}`,
    reason,
    code,
  });
  request.resume();
  response.writeHead(code, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    ...(code === 429 || code === 503 ? { "retry-after": "1" } : {}),
  });
  response.end(body);
}
