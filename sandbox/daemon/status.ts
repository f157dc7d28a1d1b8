/** What `GET /status` answers. */
import type { LbcMode } from "../contract";
import type { ApiServerState } from "../control-plane/cluster";
import type { ListedFault } from "../faults/spec";
import type { ProcessStatus } from "../processes/supervisor";

export interface ClusterStatus {
  readonly name: string;
  readonly version: string;
  readonly endpoint: string;
  readonly kubeconfig: string;
  readonly apiServer: ApiServerState;
  readonly nodes: number;
  readonly pods: number;
  /** VPC of the EKS cluster; null when the AWS front knows none of that name. */
  readonly vpcId?: string | null;
  /** With `--lbc external`: the script that starts a controller for it. */
  readonly attach?: string | null;
  /** The load balancer controller, as faults left it. */
  readonly controller: "running" | "stopped" | "paused";
  /** Last failure of the node agent; null when it is well. */
  readonly failure: string | null;
}

export interface SandboxStatus {
  readonly pid: number;
  readonly dir: string;
  readonly timeScale: number;
  readonly region: string;
  readonly lbc?: LbcMode;
  readonly startedAt: string;
  readonly awsEndpoint: string;
  readonly processes: readonly ProcessStatus[];
  readonly memoryBytes: number;
  readonly clusters: readonly ClusterStatus[];
  readonly nodes: number;
  readonly listeners: number;
  readonly faults: readonly ListedFault[];
}
