/**
 * The part of a kubelet's own API that `kubectl logs` needs: `/containerLogs/<namespace>/<pod>/<container>`. One server
 * for all nodes of the
 * cluster; each Node object says its port. Only the API server may ask: it shows a certificate of the cluster's
 * authority.
 */
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { PodWorker } from "./pods/pod-worker";
import { type LogSource, logQuery, logText, selectLines } from "./programs/container-log";

export interface KubeletFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}

export interface LogRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly previous: boolean;
}

/** `refused`: a kubelet's answer in words. `silent`: the node is down. */
export type LogAnswer =
  | { readonly kind: "log"; readonly source: LogSource; readonly over: () => boolean }
  | { readonly kind: "refused"; readonly status: number; readonly message: string }
  | { readonly kind: "silent" };

const FOLLOW_POLL_MS = 200;
const plain = { "content-type": "text/plain" };

export class KubeletServer {
  private server: Server | null = null;
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(
    private readonly files: KubeletFiles,
    private readonly logOf: (request: LogRequest) => LogAnswer,
  ) {}

  /** @returns its port on 127.0.0.1 */
  async listen(): Promise<number> {
    const { certFile, keyFile, caFile } = this.files;
    const server = createServer(
      {
        cert: readFileSync(certFile),
        key: readFileSync(keyFile),
        ca: readFileSync(caFile),
        requestCert: true,
        rejectUnauthorized: true,
      },
      (request, response) => this.handle(request, response),
    );
    server.on("clientError", (_, socket) => socket.destroy());
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    return (server.address() as AddressInfo).port;
  }

  close(): void {
    for (const timer of this.timers) clearInterval(timer);
    this.server?.close();
    this.server?.closeAllConnections();
  }

  private handle(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const url = new URL(request.url ?? "/", "https://kubelet");
    const [, what, namespace, pod, container, ...rest] = url.pathname.split("/").map(decodeURIComponent);
    if (what !== "containerLogs" || !namespace || !pod || !container || rest.length > 0) {
      response.writeHead(501, plain).end("the sandbox's nodes have logs only: no exec, attach or port-forward\n");
      return;
    }
    const query = logQuery(url.searchParams, Date.now());
    const answer = this.logOf({ namespace, pod, container, previous: query.previous });
    switch (answer.kind) {
      case "silent":
        return void request.socket.destroy();
      case "refused":
        return void response.writeHead(answer.status, plain).end(answer.message);
      case "log":
        return this.write(response, answer, query);
      default:
        return answer satisfies never;
    }
  }

  private write(
    response: ServerResponse,
    { source, over }: Extract<LogAnswer, { kind: "log" }>,
    query: ReturnType<typeof logQuery>,
  ): void {
    const first = source.since(0);
    const text = Buffer.from(logText(selectLines(first.lines, query), query.timestamps));
    response.writeHead(200, { ...plain, "transfer-encoding": "chunked" });
    response.flushHeaders();
    response.write(query.limitBytes === null ? text : text.subarray(0, query.limitBytes));
    if (!query.follow || query.limitBytes !== null) return void response.end();
    let place = first.next;
    const timer = setInterval(() => {
      const ended = over();
      const more = source.since(place);
      place = more.next;
      if (more.lines.length > 0) response.write(logText(more.lines, query.timestamps));
      if (ended) response.end();
    }, FOLLOW_POLL_MS);
    this.timers.add(timer);
    response.on("close", () => {
      clearInterval(timer);
      this.timers.delete(timer);
    });
  }
}

/** Finds a container's log as a kubelet would, with its words when there is none. */
export function logOf(request: LogRequest, workers: readonly PodWorker[], nodesDown: ReadonlySet<string>): LogAnswer {
  const { namespace, pod, container, previous } = request;
  const worker = workers.find((one) => one.namespace === namespace && one.name === pod);
  if (worker === undefined) return { kind: "refused", status: 404, message: `pod ${pod}_${namespace} is not found\n` };
  if (nodesDown.has(worker.host.spec.name)) return { kind: "silent" };
  const runner = worker.container(container);
  if (runner === undefined)
    return { kind: "refused", status: 404, message: `container ${container} not found in pod ${pod}_${namespace}\n` };
  const source = runner.log(previous ? "previous" : "current");
  if (source === null && previous)
    return {
      kind: "refused",
      status: 400,
      message: `previous terminated container "${container}" in pod "${pod}" not found\n`,
    };
  if (source === null)
    return {
      kind: "refused",
      status: 400,
      message:
        `container "${container}" in pod "${pod}" is waiting to start: ` +
        `${runner.status.state.waiting?.reason ?? "ContainerCreating"}\n`,
    };
  return { kind: "log", source, over: () => runner.log("current") !== source || !worker.running };
}
