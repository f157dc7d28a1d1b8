/** A small client of an API server: one kubeconfig, every call with a deadline. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import * as https from "node:https";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { parse } from "yaml";
import type { Props, Dynamic } from "../rpc/values";
import { clusterToken } from "./eks-token";

export interface KubeTarget {
  readonly server: string;
  readonly namespace: string;
  readonly ca: string | undefined;
  readonly user: Props;
}

/** @param text a kubeconfig (YAML or JSON) or the path of one. */
export function parseKubeconfig(text: string, contextName?: string): KubeTarget {
  const config = parse(
    !text.includes("\n") && !text.trim().startsWith("{") && existsSync(text) ? readFileSync(text, "utf8") : text,
  ) as Props | null;
  const named = (list: readonly Props[] | undefined, name: string | undefined) =>
    list?.find((one) => one["name"] === name);
  const context = named(config?.["contexts"], contextName ?? config?.["current-context"])?.["context"] ?? {};
  const cluster = named(config?.["clusters"], context.cluster)?.["cluster"];
  if (cluster?.server === undefined)
    throw new Error(
      "unable to load Kubernetes client configuration from kubeconfig file: context " +
        `${JSON.stringify(contextName ?? config?.["current-context"])} names no cluster`,
    );
  return {
    server: cluster.server,
    namespace: context.namespace ?? "default",
    ca: pem(cluster, "certificate-authority"),
    user: named(config?.["users"], context.user)?.["user"] ?? {},
  };
}

function pem(from: Props, key: string): string | undefined {
  if (from[`${key}-data`] !== undefined) return Buffer.from(from[`${key}-data`], "base64").toString();
  return from[key] === undefined ? undefined : readFileSync(from[key], "utf8");
}

/** An answer of the API server that is not a success. */
export class KubeError extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
  ) {
    super(message);
    this.name = "KubeError";
  }
}

/**
 * No answer of the API server: what client-go says of a call that was cut off, and the provider of a server that nobody
 * could be connected to.
 */
export class Unreachable extends Error {
  constructor(server: string, { method, path }: Pick<Request, "method" | "path">, cause: Error) {
    super(
      isCut(cause)
        ? `${method.charAt(0)}${method.slice(1).toLowerCase()} "${server}${path}": EOF`
        : "configured Kubernetes cluster is unreachable: unable to load schema information from the API server: " +
            `Get "${server}/openapi/v2?timeout=32s": ${cause.message}`,
      { cause },
    );
    this.name = "Unreachable";
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
  /** Seconds; null: the server does not ask for a repetition. */ readonly retryAfter: number | null;
}
export interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

const requestMs = 30_000;
/**
 * As client-go: an answer with Retry-After, and a GET that was cut off, are tried again, after a second for the latter.
 */
const mostRetries = 10;
const isCut = (error: unknown): boolean => ["ECONNRESET", "EPIPE"].includes((error as { code?: string }).code ?? "");
const cutOff = (error: unknown): boolean => error instanceof Unreachable && isCut(error.cause);
const tokenMs = 10 * 60_000;

export class KubeClient {
  private readonly agent: https.Agent;
  private token: { readonly value: string; readonly until: number } | undefined;

  constructor(
    readonly target: KubeTarget,
    private readonly env: Readonly<Record<string, string | undefined>>,
  ) {
    const { user } = target;
    const host = new URL(target.server).hostname;
    if (!host.startsWith("127.") && host !== "localhost")
      throw new Error(`the sandbox reaches only this machine, not ${target.server}`);
    this.agent = new https.Agent({
      keepAlive: true,
      ca: target.ca,
      cert: pem(user, "client-certificate"),
      key: pem(user, "client-key"),
    });
  }

  close(): void {
    this.agent.destroy();
  }

  async get(path: string, signal?: AbortSignal): Promise<Dynamic> {
    return this.send({ method: "GET", path, ...(signal === undefined ? {} : { signal }) });
  }

  /** @returns null for 404. */
  async find(path: string, signal?: AbortSignal): Promise<Dynamic> {
    try {
      return await this.get(path, signal);
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return null;
      throw error;
    }
  }

