/** Names and tags of what is made for a Service. Pure. */
import { createHash } from "node:crypto";
import type { ServiceObject } from "../types";

export const CLUSTER_TAG = "elbv2.k8s.aws/cluster";
export const STACK_TAG = "service.k8s.aws/stack";
export const RESOURCE_TAG = "service.k8s.aws/resource";
export const STACK_NAME_LABEL = "service.k8s.aws/stack-name";
export const STACK_NAMESPACE_LABEL = "service.k8s.aws/stack-namespace";
export const BACKEND_DESCRIPTION = "[k8s] Shared Backend SecurityGroup for LoadBalancer";
export const MANAGED_DESCRIPTION = "[k8s] Managed SecurityGroup for LoadBalancer";

export type Tags = ReadonlyMap<string, string>;

const alphanumeric = (text: string): string => text.replaceAll(/[^A-Za-z0-9]/g, "");

function digest(parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex").slice(0, 10);
}

/** `k8s-<namespace:8>-<name:8>-<10 hex>`. */
export function resourceName(
  service: { readonly namespace: string; readonly name: string },
  hashed: readonly string[],
): string {
  return `k8s-${alphanumeric(service.namespace).slice(0, 8)}-${alphanumeric(service.name).slice(0, 8)}-${digest(hashed)}`;
}

export function backendGroupName(clusterName: string): string {
  return `k8s-traffic-${alphanumeric(clusterName).slice(0, 232)}-${digest([clusterName])}`;
}

export function backendGroupTags(clusterName: string): Tags {
  return new Map([
    [CLUSTER_TAG, clusterName],
    ["elbv2.k8s.aws/resource", "backend-sg"],
  ]);
}

/** By these the controller knows again what it made: not by name, and not by the cluster's identity. */
export function stackTags(clusterName: string, service: ServiceObject): Tags {
  return new Map([
    [CLUSTER_TAG, clusterName],
    [STACK_TAG, `${service.metadata.namespace}/${service.metadata.name}`],
  ]);
}

export function hasTags(tags: Tags, wanted: Tags): boolean {
  return [...wanted].every(([key, value]) => tags.get(key) === value);
}
