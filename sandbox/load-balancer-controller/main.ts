/** The AWS Load Balancer Controller's stand-in: one process for one cluster, started by the node agent. */
import http from "node:http";
import { scaledMs } from "../shared/clock";
import { SandboxError } from "../shared/errors";
import { ApiClient, ApiError, readKubeconfig } from "../kubernetes/api-client";
import { retrying } from "../kubernetes/retry";
import { Cleaner } from "./bindings/cleaner";
import { Ec2 } from "./aws/ec2";
import { Elbv2 } from "./aws/elbv2";
import { EventRecorder } from "./event-recorder";
import { type Flags, parseFlags } from "./flags";
import { NetworkManager } from "./bindings/network-manager";
import { log } from "./log";
import { WorkQueue } from "./queue";
import { Reconciler } from "./bindings/reconciler";
import { ServiceBalancers } from "./services/balancers";
import { ServiceBindings } from "./services/bindings";
import { ServiceDeployer } from "./services/deployer";
import { ServiceGroups } from "./services/groups";
import { ServiceListeners } from "./services/listeners";
import { ServiceReconciler } from "./services/reconciler";
import { ServiceTags, TAGS_SECONDS } from "./services/tags";
import { ServiceTargetGroups } from "./services/target-groups";
import { Store } from "./bindings/store";
import { CACHE_SECONDS, TargetCache } from "./aws/target-cache";
import { TargetRecord } from "./bindings/target-record";
import { startWebhookServer } from "./webhooks/server";

const userAgent = "aws-load-balancer-controller/v3.5.0 (stand-in)";
const RESYNC_SECONDS = 10 * 3_600;

function requireLoopback(endpoint: string | undefined): void {
  const host = endpoint && URL.canParse(endpoint) ? new URL(endpoint).hostname : "";
  if (!/^(127\.\d+\.\d+\.\d+|localhost)$/.test(host)) {
    throw new SandboxError(
      "SBX-LBC-ENDPOINT",
      `AWS_ENDPOINT_URL is ${endpoint ?? "not set"}, which is no loopback address.`,
      "Start the controller through the sandbox, which sets it.",
    );
  }
}

interface ServiceParts {
  readonly client: ApiClient;
  readonly store: Store;
  readonly elbv2: Elbv2;
  readonly ec2: Ec2;
  readonly flags: Flags;
  readonly timeScale: number;
}

function serviceReconciler({ client, store, elbv2, ec2, flags, timeScale }: ServiceParts): ServiceReconciler {
  const { clusterName, vpcId } = flags;
  const tags = new ServiceTags(elbv2, scaledMs(TAGS_SECONDS, timeScale));
  const groups = new ServiceGroups({ ec2, clusterName, vpcId, timeScale });
  const deployer = new ServiceDeployer({
    groups,
    targetGroups: new ServiceTargetGroups(elbv2, tags, vpcId, timeScale),
    balancers: new ServiceBalancers(elbv2, tags),
    listeners: new ServiceListeners(elbv2, tags),
    bindings: new ServiceBindings(client, timeScale),
    clusterName,
    vpcId,
  });
  return new ServiceReconciler({
    client,
    store,
    ec2,
    groups,
    deployer,
    events: new EventRecorder(client, "service"),
    ...flags,
  });
}

