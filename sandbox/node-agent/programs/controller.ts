/**
 * Runs the load balancer controller's stand-in as a child process for the pods whose image is the AWS Load Balancer
 * Controller.
 * Of several replicas only the first one has a process (it is the leader); the others wait, ready, until it is gone.
 */
import { type ChildProcess, fork } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { ContainerLog, FileLog, type LogSource } from "./container-log";
import { answersReady } from "./attached";
import { KILLED, type ProgramContext, type RunningProgram } from "./program";
import type { ProbeKind } from "./probe-state";

export interface ControllerSettings {
  readonly kubeconfigPath: string;
  readonly timeScale: number;
  readonly logsDir: string;
  readonly region: string;
  readonly awsEnv: Readonly<Record<string, string>>;
  /** The compiled script to run; default: the stand-in beside this folder. */
  readonly script?: string;
}

const STAND_IN = path.join(__dirname, "..", "..", "load-balancer-controller", "main.js");

/** All replicas of one cluster's controller. */
export class ControllerHost {
  private readonly replicas: ControllerReplica[] = [];
  private stopped = false;
  /** Fault: pods of these templates (the first one that comes, while `first`) have no credentials for AWS. */
  private readonly without = { templates: new Set<string>(), first: false };

  constructor(readonly settings: ControllerSettings) {}

  async start(context: ProgramContext): Promise<RunningProgram> {
    const replica = new ControllerReplica(context, this);
    this.replicas.push(replica);
    if (this.without.first) {
      this.without.templates.add(templateOf(context.pod));
      this.without.first = false;
    }
    void replica.ended.then(() => {
      this.replicas.splice(this.replicas.indexOf(replica), 1);
      this.promote();
    });
    this.promote();
    return replica;
  }

  /** Fault: the process is killed and none is started until {@link resume}. */
  stop(): void {
    this.stopped = true;
    for (const replica of this.replicas) replica.crash();
  }

  resume(): void {
    this.stopped = false;
    this.without.templates.clear();
    this.without.first = false;
    for (const replica of this.replicas) replica.signal("SIGCONT");
    this.promote();
  }

  /** Fault: the process is killed once; its pod starts it again. */
  crash(): void {
    for (const replica of this.replicas) replica.crash();
  }

  /** Fault: the process does nothing, and keeps what it has, until {@link resume}. */
  pause(): void {
    for (const replica of this.replicas) replica.signal("SIGSTOP");
  }

  /**
   * Fault: EKS injects credentials when it admits a pod. Those that are there (else the first ones that come) got none;
   * pods of another template, as after a restart of the Deployment, get theirs.
   */
  withoutCredentials(): void {
    for (const { pod } of this.replicas) this.without.templates.add(templateOf(pod));
    this.without.first = this.replicas.length === 0;
    this.crash();
  }

  lacksCredentials(pod: string): boolean {
    return this.without.templates.has(templateOf(pod));
  }

  /** Ends every process at once; for the agent's own end. */
  killAll(): void {
    this.stopped = true;
    for (const replica of [...this.replicas]) replica.kill();
  }

  get isStopped(): boolean {
    return this.stopped;
  }

  private promote(): void {
    if (!this.stopped) void this.replicas[0]?.lead();
  }
}

