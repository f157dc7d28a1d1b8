/** The checkpoint annotation: while it equals what would be computed now, a reconcile makes no AWS call. */
import { createHash } from "node:crypto";
import { addressOf, type PodEndpoint, type TargetGroupBindingSpec } from "../types";

export const CHECKPOINT = "elbv2.k8s.aws/checkpoint";
/** Unix seconds. */
export const CHECKPOINT_TIMESTAMP = "elbv2.k8s.aws/checkpoint-timestamp";

const digest = (text: string): string => createHash("sha256").update(text).digest("base64url");

export function checkpointOf(endpoints: readonly PodEndpoint[], spec: TargetGroupBindingSpec): string {
  const csv = endpoints
    .map((endpoint) => `${addressOf(endpoint)}:${endpoint.podCreatedAt}`)
    .sort()
    .join(",");
  return `${digest(csv)}/${digest(canonical(spec))}`;
}

/** JSON with sorted keys: the API server keeps the order that the writer used. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(",")}}`;
}
