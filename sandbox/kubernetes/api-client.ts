/**
 * A small client of one Kubernetes API server.
 *
 * `@kubernetes/client-node` is left out here on purpose: it opens a TLS connection for every call and costs 65 MB and
 * 0.6 s per
 * process, and there is one node agent per cluster, beside the pods' own traffic. This one keeps a few connections open
 * and
 * gives every call a deadline.
 */
import fs from "node:fs";
import https from "node:https";
import path from "node:path";
import type { IncomingMessage } from "node:http";
import { parse } from "yaml";
import { SandboxError } from "../shared/errors";

/** An answer of the API server that is not 2xx, or no answer at all (`status` 0). */
export class ApiError extends Error {
  readonly status: number;
  /** Kubernetes' reason: `NotFound`, `Conflict`, `TooManyRequests` …; `Unreachable` without an answer. */
  readonly reason: string;
  constructor(status: number, reason: string, message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.reason = reason;
  }
}

/** `apply`: server-side; the path names the field manager. */
export type Patch = "strategic" | "merge" | "json" | "apply";

const PATCH_TYPES: Readonly<Record<Patch, string>> = {
  strategic: "application/strategic-merge-patch+json",
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  // JSON is YAML.
  apply: "application/apply-patch+yaml",
};

export interface Credentials {
  readonly server: string;
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly token?: string;
  readonly serverName?: string;
  /** The user that every call is made as; the server adds a service account's groups. Default: the credentials' own. */
  readonly as?: string;
}

interface KubeconfigFile {
  readonly "current-context"?: string;
  readonly contexts?: readonly {
    readonly name: string;
    readonly context: { readonly cluster: string; readonly user: string };
  }[];
  readonly clusters?: readonly {
    readonly name: string;
    readonly cluster: Readonly<Record<string, string | undefined>>;
  }[];
  readonly users?: readonly { readonly name: string; readonly user: Readonly<Record<string, string | undefined>> }[];
}

/**
 * Reads a kubeconfig with a client certificate or a token.
 * @throws SandboxError SBX-KUBECONFIG when it has neither, or its server isn't a loopback address (the agent connects
 * to nothing else).
 */
export function readKubeconfig(file: string): Credentials {
  const remedy =
    "Give the node agent the kubeconfig that the daemon wrote for the cluster (client certificate or token, server " +
    "https://127.0.0.1:PORT).";
  const config = parse(fs.readFileSync(file, "utf8")) as KubeconfigFile;
  const context = config.contexts?.find((c) => c.name === config["current-context"])?.context;
  const cluster = config.clusters?.find((c) => c.name === context?.cluster)?.cluster;
  const user = config.users?.find((u) => u.name === context?.user)?.user;
  if (!cluster?.server || !user)
    throw new SandboxError("SBX-KUBECONFIG", `${file} has no complete current context.`, remedy);
  const url = new URL(cluster.server);
  if (url.protocol !== "https:" || !/^127\.\d+\.\d+\.\d+$/.test(url.hostname)) {
    throw new SandboxError(
      "SBX-KUBECONFIG",
      `${file} points at ${cluster.server}, which is not https on a loopback address.`,
      remedy,
    );
  }
  const blob = (data: string | undefined, name: string | undefined): Buffer | undefined =>
    data ? Buffer.from(data, "base64") : name ? fs.readFileSync(path.resolve(path.dirname(file), name)) : undefined;
  const credentials: Credentials = {
    server: cluster.server.replace(/\/+$/, ""),
    ca: blob(cluster["certificate-authority-data"], cluster["certificate-authority"]),
    cert: blob(user["client-certificate-data"], user["client-certificate"]),
    key: blob(user["client-key-data"], user["client-key"]),
    token: user.token ?? (user.tokenFile ? fs.readFileSync(user.tokenFile, "utf8").trim() : undefined),
    serverName: cluster["tls-server-name"],
  };
  if (!credentials.cert && !credentials.token)
    throw new SandboxError("SBX-KUBECONFIG", `${file} has neither a client certificate nor a token.`, remedy);
  return credentials;
}

export class ApiClient {
  private readonly agent: https.Agent;
  private readonly url: URL;
  private readonly token: string | undefined;
  private readonly as: string | undefined;