  async send(request: Request): Promise<Dynamic> {
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    // Node frames a DELETE's body by itself neither way: without a length it would be read as the connection's next
    // request.
    const headers: Record<string, string> = {
      accept: "application/json",
      "user-agent": "pulumi-kubernetes/v4 (stand-in)",
      ...(body === undefined
        ? {}
        : {
            "content-type": request.contentType ?? "application/json",
            "content-length": String(Buffer.byteLength(body)),
          }),
    };
    const token = await this.bearer();
    if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
    const answer = await this.patiently(request, headers, body);
    const content = answer.text === "" ? {} : parseJson(answer.text);
    if (answer.status >= 200 && answer.status < 300) return content;
    throw new KubeError(answer.status, content["reason"] ?? "", content["message"] ?? answer.text.slice(0, 300));
  }

  private async patiently(
    request: Request,
    headers: Record<string, string>,
    body: string | undefined,
  ): Promise<Answer> {
    for (let retry = 0; ; retry += 1) {
      let seconds = 1;
      try {
        const answer = await this.exchange(request, headers, body);
        if (answer.retryAfter === null || (answer.status !== 429 && answer.status < 500) || retry >= mostRetries)
          return answer;
        seconds = answer.retryAfter;
      } catch (error) {
        if (request.method !== "GET" || retry >= mostRetries || !cutOff(error)) throw error;
      }
      await wait(seconds * 1_000, undefined, request.signal === undefined ? {} : { signal: request.signal });
    }
  }

  private exchange(request: Request, headers: Record<string, string>, body: string | undefined): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const signal =
        request.signal === undefined
          ? AbortSignal.timeout(requestMs)
          : AbortSignal.any([request.signal, AbortSignal.timeout(requestMs)]);
      const call = https.request(
        `${this.target.server.replace(/\/$/, "")}${request.path}`,
        { method: request.method, headers, agent: this.agent, signal },
        (response) => {
          let text = "";
          response
            .setEncoding("utf8")
            .on("data", (chunk: string) => (text += chunk))
            .on("end", () =>
              resolve({
                status: response.statusCode ?? 0,
                text,
                retryAfter: secondsOf(response.headers["retry-after"]),
              }),
            )
            .on("error", reject);
        },
      );
      call.on("error", (error) =>
        reject(
          request.signal?.aborted === true
            ? new Error(`${request.method} ${request.path}: the operation was cancelled`)
            : new Unreachable(this.target.server, request, error),
        ),
      );
      call.end(body);
    });
  }

  private async bearer(): Promise<string | undefined> {
    const { user } = this.target;
    if (user["token"] !== undefined) return user["token"];
    if (user["exec"] === undefined) return undefined;
    if (this.token === undefined || this.token.until < Date.now())
      this.token = { value: await execToken(user["exec"], this.env), until: Date.now() + tokenMs };
    return this.token.value;
  }
}

function secondsOf(header: string | undefined): number | null {
  const seconds = Number(header);
  return header !== undefined && Number.isInteger(seconds) && seconds >= 0 ? seconds : null;
}

async function execToken(exec: Props, env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const args: string[] = exec["args"] ?? [];
  const extra = Object.fromEntries((exec["env"] ?? []).map((one: Props) => [one["name"], one["value"]]));
  const option = (name: string) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
  const all = { ...env, ...extra };
  const cluster = option("--cluster-name");
  if (/(^|\/)aws$/.test(exec["command"]) && args.includes("get-token") && cluster !== undefined) {
    return clusterToken(
      cluster,
      option("--region") ?? all["AWS_REGION"] ?? all["AWS_DEFAULT_REGION"] ?? "us-east-1",
      all["AWS_ACCESS_KEY_ID"] ?? "sandbox",
      all["AWS_SECRET_ACCESS_KEY"] ?? "sandbox",
    );
  }
  const { stdout } = await promisify(execFile)(exec["command"], args, {
    env: all as NodeJS.ProcessEnv,
    timeout: requestMs,
  });
  return JSON.parse(stdout).status.token;
}

function parseJson(text: string): Props {
  try {
    return JSON.parse(text) as Props;
  } catch {
    return { message: text.slice(0, 300) };
  }
}