/** A Deployment's pods of one template share a name but for its last part. */
const templateOf = (pod: string): string => pod.replace(/-[^-]+$/, "");
/** Of the pod, as the chart declares it. */
const WEBHOOK_PORT = 9443;
const noCredentials = { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" };

class ControllerReplica implements RunningProgram {
  readonly strictPorts = false;
  readonly ports: readonly number[] = [];
  readonly ended: Promise<number>;
  private end: (code: number) => void = () => undefined;
  private leading = false;
  private over = false;
  private child: ChildProcess | null = null;
  private healthPort = 0;
  /** Where its webhook's port really listens; 0: its process makes certificate and port, and tells the API server. */
  private webhookPort = 0;
  private fileLog: FileLog | null = null;
  private readonly waitingLog = new ContainerLog();
  /** Its process' file, from where that process began; before, that it waits. */
  readonly log: LogSource = { since: (place) => (this.fileLog ?? this.waitingLog).since(place) };

  constructor(
    private readonly context: ProgramContext,
    private readonly host: ControllerHost,
  ) {
    this.ended = new Promise((resolve) => (this.end = resolve));
    const ts = new Date().toISOString();
    this.waitingLog.add(() =>
      JSON.stringify({
        level: "info",
        ts,
        msg: "waits: another replica is the leader, or the process is about to start",
      }),
    );
  }

  get pod(): string {
    return this.context.pod;
  }

  /** Starts the process, once. */
  async lead(): Promise<void> {
    if (this.leading || this.over) return;
    this.leading = true;
    try {
      this.healthPort = await freePort();
      this.webhookPort = this.context.certificates ? await freePort() : 0;
      if (this.over || this.host.isStopped) {
        this.leading = false;
        return;
      }
      this.spawn();
    } catch (error) {
      process.stderr.write(
        `controller of ${this.context.clusterName} could not be started: ${(error as Error).message}\n`,
      );
      this.finish(1);
    }
  }

  private spawn(): void {
    const { settings } = this.host;
    const { env, args, pod, namespace, clusterName, serviceAccount } = this.context;
    const file = path.join(settings.logsDir, `load-balancer-controller-${clusterName}.log`);
    const log = fs.openSync(file, "a");
    this.fileLog = new FileLog(file, fs.fstatSync(log).size);
    try {
      this.child = fork(settings.script ?? STAND_IN, [...args], {
        // Nothing else of this process' environment: no profile or key of the person at the keyboard may reach an SDK.
        env: {
          PATH: process.env.PATH,
          HOME: settings.logsDir,
          AWS_REGION: settings.region,
          ...env,
          ...settings.awsEnv,
          ...(this.host.lacksCredentials(pod) ? noCredentials : {}),
          KUBECONFIG: settings.kubeconfigPath,
          EKS_BLUE_GREEN_TIME_SCALE: String(settings.timeScale),
          POD_NAME: pod,
          REPLICA_POD: pod,
          POD_NAMESPACE: namespace,
          SERVICE_ACCOUNT: `${namespace}:${serviceAccount ?? "default"}`,
          CLUSTER_NAME: clusterName,
          HEALTH_PORT: String(this.healthPort),
          ...(this.context.certificates
            ? { WEBHOOK_PORT: String(this.webhookPort), WEBHOOK_CERT_DIR: this.context.certificates }
            : {}),
        },
        execArgv: [],
        stdio: ["ignore", log, log, "ipc"],
      });
    } finally {
      fs.closeSync(log);
    }
    if (this.webhookPort !== 0)
      this.context.publish({
        address: this.context.address,
        port: WEBHOOK_PORT,
        host: "127.0.0.1",
        hostPort: this.webhookPort,
      });
    this.child.once("error", () => this.finish(1));
    this.child.once("exit", (code, signal) => this.finish(code ?? (signal === "SIGKILL" ? KILLED : 143)));
  }

  async probe(kind: ProbeKind): Promise<boolean> {
    if (kind === "liveness") return true;
    if (this.host.isStopped) return false;
    if (!this.leading) return true;
    return this.child !== null && answersReady(this.healthPort);
  }

  terminate(): void {
    // A paused process would not hear of it.
    this.child?.kill("SIGCONT");
    if (this.child) this.child.kill("SIGTERM");
    else this.finish(0);
  }

  kill(): void {
    if (this.child) this.child.kill("SIGKILL");
    else this.finish(KILLED);
  }

  /** Only a replica that has a process can crash. */
  crash(): void {
    this.child?.kill("SIGKILL");
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  private finish(code: number): void {
    if (this.over) return;
    this.over = true;
    if (this.webhookPort !== 0) this.context.withdraw(this.context.address, WEBHOOK_PORT);
    this.end(code);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
