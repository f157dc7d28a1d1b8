/** The running sandbox inside the daemon: starts the parts in order, connects them, and ends them in order. */
import { randomBytes } from "node:crypto";
import { createWriteStream, rmSync, type WriteStream } from "node:fs";
import { join } from "node:path";
import type { EksBackend, NodeRemoval, NodeSpec, SandboxInfo, SandboxOptions, ToolPaths } from "../contract";
import { ControlPlanes } from "../control-plane/index";
import { writeAtomically } from "../control-plane/kubeconfig";
import { connect } from "node:net";
import { logHint, waitUntil } from "../processes/readiness";
import { SandboxError } from "../shared/errors";
import { AttachedControllers } from "./attached-controllers";
import { ControlServer } from "./control-server";
import { DataPlaneLink } from "./data-plane-link";
import {
  childEnvironment,
  environmentScript,
  linkTools,
  makeKeys,
  sandboxAccountId,
  sandboxEnvironment,
  variablesToUnset,
  writeAwsFiles,
} from "./environment";
import { FabricTable } from "./fabric-table";
import { SandboxFaults } from "./faults";
import { startMoto } from "./moto";
import { NodeAgents } from "./node-agents";
import { type AwsFront, startAwsFront } from "../aws-front";
import { ChartRepository } from "../chart-repository/server";
import { PodIdentityWebhook } from "../pod-identity/webhook";
import { notPlayedFile } from "../providers/aws/recorded/not-played";
import { installLaunchers, installOfficialKubernetes, providerNames } from "../providers/launchers";
import { processStartTime } from "../processes/processes";
import { findScript, script } from "../processes/scripts";
import type { SandboxStatus } from "./status";
import { Supervisor } from "../processes/supervisor";

export interface DaemonStart {
  readonly options: SandboxOptions;
  readonly tools: ToolPaths;
  /** PATH of the process that asked for the sandbox. */
  readonly path: string;
  /** Names of variables that the asking process has and that must not reach the sandbox's clients. */
  readonly unset: readonly string[];
  /** Variables for controllers that are attached. */
  readonly passed?: Readonly<Record<string, string>>;
}

export class Sandbox implements EksBackend {
  readonly supervisor: Supervisor;
  readonly controlPlanes: ControlPlanes;
  readonly nodeAgents: NodeAgents;
  readonly fabric: FabricTable;
  readonly dataPlane: DataPlaneLink | null;
  readonly faults: SandboxFaults;
  front: AwsFront | null = null;
  /** Null while no provider that loads charts is served. */
  private charts: ChartRepository | null = null;
  private podIdentity: PodIdentityWebhook | null = null;
  private readonly control: ControlServer;
  private readonly logStream: WriteStream;
  private readonly startedAt = new Date().toISOString();
  private readonly keys = makeKeys();
  /** Of the control endpoint: whoever has it may do everything to this sandbox. */
  private readonly controlSecret = randomBytes(24).toString("base64url");
  /** Of the clusters' load balancer controllers: each has its own, which stands for its role. */
  private readonly controllerKeys = new Map<string, { id: string; secret: string }>();
  private readonly attached: AttachedControllers;
  private env: Record<string, string> = {};
  private closing: Promise<void> | null = null;

  constructor(
    private readonly start_: DaemonStart,
    private readonly onEnd: (why: string) => void,
  ) {
    const { dir, timeScale } = start_.options;
    this.logStream = createWriteStream(join(dir, "logs", "sandbox.log"), { flags: "a", mode: 0o600 });
    this.logStream.on("error", () => undefined);
    const log = (entry: object): void => this.log(entry);
    this.supervisor = new Supervisor(dir, script("processes/reaper"), log);
    this.supervisor.startReaper();
    this.control = new ControlServer(this, this.controlSecret);
    this.controlPlanes = new ControlPlanes({
      dir,
      tools: start_.tools,
      supervisor: this.supervisor,
      tokenReviewUrl: (name) => this.control.tokenReviewUrl(name),
    });
    const dataPlaneScript = findScript("data-plane/main");
    this.dataPlane =
      dataPlaneScript === null
        ? null
        : new DataPlaneLink({
            script: dataPlaneScript,
            supervisor: this.supervisor,
            timeScale,
            env: this.processEnv(),
            onMessage: (message) => this.front?.onDataPlaneMessage(message),
            log,
          });
    this.fabric = new FabricTable(
      join(dir, "connect-to"),
      (message) => this.dataPlane?.fabric(message),
      join(dir, "curl", ".curlrc"),
    );
    this.nodeAgents = new NodeAgents({
      script: findScript("node-agent/main") ?? "",
      supervisor: this.supervisor,
      fabric: this.fabric,
      env: this.processEnv(),
      log,
      podRules: (name) => this.faults.rulesFor(name),
      onPodFaultHits: (hits) => this.faults.countHits(hits),
    });
    this.attached = new AttachedControllers(this.supervisor, start_.options.attach ?? [], {
      ...this.processEnv(),
      PATH: start_.path,
      ...start_.passed,
    });
    this.faults = this.makeFaults();
  }

