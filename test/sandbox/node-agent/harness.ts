/** A real control plane with one node agent, for the integration test. */
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import type { FabricEntry, FromNodeAgent, NodeSpec, ToolPaths } from "../../../sandbox/contract";
import { ControlPlanes } from "../../../sandbox/control-plane";
import { defaultCacheDir } from "../../../sandbox/tools/cache";
import { findScript } from "../../../sandbox/processes/scripts";
import { type Child, Supervisor } from "../../../sandbox/processes/supervisor";
import { ApiClient, readKubeconfig } from "../../../sandbox/kubernetes/api-client";
import type { Node, Pod } from "../../../sandbox/kubernetes/types";
import { orGone } from "../../../sandbox/kubernetes/retry";

const ROOT = path.join(__dirname, "..", "..", "..");
const MAIN = path.join(ROOT, "sandbox", "node-agent", "main");
/** The sources as they are now, whatever was built before. */
const COMMAND = fs.existsSync(`${MAIN}.ts`)
  ? ["-r", path.join(ROOT, "scripts", "esbuild-register.cjs"), `${MAIN}.ts`]
  : [`${MAIN}.js`];
const NEEDED = {
  kubeApiserver: "kube-apiserver",
  kubeControllerManager: "kube-controller-manager",
  kubeScheduler: "kube-scheduler",
  etcd: "etcd",
} as const;

/** Folders of the sandbox's tool cache; nothing is downloaded or built for this test. */
function cacheFolders(): string[] {
  const dir = defaultCacheDir();
  return fs.existsSync(dir) ? fs.readdirSync(dir).map((name) => path.join(dir, name)) : [];
}

/** The Kubernetes programs, from EBG_TEST_TOOLS_DIR, PATH or the tool cache; null when one is missing. */
export function kubernetesTools(): ToolPaths | null {
  const dirs = [
    process.env.EBG_TEST_TOOLS_DIR ?? "",
    ...(process.env.PATH ?? "").split(path.delimiter),
    ...cacheFolders(),
  ].filter((dir) => dir !== "");
  const found: Record<string, string> = {};
  for (const [key, name] of Object.entries(NEEDED)) {
    const dir = dirs.find((d) => fs.existsSync(path.join(d, name)));
    if (!dir) return null;
    found[key] = path.join(dir, name);
  }
  return found as unknown as ToolPaths;
}

export interface Answer {
  readonly status: number;
  readonly closes: boolean;
  readonly body: { readonly pod: string; readonly member: string; readonly version: string; readonly path: string };
}

export class TestCluster {
  readonly fabric = new Map<string, FabricEntry>();
  readonly messages: FromNodeAgent[] = [];
  client!: ApiClient;
  private planes!: ControlPlanes;
  private supervisor!: Supervisor;
  private agent: Child | null = null;
  private kubeconfigPath = "";
  private nextId = 1;
  readonly dir = fs.mkdtempSync(path.join(os.tmpdir(), "ebg-node-agent-"));

  constructor(
    private readonly tools: ToolPaths,
    readonly timeScale: number,
  ) {}

  async start(): Promise<void> {
    fs.mkdirSync(path.join(this.dir, "logs"));
    const reaper = findScript("processes/reaper");
    this.supervisor = new Supervisor(this.dir, reaper ?? "", () => undefined);
    if (reaper) this.supervisor.startReaper();
    this.planes = new ControlPlanes({
      dir: this.dir,
      tools: this.tools,
      supervisor: this.supervisor,
      tokenReviewUrl: () => "http://127.0.0.1:9/",
    });
    await this.planes.start();
    const cluster = await this.planes.create("blue", "1.35");
    this.kubeconfigPath = cluster.kubeconfigPath;
    this.client = new ApiClient(readKubeconfig(cluster.kubeconfigPath));
    await this.startAgent();
  }

  get kubeconfig(): string {
    return this.kubeconfigPath;
  }

  async startAgent(): Promise<void> {
    this.messages.length = 0;
    this.agent = this.supervisor.start({
      name: "node-agent-blue",
      command: process.execPath,
      args: COMMAND,
      env: { PATH: process.env.PATH ?? "" },
      cwd: ROOT,
      onMessage: (message) => this.received(message as FromNodeAgent),
      onUnexpectedExit: () => undefined,
    });
    const { kubeconfigPath, timeScale } = this;
    this.send({
      type: "start",
      clusterName: "blue",
      kubeconfigPath,
      timeScale,
      region: "eu-central-1",
      lbc: "stand-in",
      logsDir: path.join(this.dir, "logs"),
      awsEnv: {},
      serviceSocket: this.planes.get("blue").serviceSocket,
    });
    await until("the agent to be ready", () => this.messages.some((m) => m.type === "ready"));
  }

