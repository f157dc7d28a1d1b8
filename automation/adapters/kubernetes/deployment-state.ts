/** What a Deployment's status says. Pure. */
import type { ControllerState, DeploymentState } from "../../ports";

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly message?: string;
}
/** An entry of `metadata.managedFields`. */
interface FieldsOfOne {
  readonly manager?: string;
  readonly time?: string;
  readonly fieldsV1?: { readonly "f:spec"?: { readonly "f:replicas"?: unknown } };
}
export interface DeploymentObject {
  readonly metadata: { readonly generation?: number; readonly managedFields?: readonly FieldsOfOne[] };
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

function replicasBy(all: readonly FieldsOfOne[] | undefined): Pick<DeploymentState, "replicasBy"> {
  // More than one has the field when they agree about it.
  const [last] = (all ?? [])
    .filter((one) => one.fieldsV1?.["f:spec"]?.["f:replicas"] !== undefined)
    .sort((a, b) => (b.time ?? "").localeCompare(a.time ?? ""));
  return last === undefined ? {} : { replicasBy: { manager: last.manager ?? "unknown", at: last.time ?? null } };
}

function refused(conditions: readonly Condition[] | undefined): Pick<DeploymentState, "refused"> {
  const failure = conditions?.find((one) => one.type === "ReplicaFailure" && one.status === "True");
  return failure === undefined ? {} : { refused: failure.message ?? "without a reason" };
}

/** A Deployment whose status is older than its spec says nothing yet. */
export function deploymentStateOf({ metadata, spec, status }: DeploymentObject): DeploymentState {
  const seen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  return {
    wanted: spec?.replicas ?? 1,
    ready: status?.readyReplicas ?? 0,
    available: seen && holds(status?.conditions, "Available"),
    ...refused(status?.conditions),
    ...replicasBy(metadata.managedFields),
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
