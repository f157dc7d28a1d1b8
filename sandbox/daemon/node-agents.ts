/** One node agent per cluster: started with it, told its nodes, restarted when it crashes. */
import type {
  ControllerAction,
  FromNodeAgent,
  NodeAgentStart,
  NodeRemoval,
  NodeSpec,
  PodFaultRule,
  ToNodeAgent,
} from "../contract";
import { NodeFailure, SandboxError } from "../shared/errors";
import type { FabricTable } from "./fabric-table";
import type { Child, Supervisor } from "../processes/supervisor";

export interface NodeAgentsOptions {
  readonly script: string;
  readonly supervisor: Supervisor;
  readonly fabric: FabricTable;
  readonly env: Readonly<Record<string, string>>;
  readonly log: (entry: object) => void;
  /** Rules for the pods of a cluster, asked when its agent starts and whenever they change. */
  readonly podRules: (clusterName: string) => readonly PodFaultRule[];
  readonly onPodFaultHits: (hits: Readonly<Record<string, number>>) => void;
}

interface Waiting {
  readonly id: number;
  resolve(): void;
  reject(error: Error): void;
}

interface Agent {
  readonly start: NodeAgentStart;
  child: Child;
  nodes: readonly NodeSpec[] | null;
  removal: NodeRemoval;
  waiting: Waiting[];
  pods: number;
  controller: "running" | "stopped" | "paused";
  /** Nodes that a fault took down. */
  readonly down: Set<string>;
  readonly crashes: Map<number, (pods: readonly string[]) => void>;
  failure: string | null;
  restarts: number;
  stopped: boolean;
}

export class NodeAgents {
  private readonly agents = new Map<string, Agent>();
  private nextId = 1;
  /** Clusters, also ones to come, whose controller's first pods have no credentials. */
  private readonly withoutCredentials = new Set<string>();

  constructor(private readonly options: NodeAgentsOptions) {}

  start(start: NodeAgentStart): void {
    if (this.agents.has(start.clusterName)) return;
    const agent: Agent = {
      start,
      child: null as unknown as Child,
      nodes: null,
      removal: "forced",
      waiting: [],
      pods: 0,
      controller: "running",
      down: new Set(),
      crashes: new Map(),
      failure: null,
      restarts: 0,
      stopped: false,
    };
    this.agents.set(start.clusterName, agent);
    this.spawn(agent);
  }

  private spawn(agent: Agent): void {
    const { script, supervisor, env } = this.options;
    const name = agent.start.clusterName;
    agent.child = supervisor.start({
      name: `node-agent-${name}`,
      command: process.execPath,
      args: [script],
      env,
      onMessage: (message) => this.onMessage(agent, message as FromNodeAgent),
      onUnexpectedExit: (how) => {
        this.options.fabric.dropOwner(`node-agent-${name}`);
        agent.restarts += 1;
        agent.failure = `ended with ${how}`;
        setTimeout(() => this.again(agent), Math.min(500 * agent.restarts, 5_000));
      },
    });
    agent.child.send(agent.start);
    if (this.withoutCredentials.delete(name))
      agent.child.send({ type: "controller", action: "no-credentials" } satisfies ToNodeAgent);
    this.sendPodRules(agent);
  }

  private sendPodRules(agent: Agent): void {
    agent.child.send({
      type: "pod-faults",
      rules: this.options.podRules(agent.start.clusterName),
    } satisfies ToNodeAgent);
  }

  podRulesChanged(): void {
    for (const agent of this.agents.values()) this.sendPodRules(agent);
  }

  private again(agent: Agent): void {
    if (agent.stopped) return;
    this.spawn(agent);
    if (agent.nodes)
      agent.child.send({
        type: "nodes",
        nodes: agent.nodes,
        id: agent.waiting.at(-1)?.id ?? this.nextId++,
        removal: agent.removal,
      } satisfies ToNodeAgent);
    for (const node of agent.down) agent.child.send({ type: "node", node, action: "down" } satisfies ToNodeAgent);
    if (agent.controller !== "running") agent.child.send({ type: "controller", action: "stop" } satisfies ToNodeAgent);
  }

  private onMessage(agent: Agent, message: FromNodeAgent): void {
    const name = agent.start.clusterName;
    switch (message.type) {
      case "ready":
        agent.failure = null;
        return;
      case "nodes-ready": {
        // A newer set replaced the older ones: whoever waits for those has what he asked for, or it was overtaken.
        const done = agent.waiting.filter((one) => one.id <= message.id);
        agent.waiting = agent.waiting.filter((one) => one.id > message.id);
        for (const one of done) one.resolve();
        return;
      }
      case "nodes-blocked": {
        const failure = new NodeFailure(
          "PodEvictionFailure",
          "Reached max retries while trying to evict pods from nodes: " +
            `${message.blocked.map(({ node, pods }) => `${node} (${pods.join(", ")})`).join("; ")}`,
          message.blocked.map(({ node }) => node),
        );
        const waiting = agent.waiting.filter((one) => one.id === message.id);
        agent.waiting = agent.waiting.filter((one) => one.id !== message.id);
        for (const one of waiting) one.reject(failure);
        return;
      }
      case "pods":
        agent.pods = message.running;
        return;
      case "failed":
        agent.failure = message.message;
        this.options.log({ event: "node-agent-failed", cluster: name, message: message.message });
        return;
      case "crashed":
        agent.crashes.get(message.id)?.(message.pods);
        agent.crashes.delete(message.id);
        return;
      case "pod-fault-hits":
        return this.options.onPodFaultHits(message.hits);
      case "fabric-set":
      case "fabric-delete":
        this.options.fabric.apply(message, `node-agent-${name}`);
        return;
      default:
        message satisfies never;
    }
  }

