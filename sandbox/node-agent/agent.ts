/** The node agent of one cluster: all its nodes, and every pod that is bound to one of them. */
import type { Socket } from "node:net";
import { join } from "node:path";
import type {
  BlockedNode,
  ControllerAction,
  FabricEntry,
  FabricMessage,
  FromNodeAgent,
  NodeAgentStart,
  NodeRemoval,
  NodeSpec,
} from "../contract";
import { AddressPool } from "./pods/address-pool";
import { ApiClient, readKubeconfig } from "../kubernetes/api-client";
import { drainNode } from "./nodes/drain";
import { containerEnvironment, expand } from "./containers/environment";
import { volumesAreThere } from "./containers/volumes";
import { startWithSecret } from "./containers/secret-volume";
import type { Dial } from "./containers/handlers";
import type { ContainerSpec, Pod } from "../kubernetes/types";
import { KubeletServer, logOf } from "./kubelet-server";
import { NodeKeeper } from "./nodes/node-keeper";
import { NodePorts } from "./nodes/node-ports";
import { ServiceNetwork } from "./nodes/service-network";
import { PodApi } from "./pods/pod-api";
import { belongs, identityOf, PodFaults } from "./programs/pod-faults";
import { type PodHost, PodWorker } from "./pods/pod-worker";
import { startAttached } from "./programs/attached";
import { ControllerHost } from "./programs/controller";
import { startEcho } from "./programs/echo";
import { startCompleting, startInert } from "./programs/inert";
import type { ProgramContext, RunningProgram } from "./programs/program";
import { chooseProgram } from "./programs/registry";
import { watchForever } from "../kubernetes/watch";

export interface AgentDeps {
  send(message: FromNodeAgent): void;
  dial: Dial;
  /** A connection under way, each half for itself; throws when nobody listens there. */
  open(address: string, port: number): Socket;
  /** The agent's own fabric, for its probes. */
  fabric(message: FabricMessage): void;
}

export class NodeAgent {
  private readonly client: ApiClient;
  private readonly podApi: PodApi;
  private readonly keeper: NodeKeeper;
  private readonly controllers: ControllerHost;
  private readonly nodePorts: NodePorts;
  private readonly kubelet: KubeletServer | null;
  private readonly services: ServiceNetwork;
  private readonly closing = new AbortController();
  private readonly hosts = new Map<string, PodHost>();
  /** One change of a node at a time, in the order of the messages. */
  private readonly chains = new Map<string, Promise<void>>();
  /** Every pod of the cluster that is bound to some node, by uid. */
  private readonly pods = new Map<string, Pod>();
  private readonly workers = new Map<string, PodWorker>();
  private lastRunning = -1;
  readonly podFaults: PodFaults;
  /** Nodes that a fault took down. */
  private readonly down = new Set<string>();

  constructor(
    private readonly start: NodeAgentStart,
    private readonly deps: AgentDeps,
  ) {
    this.client = new ApiClient(readKubeconfig(start.kubeconfigPath));
    this.podApi = new PodApi(this.client, this.closing.signal);
    this.keeper = new NodeKeeper(this.client, start.region, this.closing.signal);
    this.controllers = new ControllerHost({ ...start, kubeconfigPath: start.controllerKubeconfigPath });
    this.podFaults = new PodFaults((hits) => deps.send({ type: "pod-fault-hits", hits }));
    this.kubelet = start.kubelet
      ? new KubeletServer(start.kubelet, (request) => logOf(request, [...this.workers.values()], this.down))
      : null;
    this.nodePorts = new NodePorts({
      client: this.client,
      signal: this.closing.signal,
      dial: deps.open,
      fabric: (message) => this.tellFabric(message),
    });
    this.services = new ServiceNetwork({
      routes: (address, port) => this.nodePorts.routes(address, port),
      open: deps.open,
    });
  }

  /** Resolves when the first list of pods is in; then the agent is ready for nodes. */
  async run(): Promise<void> {
    this.keeper.kubeletPort = (await this.kubelet?.listen()) ?? null;
    void this.keeper.keepAlive();
    this.nodePorts.run();
    await this.services.listen(this.start.serviceSocket);
    await new Promise<void>((resolve) => {
      void watchForever<Pod>(this.client, "/api/v1/pods", this.closing.signal, {
        onList: (pods) => {
          this.onList(pods);
          resolve();
        },
        onChange: (pod) => this.onChange(pod),
        onDelete: (pod) => this.onDelete(pod),
      });
    });
  }

