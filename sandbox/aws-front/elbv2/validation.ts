/** AWS's rules for ELBv2's parameters, with AWS's codes. Limits: Elastic Load Balancing quotas, checked 2026-11. */
import { randomBytes } from "node:crypto";
import { AwsError, validationError } from "../aws-error";
import { objects, type QueryObject, text } from "../query";
import type { ElbContext } from "./context";
import type { Listener, LoadBalancer, Tags, TargetGroup } from "./store";

export const limits = {
  listenersPerLoadBalancer: 50,
  targetsPerGroup: 1_000,
  targetsPerZone: 500,
  targetsCrossZone: 500,
  targetsPerNetworkLoadBalancer: 3_000,
  targetGroups: 3_000,
  networkLoadBalancers: 50,
  forwardGroups: 5,
  rulesPerApplicationLoadBalancer: 100,
  targetGroupsPerApplicationLoadBalancer: 100,
  targetsPerApplicationLoadBalancer: 1_000,
  applicationLoadBalancers: 50,
  certificatesPerListener: 25,
  tags: 50,
} as const;

export const hex16 = (): string => randomBytes(8).toString("hex");

export function required(params: QueryObject, key: string): string {
  const value = text(params, key);
  if (value === undefined)
    throw validationError(
      `1 validation error detected: Value null at '${key.charAt(0).toLowerCase()}${key.slice(1)}' failed to ` +
        "satisfy constraint: Member must not be null",
    );
  return value;
}

export function checkName(name: string, what: "Load balancer" | "Target group"): void {
  if (name.length > 32) throw validationError(`${what} name '${name}' cannot be longer than '32' characters`);
  if (!/^[A-Za-z0-9-]+$/.test(name))
    throw validationError(
      `${what} name '${name}' can only contain characters that are alphanumeric characters and hyphens(-)`,
    );
  if (name.startsWith("-") || name.endsWith("-"))
    throw validationError(`${what} name '${name}' cannot begin or end with a hyphen(-)`);
  if (what === "Load balancer" && name.startsWith("internal-"))
    throw validationError(`Load balancer name '${name}' cannot begin with 'internal-'`);
}

export function checkPort(port: number | undefined, key = "port"): number {
  if (port === undefined) throw validationError(`A ${key} must be specified`);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw validationError(
      `1 validation error detected: Value '${port}' at '${key}' failed to satisfy constraint: Member must have ` +
        `value ${port < 1 ? "greater than or equal to 1" : "less than or equal to 65535"}`,
    );
  }
  return port;
}

export function checkRange(value: number, low: number, high: number, what: string): number {
  if (!Number.isInteger(value) || value < low || value > high)
    throw validationError(`${what} '${value}' must be between '${low}' and '${high}'`);
  return value;
}

export function oneOf(value: string, allowed: readonly string[], key: string): string {
  if (!allowed.includes(value))
    throw validationError(
      `1 validation error detected: Value '${value}' at '${key}' failed to satisfy constraint: Member must ` +
        `satisfy enum value set: [${allowed.join(", ")}]`,
    );
  return value;
}

function checkArn(arn: string, kind: string): void {
  if (!arn.startsWith("arn:")) throw validationError(`'${arn}' is not a valid ${kind} ARN`);
}

export function theLoadBalancer(context: ElbContext, arn: string): LoadBalancer {
  checkArn(arn, "load balancer");
  const found = context.store.loadBalancers.get(arn);
  if (!found) throw new AwsError("LoadBalancerNotFound", `Load balancer '${arn}' not found`);
  return found;
}

export function theTargetGroup(context: ElbContext, arn: string): TargetGroup {
  checkArn(arn, "target group");
  const found = context.store.targetGroups.get(arn);
  if (!found) throw new AwsError("TargetGroupNotFound", `Target groups '${arn}' not found`);
  return found;
}

export function theListener(context: ElbContext, arn: string): Listener {
  checkArn(arn, "listener");
  const found = context.store.listeners.get(arn);
  if (!found) throw new AwsError("ListenerNotFound", `Listener '${arn}' not found`);
  return found;
}

export function tagsOf(params: QueryObject): Tags {
  const tags: Tags = new Map();
  for (const tag of objects(params, "Tags")) {
    const key = text(tag, "Key") ?? "";
    if (key === "" || key.length > 128)
      throw validationError(
        `1 validation error detected: Value '${key}' at 'tags.1.member.key' failed to satisfy constraint: Member ` +
          "must have length between 1 and 128",
      );
    if (key.startsWith("aws:")) throw validationError("aws: prefixed tag key names are not allowed for external use.");
    if (tags.has(key)) throw new AwsError("DuplicateTagKeys", `A tag key was specified more than once: '${key}'`);
    tags.set(key, text(tag, "Value") ?? "");
  }
  if (tags.size > limits.tags)
    throw new AwsError("TooManyTags", `You've reached the limit on the number of tags per resource ('${limits.tags}')`);
  return tags;
}

/** One page of a sorted list, with AWS's Marker and PageSize (1-400). */
export function page<T>(
  params: QueryObject,
  all: readonly T[],
): { readonly part: readonly T[]; readonly marker: string | undefined } {
  const size = checkRange(Number(text(params, "PageSize") ?? 400), 1, 400, "PageSize");
  const marker = text(params, "Marker");
  const from =
    marker === undefined ? 0 : Number(/^offset-(\d+)$/.exec(Buffer.from(marker, "base64url").toString())?.[1] ?? NaN);
  if (Number.isNaN(from)) throw validationError("Invalid marker");
  const next = from + size;
  return {
    part: all.slice(from, next),
    marker: next < all.length ? Buffer.from(`offset-${next}`).toString("base64url") : undefined,
  };
}
