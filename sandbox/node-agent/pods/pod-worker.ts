/** Runs one pod on one of the agent's nodes, from its binding to its deletion, and keeps its status in the API true. */
import type { NodeSpec } from "../../contract";
import type { AddressPool } from "./address-pool";
import { ContainerRunner } from "../containers/container-runner";
import { Grace, untilAborted } from "../containers/grace";
import type { Dial } from "../containers/handlers";
import type { ContainerSpec, ContainerStatus, Pod } from "../../kubernetes/types";
import { podStatus, saysAll } from "./pod-status";
import type { PodApi } from "./pod-api";
import type { RunningProgram } from "../programs/program";
import { sleep } from "../../kubernetes/retry";
import { graceSeconds, stopMs } from "../containers/termination";

export interface PodDeps {
  readonly api: PodApi;
  readonly timeScale: number;
  readonly dial: Dial;
  /** Called when the pod begins or ends to run. */
  changed(): void;
  startProgram(
    pod: Pod,
    container: ContainerSpec,
    role: "init" | "main",
    address: string,
    hostAddress: string,
  ): Promise<RunningProgram>;
}

export interface PodHost {
  readonly spec: NodeSpec;
  readonly pool: AddressPool;
}

const ADDRESS_RETRY_MS = 250;

export class PodWorker {
  private pod: Pod;
  private readonly uid: string;
  private readonly startedAt = `${new Date().toISOString().slice(0, 19)}Z`;
  private address: string | null = null;
  private init: ContainerRunner[] = [];
  private main: ContainerRunner[] = [];
  private initialized = false;
  private ended = false;
  private grace: Grace | null = null;
  private readonly stopping = new AbortController();
  private readonly lost = new AbortController();
  private publishing: Promise<void> | null = null;
  private dirty = false;
  private readonly work: Promise<void>;
  /** Resolves when nothing of the pod is left here. */
  readonly done: Promise<void>;

  constructor(
    pod: Pod,
    readonly host: PodHost,
    private readonly deps: PodDeps,
  ) {
    this.pod = pod;
    this.uid = pod.metadata.uid ?? "";
    // Before anything else may take it: a restarted agent gives each pod the address that it had.
    this.takeAddress();
    this.work = this.runAll();
    this.done = untilAborted(this.stopping.signal).then(() => this.finish());
    this.noticeDeletion();
  }

  /** A newer version of the pod object. */
  update(pod: Pod): void {
    if (isOlder(pod, this.pod)) return;
    this.pod = pod;
    this.noticeDeletion();
    this.changed();
  }

  /** The pod is gone from the API: everything ends at once. */
  gone(): void {
    this.lost.abort();
    this.beginStop(0);
    this.grace?.force();
  }

  crash(): void {
    for (const runner of this.main) runner.crash();
  }

  container(name: string): ContainerRunner | undefined {
    return [...this.main, ...this.init].find(({ spec }) => spec.name === name);
  }

  get running(): boolean {
    return this.initialized && !this.ended;
  }
  get namespace(): string {
    return this.pod.metadata.namespace ?? "default";
  }
  get name(): string {
    return this.pod.metadata.name;
  }
  get object(): Pod {
    return this.pod;
  }

  // ------------------------------------------------------------------------------------------------------------------
  // running

  private takeAddress(): void {
    const wanted = this.pod.status?.podIP;
    this.address = this.pod.spec.hostNetwork ? this.host.spec.address : this.host.pool.take(this.uid, wanted);
  }

  private async runAll(): Promise<void> {
    this.createRunners();
    this.changed();
    for (let waited = 0; this.address === null && !this.stopping.signal.aborted; waited++) {
      if (waited === 0)
        this.event(
          "Warning",
          "FailedCreatePodSandBox",
          `no pod address is free on ${this.host.spec.name} (${this.host.spec.podAddresses.length} in all)`,
        );
      await sleep(ADDRESS_RETRY_MS, this.stopping.signal);
      this.takeAddress();
    }
    // The containers' address is fixed when they are made.
    if (!this.stopping.signal.aborted) this.createRunners();
    for (const runner of this.init) {
      if (this.stopping.signal.aborted) return;
      if (runner.spec.restartPolicy === "Always") {
        void runner.run();
        while (!runner.started && !this.stopping.signal.aborted) await sleep(20, this.stopping.signal);
      } else {
        await runner.run();
        if (runner.exitCode !== 0) return;
      }
    }
    if (this.stopping.signal.aborted) return;
    this.initialized = true;
    this.deps.changed();
    await Promise.all(this.main.map((runner) => runner.run()));
    if (this.stopping.signal.aborted) return;
    // It completed: nothing runs that would need its address.
    const grace = new Grace(
      stopMs(graceSeconds(undefined, this.pod.spec.terminationGracePeriodSeconds), this.deps.timeScale),
    );
    await this.stopInit(grace);
    grace.cancel();
    this.releaseAddress();
    this.changed();
  }

