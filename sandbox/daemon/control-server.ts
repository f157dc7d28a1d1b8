/** The control endpoint: plain HTTP with JSON on loopback. Also takes the API servers' TokenReviews. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { SandboxError } from "../shared/errors";
import type { NodeSpec } from "../contract";
import type { Sandbox } from "./sandbox";
import { KEEP_ALIVE_MS } from "../shared/keep-alive";

type Handler = (sandbox: Sandbox, parameters: readonly string[], body: unknown, query: URLSearchParams) => unknown;
interface Route {
  readonly method: string;
  /** `/clusters/:name`: what the log names, for a path may hold a key. */
  readonly pattern: string;
  readonly path: RegExp;
  readonly handle: Handler;
}

function route(method: string, path: string, handle: Handler): Route {
  return { method, pattern: path, path: new RegExp(`^${path.replaceAll(/:[a-z]+/g, "([^/]+)")}$`), handle };
}

function front(sandbox: Sandbox): NonNullable<Sandbox["front"]> {
  if (sandbox.front === null)
    throw new SandboxError(
      "SBX-NO-AWS-FRONT",
      "this sandbox runs without the AWS front",
      "Run `npm run build` and start it again.",
    );
  return sandbox.front;
}

/** While the AWS front is not there, nobody knows any token. */
async function reviewToken(sandbox: Sandbox, clusterName: string, review: unknown): Promise<unknown> {
  if (sandbox.front !== null) return sandbox.front.reviewToken(clusterName, review as object);
  return { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", status: { authenticated: false } };
}

const done = { ok: true };

const tokenReview = route("POST", "/token-review/:cluster/:key", (sandbox, [cluster], body) =>
  reviewToken(sandbox, cluster ?? "", body),
);

const routes: readonly Route[] = [
  route("GET", "/status", (sandbox) => sandbox.status()),
  route("POST", "/shutdown", (sandbox) => {
    sandbox.requestShutdown();
    return done;
  }),
  route("GET", "/faults", (sandbox, _, __, query) => sandbox.faults.list(query.has("all"))),
  route("POST", "/faults", (sandbox, _, body) => sandbox.faults.add(body)),
  route("DELETE", "/faults", async (sandbox) => ({ cleared: await sandbox.faults.clear() })),
  route("DELETE", "/faults/:id", async (sandbox, [id]) => {
    if (!(await sandbox.faults.remove(id ?? "")))
      throw new SandboxError(
        "SBX-FAULT",
        `there is no fault ${id ?? ""}`,
        `These are there: ${
          sandbox.faults
            .list()
            .map((one) => one.id)
            .join(", ") || "none"
        }.`,
      );
    return done;
  }),
  route("GET", "/operations", (sandbox) => ({
    aws: front(sandbox).operations(),
    kubernetes: sandbox.controlPlanes.calls.seen(),
  })),
  route("GET", "/requests/kubernetes", (sandbox, _, __, query) =>
    sandbox.controlPlanes.calls.list(query.has("since") ? Number(query.get("since")) : undefined),
  ),
  route("GET", "/requests", (sandbox, _, __, query) =>
    front(sandbox).requests(query.has("since") ? Number(query.get("since")) : undefined),
  ),
  route("GET", "/fabric", (sandbox) => sandbox.fabric.list()),
  route("GET", "/stats", (sandbox) => sandbox.dataPlane?.stats() ?? { targets: {}, listeners: {} }),
  route("POST", "/clusters/:name/api-server/stop", async (sandbox, [name]) => {
    await sandbox.controlPlanes.get(name ?? "").stopApiServer();
    return done;
  }),
  route("POST", "/clusters/:name/api-server/start", async (sandbox, [name]) => {
    await sandbox.controlPlanes.get(name ?? "").startApiServer();
    return done;
  }),
  route("POST", "/clusters/:name/controller/:action", (sandbox, [name, action]) => {
    if (action !== "stop" && action !== "start")
      throw new SandboxError("SBX-REQUEST", `${action ?? ""} is no action`, "Use stop or start.");
    sandbox.nodeAgents.controller(name ?? "", action);
    return done;
  }),
  route("POST", "/clusters/:name/pods/:namespace/:pod/crash", (sandbox, [name, namespace, pod]) => {
    sandbox.nodeAgents.crashPod(name ?? "", namespace ?? "", pod ?? "");
    return done;
  }),
  // What the AWS front does when EKS calls arrive, for trying single parts without it.
  route("PUT", "/clusters/:name", (sandbox, [name], body) =>
    sandbox.createControlPlane(name ?? "", (body as { version: string }).version),
  ),
  route("POST", "/clusters/:name/upgrade", async (sandbox, [name], body) => {
    await sandbox.upgradeControlPlane(name ?? "", (body as { version: string }).version);
    return done;
  }),
  route("PUT", "/clusters/:name/nodes", async (sandbox, [name], body) => {
    await sandbox.setNodes(name ?? "", body as readonly NodeSpec[]);
    return done;
  }),
  route("DELETE", "/clusters/:name", async (sandbox, [name]) => {
    await sandbox.deleteControlPlane(name ?? "");
    return done;
  }),
  tokenReview,
];

/** The address as routes see it, dots resolved: whoever is let in has to be let in to the route that is taken. */
function addressOf({ url = "/" }: IncomingMessage): URL {
  if (!URL.canParse(url, "http://127.0.0.1"))
    throw new SandboxError("SBX-REQUEST", "the request's target is no path", "Use sandbox/client/control-client.ts.");
  return new URL(url, "http://127.0.0.1");
}

/** Digests have one length: comparing them tells nothing. */
const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
const same = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other));

