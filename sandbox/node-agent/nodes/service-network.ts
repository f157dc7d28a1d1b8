/**
 * The way from the API server to Services: to it they have addresses like any other (`127.96.4.7:443`), behind which
 * nothing listens. It asks this server to connect to them (HTTP CONNECT, as its egress selector does it), and that
 * leads to one of the Service's ready pods, as kube-proxy would. So a webhook that names a Service reaches the pod that
 * serves it, over TLS with the certificate that this pod has.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import { rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { Flow } from "../../fabric/flow";
import { isLoopback } from "../../fabric/dial";
import type { Backend } from "./service-routes";

export interface ServiceNetworkDeps {
  /** Where a connection to that address may go, in the order of trying; null: it is no Service's. */
  readonly routes: (address: string, port: number) => readonly Backend[] | null;
  /** A connection under way; throws when nobody listens there. */
  readonly open: (address: string, port: number) => Socket;
}

export class ServiceNetwork {
  private readonly flows = new Set<Flow>();
  private server: Server | null = null;

  constructor(private readonly deps: ServiceNetworkDeps) {}

  /** Resolves when it listens. A socket that an earlier agent left is replaced. */
  listen(socketPath: string): Promise<void> {
    rmSync(socketPath, { force: true });
    const server = createServer((_request, response) => response.writeHead(405).end());
    this.server = server;
    server.on("connect", (request, socket, head) => {
      // What came right behind the request is for the other end.
      if (head.length > 0) socket.unshift(head);
      void this.tunnel(request, socket as Socket);
    });
    return new Promise((resolve, reject) => server.once("error", reject).listen(socketPath, resolve));
  }

  close(): void {
    this.server?.close();
    for (const flow of [...this.flows]) flow.cut();
  }

  private async tunnel(request: IncomingMessage, client: Socket): Promise<void> {
    client.on("error", () => client.destroy());
    const [, address = "", port = ""] = /^(.+):(\d+)$/.exec(request.url ?? "") ?? [];
    try {
      const target = await this.connect(address, Number(port));
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      this.flows.add(new Flow(client, target, (ended) => void this.flows.delete(ended)));
    } catch (error) {
      client.end(`HTTP/1.1 503 ${(error as Error).message.replaceAll(/[\r\n]/g, " ")}\r\ncontent-length: 0\r\n\r\n`);
    }
  }

  private async connect(address: string, port: number): Promise<Socket> {
    const routes = this.deps.routes(address, port);
    // A kubelet, or a webhook by its URL.
    if (routes === null && isLoopback(address)) return connected(connect({ host: address, port, noDelay: true }));
    for (const backend of routes ?? []) {
      try {
        return await connected(this.deps.open(backend.address, backend.port));
      } catch {
        // The next one: of a Deployment's pods some may just be starting or ending.
      }
    }
    throw new Error(`connect ${address}:${port}: connection refused`);
  }
}

function connected(socket: Socket): Promise<Socket> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
}
