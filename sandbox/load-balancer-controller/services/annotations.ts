/** The annotations of a load balancer's Service, and which Services are one. Pure. */
import type { ServiceObject } from "../types";

const PREFIX = "service.beta.kubernetes.io/";
export const SERVICE_FINALIZER = "service.k8s.aws/resources";
export const LOAD_BALANCER_CLASS = "service.k8s.aws/nlb";

/** `aws-load-balancer-<name>`, trimmed. */
export function annotation(service: ServiceObject, name: string): string | undefined {
  return service.metadata.annotations?.[`${PREFIX}aws-load-balancer-${name}`]?.trim();
}

/** Of a port: `actions.TCP-80`. */
export function actionsAnnotation(service: ServiceObject, port: string): string | undefined {
  return service.metadata.annotations?.[`${PREFIX}actions.${port}`];
}

export function list(text: string | undefined): string[] {
  return (text ?? "")
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
}

/** `a=b,c=d`. @throws Error for a part without `=`. */
export function pairs(service: ServiceObject, name: string): Map<string, string> {
  return new Map(
    list(annotation(service, name)).map((part) => {
      const at = part.indexOf("=");
      if (at < 1)
        throw new Error(
          `failed to parse stringMap annotation, ${PREFIX}aws-load-balancer-${name}: ${annotation(service, name)}`,
        );
      return [part.slice(0, at).trim(), part.slice(at + 1).trim()] as const;
    }),
  );
}

export function isTrue(service: ServiceObject, name: string): boolean {
  const text = annotation(service, name);
  if (text === undefined || text === "false") return false;
  if (text === "true") return true;
  throw new Error(`failed to parse bool annotation, ${PREFIX}aws-load-balancer-${name}: ${text}`);
}

export function wholeNumber(service: ServiceObject, name: string, fallback: number): number {
  const text = annotation(service, name);
  if (text === undefined) return fallback;
  if (!/^\d+$/.test(text))
    throw new Error(`failed to parse int64 annotation, ${PREFIX}aws-load-balancer-${name}: ${text}`);
  return Number(text);
}

/**
 * Whether this controller keeps a load balancer for it. A class decides alone. Without one the annotation does,
 * whatever the Service's type is,
 * unless the feature gate ServiceTypeLoadBalancerOnly is on.
 */
export function isSupported(service: ServiceObject, loadBalancerTypeOnly: boolean): boolean {
  if (service.metadata.deletionTimestamp) return false;
  if (loadBalancerTypeOnly && service.spec.type !== "LoadBalancer") return false;
  if (service.spec.loadBalancerClass) return service.spec.loadBalancerClass === LOAD_BALANCER_CLASS;
  const type = annotation(service, "type");
  return (
    type === "nlb-ip" ||
    (type === "external" && ["ip", "instance"].includes(annotation(service, "nlb-target-type") ?? ""))
  );
}

export function isPendingFinalization(service: ServiceObject): boolean {
  return service.metadata.finalizers?.includes(SERVICE_FINALIZER) ?? false;
}

/** Protection asked for in the annotation keeps the controller from deleting anything; set in AWS alone it doesn't. */
export function isProtected(service: ServiceObject): boolean {
  return pairs(service, "attributes").get("deletion_protection.enabled") === "true";
}
