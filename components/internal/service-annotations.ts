/**
 * What a Service of type LoadBalancer says to the AWS Load Balancer Controller, as data: annotation, what it means, and
 * how its value
 * comes from the arguments. The controller's guide "service/annotations", v3.5.0; checked 2026-11-21.
 */

import { healthCheckTimeoutSeconds } from "./aws-limits";

/** How a controller-made NLB shall be. The same figures that `SharedLoadBalancer` gives to Pulumi's. */
export interface LoadBalancerServiceShape {
  readonly targetType: "ip" | "instance";
  readonly internal: boolean;
  readonly crossZone: boolean;
  readonly clientCidrBlocks: readonly string[];
  readonly healthCheckPath: string;
  /** null: the target's own port. */
  readonly healthCheckPort: number | null;
  readonly healthCheckIntervalSeconds: number;
  readonly healthCheckThreshold: number;
  readonly deregistrationDelaySeconds: number;
  readonly deletionProtection: boolean;
}

const prefix = "service.beta.kubernetes.io/aws-load-balancer-";

/** Key behind the prefix, and its value; null: the annotation is left out. */
const table: readonly {
  readonly suffix: string;
  readonly value: (shape: LoadBalancerServiceShape) => string | null;
}[] = [
  { suffix: "type", value: () => "external" },
  { suffix: "nlb-target-type", value: ({ targetType }) => targetType },
  { suffix: "scheme", value: ({ internal }) => (internal ? "internal" : "internet-facing") },
  // Without it the controller deregisters every target that is not its own.
  { suffix: "multi-cluster-target-group", value: () => "true" },
  // Protection that is set in AWS alone is switched off by the controller when its Service is deleted; the annotation
  // stops it.
  {
    suffix: "attributes",
    value: ({ deletionProtection, crossZone }) =>
      `deletion_protection.enabled=${deletionProtection},load_balancing.cross_zone.enabled=${crossZone}`,
  },
  {
    suffix: "target-group-attributes",
    value: ({ deregistrationDelaySeconds }) =>
      `deregistration_delay.timeout_seconds=${deregistrationDelaySeconds},preserve_client_ip.enabled=false`,
  },
  { suffix: "healthcheck-protocol", value: () => "http" },
  {
    suffix: "healthcheck-port",
    value: ({ healthCheckPort }) => (healthCheckPort === null ? "traffic-port" : String(healthCheckPort)),
  },
  { suffix: "healthcheck-path", value: ({ healthCheckPath }) => healthCheckPath },
  { suffix: "healthcheck-interval", value: ({ healthCheckIntervalSeconds }) => String(healthCheckIntervalSeconds) },
  {
    suffix: "healthcheck-timeout",
    value: ({ healthCheckIntervalSeconds }) => String(healthCheckTimeoutSeconds(healthCheckIntervalSeconds)),
  },
  { suffix: "healthcheck-healthy-threshold", value: ({ healthCheckThreshold }) => String(healthCheckThreshold) },
  { suffix: "healthcheck-unhealthy-threshold", value: ({ healthCheckThreshold }) => String(healthCheckThreshold) },
];

export function loadBalancerAnnotations(shape: LoadBalancerServiceShape): Record<string, string> {
  return Object.fromEntries(
    table.flatMap(({ suffix, value }) => {
      const text = value(shape);
      return text === null ? [] : [[`${prefix}${suffix}`, text]];
    }),
  );
}

/**
 * What a Service that gave its load balancer away still says. Never the type: without a class that annotation alone
 * makes a Service of
 * any type the controller's.
 */
export function handedOverAnnotations(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => key !== `${prefix}type`));
}

export const attributesAnnotation = `${prefix}attributes`;
const nodeLabelsAnnotation = `${prefix}target-node-labels`;
/** Of the load balancer's attributes those that a shared one can't do without. */
export const requiredAttributes: Readonly<Record<string, string>> = { "deletion_protection.enabled": "true" };

