/** GET on a connection of its own, with a deadline for all of it and a limit on what is read. */
import { request, type IncomingHttpHeaders } from "node:http";
import { request as secureRequest } from "node:https";
import { isIP } from "node:net";

export interface Destination {
  readonly host: string;
  readonly port: number;
}

export interface Limits {
  /** For the whole call, from the connection to the last byte of the answer: a server that drips is late as well. */
  readonly milliseconds: number;
  /** Of the body; nothing behind it is read. */
  readonly bytes: number;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** At most `Limits.bytes`. */
  readonly body: Buffer;
  /** False: there was more. */
  readonly complete: boolean;
}

/**
 * A certificate is for the names that clients use, which the driver may not know, and it sends nothing that anybody else
 * may not see: what is asked is whether the service answers, not who it is.
 */
const secure = (host: string) => {
  const servername = host.replace(/:\d+$/, "");
  return { rejectUnauthorized: false, ...(isIP(servername) === 0 ? { servername } : {}) };
};

/** @throws Error with what went wrong, in words */
export function get(
  url: URL,
  destination: Destination,
  limits: Limits,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    let headed = false;
    const sent = { host: url.host, connection: "close", ...headers };
    const call = {
      host: destination.host,
      port: destination.port,
      path: `${url.pathname}${url.search}`,
      headers: sent,
      agent: false,
    };
    const outgoing = url.protocol === "https:" ? secureRequest({ ...call, ...secure(sent.host) }) : request(call);
    const timer = setTimeout(() => {
      const seconds = limits.milliseconds / 1000;
      outgoing.destroy(
        new Error(headed ? `the answer took longer than ${seconds} s` : `no answer within ${seconds} s`),
      );
    }, limits.milliseconds);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    outgoing.on("error", fail);
    outgoing.on("close", () => fail(new Error("closed early")));
    outgoing.on("response", (answer) => {
      headed = true;
      const chunks: Buffer[] = [];
      let bytes = 0;
      const end = (complete: boolean): void => {
        clearTimeout(timer);
        const body = Buffer.concat(chunks).subarray(0, limits.bytes);
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body, complete });
      };
      answer.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes <= limits.bytes) return;
        end(false);
        outgoing.destroy();
      });
      answer.on("end", () => end(true));
      // Of a request that the deadline ended, the reason comes first; only the answer tells of one that broke off.
      answer.on("error", (error) => fail(headed && error.message === "aborted" ? new Error("closed early") : error));
    });
    outgoing.end();
  });
}

/** The whole body as text. @throws Error also when there is more of it than the limit */
export async function getText(
  url: URL,
  limits: Limits,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: string }> {
  const destination = { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port || 80) };
  const { status, body, complete } = await get(url, destination, limits, headers);
  if (!complete) throw new Error(`the answer is larger than ${limits.bytes} bytes`);
  return { status, body: body.toString("utf8") };
}
