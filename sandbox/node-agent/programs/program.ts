/** What a container of the sandbox runs: a stand-in for its image. */
import type { FabricEntry } from "../../contract";
import type { LogSource } from "./container-log";
import type { ContainerSpec } from "../../kubernetes/types";
import type { PodBehaviour } from "./pod-faults";
import type { ProbeKind } from "./probe-state";

export interface ProgramContext {
  readonly clusterName: string;
  readonly namespace: string;
  readonly pod: string;
  /** Default: the namespace's `default`. */
  readonly serviceAccount?: string;
  readonly container: ContainerSpec;
  /** The container's environment, complete and resolved. */
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  /** The pod's VPC address (the node's with hostNetwork). */
  readonly address: string;
  readonly timeScale: number;
  /** Folder of the certificate that the container mounts; null or left out: it mounts none. */
  readonly certificates?: string | null;
  /** Tells everyone where a port of the pod really listens, and that it doesn't any more. */
  publish(entry: FabricEntry): void;
  withdraw(address: string, port: number): void;
  /** What faults make of a request to this pod; nothing when left out. `loadMs`: see {@link PodFaults.behaviour}. */
  behaviour?(isHealthCheck: boolean, loadMs: number | null): PodBehaviour;
  /**
   * Real milliseconds after its first request that is no health check at which a fault ends this process; null: none
   * does.
   */
  lifetimeMs?(): number | null;
}

export interface RunningProgram {
  /** Resolves with the exit code when the program has ended, for whatever reason; never rejects. */
  readonly ended: Promise<number>;
  /** SIGTERM; `graceMs` (real milliseconds) is when SIGKILL will come. */
  terminate(graceMs: number): void;
  /** SIGKILL: sockets are reset. */
  kill(): void;
  /** The program's own answer to a probe instead of one over its socket; absent for programs that listen. */
  probe?(kind: ProbeKind): Promise<boolean>;
  /** What it writes, for `kubectl logs`; absent for programs that write nothing. */
  readonly log?: LogSource;
  /**
   * True when a probe of a port that the program doesn't serve must fail, as with the real image; otherwise it counts
   * as passed.
   */
  readonly strictPorts: boolean;
  /** Ports of the pod that it serves. */
  readonly ports: readonly number[];
}

export type StartProgram = (context: ProgramContext) => Promise<RunningProgram>;

/** Exit code of a process that was ended by SIGKILL. */
export const KILLED = 137;
