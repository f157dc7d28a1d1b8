/** The control planes of a sandbox: real Kubernetes, one per EKS cluster. */
import type { ToolPaths } from "../contract";
import type { Supervisor } from "../processes/supervisor";
import { SandboxError } from "../shared/errors";
import { ControlPlane } from "./cluster";
import { Etcd } from "./etcd";
import { Kubeconfigs } from "./kubeconfig";
import { KubernetesCalls } from "./kubernetes-calls";

/** Minors that the pinned kube-apiserver can be (`--emulated-version`). */
export const supportedVersions: readonly string[] = ["1.33", "1.34", "1.35", "1.36"];

export interface ControlPlanesOptions {
  readonly dir: string;
  readonly tools: ToolPaths;
  readonly supervisor: Supervisor;
  readonly tokenReviewUrl: (clusterName: string) => string;
}

export class ControlPlanes {
  /** Of all clusters, with the faults that wait for them. */
  readonly calls = new KubernetesCalls();
  private readonly etcd: Etcd;
  private readonly kubeconfigs: Kubeconfigs;
  private readonly clusters = new Map<string, ControlPlane>();
  private readonly starting = new Map<string, Promise<void>>();
  private readonly octets = new Set<number>();
  /** Prefix in etcd: a cluster made again under the same name must not find the old one's objects. */
  private made = 0;

  constructor(private readonly options: ControlPlanesOptions) {
    this.etcd = new Etcd(options.dir, options.tools.etcd, options.supervisor);
    this.kubeconfigs = new Kubeconfigs(options.dir);
  }

  start(): Promise<void> {
    return this.etcd.start();
  }

  list(): ControlPlane[] {
    return [...this.clusters.values()];
  }

  get(name: string): ControlPlane {
    const cluster = this.clusters.get(name);
    if (!cluster)
      throw new SandboxError(
        "SBX-NO-CLUSTER",
        `no cluster named ${name} runs in this sandbox`,
        `These do: ${[...this.clusters.keys()].join(", ") || "none"}.`,
      );
    return cluster;
  }

  /** May be repeated; several clusters start side by side. */
  async create(name: string, version: string): Promise<ControlPlane> {
    checkVersion(version);
    if (!/^[a-z0-9A-Z][a-zA-Z0-9_-]{0,99}$/.test(name))
      throw new SandboxError(
        "SBX-CLUSTER-NAME",
        `${name} is no name of an EKS cluster`,
        "1 to 100 letters, digits, hyphens and underscores, beginning with a letter or digit.",
      );
    const there = this.clusters.get(name);
    if (there) {
      await this.starting.get(name);
      return there;
    }
    const octet = this.takeOctet();
    this.made += 1;
    const { dir, tools, supervisor, tokenReviewUrl } = this.options;
    const cluster = new ControlPlane(
      {
        name,
        dir,
        tools,
        supervisor,
        kubeconfigs: this.kubeconfigs,
        etcdUrl: this.etcd.url,
        etcdCertificates: this.etcd.certificates,
        etcdPrefix: `/${this.made}-${name}`,
        serviceOctet: octet,
        tokenReviewUrl: tokenReviewUrl(name),
        calls: this.calls,
      },
      version,
    );
    this.clusters.set(name, cluster);
    const started = cluster.start();
    this.starting.set(name, started);
    try {
      await started;
    } catch (error) {
      await this.delete(name);
      throw error;
    } finally {
      this.starting.delete(name);
    }
    return cluster;
  }

  async upgrade(name: string, version: string): Promise<void> {
    checkVersion(version);
    const cluster = this.get(name);
    if (cluster.version !== version) await cluster.upgrade(version);
  }

  async delete(name: string): Promise<void> {
    const cluster = this.clusters.get(name);
    if (!cluster) return;
    this.clusters.delete(name);
    await cluster.delete();
    this.octets.delete(cluster.serviceOctet);
  }

  private takeOctet(): number {
    // Begins anywhere in 127.96 to 127.223, so that two sandboxes side by side hardly share Service addresses.
    for (let step = 0; step < 128; step += 1) {
      const octet = 96 + ((process.pid * 11 + step) % 128);
      if (this.octets.has(octet)) continue;
      this.octets.add(octet);
      return octet;
    }
    throw new SandboxError("SBX-TOO-MANY-CLUSTERS", "a sandbox holds at most 128 clusters", "Delete some.");
  }

  async stop(): Promise<void> {
    await Promise.all([...this.clusters.keys()].map((name) => this.delete(name)));
    await this.etcd.stop();
  }
}

function checkVersion(version: string): void {
  if (supportedVersions.includes(version)) return;
  throw new SandboxError(
    "SBX-VERSION",
    `the sandbox has no Kubernetes ${version}`,
    `It can be any of ${supportedVersions.join(", ")}.`,
  );
}
