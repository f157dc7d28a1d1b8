/**
 * The daemon's end of the data plane: state and fabric go out, health and listeners come in. Survives a crash of the
 * data plane.
 */
import type {
  DataPlaneState,
  DataPlaneStats,
  DataPlaneTimes,
  FabricMessage,
  FromDataPlane,
  ToDataPlane,
} from "../contract";
import { logHint } from "../processes/readiness";
import { SandboxError } from "../shared/errors";
import type { FabricTable } from "./fabric-table";
import type { Child, Supervisor } from "../processes/supervisor";

/** What AWS's users measure; docs/reference/time.md has the sources. Unscaled seconds. */
export const awsTimes: DataPlaneTimes = {
  network: {
    registrationLagSeconds: 180,
    deregistrationLagSeconds: 180,
    unhealthyLagSeconds: 35,
    weightLagSeconds: 300,
  },
  application: {
    registrationLagSeconds: 15,
    deregistrationLagSeconds: 60,
    unhealthyLagSeconds: 15,
    weightLagSeconds: 60,
  },
  seed: 1,
};

export interface DataPlaneLinkOptions {
  readonly script: string;
  readonly supervisor: Supervisor;
  readonly timeScale: number;
  readonly env: Readonly<Record<string, string>>;
  /** Told every message; the AWS front shows health and listeners from these. */
  readonly onMessage: (message: FromDataPlane) => void;
  readonly log: (entry: object) => void;
}

export class DataPlaneLink {
  private child: Child | null = null;
  private state: DataPlaneState = { listeners: [], targetGroups: [] };
  private table: FabricTable | null = null;
  private readonly questions = new Map<number, (stats: DataPlaneStats) => void>();
  private readonly listeners = new Map<string, { dnsName: string; port: number }>();
  private nextId = 1;
  private stopped = false;
  private onReady: (() => void) | null = null;

  constructor(private readonly options: DataPlaneLinkOptions) {}

  async start(table: FabricTable): Promise<void> {
    this.table = table;
    const ready = new Promise<void>((resolve) => (this.onReady = resolve));
    const child = this.spawn();
    const timeout = new Promise<string>((resolve) => setTimeout(resolve, 20_000, "no answer in 20 s").unref());
    const failed = await Promise.race([ready.then(() => null), child.exit, timeout]);
    if (failed !== null)
      throw new SandboxError("SBX-DATA-PLANE", `the data plane did not start: ${failed}`, logHint(child.logFile));
  }

  private spawn(): Child {
    const { script, supervisor, timeScale, env } = this.options;
    const child = supervisor.start({
      name: "data-plane",
      command: process.execPath,
      args: [script],
      env,
      onMessage: (message) => this.onMessage(message as FromDataPlane),
      onUnexpectedExit: () => {
        this.table?.dropOwner("data-plane");
        this.listeners.clear();
        setTimeout(() => {
          if (!this.stopped) this.spawn();
        }, 300);
      },
    });
    this.child = child;
    child.send({ type: "start", timeScale, times: awsTimes } satisfies ToDataPlane);
    for (const entry of this.table?.list() ?? []) child.send({ type: "fabric-set", entry } satisfies ToDataPlane);
    child.send({ type: "state", state: this.state } satisfies ToDataPlane);
    return child;
  }

  private onMessage(message: FromDataPlane): void {
    switch (message.type) {
      case "ready":
        this.onReady?.();
        break;
      case "listening":
        this.listeners.set(message.listenerArn, message);
        this.table?.apply(
          {
            type: "fabric-set",
            entry: { address: message.dnsName, port: message.port, host: message.host, hostPort: message.hostPort },
          },
          "data-plane",
        );
        break;
      case "listener-closed":
        this.listeners.delete(message.listenerArn);
        this.table?.apply({ type: "fabric-delete", address: message.dnsName, port: message.port }, "data-plane");
        break;
      case "stats":
        this.questions.get(message.id)?.(message.stats);
        this.questions.delete(message.id);
        return;
      case "listener-failed":
        this.options.log({ event: "listener-failed", listenerArn: message.listenerArn, message: message.message });
        break;
      case "health":
        break;
      default:
        message satisfies never;
    }
    this.options.onMessage(message);
  }

  setState(state: DataPlaneState): void {
    this.state = state;
    this.child?.send({ type: "state", state } satisfies ToDataPlane);
  }

  fabric(message: FabricMessage): void {
    this.child?.send(message);
  }

  listenerCount(): number {
    return this.listeners.size;
  }

  stats(): Promise<DataPlaneStats> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.questions.delete(id);
        reject(
          new SandboxError(
            "SBX-DATA-PLANE",
            "the data plane did not answer in 3 s",
            "It may be starting again after a crash; ask again.",
          ),
        );
      }, 3_000);
      this.questions.set(id, (stats) => {
        clearTimeout(timer);
        resolve(stats);
      });
      if (this.child?.send({ type: "stats", id } satisfies ToDataPlane) !== true) {
        clearTimeout(timer);
        this.questions.delete(id);
        reject(
          new SandboxError("SBX-DATA-PLANE", "the data plane is not running", "It starts again by itself; ask again."),
        );
      }
    });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.child?.stop(500);
  }
}
