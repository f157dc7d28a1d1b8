/** WebSockets and the like: from the target's 101 on, bytes go both ways until one side ends. */
import http, { type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { Flow } from "../../fabric/flow";
import type { Target } from "../targets";
import { answerHeaders, requestHeaders, type ForwardedFor } from "./headers";
import { asText, page } from "./own-answers";

export interface Upgrading {
  /** Throws when nothing is at the target's address. */
  readonly connect: () => Socket;
  readonly target: Target;
  readonly by: ForwardedFor;
  readonly silenceMs: number;
  /** From now on it is a flow. */
  readonly joined: (flow: Flow) => void;
  /** Told once: the flow's end, or that there was none. */
  readonly ended: (flow: Flow | null, lost: boolean) => void;
}

const headText = (answer: IncomingMessage, headers: readonly string[]): string => {
  const lines: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}\r\n`);
  return `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n${lines.join("")}\r\n`;
};

/** The body comes decoded, and the connection's end is its end. */
const withoutFraming = (headers: readonly string[]): string[] => {
  const kept: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2)
    if (headers[at]?.toLowerCase() !== "transfer-encoding") kept.push(headers[at] ?? "", headers[at + 1] ?? "");
  return kept;
};

export function passUpgrade(request: IncomingMessage, client: Socket, head: Buffer, how: Upgrading): void {
  let over = false;
  const refuse = (status: number): void => {
    if (over) return;
    over = true;
    upstream?.destroy();
    client.end(asText(page(status)));
    how.ended(null, true);
  };
  let upstream: http.ClientRequest | null = null;
  client.on("error", () => upstream?.destroy());
  client.once("close", () => {
    if (over) return;
    over = true;
    upstream?.destroy();
    how.ended(null, false);
  });
  try {
    upstream = http.request({
      createConnection: how.connect,
      host: how.target.target.address,
      method: request.method,
      path: request.url,
      headers: requestHeaders(request, how.by, true),
      setHost: false,
      timeout: how.silenceMs,
    });
  } catch {
    return refuse(502);
  }
  upstream
    .on("upgrade", (answer: IncomingMessage, target: Socket, rest: Buffer) => {
      if (over) return void target.destroy();
      over = true;
      client.write(headText(answer, answer.rawHeaders), "latin1");
      if (rest.length > 0) client.write(rest);
      if (head.length > 0) target.write(head);
      target.setTimeout(0);
      how.joined(new Flow(client, target, (flow, { brokenByTarget }) => how.ended(flow, brokenByTarget)));
    })
    .on("response", (answer) => {
      // The target does not want to: an ordinary answer, and the connection ends with it.
      over = true;
      client.write(headText(answer, withoutFraming(answerHeaders(answer.rawHeaders, false))), "latin1");
      answer.pipe(client);
      answer.on("close", () => how.ended(null, false));
    })
    .on("error", () => refuse(502))
    .on("timeout", () => refuse(504));
  upstream.end();
}
