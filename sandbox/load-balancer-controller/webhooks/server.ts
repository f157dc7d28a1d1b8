/** The admission webhooks' server. */
import { readFileSync, unwatchFile, watchFile } from "node:fs";
import https from "node:https";
import type { AddressInfo } from "node:net";
import type { ApiClient } from "../../kubernetes/api-client";
import { KEEP_ALIVE_MS } from "../../shared/keep-alive";
import { gatePatch } from "../bindings/readiness-gates";
import { WEBHOOK_PATHS } from "../chart/webhook-configurations";
import { createWebhookCertificate } from "./certificate";
import { followConfigurations, pointConfigurations } from "./pointer";
import { type LookUp, mutate, mutateService, validateCreate, validateUpdate } from "./rules";
import { paths } from "../api-paths";
import type { Flags } from "../flags";
import { log } from "../log";
import type { TargetGroupBinding } from "../types";

interface AdmissionRequest {
  readonly uid: string;
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly object: TargetGroupBinding;
  readonly oldObject: TargetGroupBinding;
  readonly namespace?: string;
}

const CERTIFICATE_POLL_MS = 500;

type Verdict =
  | { readonly allowed: true; readonly patch?: readonly object[] }
  | { readonly allowed: false; readonly message: string };

export interface WebhookServer {
  readonly port: number;
  /** For tests in the same process. */
  close(): void;
}

/**
 * Also points the cluster's webhook configurations at itself, again and again until `signal` aborts; not with a `given`
 * certificate and port, as which they are pointed at already.
 */
export async function startWebhookServer(
  client: ApiClient,
  lookUp: LookUp,
  signal: AbortSignal,
  given: Flags["webhook"] = null,
): Promise<WebhookServer> {
  const certificate = given === null ? await createWebhookCertificate() : null;
  const server = https.createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_MS,
      ...(certificate === null
        ? { cert: readFileSync(given?.certFile ?? ""), key: readFileSync(given?.keyFile ?? "") }
        : { cert: certificate.certPem, key: certificate.keyPem }),
    },
    (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        void answer(request.url ?? "", Buffer.concat(chunks).toString("utf8"), client, lookUp).then(
          (body) => response.writeHead(200, { "content-type": "application/json" }).end(body),
          (error: Error) => response.writeHead(400).end(error.message),
        );
      });
    },
  );
  await new Promise<void>((resolve, reject) =>
    server.once("error", reject).listen(given?.port ?? 0, "127.0.0.1", resolve),
  );
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  if (certificate === null) {
    if (given !== null) followFiles(server, given, signal);
    return { port, close };
  }
  const self = { port, caBundle: certificate.caBundle };
  try {
    await pointConfigurations(client, self);
  } catch (error) {
    close();
    throw error;
  }
  followConfigurations(client, self, signal);
  return { port, close };
}

/** A certificate that is mounted changes when its Secret does: from then on new connections get the new one. */
function followFiles(server: https.Server, files: { certFile: string; keyFile: string }, signal: AbortSignal): void {
  const changed = (): void => {
    try {
      server.setSecureContext({ cert: readFileSync(files.certFile), key: readFileSync(files.keyFile) });
      log("info", "serves another certificate", { file: files.certFile });
    } catch {
      // One of the two is new already and the other is not: it changes in a moment.
    }
  };
  const watched = [files.certFile, files.keyFile];
  for (const file of watched) watchFile(file, { interval: CERTIFICATE_POLL_MS, persistent: false }, changed);
  signal.addEventListener("abort", () => watched.forEach((file) => unwatchFile(file, changed)), { once: true });
}

async function answer(url: string, body: string, client: ApiClient, lookUp: LookUp): Promise<string> {
  const { request, apiVersion } = JSON.parse(body) as {
    readonly request: AdmissionRequest;
    readonly apiVersion: string;
  };
  let verdict: Verdict;
  try {
    verdict = await judge(url.split("?")[0] ?? "", request, client, lookUp);
  } catch (error) {
    verdict = { allowed: false, message: `${(error as Error).name}: ${(error as Error).message}` };
  }
  if (!verdict.allowed) log("info", "admission refused", { path: url, message: verdict.message });
  const patch =
    verdict.allowed && verdict.patch?.length
      ? { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(verdict.patch)).toString("base64") }
      : {};
  const status = verdict.allowed ? {} : { status: { code: 403, reason: "Forbidden", message: verdict.message } };
  // The API server takes an answer only in the version it asked in.
  return JSON.stringify({
    apiVersion,
    kind: "AdmissionReview",
    response: { uid: request.uid, allowed: verdict.allowed, ...patch, ...status },
  });
}

async function judge(path: string, request: AdmissionRequest, client: ApiClient, lookUp: LookUp): Promise<Verdict> {
  const verdict = (problem: string | null): Verdict =>
    problem === null ? { allowed: true } : { allowed: false, message: problem };
  switch (path) {
    case WEBHOOK_PATHS.mutateBinding:
      return request.operation === "CREATE"
        ? { allowed: true, patch: await mutate(named(request), lookUp) }
        : { allowed: true };
    case WEBHOOK_PATHS.validateBinding: {
      if (request.operation === "DELETE") return { allowed: true };
      // Asked, not from the watch: two bindings made one right after the other must see each other.
      const { items } = await client.get<{ readonly items: readonly TargetGroupBinding[] }>(paths.allBindings);
      return verdict(
        request.operation === "UPDATE"
          ? validateUpdate(named(request), request.oldObject, items)
          : await validateCreate(named(request), items, lookUp),
      );
    }
    case WEBHOOK_PATHS.mutatePod:
      return { allowed: true, patch: await gates(request, client) };
    case WEBHOOK_PATHS.mutateService:
      return { allowed: true, patch: request.operation === "CREATE" ? mutateService(request.object as never) : [] };
    default:
      // Ingresses and their classes' parameters are let pass: the stand-in makes nothing of them.
      return { allowed: true };
  }
}

async function gates(request: AdmissionRequest, client: ApiClient): Promise<readonly object[]> {
  const namespace = request.namespace ?? request.object.metadata.namespace ?? "";
  const [bindings, services] = await Promise.all([
    client.get<{ readonly items: readonly TargetGroupBinding[] }>(paths.bindings(namespace)),
    client.get<{ readonly items: Parameters<typeof gatePatch>[2] }>(paths.services(namespace)),
  ]);
  return gatePatch(request.object as never, bindings.items, services.items);
}

function named(request: AdmissionRequest): TargetGroupBinding {
  return {
    ...request.object,
    metadata: { ...request.object.metadata, namespace: request.object.metadata.namespace ?? request.namespace },
  };
}
