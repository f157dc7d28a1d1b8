/**
 * Typed client of the sandbox's control endpoint (`SandboxInfo`, or `EKS_BLUE_GREEN_SANDBOX` and `…_SECRET` in a
 * sandbox's environment).
 */
import type { DataPlaneStats, FabricEntry, NodeSpec, SandboxInfo } from "../contract";
import type { LoggedCall, SeenCall } from "../control-plane/kubernetes-calls";
import type { SandboxStatus } from "../daemon/status";
import { SandboxError } from "../shared/errors";
import type { FaultSpec, ListedFault } from "../faults/spec";

export type ControlAccess = Pick<SandboxInfo, "control" | "controlSecret">;

export class ControlClient {
  private readonly url: string;
  private readonly authorization: string;

  constructor(
    { control, controlSecret }: ControlAccess,
    private readonly timeoutMs: number = 60_000,
  ) {
    this.url = control;
    this.authorization = `Bearer ${controlSecret}`;
  }

  status(): Promise<SandboxStatus> {
    return this.call("GET", "/status");
  }
  /** Answered before the sandbox ends; it is gone when its process and folder are. */
  async shutdown(): Promise<void> {
    await this.call("POST", "/shutdown");
  }
  stats(): Promise<DataPlaneStats> {
    return this.call("GET", "/stats");
  }
  fabric(): Promise<FabricEntry[]> {
    return this.call("GET", "/fabric");
  }
  /** The AWS front's journal, from the given entry on. */
  requests<Entry = unknown>(since?: number): Promise<Entry[]> {
    return this.call("GET", since === undefined ? "/requests" : `/requests?since=${since}`);
  }
  /** The last calls of all API servers, from the given one on. */
  kubernetesCalls(since?: number): Promise<LoggedCall[]> {
    return this.call("GET", since === undefined ? "/requests/kubernetes" : `/requests/kubernetes?since=${since}`);
  }
  /** Everything that was ever asked of AWS and of API servers, with how often. */
  operations(): Promise<{ readonly aws: Readonly<Record<string, number>>; readonly kubernetes: readonly SeenCall[] }> {
    return this.call("GET", "/operations");
  }
  /** Armed and active faults; with `all` also those that did their work. */
  faults(all = false): Promise<(ListedFault & Record<string, unknown>)[]> {
    return this.call("GET", all ? "/faults?all=1" : "/faults");
  }
  addFault<Result = { readonly id: string; readonly hits: number }>(fault: FaultSpec | object): Promise<Result> {
    return this.call("POST", "/faults", fault);
  }
  /** Removes all faults and mends what they broke; answers how many there were. */
  async clearFaults(): Promise<number> {
    return (await this.call<{ cleared: number }>("DELETE", "/faults")).cleared;
  }
  async removeFault(id: string): Promise<void> {
    await this.call("DELETE", `/faults/${encodeURIComponent(id)}`);
  }
  /** Fault: connections to the cluster's API server are refused until `startApiServer`. */
  async stopApiServer(cluster: string): Promise<void> {
    await this.call("POST", `/clusters/${encodeURIComponent(cluster)}/api-server/stop`);
  }
  async startApiServer(cluster: string): Promise<void> {
    await this.call("POST", `/clusters/${encodeURIComponent(cluster)}/api-server/start`);
  }
  /** Fault: the cluster's load balancer controller is gone until `startController`. */
  async stopController(cluster: string): Promise<void> {
    await this.call("POST", `/clusters/${encodeURIComponent(cluster)}/controller/stop`);
  }
  async startController(cluster: string): Promise<void> {
    await this.call("POST", `/clusters/${encodeURIComponent(cluster)}/controller/start`);
  }
  /** Fault: the pod's process ends at once, its connections are reset. */
  async crashPod(cluster: string, namespace: string, pod: string): Promise<void> {
    await this.call(
      "POST",
      `/clusters/${encodeURIComponent(cluster)}/pods/${encodeURIComponent(namespace)}/${encodeURIComponent(pod)}/crash`,
    );
  }

  /** What EKS's CreateCluster does behind the AWS front, without it. */
  createControlPlane(
    cluster: string,
    version: string,
  ): Promise<{ endpoint: string; certificateAuthorityData: string }> {
    return this.call("PUT", `/clusters/${encodeURIComponent(cluster)}`, { version });
  }
  async upgradeControlPlane(cluster: string, version: string): Promise<void> {
    await this.call("POST", `/clusters/${encodeURIComponent(cluster)}/upgrade`, { version });
  }
  async setNodes(cluster: string, nodes: readonly NodeSpec[]): Promise<void> {
    await this.call("PUT", `/clusters/${encodeURIComponent(cluster)}/nodes`, nodes);
  }
  async deleteControlPlane(cluster: string): Promise<void> {
    await this.call("DELETE", `/clusters/${encodeURIComponent(cluster)}`);
  }

  private async call<Result>(method: string, path: string, body?: unknown): Promise<Result> {
    const init: RequestInit = {
      method,
      signal: AbortSignal.timeout(this.timeoutMs),
      headers: { authorization: this.authorization, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    let response: Response;
    try {
      response = await fetch(this.url + path, init);
    } catch (error) {
      throw new SandboxError(
        "SBX-NOT-RUNNING",
        `the sandbox at ${this.url} does not answer`,
        "It may have ended: `eks-blue-green sandbox status`.",
        error,
      );
    }
    const answer = (await response.json()) as Result & { code?: `SBX-${string}`; message?: string; remedy?: string };
    if (!response.ok)
      throw new SandboxError(
        answer.code ?? "SBX-INTERNAL",
        answer.message ?? `HTTP ${response.status}`,
        answer.remedy ?? "The sandbox's logs say more.",
      );
    return answer;
  }
}
