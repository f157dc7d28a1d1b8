/**
 * Everything that isn't ELBv2 or EKS goes to moto, bytes as they are; the answer is buffered whole (SDKs
 * that repeat otherwise).
 */
import { type IncomingHttpHeaders, request, Agent } from "node:http";

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Buffer;
}

const hopByHop = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
  "proxy-authorization",
  "proxy-authenticate",
  "te",
  "trailer",
  "expect",
]);

export class MotoProxy {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 16 });
  private readonly where: { readonly socketPath: string } | { readonly host: string; readonly port: string };
  /** `http://127.0.0.1:PORT`, or `unix:PATH` of a socket. */
  constructor(motoUrl: string) {
    if (motoUrl.startsWith("unix:")) this.where = { socketPath: motoUrl.slice("unix:".length) };
    else {
      const { hostname, port } = new URL(motoUrl);
      this.where = { host: hostname, port };
    }
  }

  send(method: string, path: string, headers: IncomingHttpHeaders, body: Buffer): Promise<RawAnswer> {
    const kept = Object.fromEntries(
      Object.entries(headers).filter(([name]) => !hopByHop.has(name) && name !== "content-length"),
    );
    return this.once(method, path, { ...kept, "content-length": String(body.length) }, body).catch(
      (error: NodeJS.ErrnoException & { reused?: boolean }) => {
        // moto may have closed an idle connection just as it was picked: then nothing was done. On a fresh connection
        // it may have been.
        if (error.code === "ECONNRESET" && error.reused === true && !this.closed)
          return this.once(method, path, { ...kept, "content-length": String(body.length) }, body);
        throw error;
      },
    );
  }

  private closed = false;
  close(): void {
    this.closed = true;
    this.agent.destroy();
  }

  private once(method: string, path: string, headers: IncomingHttpHeaders, body: Buffer): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      const call = request({ ...this.where, method, path, headers, agent: this.agent }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () => {
          const all = Buffer.concat(chunks);
          const out = Object.fromEntries(
            Object.entries(answer.headers).filter(
              (entry): entry is [string, string | string[]] =>
                !hopByHop.has(entry[0]) && entry[0] !== "content-length" && entry[1] !== undefined,
            ),
          );
          resolve({ status: answer.statusCode ?? 502, headers: out, body: all });
        });
      });
      call.on("error", (error) => reject(Object.assign(error, { reused: call.reusedSocket })));
      call.setTimeout(60_000, () => call.destroy(new Error("moto gave no answer in 60 s")));
      call.end(body);
    });
  }
}