export class ControlServer {
  private readonly server: Server;

  constructor(
    private readonly sandbox: Sandbox,
    private readonly secret: string,
  ) {
    this.server = createServer(
      { keepAliveTimeout: KEEP_ALIVE_MS },
      (request, response) => void this.answer(request, response),
    );
    // A creation takes as long as it takes; the callers have the deadlines.
    this.server.requestTimeout = 0;
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(0, "127.0.0.1", () => resolve());
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** An API server sends no bearer token over plain HTTP: its key, which opens nothing else, is in the path. */
  tokenReviewUrl(clusterName: string): string {
    const name = encodeURIComponent(clusterName);
    return `${this.url}/token-review/${name}/${this.keyOf(name)}`;
  }
  private keyOf(name: string): string {
    return createHmac("sha256", this.secret).update(`token-review/${name}`).digest("base64url");
  }
  private knows({ headers, method }: IncomingMessage, { pathname }: URL): boolean {
    const [, name, key] = (method === tokenReview.method && tokenReview.path.exec(pathname)) || [];
    return name !== undefined && key !== undefined
      ? same(key, this.keyOf(name))
      : same(headers.authorization ?? "", `Bearer ${this.secret}`);
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const send = (status: number, body: unknown): void => {
      const text = JSON.stringify(body ?? null);
      response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
      response.end(text);
    };
    let taken = "no route";
    try {
      // A web page in the user's browser can reach this port by a name of its own, but can't fake this header.
      if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? "") || request.headers.origin !== undefined)
        return send(403, {
          code: "SBX-REQUEST",
          message: "only local programs may ask",
          remedy: "Use the sandbox's command line.",
        });
      // Any user of the machine can reach it as well, but can't read the sandbox's folder.
      const url = addressOf(request);
      if (!this.knows(request, url))
        return send(401, {
          code: "SBX-REQUEST",
          message: "the request lacks this sandbox's secret, or has another one",
          remedy: "Send controlSecret of its sandbox.json as a bearer token, or use the sandbox's command line.",
        });
      for (const { method, pattern, path, handle } of routes) {
        const match = method === request.method ? path.exec(url.pathname) : null;
        if (match === null) continue;
        taken = pattern;
        return send(
          200,
          await handle(this.sandbox, match.slice(1).map(decodeURIComponent), await readJson(request), url.searchParams),
        );
      }
      send(404, {
        code: "SBX-REQUEST",
        message: `there is no ${request.method ?? ""} ${url.pathname}`,
        remedy: "sandbox/client/control-client.ts lists what there is.",
      });
    } catch (error) {
      const known =
        error instanceof SandboxError
          ? error
          : new SandboxError(
              "SBX-INTERNAL",
              String(error instanceof Error ? error.message : error),
              "The sandbox's logs say more.",
              error,
            );
      this.sandbox.log({ event: "request-failed", method: request.method, route: taken, message: known.message });
      if (!response.headersSent)
        send(known.code === "SBX-INTERNAL" ? 500 : 400, {
          code: known.code,
          message: known.message,
          remedy: known.remedy,
        });
    }
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > 4_000_000) throw new SandboxError("SBX-REQUEST", "the request is larger than 4 MB", "Send less.");
    chunks.push(chunk as Buffer);
  }
  if (size === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8")) as unknown;
  } catch {
    throw new SandboxError("SBX-REQUEST", "the request's body is not JSON", "Send JSON.");
  }
}
