/** One request on its way to a target, and the answer back. */
import http, { type ClientRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { constants, type Http2ServerResponse } from "node:http2";
import { breakOff } from "../../fabric/break-off";
import type { Loss } from "../loss-log";
import type { Cuttable, Target } from "../targets";
import { answerHeaders, answerHeaders2, isHttp2, requestHeaders, type ForwardedFor } from "./headers";
import { give, page } from "./own-answers";

export interface Sending {
  readonly agent: http.Agent;
  readonly target: Target;
  readonly by: ForwardedFor;
  /** No byte for so long: 504. */
  readonly silenceMs: number;
  readonly clientStays: boolean;
  readonly cookies: readonly string[];
  /** Told once. `loss`: why the target's answer did not come, or not whole; null when the client went away. */
  readonly ended: (exchange: Exchange, loss: Loss | null) => void;
}

export class Exchange implements Cuttable {
  private upstream: ClientRequest | null = null;
  private over = false;

  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly sending: Sending,
  ) {}

  start(): void {
    const { agent, target, by, silenceMs } = this.sending;
    const { request, response } = this;
    try {
      this.upstream = http.request({
        agent,
        host: target.target.address,
        port: target.target.port,
        method: request.method,
        path: request.url,
        headers: requestHeaders(request, by, false),
        setHost: false,
        timeout: silenceMs,
      });
    } catch {
      return this.fail(502, "nothing at the address");
    }
    this.upstream
      .on("response", (answer) => this.pass(answer))
      .on("error", () =>
        this.fail(502, this.upstream?.socket?.connecting ? "refused by the target" : "reset by the target"),
      )
      .on("timeout", () => this.fail(504, "no answer in time"));
    response.on("close", () => {
      // The client went away before it had all.
      if (!response.writableFinished) this.upstream?.destroy();
      this.end(null);
    });
    request.pipe(this.upstream);
  }

  private pass(answer: IncomingMessage): void {
    const { response, sending } = this;
    if (this.over) return void answer.destroy();
    const http2 = isHttp2(this.request);
    const headers = http2 ? answerHeaders2(answer.rawHeaders) : answerHeaders(answer.rawHeaders, sending.clientStays);
    for (const cookie of sending.cookies) headers.push("Set-Cookie", cookie);
    const status = answer.statusCode ?? 502;
    if (http2) response.writeHead(status, headers);
    else response.writeHead(status, answer.statusMessage, headers);
    answer.on("error", () => this.fail(502, "reset by the target"));
    answer.pipe(response);
  }

  /** The deregistration delay is over, or the load balancer ends. */
  cut(): void {
    this.fail(502, "deregistration delay over");
  }

  private fail(status: number, loss: Loss): void {
    if (this.over) return;
    const { request, response } = this;
    this.end(loss);
    this.upstream?.destroy();
    request.unpipe();
    // What the client still sends must not be taken for its next request.
    request.resume();
    if (response.headersSent) this.breakOff();
    else if (!response.destroyed) give(response, page(status), this.sending.clientStays);
  }

  /** The client must not take half an answer for a whole one. */
  private breakOff(): void {
    const { request, response } = this;
    if (isHttp2(request)) (response as unknown as Http2ServerResponse).stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    else if (response.socket !== null) breakOff(response.socket);
  }

  private end(loss: Loss | null): void {
    if (this.over) return;
    this.over = true;
    this.sending.ended(this, loss);
  }
}
