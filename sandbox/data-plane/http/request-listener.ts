/** An Application Load Balancer's listener: each request finds its rule, its group and its target by itself. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, ServerHttp2Session } from "node:http2";
import type net from "node:net";
import type { Socket } from "node:net";
import { scaledMs } from "../../shared/clock";
import type { DataPlaneAction, DataPlaneListener } from "../../contract";
import type { Flow } from "../../fabric/flow";
import { countsOf, type ListenerCounts, type Service, type Surroundings } from "../listener";
import type { Loss } from "../loss-log";
import { NodeViews, NODES } from "../node-views";
import { pickGroup } from "../routing";
import type { Target } from "../targets";
import { actionFor, redirectLocation, type RequestFacts } from "./conditions";
import { Exchange } from "./exchange";
import { type ForwardedFor, isHttp2 } from "./headers";
import { asText, give, type OwnAnswer, page } from "./own-answers";
import { serverFor } from "./server";
import { cookiesOf, groupOfCookie } from "./stickiness";
import { agentOf, connectTo } from "./target-connections";
import { passUpgrade } from "./upgrade";

/** How long the load balancer waits for a target that security groups cut off. */
const CONNECT_SECONDS = 10;
/**
 * Clients' pauses between requests, and a busy machine's hiccups, are not scaled: an idle time-out is never shorter
 * than this. Real time.
 */
const IDLE_FLOOR_MS = 10_000;
/** A target that is silent for so long is answered for. Real time, and less than what clients wait. */
const SILENCE_FLOOR_MS = 4_000;

type Forward = Extract<DataPlaneAction, { readonly type: "forward" }>;
type Chosen =
  | { readonly kind: "answer"; readonly answer: OwnAnswer }
  | { readonly kind: "target"; readonly target: Target; readonly protocol: string; readonly cookies: readonly string[] }
  | { readonly kind: "nobody" };

export class RequestListener implements Service {
  readonly server: net.Server;
  readonly ready: Promise<void>;
  private readonly keepAlive: (ms: number) => void;
  readonly views: NodeViews;
  readonly counts: ListenerCounts = { open: 0, accepted: 0, refused: 0 };
  /** By connection: a socket, or the session that HTTP/2 has on it. */
  private readonly clients = new WeakMap<object, { readonly node: number; readonly since: number }>();
  private readonly sockets = new Set<Socket>();
  private readonly flows = new Set<Flow>();

