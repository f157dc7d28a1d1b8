/**
 * The chart repository of a sandbox. Programs name public ones (`https://aws.github.io/eks-charts`, a mirror, an OCI
 * registry), and the official kubernetes provider loads from there at every preview. Its launcher makes this server its
 * proxy: whatever host it asks for a chart, the answer comes from here, and nothing leaves the machine.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import type { LbcMode } from "../contract";
import { ChartAnswers } from "./answers";
import { HostCertificates } from "./certificates";

export interface ChartRequest {
  readonly method: string;
  readonly url: string;
  readonly status: number;
}

export class ChartRepository {
  private readonly sockets = new Set<Socket>();
  private readonly answers: ChartAnswers;
  private readonly proxy: Server;
  private readonly inside: Server;
  /** Fault: connections are cut. */
  down = false;

  private constructor(
    lbc: LbcMode,
    private readonly certificates: HostCertificates,
    private readonly onRequest: (request: ChartRequest) => void,
  ) {
    this.answers = new ChartAnswers(lbc);
    this.proxy = createServer((request, response) => this.answer(request, response, ""));
    this.inside = createServer((request, response) =>
      this.answer(request, response, `https://${request.headers.host ?? ""}`),
    );
    this.proxy.on("connect", (request, socket) => void this.tunnel(request, socket as Socket));
    this.proxy.on("connection", (socket) => this.keep(socket));
  }

  static async start(lbc: LbcMode, onRequest: (request: ChartRequest) => void): Promise<ChartRepository> {
    const repository = new ChartRepository(lbc, await HostCertificates.create(), onRequest);
    await new Promise<void>((resolve, reject) =>
      repository.proxy.once("error", reject).listen(0, "127.0.0.1", resolve),
    );
    return repository;
  }

  /** For HTTP_PROXY and HTTPS_PROXY. */
  get url(): string {
    return `http://127.0.0.1:${(this.proxy.address() as AddressInfo).port}`;
  }

  /** For SSL_CERT_FILE. */
  get authorityPem(): string {
    return this.certificates.authorityPem;
  }

  close(): void {
    this.proxy.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.sockets.delete(socket));
  }

  /** `CONNECT host:443`: TLS ends here, with a certificate of that host. */
  private async tunnel(request: IncomingMessage, socket: Socket): Promise<void> {
    if (this.down) return void socket.destroy();
    const host = (request.url ?? "").replace(/:\d+$/, "");
    const { cert, key } = await this.certificates.of(host);
    socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    const secure = new TLSSocket(socket, { isServer: true, secureContext: createSecureContext({ cert, key }) });
    secure.on("error", () => secure.destroy());
    this.inside.emit("connection", secure);
  }

  private answer(request: IncomingMessage, response: ServerResponse, base: string): void {
    if (this.down) return void request.socket.destroy();
    const url = `${base}${request.url ?? "/"}`;
    const { status, type, body, headers } = this.answers.of(URL.canParse(url) ? new URL(url).pathname : "/");
    this.onRequest({ method: request.method ?? "GET", url, status });
    response.writeHead(status, { "content-type": type, "content-length": body.length, ...headers });
    response.end(request.method === "HEAD" ? undefined : body);
  }
}