  async killAgent(): Promise<void> {
    await this.agent?.stop(0);
    this.fabric.clear();
  }

  private received(message: FromNodeAgent): void {
    this.messages.push(message);
    if (message.type === "fabric-set") this.fabric.set(`${message.entry.address}:${message.entry.port}`, message.entry);
    if (message.type === "fabric-delete") this.fabric.delete(`${message.address}:${message.port}`);
  }

  send(message: object): void {
    this.agent?.send(message);
  }

  async setNodes(nodes: readonly NodeSpec[]): Promise<void> {
    const id = this.nextId++;
    this.send({ type: "nodes", nodes, id });
    await until(
      `answer to nodes message ${id}`,
      () => this.messages.some((m) => m.type === "nodes-ready" && m.id === id),
      45_000,
    );
  }

  stopApiServer(): Promise<void> {
    return this.planes.get("blue").stopApiServer();
  }
  startApiServer(): Promise<void> {
    return this.planes.get("blue").startApiServer();
  }

  async pods(app: string): Promise<Pod[]> {
    return (await this.client.get<{ items: Pod[] }>(`/api/v1/namespaces/default/pods?labelSelector=app%3D${app}`))
      .items;
  }
  async readyPods(app: string): Promise<Pod[]> {
    return (await this.pods(app)).filter(
      (pod) => !pod.metadata.deletionTimestamp && condition(pod, "Ready") === "True",
    );
  }
  async node(name: string): Promise<Node | undefined> {
    return orGone(this.client.get<Node>(`/api/v1/nodes/${name}`));
  }

  /** Asks the pod that the fabric has for this address, as the data plane would. */
  ask(address: string, agent?: http.Agent, requestPath = "/", port = 8080): Promise<Answer> {
    const entry = this.fabric.get(`${address}:${port}`);
    if (!entry) return Promise.reject(new Error(`${address}:${port} is not in the fabric`));
    return new Promise((resolve, reject) => {
      const request = http.get(
        { host: entry.host, port: entry.hostPort, path: requestPath, agent: agent ?? new http.Agent(), timeout: 5_000 },
        (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (chunk: string) => (text += chunk));
          response.on("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              closes: response.headers.connection === "close",
              body: JSON.parse(text) as Answer["body"],
            }),
          );
        },
      );
      request.on("error", reject);
      request.on("timeout", () => request.destroy(new Error("no answer within 5 s")));
    });
  }

  async stop(): Promise<void> {
    this.client?.close();
    await this.agent?.stop(2_000);
    await this.planes?.stop();
    await this.supervisor?.stopAll(0);
    this.supervisor?.endReaper();
    fs.rmSync(this.dir, { recursive: true, force: true });
  }
}

export function condition(pod: Pod, type: string): string | undefined {
  return pod.status?.conditions?.find((c) => c.type === type)?.status;
}

/** Polls until `check` holds. */
export async function until(what: string, check: () => boolean | Promise<boolean>, limitMs = 150_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export function testNode(index: number): NodeSpec {
  return {
    name: `ip-10-42-${index}-5.eu-central-1.compute.internal`,
    instanceId: `i-0000000000000000${index}`,
    nodegroup: "default",
    subnetId: `subnet-${index}`,
    availabilityZone: `eu-central-1${"abc"[index - 1]}`,
    address: `10.42.${index}.5`,
    podAddresses: Array.from({ length: 20 }, (_, i) => `10.42.${index}.${i + 20}`),
    securityGroupIds: ["sg-1"],
    labels: { "node.kubernetes.io/instance-type": "t3.large" },
    taints: [],
    version: "1.35",
  };
}

export function deployment(app: string, replicas: number, pod: object, container: object): object {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: app, namespace: "default" },
    spec: {
      replicas,
      selector: { matchLabels: { app } },
      strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: { labels: { app } },
        spec: {
          ...pod,
          containers: [
            {
              name: "app",
              image: "eks-blue-green/echo:1.0",
              ports: [{ name: "http", containerPort: 8080 }],
              ...container,
            },
          ],
        },
      },
    },
  };
}