  private makeFaults(): SandboxFaults {
    const agents = this.nodeAgents;
    return new SandboxFaults({
      aws: () => this.front?.faults ?? null,
      kubernetes: this.controlPlanes.calls.faults,
      clusters: () => this.controlPlanes.list().map(({ name }) => name),
      stopApiServer: (name) => this.controlPlanes.get(name).stopApiServer(),
      startApiServer: (name) => this.controlPlanes.get(name).startApiServer(),
      controller: (name, action) => agents.controller(name, action),
      nodeDown: (name, node) => agents.nodeDown(name, node),
      nodeUp: (name, node) => agents.nodeUp(name, node),
      crashPods: (name, service, count) => agents.crashPods(name, service, count),
      podRulesChanged: () => agents.podRulesChanged(),
      charts: (down) => this.chartsDown(down),
      removeTargets: (group, address, count) => this.front?.removeTargets(group, address, count) ?? [],
    });
  }

  log(entry: object): void {
    this.logStream.write(`${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`);
  }

  /** Of the daemon's children: what the daemon has, which is clean already, less anything that could hook into Node. */
  private processEnv(): Record<string, string> {
    return childEnvironment({}, process.env);
  }

  async start(progress: (message: string) => void): Promise<SandboxInfo> {
    const { options, tools } = this.start_;
    const lacking = ["data-plane/main", "node-agent/main", "aws-front/index", "providers/host"].filter(
      (name) => findScript(name) === null,
    );
    if (lacking.length > 0) progress(`this build has no ${lacking.join(", ")}: the sandbox starts without`);
    linkTools(options, tools);
    await this.control.listen();
    progress("starting etcd, moto and the data plane");
    const [motoUrl] = await Promise.all([
      startMoto(options.dir, tools, this.supervisor, this.processEnv(), (how) =>
        this.onEnd(`moto ended with ${how}; its state is lost`),
      ),
      this.controlPlanes.start(),
      this.dataPlane?.start(this.fabric),
    ]);
    await this.startFront(motoUrl);
    this.podIdentity = await PodIdentityWebhook.start({
      region: options.region,
      timeScale: options.timeScale,
      associations: (clusterName) => this.front?.associationsOf(clusterName) ?? [],
      withholds: (clusterName, pod) => this.faults.withholdsCredentials(clusterName, pod),
    });
    const awsEndpoint = this.front?.url ?? motoUrl;
    this.env = sandboxEnvironment(
      options,
      { aws: awsEndpoint, control: this.control.url, controlSecret: this.controlSecret },
      this.keys,
      this.start_.path,
    );
    writeAwsFiles(options.dir, options.region, awsEndpoint, this.keys);
    await this.startProviderHost(progress);
    const info = this.info(awsEndpoint);
    writeAtomically(join(options.dir, "env.sh"), environmentScript(info.env, info.unset));
    writeAtomically(join(options.dir, "sandbox.json"), JSON.stringify(info, null, 2));
    this.log({ event: "ready", pid: process.pid });
    return info;
  }

  private info(awsEndpoint: string): SandboxInfo {
    const { dir, timeScale, region } = this.start_.options;
    return {
      schemaVersion: 1,
      pid: process.pid,
      startTime: processStartTime(process.pid) ?? "",
      dir,
      timeScale,
      region,
      accountId: sandboxAccountId,
      awsEndpoint,
      control: this.control.url,
      controlSecret: this.controlSecret,
      env: this.env,
      unset: [...new Set([...variablesToUnset(this.env, {}), ...this.start_.unset])]
        .filter((name) => !(name in this.env))
        .sort(),
    };
  }