  /**
   * Makes the cluster's nodes exactly these; resolves when the new ones are ready and the others are gone. @returns
   * those that budgets kept
   */
  async setNodes(nodes: readonly NodeSpec[], removal: NodeRemoval = "forced"): Promise<readonly BlockedNode[]> {
    const known = [...new Set([...this.hosts.keys(), ...(await this.keeper.managed())])];
    const wanted = new Set(nodes.map((node) => node.name));
    // First the new ones: what is evicted from the others needs a place.
    await Promise.all(nodes.map((node) => this.chained(node.name, () => this.addNode(node))));
    const blocked: BlockedNode[] = [];
    await Promise.all(
      known
        .filter((name) => !wanted.has(name))
        .map((name) =>
          this.chained(name, async () => {
            const pods = await this.removeNode(name, removal);
            if (pods.length > 0) blocked.push({ node: name, pods });
          }),
        ),
    );
    return blocked;
  }

  crashPod(namespace: string, name: string): void {
    for (const worker of this.workers.values())
      if (worker.namespace === namespace && worker.name === name) worker.crash();
  }

  /** Answers the names of those that were hit. */
  crashPods(service: string, count: number | null): string[] {
    const hit = [...this.workers.values()]
      .filter((worker) => worker.running && belongs(identityOf(worker.object), service))
      .slice(0, count ?? undefined);
    for (const worker of hit) worker.crash();
    return hit.map((worker) => `${worker.namespace}/${worker.name}`);
  }

  controller(action: ControllerAction): void {
    switch (action) {
      case "stop":
        return this.controllers.stop();
      case "start":
        return this.controllers.resume();
      case "crash":
        return this.controllers.crash();
      case "pause":
        return this.controllers.pause();
      case "no-credentials":
        return this.controllers.withoutCredentials();
      default:
        return action satisfies never;
    }
  }

  /** Fault: nothing of the node answers any more, and its pods are not started again until {@link nodeUp}. */
  async nodeDown(name: string): Promise<void> {
    this.down.add(name);
    this.nodePorts.removeNode(name);
    for (const worker of this.workers.values()) if (worker.host.spec.name === name) worker.gone();
    await this.keeper.lose(name);
  }

  async nodeUp(name: string): Promise<void> {
    if (!this.down.delete(name)) return;
    const host = this.hosts.get(name);
    if (host !== undefined) await this.chained(name, () => this.addNode(host.spec));
  }

  /** Ends all processes at once; for the end of the agent itself. */
  close(): void {
    this.closing.abort();
    this.controllers.killAll();
    this.kubelet?.close();
    this.services.close();
    this.client.close();
  }

  // -------------------------------------------------------------------------------------------------------------------
  // nodes

  private chained(name: string, change: () => Promise<void>): Promise<void> {
    const next = (this.chains.get(name) ?? Promise.resolve()).then(change);
    this.chains.set(
      name,
      next.catch(() => undefined),
    );
    return next;
  }

  private async addNode(spec: NodeSpec): Promise<void> {
    const before = this.hosts.get(spec.name);
    // A repeated call must not forget which addresses are taken.
    this.hosts.set(spec.name, { spec, pool: before?.pool ?? new AddressPool(spec.podAddresses) });
    if (this.down.has(spec.name)) return;
    await this.keeper.register(spec);
    this.nodePorts.addNode(spec.name, spec.address);
    // Pods that have an address first: a restarted agent must not give it to another one.
    const bound = this.podsOn(spec.name);
    for (const pod of bound.filter((p) => p.status?.podIP)) this.ensureWorker(pod);
    for (const pod of bound) this.ensureWorker(pod);
  }

  /** @returns the pods that budgets keep on it; the node is then still there */
  private async removeNode(name: string, removal: NodeRemoval): Promise<readonly string[]> {
    await this.keeper.cordon(name);
    // Without a host (a node of an earlier agent) nobody else would confirm the deletions.
    if (this.hosts.has(name)) {
      const kept = await drainNode(name, removal, {
        client: this.client,
        timeScale: this.start.timeScale,
        closing: this.closing.signal,
        podsOn: (node) => this.podsOn(node),
      });
      if (kept.length > 0) return kept.map(({ metadata }) => `${metadata.namespace ?? "default"}/${metadata.name}`);
    }
    await this.keeper.remove(name);
    this.hosts.delete(name);
    this.nodePorts.removeNode(name);
    for (const pod of this.podsOn(name)) {
      this.workers.get(pod.metadata.uid ?? "")?.gone();
      await this.podApi.confirmDeleted(pod, this.closing.signal);
    }
    return [];
  }

