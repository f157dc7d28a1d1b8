/**
 * A stand-in for a GitOps controller that looks after many clusters (Argo CD with an ApplicationSet, a fleet of Fluxes):
 * it reconciles a folder of manifests into every cluster that is registered, with self-heal on, and takes it away from
 * one that is taken out. It runs in the process that starts it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError } from "../kubernetes/api-client";
import { SandboxError } from "../shared/errors";
import { ClusterSync } from "./cluster-sync";
import { readManifests } from "./manifests";

/** Real milliseconds: the wait between two rounds over the clusters. */
const roundMs = 1000;
/** Real milliseconds: how long a cluster that is taken out may take to be empty. */
const pruneMs = 120_000;

export interface SyncState {
  /** Rounds in which every object was applied. */
  readonly synced: number;
  /** Of the last round; null: it went well. */
  readonly problem: string | null;
}

interface Cluster {
  readonly sync: ClusterSync;
  synced: number;
  problem: string | null;
  /** The round that is under way. */
  round: Promise<void>;
}

export class GitOpsController {
  private readonly clusters = new Map<string, Cluster>();
  private readonly ends = new AbortController();
  private running: Promise<void> | null = null;

  constructor(private readonly folder: string) {}

  start(): void {
    this.running ??= this.run();
  }

  /** Nothing is taken away: whoever looks after the clusters next finds them as they are. Safe to repeat. */
  async stop(): Promise<void> {
    this.ends.abort();
    await this.running;
    for (const { sync } of this.clusters.values()) sync.close();
    this.clusters.clear();
  }

  /** From now on the manifests are deployed there. Safe to repeat. */
  register(name: string, kubeconfig: string): void {
    if (!this.clusters.has(name))
      this.clusters.set(name, {
        sync: new ClusterSync(kubeconfig),
        synced: 0,
        problem: null,
        round: Promise.resolve(),
      });
  }

  state(name: string): SyncState | null {
    const cluster = this.clusters.get(name);
    return cluster === undefined ? null : { synced: cluster.synced, problem: cluster.problem };
  }

  /** The cluster is looked after no more, and what was deployed to it is taken away. Resolves when it is gone. */
  async takeOut(name: string): Promise<void> {
    const cluster = this.clusters.get(name);
    if (cluster === undefined) return;
    this.clusters.delete(name);
    // What is being applied would come back behind the last look.
    await cluster.round;
    const until = Date.now() + pruneMs;
    while (await cluster.sync.prune(readManifests(this.folder))) {
      if (Date.now() > until)
        throw new SandboxError(
          "SBX-GITOPS",
          `${name} still has objects of ${this.folder}.`,
          "Look for pods or finalizers that hold them up.",
        );
      await sleep(roundMs);
    }
    cluster.sync.close();
  }

  private async run(): Promise<void> {
    while (!this.ends.signal.aborted) {
      await Promise.all([...this.clusters.values()].map((one) => (one.round = this.reconcile(one))));
      await sleep(roundMs, undefined, { signal: this.ends.signal }).catch(() => undefined);
    }
  }

  private async reconcile(cluster: Cluster): Promise<void> {
    try {
      await cluster.sync.apply(readManifests(this.folder));
      cluster.synced += 1;
      cluster.problem = null;
    } catch (error) {
      // A cluster that is gone, or not there yet, is tried again: that is what the real ones do.
      if (!(error instanceof ApiError)) throw error;
      cluster.problem = error.message;
    }
  }
}
