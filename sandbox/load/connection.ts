/**
 * One HTTP/1.1 connection of the client, with at most one request in flight. Its time-outs are looked after by {@link
 * Connection.sweep}.
 */
import type { Socket } from "node:net";
import type { LoadFailure } from "../contract";
import { type Answer, ResponseParser } from "./response";

export type Outcome =
  | { readonly ok: true; readonly member: string | null }
  | {
      readonly ok: false;
      readonly kind: LoadFailure["kind"];
      readonly message: string;
      /** Who answered, when somebody did. */ readonly member: string | null;
    };

/** A server that said "close" and doesn't is left after this time. */
const CLOSE_WAIT_MS = 1_000;

export class Connection {
  /** Pod of the last answer. */
  target: string | null = null;
  usable = true;
  private readonly parser = new ResponseParser();
  private done: ((outcome: Outcome) => void) | null = null;
  /** On performance.now()'s clock: when the request has timed out, or the connection is given up. */
  private deadline = Infinity;
  private timeoutMs = 0;
  private connected = false;

  constructor(
    private readonly socket: Socket,
    private readonly ended: (resetWhileIdle: boolean) => void,
  ) {
    let reset = false;
    socket.on("connect", () => (this.connected = true));
    socket.on("secureConnect", () => (this.connected = true));
    socket.on("data", (data: Buffer) => this.read(data.toString("latin1")));
    socket.on("end", () => this.endedInOrder());
    socket.on("error", (error) => {
      reset = this.idle;
      this.fail(this.connected ? "reset" : "connect", error.message);
    });
    socket.on("close", () => {
      this.fail("closed-early", "closed before the answer was complete");
      this.ended(reset);
    });
  }

  get idle(): boolean {
    return this.usable && this.done === null;
  }

  send(request: string, timeoutMs: number, done: (outcome: Outcome) => void): void {
    this.done = done;
    this.timeoutMs = timeoutMs;
    this.deadline = performance.now() + timeoutMs;
    this.socket.write(request, "latin1");
  }

  /** Gives up what is due; called now and then with performance.now(). */
  sweep(now: number): void {
    if (now < this.deadline) return;
    if (this.done !== null) {
      this.fail("timeout", `no answer within ${this.timeoutMs} ms`);
      this.socket.destroy();
    } else if (this.socket.writableEnded) this.socket.destroy();
    else this.close();
  }

  /** Ends an idle connection in order; destroys it when the other side doesn't end it too. */
  close(): void {
    this.usable = false;
    this.deadline = performance.now() + CLOSE_WAIT_MS;
    this.socket.end();
  }

  destroy(): void {
    this.usable = false;
    this.socket.destroy();
  }

  private fail(kind: LoadFailure["kind"], message: string): void {
    this.usable = false;
    this.settle({ ok: false, kind, message, member: null });
  }

  private settle(outcome: Outcome): void {
    const { done } = this;
    this.done = null;
    done?.(outcome);
  }

  private endedInOrder(): void {
    const answer = this.done === null ? null : this.parser.end();
    if (answer) this.answered(answer);
    else this.fail("closed-early", "closed before the answer was complete");
  }

  private read(text: string): void {
    if (this.done === null) return this.notAskedFor();
    let answer: Answer | null;
    try {
      answer = this.parser.push(text);
    } catch (error) {
      this.fail("closed-early", (error as Error).message);
      this.socket.destroy();
      return;
    }
    if (answer) this.answered(answer);
  }

  /** Bytes that no request asked for: the next answer could not be told from them. */
  private notAskedFor(): void {
    if (this.usable) this.close();
  }

  private answered(answer: Answer): void {
    const now = performance.now();
    // The sweep may be late: the promise to the ledger is about the answer, not about the sweep.
    if (now >= this.deadline) return this.sweep(now);
    this.deadline = Infinity;
    const good = answer.status >= 200 && answer.status < 300;
    this.target = answer.pod;
    if (!answer.keepAlive) {
      this.usable = false;
      // The server closes first, so that no client port lingers in TIME_WAIT.
      this.deadline = now + CLOSE_WAIT_MS;
    } else if (this.parser.surplus) this.close();
    this.settle(
      good
        ? { ok: true, member: answer.member }
        : { ok: false, kind: "status", message: `status ${answer.status}`, member: answer.member },
    );
  }
}
