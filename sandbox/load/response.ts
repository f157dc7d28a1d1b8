/** HTTP/1.1 answers to GET, as bytes come in. One character of the text is one byte (latin1). */

export interface Answer {
  readonly status: number;
  /** False when the server said that it closes, or marks the end of the body by closing. */
  readonly keepAlive: boolean;
  /** Answering pod and its member, from `x-pod` and `x-member`. */
  readonly pod: string | null;
  readonly member: string | null;
}

/** More head than this is no answer of ours. */
const HEAD_LIMIT = 65_536;

type State = "head" | "length" | "chunk-size" | "chunk" | "trailer" | "until-end";

/** What can't be HTTP/1.1. The connection is of no more use. */
export class MalformedAnswer extends Error {}

function header(head: string, pattern: RegExp): string | null {
  return pattern.exec(head)?.[1] ?? null;
}

export class ResponseParser {
  private state: State = "head";
  private rest = "";
  /** Bytes of the body, or of the chunk with its line end, still to come. */
  private need = 0;
  private answer: Answer | null = null;

  /** True when bytes came that belong to no answer: this connection's answers can't be told apart any more. */
  get surplus(): boolean {
    return this.rest !== "";
  }

  /** The answer once it is complete, else null. Throws {@link MalformedAnswer}. */
  push(text: string): Answer | null {
    this.rest = this.rest === "" ? text : this.rest + text;
    for (;;) {
      switch (this.state) {
        case "head":
          if (!this.readHead()) return null;
          // 100 Continue and 103 Early Hints: the answer is still to come.
          if (this.answer === null) continue;
          break;
        case "length":
        case "chunk":
          if (!this.skip()) return null;
          if (this.state === "length") return this.complete();
          this.state = "chunk-size";
          break;
        case "chunk-size": {
          const line = this.line();
          if (line === null) return null;
          this.readChunkSize(line);
          break;
        }
        case "trailer": {
          const line = this.line();
          if (line === null) return null;
          if (line === "") return this.complete();
          break;
        }
        case "until-end":
          this.rest = "";
          return null;
        default:
          this.state satisfies never;
      }
    }
  }

  /** The server has ended in order: the answer when its body goes up to there, else null. */
  end(): Answer | null {
    return this.state === "until-end" ? this.complete() : null;
  }

  private complete(): Answer | null {
    const { answer } = this;
    this.state = "head";
    this.answer = null;
    return answer;
  }

  private line(): string | null {
    const end = this.rest.indexOf("\r\n");
    if (end < 0) {
      if (this.rest.length > HEAD_LIMIT) throw new MalformedAnswer("a line of the answer is too long");
      return null;
    }
    const line = this.rest.slice(0, end);
    this.rest = this.rest.slice(end + 2);
    return line;
  }

  private skip(): boolean {
    if (this.rest.length < this.need) {
      this.need -= this.rest.length;
      this.rest = "";
      return false;
    }
    this.rest = this.rest.slice(this.need);
    this.need = 0;
    return true;
  }

  private readChunkSize(line: string): void {
    const size = /^([0-9a-f]{1,8})[ \t]*(?:;.*)?$/i.exec(line)?.[1];
    if (size === undefined) throw new MalformedAnswer(`not a chunk size: ${line.slice(0, 40)}`);
    this.need = Number.parseInt(size, 16) + 2;
    this.state = this.need === 2 ? "trailer" : "chunk";
  }

  private readHead(): boolean {
    const end = this.rest.indexOf("\r\n\r\n");
    if (end < 0) {
      if (this.rest.length > HEAD_LIMIT) throw new MalformedAnswer("the head of the answer is too long");
      return false;
    }
    const head = this.rest.slice(0, end + 2);
    this.rest = this.rest.slice(end + 4);
    const line = /^HTTP\/1\.([01]) (\d{3})[ \r]/.exec(head);
    if (!line) throw new MalformedAnswer(`not an HTTP/1 answer: ${head.slice(0, 40)}`);
    const status = Number(line[2]);
    if (status >= 100 && status < 200 && status !== 101) return true;
    const length = header(head, /\r\ncontent-length:[ \t]*(\d+)/i);
    if (status === 204 || status === 304) this.expect("length", 0);
    else if (/\r\ntransfer-encoding:[^\r]*\bchunked[ \t]*\r/i.test(head)) this.expect("chunk-size", 0);
    else if (length !== null) this.expect("length", Number(length));
    else this.expect("until-end", 0);
    const option = header(head, /\r\nconnection:[ \t]*([^\r]*)/i)?.toLowerCase() ?? "";
    const stays = line[1] === "1" ? !option.includes("close") : option.includes("keep-alive");
    this.answer = {
      status,
      keepAlive: stays && this.state !== "until-end",
      pod: header(head, /\r\nx-pod:[ \t]*([^\r]*)/i),
      member: header(head, /\r\nx-member:[ \t]*([^\r]*)/i),
    };
    return true;
  }

  private expect(state: State, need: number): void {
    this.state = state;
    this.need = need;
  }
}
