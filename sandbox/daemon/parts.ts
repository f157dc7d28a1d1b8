/** The parts that other folders make. Each is looked for at run time: a sandbox without one still has its control planes. */
import type { DataPlaneState, EksBackend, FromDataPlane } from "../contract";
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
}

export interface AwsFrontLike {
  readonly url: string;
  close(): Promise<void> | void;
  onDataPlaneMessage(message: FromDataPlane): void;
  reviewToken(clusterName: string, tokenReview: object): Promise<object>;
  readonly faults: { list(): unknown; add(fault: unknown): unknown; remove(id: string): unknown };
  requests(since?: number): unknown;
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
