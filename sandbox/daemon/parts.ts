/** The parts that other folders make. Each is looked for at run time: a sandbox without one still has its control planes. */
import type { DataPlaneState, EksBackend, FromDataPlane } from "../contract";
import type { CallFaults } from "../faults/call-faults";
import type { AwsFaultSpec } from "../faults/spec";
import { findScript } from "./scripts";

export interface AwsFrontOptions {
  readonly motoUrl: string;
  readonly region: string;
  readonly accountId: string;
  readonly timeScale: number;
  readonly eks: EksBackend;
  readonly onDataPlaneState: (state: DataPlaneState) => void;
  readonly onLog?: (entry: object) => void;
  /** The only key that requests and Kubernetes tokens may carry. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly controllerOf?: (accessKeyId: string) => string | null;
}

export interface AwsFrontLike {
  readonly url: string;
  close(): Promise<void> | void;
  onDataPlaneMessage(message: FromDataPlane): void;
  reviewToken(clusterName: string, tokenReview: object): Promise<object>;
  readonly faults: CallFaults<AwsFaultSpec, { readonly service: string; readonly action: string }>;
  requests(since?: number): unknown;
  /** Every operation that was ever asked for, with how often. */
  operations(): Readonly<Record<string, number>>;
  /** Fault: deregisters targets without anybody having asked; answers `group ip:port` of each. */
  removeTargets(group: string, address: string, count: number | null): readonly string[];
  /** VPC of an EKS cluster; null when there is none of that name. */
  vpcOf?(clusterName: string): string | null;
}

type StartAwsFront = (options: AwsFrontOptions) => Promise<AwsFrontLike>;
type InstallLaunchers = (binDir: string, socketPath: string, names: readonly string[]) => unknown;

function load<T>(name: string, exported: string): T | null {
  const file = findScript(name);
  if (file === null) return null;
  const found = (require(file) as Record<string, unknown>)[exported];
  return typeof found === "function" ? (found as T) : null;
}

export const loadAwsFront = (): StartAwsFront | null => load<StartAwsFront>("aws-front/index", "startAwsFront");
export const loadInstallLaunchers = (): InstallLaunchers | null => load<InstallLaunchers>("providers/launchers", "installLaunchers");