  private createRunners(): void {
    const before = [...(this.pod.status?.initContainerStatuses ?? []), ...(this.pod.status?.containerStatuses ?? [])];
    const make =
      (role: "init" | "main") =>
      (spec: ContainerSpec): ContainerRunner => {
        const address = this.address ?? "";
        const policy =
          role === "init"
            ? (spec.restartPolicy ?? (this.pod.spec.restartPolicy === "Never" ? "Never" : "OnFailure"))
            : (this.pod.spec.restartPolicy ?? "Always");
        return new ContainerRunner(
          spec,
          {
            timeScale: this.deps.timeScale,
            address,
            graceSeconds: graceSeconds(undefined, this.pod.spec.terminationGracePeriodSeconds),
            podUid: this.uid,
            dial: this.deps.dial,
            start: () => this.deps.startProgram(this.pod, spec, role, address, this.host.spec.address),
            restarts: (code) => policy === "Always" || (policy === "OnFailure" && code !== 0),
            readyWhenCompleted: role === "init",
            changed: () => this.changed(),
            event: (type, reason, message) => this.event(type, reason, message),
          },
          before.find((status) => status.name === spec.name),
        );
      };
    this.init = (this.pod.spec.initContainers ?? []).map(make("init"));
    this.main = this.pod.spec.containers.map(make("main"));
  }

  // -------------------------------------------------------------------------------------------------------------------
  // ending

  private noticeDeletion(): void {
    const { deletionTimestamp, deletionGracePeriodSeconds } = this.pod.metadata;
    if (!deletionTimestamp) return;
    this.beginStop(graceSeconds(deletionGracePeriodSeconds, this.pod.spec.terminationGracePeriodSeconds));
  }

  private beginStop(seconds: number): void {
    const graceMs = stopMs(seconds, this.deps.timeScale);
    if (this.grace) return this.grace.shortenTo(graceMs);
    this.grace = new Grace(graceMs);
    if (this.running)
      this.event("Normal", "Killing", `Stopping ${this.pod.spec.containers.map((c) => c.name).join(", ")}`);
    this.stopping.abort();
  }

  /** Deleted: ends what runs, and confirms it to the API. */
  private async finish(): Promise<void> {
    const grace = this.grace ?? new Grace(0);
    await Promise.all(this.main.map((runner) => runner.stop(grace)));
    await this.stopInit(grace);
    await this.work;
    grace.cancel();
    this.ended = true;
    this.deps.changed();
    this.releaseAddress();
    this.changed();
    await this.publishing;
    if (!this.lost.signal.aborted) await this.deps.api.confirmDeleted(this.pod, this.lost.signal);
  }

  /** Sidecars go after the main containers, the last one first. */
  private async stopInit(grace: Grace): Promise<void> {
    for (const runner of [...this.init].reverse()) await runner.stop(grace);
  }

  private releaseAddress(): void {
    this.host.pool.give(this.uid);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // status

  private event(type: "Normal" | "Warning", reason: string, message: string): void {
    if (!this.lost.signal.aborted) this.deps.api.event(this.pod, this.host.spec.name, type, reason, message);
  }

  private changed(): void {
    this.dirty = true;
    this.publishing ??= this.publish().finally(() => (this.publishing = null));
  }

  private async publish(): Promise<void> {
    // Several changes of one moment (all containers started) become one patch.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.dirty && !this.lost.signal.aborted) {
      this.dirty = false;
      const wanted = podStatus(this.pod, this.observation(), `${new Date().toISOString().slice(0, 19)}Z`);
      if (saysAll(this.pod.status, wanted)) continue;
      const answer = await this.deps.api.patchStatus(this.pod, wanted, this.lost.signal);
      if (answer && !isOlder(answer, this.pod)) this.pod = answer;
    }
  }

  private observation(): Parameters<typeof podStatus>[1] {
    const statuses = (runners: readonly ContainerRunner[]): ContainerStatus[] => runners.map((runner) => runner.status);
    return {
      init: statuses(this.init),
      main: statuses(this.main),
      initialized: this.initialized,
      podAddress: this.address,
      hostAddress: this.host.spec.address,
      startedAt: this.startedAt,
      ended: this.ended,
    };
  }
}

/**
 * Resource versions of one API server's etcd grow; an event that was under way when a patch was answered must not undo
 * it.
 */
function isOlder(a: Pod, b: Pod): boolean {
  const [x, y] = [a.metadata.resourceVersion, b.metadata.resourceVersion];
  return x !== undefined && y !== undefined && /^\d+$/.test(x) && /^\d+$/.test(y) && BigInt(x) < BigInt(y);
}
