/** What the API server has, kept up to date by watches, and which bindings a change concerns. */
import type { ApiClient } from "../../kubernetes/api-client";
import { watchForever } from "../../kubernetes/watch";
import { paths } from "../api-paths";
import { GATE_PREFIX } from "./endpoints";
import {
  conditionOf,
  type EndpointSlice,
  keyOf,
  type Meta,
  type NodeObject,
  type PodObject,
  type ServiceObject,
  type TargetGroupBinding,
} from "../types";

const SERVICE_NAME = "kubernetes.io/service-name";

export class Store {
  readonly bindings = new Map<string, TargetGroupBinding>();
  readonly services = new Map<string, ServiceObject>();
  private readonly serviceFaces = new Map<string, string>();
  private readonly slices = new Map<string, EndpointSlice>();
  private readonly pods = new Map<string, PodObject>();
  readonly nodes = new Map<string, NodeObject>();
  /** Bindings whose last pass missed a pod. */
  readonly waitingForPods = new Set<string>();
  private readonly nodeFaces = new Map<string, string>();
  private synced = false;

  /** @param serviceChanged Called with a Service's key for what its load balancer may depend on. */
  constructor(
    private readonly client: ApiClient,
    private readonly enqueue: (key: string) => void,
    private readonly serviceChanged: (key: string) => void = () => undefined,
  ) {}

  /** Resolves when every kind was listed once; the watches go on until `signal` aborts. */
  async start(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.follow(paths.allBindings, this.bindings, signal, (binding) => this.enqueueOnce(keyOf(binding))),
      this.follow(paths.allServices, this.services, signal, (service) => this.serviceSeen(service)),
      this.follow(paths.allSlices, this.slices, signal, (slice) => this.enqueueFor(serviceKey(slice))),
      this.follow(paths.allPods, this.pods, signal, (pod) => this.podChanged(pod)),
      this.follow(paths.allNodes, this.nodes, signal, (node) => this.nodeChanged(node)),
    ]);
    this.synced = true;
    for (const key of this.bindings.keys()) this.enqueue(key);
    for (const key of this.services.keys()) this.serviceChanged(key);
  }

  /**
   * Finalizers, labels and status of a Service don't concern its load balancer: only annotations, spec and the
   * beginning of its end.
   */
  private serviceSeen(service: ServiceObject): void {
    const key = keyOf(service);
    this.enqueueFor(key);
    const { annotations, deletionTimestamp, uid } = service.metadata;
    const face = this.services.has(key)
      ? JSON.stringify([uid, annotations, service.spec, deletionTimestamp])
      : undefined;
    if (this.serviceFaces.get(key) === face) return;
    if (face === undefined) this.serviceFaces.delete(key);
    else this.serviceFaces.set(key, face);
    if (this.synced) this.serviceChanged(key);
  }

  service(key: string): ServiceObject | undefined {
    return this.services.get(key);
  }
  pod(key: string): PodObject | undefined {
    return this.pods.get(key);
  }
  node(name: string): NodeObject | undefined {
    return this.nodes.get(`/${name}`);
  }
  podsOf(namespace: string): readonly PodObject[] {
    return [...this.pods.values()].filter((pod) => pod.metadata.namespace === namespace);
  }
  slicesOf(key: string): readonly EndpointSlice[] {
    return [...this.slices.values()].filter((slice) => serviceKey(slice) === key);
  }

  /** Before everything is listed, endpoints would look gone. */
  private enqueueOnce(key: string): void {
    if (this.synced) this.enqueue(key);
  }

  private enqueueFor(service: string): void {
    for (const binding of this.bindings.values()) {
      if (`${binding.metadata.namespace}/${binding.spec.serviceRef.name}` === service) this.enqueueOnce(keyOf(binding));
    }
  }

  private podChanged(pod: PodObject): void {
    for (const key of this.waitingForPods) if (key.startsWith(`${pod.metadata.namespace}/`)) this.enqueueOnce(key);
    for (const { conditionType } of pod.spec?.readinessGates ?? []) {
      const key = `${pod.metadata.namespace}/${conditionType.slice(GATE_PREFIX.length)}`;
      if (conditionType.startsWith(GATE_PREFIX) && this.bindings.has(key)) this.enqueueOnce(key);
    }
  }

  /** Nodes write their status every few seconds; what makes one a target, or its pods', matters here. */
  private nodeChanged(node: NodeObject): void {
    const { name, labels, deletionTimestamp } = node.metadata;
    const face = this.nodes.has(`/${name}`)
      ? JSON.stringify([
          conditionOf(node, "Ready")?.status,
          labels,
          node.spec?.taints,
          node.spec?.providerID,
          deletionTimestamp,
        ])
      : "";
    if (this.nodeFaces.get(name) === face) return;
    this.nodeFaces.set(name, face);
    for (const key of this.bindings.keys()) this.enqueueOnce(key);
  }

  private follow<T extends { readonly metadata: Meta }>(
    path: string,
    map: Map<string, T>,
    signal: AbortSignal,
    changed: (item: T) => void,
  ): Promise<void> {
    return new Promise((listed) => {
      void watchForever<T>(this.client, path, signal, {
        onList: (items) => {
          const gone = new Map(map);
          map.clear();
          for (const item of items) {
            map.set(keyOf(item), slim(item));
            const before = gone.get(keyOf(item));
            gone.delete(keyOf(item));
            if (before?.metadata.resourceVersion !== item.metadata.resourceVersion) changed(item);
          }
          for (const item of gone.values()) changed(item);
          listed();
        },
        onChange: (item) => {
          map.set(keyOf(item), slim(item));
          changed(item);
        },
        onDelete: (item) => {
          map.delete(keyOf(item));
          changed(item);
        },
      });
    });
  }
}

function serviceKey(slice: EndpointSlice): string {
  return `${slice.metadata.namespace}/${slice.metadata.labels?.[SERVICE_NAME] ?? ""}`;
}

/** `managedFields` are the greater part of an object and nobody here reads them. */
function slim<T extends { readonly metadata: Meta }>(item: T): T {
  delete (item.metadata as { managedFields?: unknown }).managedFields;
  return item;
}