  private podsOn(node: string): Pod[] {
    return [...this.pods.values()].filter((pod) => pod.spec.nodeName === node);
  }

  // --------------------------------------------------------------------------------------------------------------------
  // pods

  private onList(pods: readonly Pod[]): void {
    const present = new Set(pods.map((pod) => pod.metadata.uid));
    for (const [uid, pod] of this.pods) if (!present.has(uid)) this.onDelete(pod);
    // Those that have an address first: no new pod may get it.
    for (const pod of [...pods].sort((a, b) => Number(!a.status?.podIP) - Number(!b.status?.podIP))) this.onChange(pod);
  }

  private onChange(pod: Pod): void {
    if (!pod.spec.nodeName) return;
    this.pods.set(pod.metadata.uid ?? "", pod);
    this.ensureWorker(pod);
    this.report();
  }

  private onDelete(pod: Pod): void {
    this.pods.delete(pod.metadata.uid ?? "");
    this.workers.get(pod.metadata.uid ?? "")?.gone();
    this.report();
  }

  private ensureWorker(pod: Pod): void {
    const uid = pod.metadata.uid ?? "";
    const worker = this.workers.get(uid);
    if (worker) return worker.update(pod);
    const host = this.hosts.get(pod.spec.nodeName ?? "");
    if (!host || this.down.has(host.spec.name)) return;
    const over = pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
    if (pod.metadata.deletionTimestamp) {
      // Its processes went with an earlier agent, or never were.
      void this.podApi.confirmDeleted(pod, this.closing.signal);
    } else if (!over) {
      const made = new PodWorker(pod, host, {
        api: this.podApi,
        timeScale: this.start.timeScale,
        dial: this.deps.dial,
        startProgram: (...args) => this.startProgram(...args),
        changed: () => this.report(),
      });
      this.workers.set(uid, made);
      void made.done.then(() => {
        this.workers.delete(uid);
        this.podFaults.forget(identityOf(pod).pod);
        this.report();
      });
    }
  }

  private async startProgram(
    pod: Pod,
    container: ContainerSpec,
    role: "init" | "main",
    address: string,
    hostAddress: string,
  ): Promise<RunningProgram> {
    await volumesAreThere(this.client, pod);
    const env = await containerEnvironment(this.client, pod, container, address, hostAddress);
    const identity = identityOf(pod);
    const context: ProgramContext = {
      behaviour: (isHealthCheck, loadMs) => this.podFaults.behaviour(identity, isHealthCheck, loadMs),
      lifetimeMs: () => this.podFaults.lifetimeMs(identity),
      clusterName: this.start.clusterName,
      namespace: pod.metadata.namespace ?? "default",
      pod: pod.metadata.name,
      serviceAccount: pod.spec.serviceAccountName ?? "default",
      container,
      env,
      args: (container.args ?? []).map((arg) => expand(arg, env)),
      address,
      timeScale: this.start.timeScale,
      publish: (entry: FabricEntry) => this.tellFabric({ type: "fabric-set", entry }),
      withdraw: (from, port) => this.tellFabric({ type: "fabric-delete", address: from, port }),
    };
    const choice = chooseProgram(pod, container, role, this.start.lbc);
    switch (choice) {
      case "echo":
        return startEcho(context, true);
      case "echo-for-foreign-image":
        return startEcho(context, false);
      case "controller":
        return startWithSecret(
          pod,
          context,
          { client: this.client, folder: join(this.start.logsDir, "..", "volumes"), signal: this.closing.signal },
          (mounted) => this.controllers.start(mounted),
        );
      case "attached":
        return startAttached(this.start.externalHealthPort ?? 0);
      case "inert":
        return startInert();
      case "completes":
        return startCompleting();
      default:
        return choice satisfies never;
    }
  }

  private tellFabric(message: FabricMessage): void {
    this.deps.fabric(message);
    this.deps.send(message);
  }

  private report(): void {
    const running = [...this.workers.values()].filter((worker) => worker.running).length;
    if (running === this.lastRunning) return;
    this.lastRunning = running;
    this.deps.send({ type: "pods", running });
  }
}