  private async startFront(motoUrl: string): Promise<void> {
    const { region, timeScale, dir } = this.start_.options;
    const requests = createWriteStream(join(dir, "logs", "aws-front.log"), { flags: "a", mode: 0o600 });
    requests.on("error", () => undefined);
    this.front = await startAwsFront({
      motoUrl,
      region,
      accountId: sandboxAccountId,
      timeScale,
      credentials: { accessKeyId: this.keys.id, secretAccessKey: this.keys.secret },
      controllerSecret: (id) => [...this.controllerKeys.values()].find((keys) => keys.id === id)?.secret ?? null,
      controllerOf: (id) => [...this.controllerKeys].find(([, keys]) => keys.id === id)?.[0] ?? null,
      eks: this,
      onDataPlaneState: (state) => this.dataPlane?.setState(state),
      onLog: (entry) => void requests.write(`${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`),
    });
  }

  private async startProviderHost(progress: (message: string) => void): Promise<void> {
    const host = script("providers/host");
    const { dir } = this.start_.options;
    const providers = { ...this.start_.options.providers };
    const socket = join(dir, "provider-host.sock");
    const official = this.start_.tools.kubernetesProvider;
    if (official !== null && !("kubernetes" in providers)) {
      await this.startCharts(official);
      providers["kubernetes"] = official;
    }
    const standIns = providerNames.filter((name) => !(name in providers));
    installLaunchers(join(dir, "bin"), socket, this.start_.tools.python, standIns);
    if (standIns.length === 0) return;
    progress("starting the provider stand-ins");
    const spawnHost = (): { ended: string | null; logFile: string } =>
      this.supervisor.start({
        name: "provider-host",
        command: process.execPath,
        args: [host],
        env: {
          ...childEnvironment(this.env, process.env),
          PROVIDER_HOST_SOCKET: socket,
          NOT_PLAYED_FILE: notPlayedFile(dir),
          EKS_BLUE_GREEN_LBC: this.start_.options.lbc,
        },
        onMessage: () => undefined,
        onUnexpectedExit: () =>
          setTimeout(() => {
            if (this.closing !== null) return;
            rmSync(socket, { force: true });
            spawnHost();
          }, 300),
      });
    const child = spawnHost();
    await waitUntil(
      async () => {
        if (child.ended !== null)
          throw new SandboxError(
            "SBX-PROVIDER-HOST",
            `the provider host ended with ${child.ended}`,
            logHint(child.logFile),
          );
        return socketAnswers(socket);
      },
      { timeoutMs: 30_000, what: "the provider stand-ins to listen", log: child.logFile },
    );
  }

  private chartsDown(down: boolean): void {
    if (this.charts === null)
      throw new SandboxError(
        "SBX-FAULT",
        "nobody loads charts in this sandbox: it has been given another kubernetes provider",
        "Start it without --provider kubernetes=….",
      );
    this.charts.down = down;
  }

  private async startCharts(program: string): Promise<void> {
    const { dir, lbc } = this.start_.options;
    const charts = await ChartRepository.start(lbc, (request) => this.log({ event: "chart-request", ...request }));
    this.charts = charts;
    const authorityFile = join(dir, "helm", "authority.pem");
    writeAtomically(authorityFile, charts.authorityPem);
    installOfficialKubernetes(join(dir, "bin"), {
      program,
      charts: charts.url,
      authorityFile,
      helmFolder: join(dir, "helm"),
    });
  }

  async createControlPlane(
    clusterName: string,
    version: string,
  ): Promise<{ endpoint: string; certificateAuthorityData: string }> {
    const cluster = await this.controlPlanes.create(clusterName, version);
    await this.podIdentity?.install(clusterName, cluster.directKubeconfigPath);
    const { timeScale, region, lbc, dir } = this.start_.options;
    if (findScript("node-agent/main") !== null) {
      const keys = this.controllerKeys.get(clusterName) ?? makeKeys();
      this.controllerKeys.set(clusterName, keys);
      // Files with the sandbox's own keys would be found by an SDK that looks further.
      const awsEnv = {
        ...Object.fromEntries(
          Object.entries(this.env).filter(
            ([name]) => name.startsWith("AWS_") && name !== "AWS_SHARED_CREDENTIALS_FILE",
          ),
        ),
        AWS_ACCESS_KEY_ID: keys.id,
        AWS_SECRET_ACCESS_KEY: keys.secret,
      };
      const external =
        lbc === "external"
          ? await this.attached.prepare({
              dir,
              cluster: clusterName,
              kubeconfig: cluster.kubeconfigPath,
              region,
              vpcId: this.front?.vpcOf(clusterName) ?? null,
              awsEnv,
            })
          : null;
      this.nodeAgents.start({
        type: "start",
        clusterName,
        kubeconfigPath: cluster.directKubeconfigPath,
        controllerKubeconfigPath: cluster.kubeconfigPath,
        timeScale,
        region,
        lbc,
        logsDir: join(dir, "logs"),
        awsEnv,
        serviceSocket: cluster.serviceSocket,
        ...(external === null ? {} : { externalHealthPort: external.healthPort }),
        ...(cluster.kubeletFiles ? { kubelet: cluster.kubeletFiles } : {}),
      });
    }
    return { endpoint: cluster.endpoint, certificateAuthorityData: cluster.certificateAuthorityData };
  }

