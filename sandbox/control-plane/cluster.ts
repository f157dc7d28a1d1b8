/** One cluster's control plane: API server, controller manager and scheduler, with certificates and kubeconfig. */
import { join } from "node:path";
import { freePort, releasePort } from "../processes/ports";
import type { Child, Supervisor } from "../processes/supervisor";
import type { ToolPaths } from "../contract";
import { SandboxError } from "../shared/errors";
import { createCertificates, type ClusterCertificates, type EtcdCertificates } from "./certificates";
import { ApiProxy } from "./api-proxy";
import { apiServerArgs, controllerManagerArgs, schedulerArgs } from "./flags";
import { type Kubeconfigs, writeAtomically } from "./kubeconfig";
import type { KubernetesCalls } from "./kubernetes-calls";
import { apiServerReady, logHint, waitUntil } from "../processes/readiness";

export interface ClusterSettings {
  readonly name: string;
  readonly dir: string;
  readonly tools: ToolPaths;
  readonly supervisor: Supervisor;
  readonly kubeconfigs: Kubeconfigs;
  readonly etcdUrl: string;
  readonly etcdCertificates: EtcdCertificates;
  readonly etcdPrefix: string;
  /**
   * Second octet of the service range, `127.<n>.0.0/16`: a Service's address is on loopback, so that what listens there
   * is real.
   */
  readonly serviceOctet: number;
  /** URL to which the API server sends TokenReviews; whoever has it may ask. */
  readonly tokenReviewUrl: string;
  readonly calls: KubernetesCalls;
}

export type ApiServerState = "starting" | "running" | "stopped" | "failed";

/** Go's collector set to spend a little more CPU for a lot less memory. */
const goEnv = (memoryLimit: string): Record<string, string> => ({
  PATH: process.env["PATH"] ?? "",
  GOGC: "50",
  GOMEMLIMIT: memoryLimit,
});

export class ControlPlane {
  /** Of the API server itself. */
  private port = 0;
  /** Of the proxy in front of it: the address that everybody else knows. */
  private publicPort = 0;
  private proxy: ApiProxy | null = null;
  private certificates: ClusterCertificates | null = null;
  private apiServer: Child | null = null;
  private readonly others = new Map<string, Child>();
  private stateNow: ApiServerState = "starting";
  private deleted = false;

  constructor(
    private readonly settings: ClusterSettings,
    private versionNow: string,
  ) {}

  get name(): string {
    return this.settings.name;
  }
  get serviceOctet(): number {
    return this.settings.serviceOctet;
  }
  get version(): string {
    return this.versionNow;
  }
  get state(): ApiServerState {
    return this.stateNow;
  }
  get endpoint(): string {
    return `https://127.0.0.1:${this.publicPort}`;
  }
  get certificateAuthorityData(): string {
    return this.certificates?.caData ?? "";
  }
  get kubeconfigPath(): string {
    return this.settings.kubeconfigs.pathOf(this.name);
  }

  /** Where it asks for connections to Services; its nodes answer there. A short path: systems allow some 100 letters. */
  get serviceSocket(): string {
    return join(this.settings.dir, `services-${this.settings.serviceOctet}.sock`);
  }

  /** Files of its nodes' server; null before the cluster is started. */
  get kubeletFiles(): { readonly certFile: string; readonly keyFile: string; readonly caFile: string } | null {
    return this.certificates === null
      ? null
      : {
          certFile: this.certificates.kubeletCertFile,
          keyFile: this.certificates.kubeletKeyFile,
          caFile: this.certificates.caFile,
        };
  }

  /** For the cluster's own parts, past the faults of the proxy. */
  get directKubeconfigPath(): string {
    return this.settings.kubeconfigs.directPathOf(this.name);
  }

  /** Certificates, API server, then the two that need it. Resolves when /readyz answers. */
  async start(): Promise<void> {
    const { name, dir, serviceOctet } = this.settings;
    this.certificates = await createCertificates(join(dir, "pki", name), name, `127.${serviceOctet}.0.1`);
    for (let attempt = 1; ; attempt += 1) {
      this.port = await freePort();
      this.publicPort = await freePort();
      try {
        await this.startApiServer();
        break;
      } catch (error) {
        await this.apiServer?.stop(0);
        this.proxy?.close();
        releasePort(this.port);
        releasePort(this.publicPort);
        if (this.deleted || attempt >= 3 || !(error instanceof SandboxError && error.code === "SBX-API-SERVER"))
          throw error;
      }
    }
    this.writeKubeconfig();
    this.startOthers();
  }

  private writeKubeconfig(): void {
    const certificates = this.certificates as ClusterCertificates;
    this.settings.kubeconfigs.set({
      clusterName: this.name,
      server: this.endpoint,
      directServer: `https://127.0.0.1:${this.port}`,
      caData: certificates.caData,
      clientCertData: certificates.adminCertData,
      clientKeyData: certificates.adminKeyData,
    });
  }

  /** Also the way back after `stopApiServer`. Same port, same data. */
  async startApiServer(): Promise<void> {
    if (this.apiServer !== null && this.apiServer.ended === null) return;
    this.stateNow = "starting";
    this.spawnApiServer();
    await this.ready();
    await this.openProxy();
    this.stateNow = "running";
    if (this.others.size === 0) return;
    // After a while without an API server they look for it every 30 to 60 s of real time, which is half an hour and more
    // of this sandbox's: started anew, they begin at once.
    await this.stopOthers();
    if (!this.deleted) this.startOthers();
  }

