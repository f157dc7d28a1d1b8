/** The server of `load-client.ts`: answers as the sandbox's echo program does, and does nothing else. */
import http from "node:http";
import type { AddressInfo } from "node:net";

export type BareServerReady = { readonly type: "listening"; readonly port: number };

const body = JSON.stringify({ pod: "bare", member: "bench", version: "1", path: "/" });
const head = {
  "content-type": "application/json",
  "content-length": Buffer.byteLength(body),
  "x-pod": "bare",
  "x-member": "bench",
};

const server = http.createServer({ noDelay: true, keepAliveTimeout: 60_000 }, (_request, response) => {
  response.writeHead(200, head);
  response.end(body);
});
server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  process.send?.({ type: "listening", port: (server.address() as AddressInfo).port } satisfies BareServerReady);
});
process.on("disconnect", () => process.exit(0));