async function main(): Promise<void> {
  const began = Date.now();
  const { env } = process;
  const flags = parseFlags(process.argv.slice(2), env);
  requireLoopback(env["AWS_ENDPOINT_URL"]);
  if (!flags.clusterName || !flags.region)
    throw new SandboxError(
      "SBX-LBC-FLAGS",
      "--cluster-name and --aws-region must be given.",
      "Set clusterName and region in the Helm release's values.",
    );
  const timeScale = Number(env["EKS_BLUE_GREEN_TIME_SCALE"] ?? "1") || 1;
  if (flags.ignored.length > 0) log("info", "flags without effect in the stand-in", { flags: flags.ignored });

  const health = { ready: false };
  const [healthHost, healthPort] =
    flags.healthAddress === null
      ? ["127.0.0.1", env["HEALTH_PORT"] ?? "0"]
      : [flags.healthAddress.split(":")[0] || "127.0.0.1", flags.healthAddress.split(":")[1] ?? "0"];
  http
    .createServer((request, response) => {
      response.writeHead(request.url === "/readyz" && !health.ready ? 503 : 200).end(health.ready ? "ok" : "starting");
    })
    .listen(Number(healthPort), healthHost);

  const stop = new AbortController();
  const credentials = readKubeconfig(flags.kubeconfig ?? env["KUBECONFIG"] ?? "");
  // A pod has its service account's rights and no others, whatever this machine's credentials may do.
  const account = env["SERVICE_ACCOUNT"];
  const client = new ApiClient(
    account === undefined ? credentials : { ...credentials, as: `system:serviceaccount:${account}` },
    userAgent,
  );
  // Connections of its own: this controller's writes wait for its webhook, which must never wait for a connection that
  // they hold. As the machine: a service account may not point the webhooks at another place.
  const webhookClient = new ApiClient(credentials, userAgent);
  const elbv2 = new Elbv2(flags.region, timeScale);
  const queue: WorkQueue = new WorkQueue(
    (key) => reconciler.reconcile(key),
    timeScale,
    (key, error) =>
      log("error", "Reconciler error", { tgb: key, error: `${(error as Error).name}: ${(error as Error).message}` }),
  );
  const serviceQueue: WorkQueue = new WorkQueue(
    (key) => services.reconcile(key),
    timeScale,
    (key, error) =>
      log("error", "Reconciler error", {
        service: key,
        error: `${(error as Error).name}: ${(error as Error).message}`,
      }),
  );
  const store = new Store(
    client,
    (key) => queue.add(key),
    (key) => serviceQueue.add(key),
  );
  const cache = new TargetCache(elbv2, scaledMs(CACHE_SECONDS, timeScale));
  const ec2 = new Ec2({
    endpoint: env["AWS_ENDPOINT_URL"] ?? "",
    region: flags.region,
    accessKeyId: env["AWS_ACCESS_KEY_ID"] ?? "",
    secretAccessKey: env["AWS_SECRET_ACCESS_KEY"] ?? "",
    timeScale,
  });
  const network = new NetworkManager({ ec2, store, clusterName: flags.clusterName, timeScale });
  const record = new TargetRecord(client);
  const cleaner = new Cleaner({ client, store, cache, record, network });
  const reconciler = new Reconciler({
    client,
    store,
    cache,
    record,
    cleaner,
    network,
    ec2,
    vpcId: flags.vpcId,
    events: new EventRecorder(client),
    timeScale,
  });
  const services = serviceReconciler({ client, store, elbv2, ec2, flags, timeScale });
  const resync = setInterval(
    () => {
      reconciler.resync();
      for (const key of store.bindings.keys()) queue.add(key);
      for (const key of store.services.keys()) serviceQueue.add(key);
    },
    scaledMs(RESYNC_SECONDS, timeScale),
  );

  const end = (): void => {
    stop.abort();
    queue.close();
    serviceQueue.close();
    clearInterval(resync);
    process.exit(0);
  };
  process.once("SIGTERM", end).once("SIGINT", end);
  // The node agent died: nobody else would end this process.
  if (process.connected) process.once("disconnect", end);

  // Nothing to watch before the chart's CRDs are there; the webhook must not wait for that.
  const webhook = await retrying(
    () => startWebhookServer(webhookClient, (by) => elbv2.targetGroup(by), stop.signal, flags.webhook),
    stop.signal,
  );
  health.ready = true;
  log("info", "ready", {
    cluster: flags.clusterName,
    region: flags.region,
    vpcId: flags.vpcId,
    webhookPort: webhook.port,
    ms: Date.now() - began,
  });
  await store.start(stop.signal);
  log("info", "caches are filled", { bindings: store.bindings.size });
}

main().catch((error: Error & { readonly code?: string; readonly remedy?: string }) => {
  log("error", "controller ends", {
    error: error.message,
    code: error.code,
    remedy: error.remedy,
    status: error instanceof ApiError ? error.status : undefined,
  });
  process.exit(1);
});