  constructor(
    credentials: Credentials,
    private readonly userAgent: string = "eks-blue-green-node-agent",
  ) {
    this.url = new URL(credentials.server);
    this.token = credentials.token;
    this.as = credentials.as;
    this.agent = new https.Agent({
      keepAlive: true,
      maxSockets: 12,
      ca: credentials.ca,
      cert: credentials.cert,
      key: credentials.key,
      servername: credentials.serverName,
    });
  }

  get<T>(apiPath: string): Promise<T> {
    return this.call<T>("GET", apiPath);
  }
  create<T>(apiPath: string, body: unknown): Promise<T> {
    return this.call<T>("POST", apiPath, body);
  }
  patch<T>(apiPath: string, kind: Patch, body: unknown): Promise<T> {
    const type = PATCH_TYPES[kind];
    return this.call<T>("PATCH", apiPath, body, type);
  }
  /** The whole object; without a resourceVersion in it, whatever is there. */
  replace<T>(apiPath: string, body: unknown): Promise<T> {
    return this.call<T>("PUT", apiPath, body);
  }
  delete(
    apiPath: string,
    options: {
      readonly gracePeriodSeconds?: number;
      readonly uid?: string;
      readonly propagationPolicy?: "Foreground" | "Background";
    } = {},
  ): Promise<unknown> {
    const { uid, ...rest } = options;
    return this.call("DELETE", apiPath, {
      apiVersion: "v1",
      kind: "DeleteOptions",
      ...rest,
      ...(uid ? { preconditions: { uid } } : {}),
    });
  }

  private open(
    method: string,
    apiPath: string,
    payload: string | undefined,
    contentType: string,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = https.request({
        agent: this.agent,
        host: this.url.hostname,
        port: this.url.port || 443,
        path: apiPath,
        method,
        headers: {
          accept: "application/json",
          "user-agent": this.userAgent,
          ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
          ...(this.as ? { "impersonate-user": this.as } : {}),
          ...(payload === undefined
            ? {}
            : { "content-type": contentType, "content-length": Buffer.byteLength(payload) }),
        },
      });
      request.on("response", resolve);
      request.on("error", (error) => reject(new ApiError(0, "Unreachable", `${method} ${apiPath}: ${error.message}`)));
      // Covers the connection and the answer's beginning; `call` covers the rest.
      request.setTimeout(15_000, () => request.destroy(new Error("no answer within 15 s")));
      request.end(payload);
    });
  }

  private async call<T>(method: string, apiPath: string, body?: unknown, contentType = "application/json"): Promise<T> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const response = await this.open(method, apiPath, payload, contentType);
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of response) chunks.push(chunk as Buffer);
    } catch (error) {
      throw new ApiError(0, "Unreachable", `${method} ${apiPath}: ${(error as Error).message}`);
    }
    const text = Buffer.concat(chunks).toString("utf8");
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return (text ? JSON.parse(text) : undefined) as T;
    let answer: { reason?: string; message?: string } = {};
    try {
      answer = JSON.parse(text) as typeof answer;
    } catch {
      // Plain text, from a server that is starting or from an authenticator.
    }
    throw new ApiError(
      status,
      answer.reason ?? `HTTP${status}`,
      `${method} ${apiPath}: ${answer.message ?? text.slice(0, 300)}`,
    );
  }

  /**
   * Streams lines of a watch to `onLine` until the server ends it, `signal` aborts, or nothing came for `idleMs`
   * (watches ask for bookmarks, which come about once a minute: silence means a dead connection).
   */
  async stream(apiPath: string, signal: AbortSignal, idleMs: number, onLine: (line: string) => void): Promise<void> {
    const response = await this.open("GET", apiPath, undefined, "");
    const stop = (): void => void response.destroy();
    signal.addEventListener("abort", stop, { once: true });
    response.socket.setTimeout(idleMs, stop);
    try {
      if (signal.aborted) return stop();
      if (response.statusCode !== 200) {
        response.resume();
        throw new ApiError(response.statusCode ?? 0, `HTTP${response.statusCode}`, `watch ${apiPath} was refused`);
      }
      let rest = "";
      response.setEncoding("utf8");
      for await (const chunk of response) {
        const lines = (rest + (chunk as string)).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (line) onLine(line);
      }
    } finally {
      signal.removeEventListener("abort", stop);
      response.destroy();
    }
  }

  close(): void {
    this.agent.destroy();
  }
}