  constructor(
    private spec: DataPlaneListener,
    private readonly around: Surroundings,
  ) {
    this.views = new NodeViews(spec.routing, around.random);
    const { server, ready, keepAlive } = serverFor(spec);
    [this.server, this.ready, this.keepAlive] = [server, ready, keepAlive];
    this.server
      .on(spec.protocol === "HTTPS" ? "secureConnection" : "connection", (socket: Socket) => this.accepted(socket))
      .on("session", (session: ServerHttp2Session) => this.known(session))
      // A client that gives up within the handshake has asked for nothing.
      .on("tlsClientError", () => undefined)
      .on("request", (request: IncomingMessage, response: ServerResponse) => this.answer(request, response))
      .on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => this.upgrade(request, socket, head))
      .on("clientError", (_error: Error, socket: Socket) => {
        if (socket.writable) socket.end(asText(page(400)));
        else socket.destroy();
      });
    this.update(spec);
  }

  update(spec: DataPlaneListener): void {
    this.spec = spec;
    this.keepAlive(this.idleMs);
  }

  private get idleMs(): number {
    return Math.max(IDLE_FLOOR_MS, scaledMs(this.spec.idleTimeoutSeconds, this.around.timeScale));
  }

  private get silenceMs(): number {
    return Math.max(SILENCE_FLOOR_MS, scaledMs(this.spec.idleTimeoutSeconds, this.around.timeScale));
  }

  cutIdle(now: number): void {
    for (const flow of [...this.flows]) if (flow.lastActive <= now - this.idleMs) flow.cut();
  }

  /** What idles is ended with it; a request that is under way gets its answer. */
  close(): void {
    this.server.close();
  }

  destroy(): void {
    for (const flow of [...this.flows]) flow.cut();
    for (const socket of this.sockets) socket.destroy();
  }

  private accepted(socket: Socket): void {
    this.counts.open++;
    this.counts.accepted++;
    this.sockets.add(socket);
    this.known(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => {
      this.counts.open--;
      this.sockets.delete(socket);
    });
  }

  /** The node is where the client's name resolution led it; all requests of a connection go by its view. */
  private known(connection: object): void {
    this.clients.set(connection, { node: Math.floor(this.around.random() * NODES), since: Date.now() });
  }

  private connectionOf(request: IncomingMessage): object {
    return isHttp2(request) ? ((request as unknown as Http2ServerRequest).stream.session ?? request) : request.socket;
  }

  /** False once the connection is as old as the load balancer lets it get. */
  private stays(request: IncomingMessage, response: ServerResponse): boolean {
    const since = this.clients.get(this.connectionOf(request))?.since ?? 0;
    const longest = scaledMs(this.spec.clientKeepAliveSeconds, this.around.timeScale);
    const young = this.server.listening && Date.now() - since < longest;
    if (!isHttp2(request)) return young && response.shouldKeepAlive;
    // GOAWAY: what is under way gets its answer.
    if (!young) (request as unknown as Http2ServerRequest).stream.session?.close();
    return true;
  }

  private facts(request: IncomingMessage): RequestFacts {
    const [path = "/", ...query] = (request.url ?? "/").split("?");
    return {
      method: request.method ?? "GET",
      host: (request.headers.host ?? String(request.headers[":authority"] ?? "")).replace(/:\d+$/, ""),
      path,
      query: query.join("?"),
      headers: request.headers,
      sourceAddress: request.socket.remoteAddress ?? "",
    };
  }

  private choose(request: IncomingMessage): Chosen {
    const facts = this.facts(request);
    const node = this.clients.get(this.connectionOf(request))?.node ?? 0;
    const action = actionFor(this.views.see(node, Date.now()), facts);
    if (action.type === "redirect")
      return { kind: "answer", answer: page(action.status, redirectLocation(action, facts, this.spec)) };
    if (action.type === "fixed-response") return { kind: "answer", answer: action };
    return this.targetOf(action, request.headers.cookie);
  }

  private targetOf(action: Forward, cookies: string | undefined): Chosen {
    const arn = groupOfCookie(action, cookies) ?? pickGroup(action.targetGroups, this.around.random());
    const target = arn === null ? null : this.around.groups.inTurn(arn);
    if (arn === null || target === null) return { kind: "nobody" };
    return {
      kind: "target",
      target,
      protocol: this.around.groups.protocol(arn) ?? "HTTP",
      cookies: cookiesOf(action, arn, Date.now()),
    };
  }

  private by(socket: net.Socket): ForwardedFor {
    return { clientAddress: socket.remoteAddress ?? "", protocol: this.spec.protocol, port: this.spec.port };
  }

  private lost(loss: Loss, target: Target | null): void {
    this.counts.refused++;
    this.around.losses.add(loss, this.spec, target);
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const clientStays = this.stays(request, response);
    const chosen = this.choose(request);
    if (chosen.kind === "target") return this.forward(request, response, chosen, clientStays);
    request.resume();
    if (chosen.kind === "nobody") this.lost("no target", null);
    give(response, chosen.kind === "nobody" ? page(503) : chosen.answer, clientStays);
  }

  private forward(
    request: IncomingMessage,
    response: ServerResponse,
    { target, protocol, cookies }: Extract<Chosen, { readonly kind: "target" }>,
    clientStays: boolean,
  ): void {
    const counts = countsOf(this.around, target.target);
    counts.accepted++;
    if (!target.target.reachable) {
      counts.failed++;
      this.lost("cut off by security groups", target);
      request.resume();
      return this.afterConnectTime(() => give(response, page(504), clientStays));
    }
    counts.open++;
    const exchange = new Exchange(request, response, {
      agent: agentOf(this.around.fabric, target, protocol, this.idleMs),
      target,
      by: this.by(request.socket),
      silenceMs: this.silenceMs,
      clientStays,
      cookies,
      ended: (ended, loss) => {
        target.flows.delete(ended);
        counts.open--;
        if (loss === null) return;
        if (loss === "reset by the target") counts.reset++;
        else counts.failed++;
        this.lost(loss, target);
      },
    });
    target.flows.add(exchange);
    exchange.start();
  }

  private upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const chosen = this.choose(request);
    if (chosen.kind !== "target") {
      if (chosen.kind === "nobody") this.lost("no target", null);
      return void socket.end(asText(chosen.kind === "nobody" ? page(503) : chosen.answer));
    }
    const { target, protocol } = chosen;
    const counts = countsOf(this.around, target.target);
    counts.accepted++;
    if (!target.target.reachable) {
      counts.failed++;
      this.lost("cut off by security groups", target);
      return this.afterConnectTime(() => socket.end(asText(page(504))));
    }
    counts.open++;
    passUpgrade(request, socket, head, {
      connect: () => connectTo(this.around.fabric, target, protocol),
      target,
      by: this.by(socket),
      silenceMs: this.silenceMs,
      joined: (flow) => {
        this.flows.add(flow);
        target.flows.add(flow);
      },
      ended: (flow, lost) => {
        counts.open--;
        if (lost) this.lost("reset by the target", target);
        if (flow === null) return;
        this.flows.delete(flow);
        target.flows.delete(flow);
      },
    });
  }

  private afterConnectTime(act: () => void): void {
    setTimeout(act, scaledMs(CONNECT_SECONDS, this.around.timeScale)).unref();
  }
}
