/**
 * Who may open a connection. Pods and load balancers are reached through `sandbox/fabric/dial.ts` alone, which refuses
 * whatever is
 * not on loopback; every other file that can connect is listed here with what it connects to and why that can't leave
 * the machine.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

const root = join(__dirname, "../../..");
const places = ["sandbox", "automation/cli/rehearsal"];

const allowed: Readonly<Record<string, string>> = {
  "sandbox/fabric/dial.ts": "the way to pods and load balancers: what the fabric's table holds, on 127.0.0.0/8 alone",
  "sandbox/data-plane/health.ts": "TLS over a socket that dial has made; opens none of its own",
  "sandbox/data-plane/http/target-connections.ts": "TLS and an agent over sockets that dial has made",
  "sandbox/data-plane/http/exchange.ts": "requests on that agent",
  "sandbox/data-plane/http/upgrade.ts": "requests on a socket that target-connections made",
  "sandbox/data-plane/http/request-listener.ts": "types of HTTP/2 alone; opens nothing",
  "sandbox/data-plane/http/server.ts": "a server for clients that come to it; opens nothing",
  "sandbox/load/client.ts": "TLS over a socket that dial has made; opens none of its own",
  "sandbox/node-agent/programs/attached.ts":
    "/readyz of the controller that was started for a cluster, on a literal 127.0.0.1",
  "sandbox/node-agent/nodes/service-network.ts":
    "for an API server: pods of a Service through dial, else addresses in 127.0.0.0/8, as fabric/dial.ts knows them",
  "sandbox/chart-repository/server.ts": "TLS over a socket that a client opened to it; opens none of its own",
  "sandbox/kubernetes/api-client.ts": "the API server of its own cluster; the daemon gives its loopback URL",
  "sandbox/providers/aws/invokes.ts": "the AWS front, at the endpoint that the SDK's clients have been given",
  "sandbox/load-balancer-controller/aws/ec2.ts":
    "the AWS front; main.ts refuses an endpoint that is not loopback before anything is asked",
  "sandbox/aws-front/moto-proxy.ts": "moto, on its unix socket in the sandbox's folder; tests start theirs on loopback",
  "sandbox/daemon/moto.ts": "whether moto is ready, on its unix socket in the sandbox's folder",
  "sandbox/client/control-client.ts": "the control endpoint, on loopback as sandbox.json has it",
  "sandbox/control-plane/api-proxy.ts":
    "the API server behind it, on a literal 127.0.0.1 and the port that the daemon gave that server",
  "sandbox/processes/readiness.ts": "whether what the daemon started on loopback is ready",
  "sandbox/daemon/sandbox.ts": "its own unix socket in the sandbox's folder",
  "sandbox/tools/download.ts":
    "official downloads of tools, by pinned URL and sha256: the one file that leaves the machine, before a " +
    "sandbox runs",
  "automation/cli/rehearsal/load.ts": "addresses of connect-to, which parseConnectTo holds to 127.0.0.0/8",
};

const modules = /^(?:node:)?(?:net|tls|https?|http2|dgram)$/;
const connecting = new Set(["connect", "createConnection", "request", "get", "Socket", "createSocket", "Agent"]);
/** Anything here opens a connection, or is a client that does. */
const calls: readonly RegExp[] = [
  /\b(?:net|tls|https?|http2)\s*\.\s*(?:connect|createConnection|request|get)\s*\(/,
  /\bcreateConnection\s*\(/,
  /\bnew\s+(?:\w+\s*\.\s*)?(?:Socket|TLSSocket|WebSocket|EventSource)\s*\(/,
  /\bfetch\s*\(/,
  /["'](?:undici|axios|got|node-fetch|ws|(?:node:)?http2|(?:node:)?dgram)["']/,
];

/** `import { request as r, type Socket } from "node:http"` and the like, and namespaces under other names. */
function importsToConnect(text: string): string[] {
  const found: string[] = [];
  for (const [, clause = "", module = ""] of text.matchAll(
    /\bimport\s+(?!type\b)([^;"']*?)\s*from\s*["']([^"']+)["']/g,
  )) {
    if (!modules.test(module)) continue;
    const names =
      /\{([^}]*)\}/
        .exec(clause)?.[1]
        ?.split(",")
        .map((name) => name.trim()) ?? [];
    found.push(...names.filter((name) => !name.startsWith("type ") && connecting.has(name.split(/\s+as\s+/)[0]!)));
    const whole = /^(?:\*\s*as\s+)?(\w+)/.exec(clause)?.[1];
    if (
      whole &&
      new RegExp(
        `\\b${whole}\\s*\\.\\s*(?:connect|createConnection|request|get)\\s*\\(|new\\s+${whole}\\s*\\.\\s*Socket\\b`,
      ).test(text)
    )
      found.push(whole);
  }
  return found;
}

function connects(text: string): boolean {
  return calls.some((call) => call.test(text)) || importsToConnect(text).length > 0;
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

describe("fabric: who may dial", () => {
  it("sees every way to connect", () => {
    for (const text of [
      `net.connect({ port })`,
      `const s = net . createConnection(80)`,
      `new net.Socket()`,
      `new Socket({})`,
      `await fetch(url)`,
      `globalThis.fetch (url)`,
      `https.request(url)`,
      `http.get(url)`,
      `tls.connect({})`,
      `import { request } from "undici";`,
      `import { connect } from "node:net";`,
      `import { type Server, request as ask } from "node:https";`,
      `import {\n  get,\n} from "http";`,
      `import * as wire from "node:net";\nwire.connect(1);`,
      `import wire from "net";\nnew wire.Socket();`,
      `new WebSocket(url)`,
      `const h = require("node:http2")`,
    ])
      assert.ok(connects(text), text);
    for (const text of [
      `import type { Socket } from "node:net";`,
      `import { type Socket } from "node:net";`,
      `import net from "node:net";\nnet.createServer();`,
      `import http from "node:http";\nhttp.createServer();`,
      `import { createServer, type Socket } from "node:net";`,
      `prefetch(url)`,
      `map.get(key)`,
      `this.request(path)`,
    ])
      assert.ok(!connects(text), text);
  });

  const files = places.flatMap(sources);

  it("finds sources to look at", () => assert.ok(files.length > 50 && files.includes("sandbox/fabric/dial.ts")));

  it("only the files listed here can connect", () => {
    const others = files.filter((file) => !(file in allowed) && connects(readFileSync(join(root, file), "utf8")));
    assert.deepEqual(
      others,
      [],
      "dial pods and load balancers with sandbox/fabric/dial.ts; for anything else add the file here, with what " +
        "it connects to and why that can't leave the machine",
    );
  });

  it("lists no file that is gone or connects no more", () => {
    for (const file of Object.keys(allowed))
      assert.ok(
        files.includes(file) && connects(readFileSync(join(root, file), "utf8")),
        `${file} needs no entry any more`,
      );
  });
});