  private agent(clusterName: string): Agent {
    const agent = this.agents.get(clusterName);
    if (!agent)
      throw new SandboxError(
        "SBX-NO-CLUSTER",
        `no node agent runs for the cluster ${clusterName}`,
        "The cluster must exist first; `eks-blue-green sandbox status` lists them.",
      );
    return agent;
  }

  /** Resolves when the agent says that all of these are Ready. */
  setNodes(clusterName: string, nodes: readonly NodeSpec[], removal: NodeRemoval, timeoutMs: number): Promise<void> {
    const agent = this.agent(clusterName);
    const id = this.nextId++;
    agent.nodes = nodes;
    agent.removal = removal;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        agent.waiting = agent.waiting.filter((one) => one.id !== id);
        const why = agent.failure === null ? "" : ` (${agent.failure})`;
        reject(
          new SandboxError(
            "SBX-NODES",
            `the ${nodes.length} nodes of ${clusterName} were not ready after ${Math.round(timeoutMs / 1000)} s${why}`,
            `The agent's log says why: ${agent.child.logFile}`,
          ),
        );
      }, timeoutMs);
      const settle = (how: () => void) => (): void => {
        clearTimeout(timer);
        how();
      };
      agent.waiting.push({ id, resolve: settle(resolve), reject: (error) => settle(() => reject(error))() });
      agent.child.send({ type: "nodes", nodes, id, removal } satisfies ToNodeAgent);
    });
  }

  onlyTakesAway(clusterName: string, left: readonly NodeSpec[]): boolean {
    const now = this.agent(clusterName).nodes ?? [];
    return left.length < now.length && left.every((one) => now.some(({ name }) => name === one.name));
  }

  /**
   * For a cluster whose API server is gone, so that nobody can be drained: the machines end with all that runs on them.
   * The agent tidies up if the API server comes back.
   */
  endMachines(clusterName: string, left: readonly NodeSpec[]): void {
    const agent = this.agent(clusterName);
    const gone = (agent.nodes ?? []).filter(({ name }) => !left.some((one) => one.name === name));
    for (const { name } of gone) {
      this.nodeDown(clusterName, name);
      agent.down.delete(name);
    }
    agent.nodes = left;
    agent.removal = "forced";
    agent.child.send({ type: "nodes", nodes: left, id: this.nextId++, removal: "forced" } satisfies ToNodeAgent);
  }

  crashPod(clusterName: string, namespace: string, pod: string): void {
    this.agent(clusterName).child.send({ type: "crash-pod", namespace, pod } satisfies ToNodeAgent);
  }

  /** Names of the pods that were running and are killed. */
  crashPods(clusterName: string, service: string, count: number | null): Promise<readonly string[]> {
    const agent = this.agent(clusterName);
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        agent.crashes.delete(id);
        reject(
          new SandboxError(
            "SBX-NODES",
            `the node agent of ${clusterName} did not answer`,
            `Its log says why: ${agent.child.logFile}`,
          ),
        );
      }, 10_000);
      agent.crashes.set(id, (pods) => {
        clearTimeout(timer);
        resolve(pods);
      });
      agent.child.send({ type: "crash-pods", id, service, count } satisfies ToNodeAgent);
    });
  }

  /** Answers the node's name. */
  nodeDown(clusterName: string, node: string | null): string {
    const agent = this.agent(clusterName);
    const names = (agent.nodes ?? []).map(({ name }) => name).sort();
    const hit = node === null ? names.find((name) => !agent.down.has(name)) : names.find((name) => name === node);
    if (hit === undefined)
      throw new SandboxError(
        "SBX-NODES",
        node === null ? `${clusterName} has no node that is up` : `${clusterName} has no node ${node}`,
        `It has ${names.join(", ") || "none"}.`,
      );
    agent.down.add(hit);
    agent.child.send({ type: "node", node: hit, action: "down" } satisfies ToNodeAgent);
    return hit;
  }

  nodeUp(clusterName: string, node: string): void {
    const agent = this.agent(clusterName);
    agent.down.delete(node);
    agent.child.send({ type: "node", node, action: "up" } satisfies ToNodeAgent);
  }

  controller(clusterName: string, action: ControllerAction): void {
    if (action === "no-credentials" && !this.agents.has(clusterName))
      return void this.withoutCredentials.add(clusterName);
    if (action === "start" && this.withoutCredentials.delete(clusterName)) return;
    const agent = this.agent(clusterName);
    if (action !== "crash" && action !== "no-credentials")
      agent.controller = action === "stop" ? "stopped" : action === "pause" ? "paused" : "running";
    agent.child.send({ type: "controller", action } satisfies ToNodeAgent);
  }

  status(clusterName: string): {
    nodes: number;
    pods: number;
    controller: "running" | "stopped" | "paused";
    failure: string | null;
  } {
    const agent = this.agents.get(clusterName);
    return {
      nodes: agent?.nodes?.length ?? 0,
      pods: agent?.pods ?? 0,
      controller: agent?.controller ?? "stopped",
      failure: agent?.failure ?? null,
    };
  }

  /** Ends the agent with all pods that it runs. */
  async stop(clusterName: string, graceMs: number): Promise<void> {
    const agent = this.agents.get(clusterName);
    if (!agent) return;
    agent.stopped = true;
    this.agents.delete(clusterName);
    for (const one of agent.waiting)
      one.reject(new SandboxError("SBX-NO-CLUSTER", `the cluster ${clusterName} was deleted`, "Create it again."));
    await agent.child.stop(graceMs);
    this.options.fabric.dropOwner(`node-agent-${clusterName}`);
  }

  async stopAll(graceMs: number): Promise<void> {
    await Promise.all([...this.agents.keys()].map((name) => this.stop(name, graceMs)));
  }
}