  upgradeControlPlane(clusterName: string, version: string): Promise<void> {
    return this.controlPlanes.upgrade(clusterName, version);
  }

  async deleteControlPlane(clusterName: string): Promise<void> {
    await this.nodeAgents.stop(clusterName, 2_000);
    await this.attached.remove(clusterName);
    // A cluster of the same name that is made later is another one, with another key.
    this.controllerKeys.delete(clusterName);
    await this.controlPlanes.delete(clusterName);
  }

  async setNodes(clusterName: string, nodes: readonly NodeSpec[], removal: NodeRemoval = "forced"): Promise<void> {
    const apiServer = this.controlPlanes.list().find(({ name }) => name === clusterName)?.state;
    if (apiServer === "stopped" && removal === "forced" && this.nodeAgents.onlyTakesAway(clusterName, nodes))
      return this.nodeAgents.endMachines(clusterName, nodes);
    // Two minutes for the machine, and half an hour, scaled, for draining what goes.
    await this.nodeAgents.setNodes(clusterName, nodes, removal, 120_000 + 1_800_000 / this.start_.options.timeScale);
  }

  status(): SandboxStatus {
    const { dir, timeScale, region, lbc } = this.start_.options;
    const processes = this.supervisor.status();
    const clusters = this.controlPlanes.list().map((cluster) => ({
      name: cluster.name,
      version: cluster.version,
      endpoint: cluster.endpoint,
      kubeconfig: cluster.kubeconfigPath,
      apiServer: cluster.state,
      vpcId: this.front?.vpcOf?.(cluster.name) ?? null,
      attach: this.attached.scriptOf(cluster.name),
      ...this.nodeAgents.status(cluster.name),
    }));
    return {
      pid: process.pid,
      dir,
      timeScale,
      region,
      lbc,
      startedAt: this.startedAt,
      awsEndpoint: this.env["AWS_ENDPOINT_URL"] ?? "",
      processes,
      memoryBytes: processes.reduce((sum, one) => sum + one.memoryBytes, 0),
      clusters,
      nodes: clusters.reduce((sum, one) => sum + one.nodes, 0),
      listeners: this.dataPlane?.listenerCount() ?? 0,
      faults: this.faults.list(),
    };
  }

  /** Asked for over the control endpoint: the answer leaves first. */
  requestShutdown(): void {
    setTimeout(() => this.onEnd("asked to shut down"), 20);
  }

  /** Ends everything in order: first who asks for things, last who serves them. The reaper then removes the folder. */
  stop(): Promise<void> {
    this.closing ??= this.stopInOrder();
    return this.closing;
  }

  private async stopInOrder(): Promise<void> {
    this.supervisor.beginClosing();
    const steps: (() => unknown)[] = [
      () => this.dataPlane?.stop(),
      () => this.nodeAgents.stopAll(1_000),
      () => this.front?.close(),
      () => this.controlPlanes.stop(),
      () => this.charts?.close(),
      () => this.podIdentity?.close(),
      () => this.supervisor.stopAll(0),
      () => this.control.close(),
    ];
    for (const step of steps) {
      // One part that can't end must not keep the others: the reaper ends what is left.
      await Promise.race([
        Promise.resolve()
          .then(step)
          .catch((error: unknown) => this.log({ event: "stop-failed", message: String(error) })),
        new Promise((resolve) => setTimeout(resolve, 4_000)),
      ]);
    }
  }
}

function socketAnswers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