  private async openProxy(): Promise<void> {
    this.proxy?.close();
    this.proxy = new ApiProxy({
      cluster: this.name,
      certificates: this.certificates as ClusterCertificates,
      upstreamPort: this.port,
      calls: this.settings.calls,
    });
    try {
      await this.proxy.listen(this.publicPort);
    } catch (error) {
      throw new SandboxError(
        "SBX-API-SERVER",
        `nothing can listen on 127.0.0.1:${this.publicPort}, the address of ${this.name}'s API server: ` +
          `${String(error)}`,
        "End what listens there (`ss -ltnp`).",
        error,
      );
    }
  }

  private spawnApiServer(): void {
    const { name, dir, tools, supervisor, etcdUrl, etcdCertificates, etcdPrefix, serviceOctet, tokenReviewUrl } =
      this.settings;
    const tokenWebhookFile = join(dir, "pki", name, "token-webhook.kubeconfig");
    writeAtomically(tokenWebhookFile, JSON.stringify(webhookKubeconfig(tokenReviewUrl)));
    const egressFile = join(dir, "pki", name, "egress.json");
    writeAtomically(egressFile, JSON.stringify(egressThrough(this.serviceSocket)));
    this.apiServer = supervisor.start({
      name: `kube-apiserver-${name}`,
      command: tools.kubeApiserver,
      args: apiServerArgs({
        version: this.versionNow,
        port: this.port,
        etcdUrl,
        etcdCertificates,
        etcdPrefix,
        serviceRange: `127.${serviceOctet}.0.0/16`,
        certificates: this.certificates as ClusterCertificates,
        tokenWebhookFile,
        egressFile,
      }),
      env: goEnv("350MiB"),
      onUnexpectedExit: () => {
        // Its first start is watched by start(); later a crashed server comes back by itself, as EKS's would.
        if (this.stateNow === "running" && !this.deleted) this.startApiServer().catch(() => (this.stateNow = "failed"));
      },
    });
  }

  private async ready(): Promise<void> {
    const child = this.apiServer as Child;
    const { caData, adminCertData, adminKeyData } = this.certificates as ClusterCertificates;
    const decode = (data: string): Buffer => Buffer.from(data, "base64");
    const tls = { ca: decode(caData), cert: decode(adminCertData), key: decode(adminKeyData) };
    await waitUntil(
      async () => {
        if (child.ended !== null)
          throw new SandboxError(
            "SBX-API-SERVER",
            `the API server of ${this.name} ended with ${child.ended}`,
            logHint(child.logFile),
          );
        return apiServerReady(this.port, tls);
      },
      { timeoutMs: 60_000, what: `the API server of ${this.name} to be ready`, log: child.logFile },
    );
  }

  private startOthers(): void {
    const { tools } = this.settings;
    this.startOther(
      "kube-controller-manager",
      () => [
        tools.kubeControllerManager,
        controllerManagerArgs(this.directKubeconfigPath, this.versionNow, this.certificates as ClusterCertificates),
      ],
      "120MiB",
    );
    this.startOther(
      "kube-scheduler",
      () => [tools.kubeScheduler, schedulerArgs(this.directKubeconfigPath, this.versionNow)],
      "80MiB",
    );
  }

  private startOther(program: string, line: () => [command: string, args: string[]], memory: string): void {
    const [command, args] = line();
    const child = this.settings.supervisor.start({
      name: `${program}-${this.name}`,
      command,
      args,
      env: goEnv(memory),
      // Both end themselves when the API server is away for long, and must be there when it comes back.
      onUnexpectedExit: () => {
        setTimeout(() => {
          if (this.others.get(program) === child) this.startOther(program, line, memory);
        }, 500);
      },
    });
    this.others.set(program, child);
  }

  private async stopOthers(): Promise<void> {
    const all = [...this.others.values()];
    this.others.clear();
    await Promise.all(all.map((child) => child.stop(0)));
  }

  /** Fault: the API server is gone (connections refused) until `startApiServer`. */
  async stopApiServer(): Promise<void> {
    this.stateNow = "stopped";
    this.proxy?.close();
    await this.apiServer?.stop(0);
  }

  async upgrade(version: string): Promise<void> {
    await this.stopOthers();
    this.stateNow = "stopped";
    // In order: requests under way are answered before the old server goes.
    this.proxy?.stopAccepting();
    await this.apiServer?.stop(3_000);
    this.proxy?.close();
    this.versionNow = version;
    await this.startApiServer();
    this.startOthers();
  }

  async delete(): Promise<void> {
    this.deleted = true;
    await this.stopOthers();
    this.proxy?.close();
    await this.apiServer?.stop(0);
    this.settings.kubeconfigs.delete(this.name);
    for (const port of [this.port, this.publicPort]) if (port !== 0) releasePort(port);
  }
}

/** Calls of webhooks, kubelets and aggregated APIs; those of etcd and of the token webhook go their own way. */
function egressThrough(socket: string): object {
  const connection = { proxyProtocol: "HTTPConnect", transport: { uds: { udsName: socket } } };
  return {
    apiVersion: "apiserver.k8s.io/v1beta1",
    kind: "EgressSelectorConfiguration",
    egressSelections: [{ name: "cluster", connection }],
  };
}

function webhookKubeconfig(server: string): object {
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "sandbox", cluster: { server } }],
    users: [{ name: "api-server", user: {} }],
    contexts: [{ name: "webhook", context: { cluster: "sandbox", user: "api-server" } }],
    "current-context": "webhook",
  };
}
