/**
 * Registers the cluster's nodes and keeps them alive as kubelets do: leases and status, in real time (Kubernetes' own
 * timers aren't scaled).
 */
import type { NodeSpec } from "../../contract";
import { ApiError, type ApiClient } from "../../kubernetes/api-client";
import type { Node } from "../../kubernetes/types";
import { EXCLUDED_LABEL, MANAGED_ANNOTATION, nodeObject, nodeStatus } from "./node-object";
import { orGone, retrying, sleep } from "../../kubernetes/retry";

const LEASE_PERIOD_MS = 10_000;
const LEASE_SECONDS = 40;
/**
 * Status is written with every second lease: a node that was declared lost while the API server was away comes back
 * soon.
 */
const STATUS_EVERY_LEASES = 2;
/**
 * How long a new node may keep its not-ready taint (the node controller removes it) before it is called ready anyway.
 */
const TAINT_LIMIT_MS = 10_000;
const TAINT_POLL_MS = 100;
const LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";

export class NodeKeeper {
  private readonly nodes = new Map<string, { spec: NodeSpec; uid: string | undefined }>();
  private beats = 0;

  /** Of the server that has the nodes' logs; null: none. Set before the first node. */
  kubeletPort: number | null = null;

  constructor(
    private readonly client: ApiClient,
    private readonly region: string,
    private readonly closing: AbortSignal,
  ) {}

  /** Creates or updates the node and waits until pods can be scheduled on it. */
  async register(spec: NodeSpec): Promise<void> {
    const node = await retrying(() => this.createOrUpdate(spec), this.closing);
    this.nodes.set(spec.name, { spec, uid: node.metadata.uid });
    await retrying(() => this.renewLease(spec.name), this.closing);
    await retrying(() => this.writeStatus(spec), this.closing);
    const end = Date.now() + TAINT_LIMIT_MS;
    while (Date.now() < end && !this.closing.aborted) {
      const seen = await retrying(() => orGone(this.client.get<Node>(`/api/v1/nodes/${spec.name}`)), this.closing);
      if (!seen?.spec?.taints?.some((taint) => taint.key === "node.kubernetes.io/not-ready")) return;
      await sleep(TAINT_POLL_MS, this.closing);
    }
  }

  /** Stops the heartbeat and deletes Node and Lease. */
  async remove(name: string): Promise<void> {
    this.nodes.delete(name);
    await retrying(() => orGone(this.client.delete(`/api/v1/nodes/${name}`)), this.closing);
    await retrying(() => orGone(this.client.delete(`${LEASES}/${name}`)), this.closing);
  }

  /** Fault: its kubelet is silent from now on; what the node controller says of it after a minute is said at once. */
  async lose(name: string): Promise<void> {
    this.nodes.delete(name);
    const now = `${new Date().toISOString().slice(0, 19)}Z`;
    const condition = {
      type: "Ready",
      status: "Unknown",
      reason: "NodeStatusUnknown",
      message: "Kubelet stopped posting node status.",
      lastTransitionTime: now,
    };
    await orGone(
      this.client.patch(`/api/v1/nodes/${name}/status`, "strategic", { status: { conditions: [condition] } }),
    );
  }

  async cordon(name: string): Promise<void> {
    await retrying(
      () => orGone(this.client.patch(`/api/v1/nodes/${name}`, "merge", { spec: { unschedulable: true } })),
      this.closing,
    );
  }

  /** Names of all nodes that an agent of the sandbox made in this cluster. */
  async managed(): Promise<string[]> {
    const list = await retrying(() => this.client.get<{ items: readonly Node[] }>("/api/v1/nodes"), this.closing);
    return list.items
      .filter((node) => node.metadata.annotations?.[MANAGED_ANNOTATION])
      .map((node) => node.metadata.name);
  }

  /** Runs until the agent closes. */
  async keepAlive(): Promise<void> {
    while (!this.closing.aborted) {
      await sleep(LEASE_PERIOD_MS, this.closing);
      this.beats++;
      await Promise.all([...this.nodes.values()].map(({ spec }) => this.beat(spec)));
    }
  }

  private async beat(spec: NodeSpec): Promise<void> {
    try {
      await this.renewLease(spec.name);
      if (this.beats % STATUS_EVERY_LEASES === 0) await this.writeStatus(spec);
    } catch (error) {
      // Somebody deleted the Node: a kubelet registers again. Anything else: the next beat tries anew.
      if (error instanceof ApiError && error.status === 404 && this.nodes.has(spec.name))
        await this.register(spec).catch(() => undefined);
    }
  }

  private async createOrUpdate(spec: NodeSpec): Promise<Node> {
    const wanted = nodeObject(spec, this.region);
    try {
      return await this.client.create<Node>("/api/v1/nodes", wanted);
    } catch (error) {
      if (!(error instanceof ApiError) || error.reason !== "AlreadyExists") throw error;
    }
    const { labels, annotations } = wanted.metadata;
    return this.client.patch<Node>(`/api/v1/nodes/${spec.name}`, "merge", {
      metadata: { labels: { [EXCLUDED_LABEL]: null, ...labels }, annotations },
      spec: { unschedulable: spec.leaving === true ? true : null },
    });
  }

  private async writeStatus(spec: NodeSpec): Promise<void> {
    const path = `/api/v1/nodes/${spec.name}`;
    const node = await this.client.get<Node>(path);
    const now = `${new Date().toISOString().slice(0, 19)}Z`;
    await this.client.patch(`${path}/status`, "strategic", {
      status: nodeStatus(spec, node.status?.conditions ?? [], now, this.kubeletPort),
    });
  }

  private async renewLease(name: string): Promise<void> {
    const renewTime = `${new Date().toISOString().slice(0, 23)}000Z`;
    const spec = { holderIdentity: name, leaseDurationSeconds: LEASE_SECONDS, renewTime };
    const renewed = await orGone(this.client.patch(`${LEASES}/${name}`, "merge", { spec }));
    if (renewed) return;
    const uid = this.nodes.get(name)?.uid;
    const ownerReferences = uid ? [{ apiVersion: "v1", kind: "Node", name, uid }] : [];
    await this.client.create(LEASES, {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name, namespace: "kube-node-lease", ownerReferences },
      spec,
    });
  }
}
