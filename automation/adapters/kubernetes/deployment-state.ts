/** What a Deployment's status says. Pure. */
import type { ControllerState, DeploymentState } from "../../ports";

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly message?: string;
}
export interface DeploymentObject {
  readonly metadata: { readonly generation?: number };
  readonly spec?: {
    readonly replicas?: number;
    readonly template?: { readonly spec?: { readonly containers?: readonly { readonly image?: string }[] } };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
    readonly conditions?: readonly Condition[];
  };
}

export const holds = (conditions: readonly Condition[] | undefined, type: string): boolean =>
  conditions?.some((one) => one.type === type && one.status === "True") ?? false;

/** A Deployment whose status is older than its spec says nothing yet. */
export function deploymentStateOf({ metadata, spec, status }: DeploymentObject): DeploymentState {
  const seen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  return {
    wanted: spec?.replicas ?? 1,
    ready: status?.readyReplicas ?? 0,
    available: seen && holds(status?.conditions, "Available"),
  };
}

/** Of a load balancer controller's Deployment. */
export function controllerStateOf(found: DeploymentObject): ControllerState {
  const image = found.spec?.template?.spec?.containers?.[0]?.image ?? "";
  const { available, ready, wanted } = deploymentStateOf(found);
  return {
    available: available && ready > 0,
    running: ready > 0,
    version: /:v?(\d+\.\d+\.\d+)/.exec(image)?.[1] ?? null,
    message: `${ready} of ${wanted} pods ready`,
  };
}
