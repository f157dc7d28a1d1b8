/**
 * What a Service of type LoadBalancer says to the AWS Load Balancer Controller, as data: annotation, what it means, and how its value
 * comes from the arguments. The controller's guide "service/annotations", v3.5.0; checked 2026-11-21.
 */

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
const table: readonly { readonly suffix: string; readonly value: (shape: LoadBalancerServiceShape) => string | null }[] = [
  { suffix: "type", value: () => "external" },
  { suffix: "nlb-target-type", value: ({ targetType }) => targetType },
  { suffix: "scheme", value: ({ internal }) => (internal ? "internal" : "internet-facing") },
  // Without it the controller deregisters every target that is not its own.
  { suffix: "multi-cluster-target-group", value: () => "true" },
  // Protection that is set in AWS alone is switched off by the controller when its Service is deleted; the annotation stops it.
  { suffix: "attributes", value: ({ deletionProtection, crossZone }) => `deletion_protection.enabled=${deletionProtection},load_balancing.cross_zone.enabled=${crossZone}` },
  { suffix: "target-group-attributes", value: ({ deregistrationDelaySeconds }) => `deregistration_delay.timeout_seconds=${deregistrationDelaySeconds},preserve_client_ip.enabled=false` },
  { suffix: "healthcheck-protocol", value: () => "http" },
  { suffix: "healthcheck-port", value: ({ healthCheckPort }) => (healthCheckPort === null ? "traffic-port" : String(healthCheckPort)) },
  { suffix: "healthcheck-path", value: ({ healthCheckPath }) => healthCheckPath },
  { suffix: "healthcheck-interval", value: ({ healthCheckIntervalSeconds }) => String(healthCheckIntervalSeconds) },
  { suffix: "healthcheck-timeout", value: () => "5" },
  { suffix: "healthcheck-healthy-threshold", value: ({ healthCheckThreshold }) => String(healthCheckThreshold) },
  { suffix: "healthcheck-unhealthy-threshold", value: ({ healthCheckThreshold }) => String(healthCheckThreshold) },
];

export function loadBalancerAnnotations(shape: LoadBalancerServiceShape): Record<string, string> {
  return Object.fromEntries(table.flatMap(({ suffix, value }) => {
    const text = value(shape);
    return text === null ? [] : [[`${prefix}${suffix}`, text]];
  }));
}

/**
 * What a Service that gave its load balancer away still says. Never the type: without a class that annotation alone makes a Service of
 * any type the controller's.
 */
export function handedOverAnnotations(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => key !== `${prefix}type`));
}

/** The two that make a Service that others own multi-cluster and protected, and nothing else of it. */
export const extendingAnnotations: Readonly<Record<string, string>> = {
  [`${prefix}multi-cluster-target-group`]: "true",
  [`${prefix}attributes`]: "deletion_protection.enabled=true",
};

export const attributesAnnotation = `${prefix}attributes`;

/** What a Service says of deletion protection; null: nothing. */
export function protectionOf(annotations: Readonly<Record<string, string>>): string | null {
  const pairs = (annotations[attributesAnnotation] ?? "").split(",").map((pair) => pair.split("=").map((part) => part.trim()));
  return pairs.find(([key]) => key === "deletion_protection.enabled")?.[1] ?? null;
}

/** The NLB controller's class: no other controller takes the Service. */
export const loadBalancerClass = "service.k8s.aws/nlb";

/** A label that no pod and no node has: selecting it takes a member's targets out while its load balancer stays. */
export const standbyLabel = "eks-blue-green/standby";

/** How a primary leaves the target group without losing its load balancer (both ways were tried with a real controller). */
export function standDown(targetType: "ip" | "instance"): { readonly selector: Record<string, string>; readonly annotations: Record<string, string> } {
  switch (targetType) {
    case "ip":
      // Without endpoints the Service never gets ready for Pulumi, and the update would fail after ten minutes.
      return { selector: { [standbyLabel]: "true" }, annotations: { "pulumi.com/skipAwait": "true" } };
    case "instance":
      // Nodes are registered whether or not they have a pod, so the selector takes nobody out.
      // Its pods may be stopped while it stands by, and then the Service has no endpoints either.
      return { selector: {}, annotations: { [`${prefix}target-node-labels`]: `${standbyLabel}=true`, "pulumi.com/skipAwait": "true" } };
    default:
      return targetType satisfies never;
  }
}