interface Pair {
  readonly text: string;
  readonly key: string;
  readonly value: string;
}
/** `a=1,b=2`, as annotations have it. */
function pairsOf(list: string | undefined): Pair[] {
  return (list ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((text) => text !== "")
    .map((text) => {
      const [key = "", ...value] = text.split("=");
      return { text, key: key.trim(), value: value.join("=").trim() };
    });
}

/**
 * Key by key: what is required wins, everything else stays as it is; a list that has it all stays to the letter, so
 * that nothing changes.
 */
export function withAttributes(list: string | undefined, required: Readonly<Record<string, string>>): string {
  const pairs = pairsOf(list);
  const said = (key: string): string[] => pairs.filter((pair) => pair.key === key).map(({ value }) => value);
  if (
    list !== undefined &&
    Object.entries(required).every(([key, value]) => said(key).length === 1 && said(key)[0] === value)
  )
    return list;
  return [
    ...pairs.filter(({ key }) => required[key] === undefined).map(({ text }) => text),
    ...Object.entries(required).map(([key, value]) => `${key}=${value}`),
  ].join(",");
}

/**
 * What a Service that others own (`theirs`: its annotations as they are) must say so that several clusters can share
 * its load balancer, and
 * nothing else of it. Lists that hold keys of its owner's too are kept, but for our keys.
 */
export function extendingAnnotations(
  theirs: Readonly<Record<string, string>>,
  { targetType, active }: { readonly targetType: "ip" | "instance"; readonly active: boolean },
): Record<string, string> {
  const shared = {
    [`${prefix}multi-cluster-target-group`]: "true",
    [attributesAnnotation]: withAttributes(theirs[attributesAnnotation], requiredAttributes),
  };
  const down = active ? {} : standDown(targetType).annotations;
  if (targetType === "ip") return { ...shared, ...down };
  const labels = active
    ? pairsOf(theirs[nodeLabelsAnnotation])
        .filter(({ key }) => key !== standbyLabel)
        .map(({ text }) => text)
        .join(",")
    : withAttributes(theirs[nodeLabelsAnnotation], { [standbyLabel]: "true" });
  // Its owner's labels stay declared while it is active: what a patch lets go of, it takes away.
  return { ...shared, ...down, ...(labels === "" ? {} : { [nodeLabelsAnnotation]: labels }) };
}

/**
 * The selector of a Service that others own (`theirs`: as it is now, our label included while it stands by). To the API
 * server the field is
 * one value: who sets one key owns all, and whoever leaves it out takes it away. So its owner's labels are always said
 * again.
 */
export function extendingSelector(
  theirs: Readonly<Record<string, string>>,
  { active }: { readonly active: boolean },
): Record<string, string> {
  return {
    ...Object.fromEntries(Object.entries(theirs).filter(([key]) => key !== standbyLabel)),
    ...(active ? {} : standDown("ip").selector),
  };
}

/** What a Service says of deletion protection; null: nothing. */
export function protectionOf(annotations: Readonly<Record<string, string>>): string | null {
  return (
    pairsOf(annotations[attributesAnnotation]).find(({ key }) => key === "deletion_protection.enabled")?.value ?? null
  );
}

/** The NLB controller's class: no other controller takes the Service. */
export const loadBalancerClass = "service.k8s.aws/nlb";

/** A label that no pod and no node has: selecting it takes a member's targets out while its load balancer stays. */
export const standbyLabel = "eks-blue-green/standby";

/**
 * How a primary leaves the target group without losing its load balancer (both ways were tried with a real controller).
 */
export function standDown(targetType: "ip" | "instance"): {
  readonly selector: Record<string, string>;
  readonly annotations: Record<string, string>;
} {
  switch (targetType) {
    case "ip":
      // Without endpoints the Service never gets ready for Pulumi, and the update would fail after ten minutes.
      return { selector: { [standbyLabel]: "true" }, annotations: { "pulumi.com/skipAwait": "true" } };
    case "instance":
      // Nodes are registered whether or not they have a pod, so the selector takes nobody out.
      // Its pods may be stopped while it stands by, and then the Service has no endpoints either.
      return {
        selector: {},
        annotations: { [nodeLabelsAnnotation]: `${standbyLabel}=true`, "pulumi.com/skipAwait": "true" },
      };
    default:
      return targetType satisfies never;
  }
}
