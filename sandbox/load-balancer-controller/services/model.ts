/** What a Service's load balancer shall be: the part that needs no AWS. Pure. */
import { actionsAnnotation, annotation, isTrue, list, pairs, wholeNumber } from "./annotations";
import { MANAGED_DESCRIPTION, resourceName } from "./names";
import type { Permission } from "../aws/ingress-permissions";
import type { LabelSelector, ServiceObject, ServicePort } from "../types";

export interface HealthCheck {
  readonly protocol: string;
  readonly port: string;
  readonly path: string | undefined;
  readonly matcher: string | undefined;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
}

export interface GroupModel {
  /** Value of the resource tag: `namespace/service:port`. */
  readonly resource: string;
  /** Of the target group and of its binding. */
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
  readonly targetType: "ip" | "instance";
  readonly healthCheck: HealthCheck;
  readonly attributes: ReadonlyMap<string, string>;
  readonly serviceRef: { readonly name: string; readonly port: number };
  /** What the load balancer dials: numbers or names of ports. */
  readonly ports: readonly (number | string)[];
  readonly nodeSelector: LabelSelector | undefined;
}

export type Forward = { readonly weight: number | undefined } & (
  { readonly resource: string } | { readonly arn: string }
);

export interface ListenerModel {
  readonly port: number;
  readonly protocol: string;
  readonly forward: readonly Forward[];
  readonly attributes: ReadonlyMap<string, string>;
}

export interface ServiceModel {
  readonly name: string;
  /** Null: as it is, `internal` for a new one. */
  readonly scheme: "internal" | "internet-facing" | null;
  readonly subnets: readonly string[];
  /** The annotation's; none means that the controller keeps a group of its own. */
  readonly securityGroups: readonly string[];
  readonly managedGroup: {
    readonly name: string;
    readonly description: string;
    readonly ingress: readonly Permission[];
  };
  readonly backendGroup: boolean;
  readonly attributes: ReadonlyMap<string, string>;
  readonly tags: ReadonlyMap<string, string>;
  readonly groups: readonly GroupModel[];
  readonly listeners: readonly ListenerModel[];
  readonly multiCluster: boolean;
}

export interface ModelSettings {
  readonly clusterName: string;
  readonly defaultTargetType: "ip" | "instance";
  /** Another Service of the namespace, for weights. */
  readonly sibling: (name: string) => ServiceObject | undefined;
}

/** @throws Error whose message becomes the event FailedBuildModel. */
export function buildModel(service: ServiceObject, settings: ModelSettings): ServiceModel {
  const { namespace = "", name, uid = "" } = service.metadata;
  const scheme = schemeOf(service);
  const securityGroups = list(annotation(service, "security-groups"));
  const ports = service.spec.ports ?? [];
  const plans = ports.map((port) => planOf(service, port, settings));
  const groups = new Map(plans.flatMap((plan) => plan.groups).map((group) => [group.resource, group]));
  const given = annotation(service, "name");
  if (given && given.length > 32) throw new Error("load balancer name cannot be longer than 32 characters");
  return {
    name: given ?? resourceName({ namespace, name }, [settings.clusterName, uid, scheme ?? "internal"]),
    scheme,
    subnets: list(annotation(service, "subnets")),
    securityGroups,
    managedGroup: {
      name: resourceName({ namespace, name }, [settings.clusterName, uid]),
      description: MANAGED_DESCRIPTION,
      ingress: ports.flatMap((port) => openTo(service, port)),
    },
    backendGroup: securityGroups.length === 0 || isTrue(service, "manage-backend-security-group-rules"),
    attributes: new Map([
      ...(isTrue(service, "cross-zone-load-balancing-enabled")
        ? [["load_balancing.cross_zone.enabled", "true"] as const]
        : []),
      ...pairs(service, "attributes"),
    ]),
    tags: pairs(service, "additional-resource-tags"),
    groups: [...groups.values()],
    listeners: ports.map((port, at) => ({
      port: port.port,
      protocol: protocolOf(port),
      forward: plans[at]?.forward ?? [],
      attributes: pairs(service, `listener-attributes.${protocolOf(port)}-${port.port}`),
    })),
    multiCluster: isTrue(service, "multi-cluster-target-group"),
  };
}

const protocolOf = (port: ServicePort): string => port.protocol ?? "TCP";

function schemeOf(service: ServiceObject): ServiceModel["scheme"] {
  const scheme = annotation(service, "scheme");
  if (scheme === undefined) return annotation(service, "internal") === "true" ? "internal" : null;
  if (scheme !== "internal" && scheme !== "internet-facing") throw new Error(`unknown scheme: ${scheme}`);
  return scheme;
}

function openTo(service: ServiceObject, port: ServicePort): Permission[] {
  const ranges = service.spec.loadBalancerSourceRanges?.length
    ? service.spec.loadBalancerSourceRanges
    : list(annotation(service, "source-ranges"));
  const cidrs = ranges.length > 0 ? ranges : ["0.0.0.0/0"];
  return cidrs.map((id) => ({
    protocol: protocolOf(port).toLowerCase(),
    from: port.port,
    to: port.port,
    source: { kind: id.includes(":") ? "cidr6" : "cidr", id },
  }));
}

/** The groups of one listener, and how it shares out connections among them. */
function planOf(
  service: ServiceObject,
  port: ServicePort,
  settings: ModelSettings,
): { readonly groups: readonly GroupModel[]; readonly forward: readonly Forward[] } {
  const own = groupOf(service, service, port, settings);
  const key = `${protocolOf(port)}-${port.port}`;
  const text = actionsAnnotation(service, key);
  if (text === undefined) return { groups: [own], forward: [{ resource: own.resource, weight: undefined }] };
  const config = parseActions(text, key);
  const others = (config.targetGroups ?? []).map((one) => {
    const weight = one.weight ?? 1;
    if (one.targetGroupARN) return { forward: { arn: one.targetGroupARN, weight } };
    const sibling = settings.sibling(one.serviceName ?? "");
    if (!sibling) throw new Error(`Service "${one.serviceName}" not found`);
    const siblingPort = sibling.spec.ports?.find(
      (each) => String(each.port) === String(one.servicePort) || each.name === one.servicePort,
    );
    if (!siblingPort)
      throw new Error(
        `unable to find port ${one.servicePort} on service ${sibling.metadata.namespace}/${sibling.metadata.name}`,
      );
    const group = groupOf(service, sibling, siblingPort, settings);
    return { group, forward: { resource: group.resource, weight } };
  });
  return {
    groups: [own, ...others.flatMap((one) => ("group" in one && one.group ? [one.group] : []))],
    forward: [{ resource: own.resource, weight: config.baseServiceWeight ?? 1 }, ...others.map((one) => one.forward)],
  };
}

interface ForwardConfig {
  readonly baseServiceWeight?: number;
  readonly targetGroups?: readonly {
    readonly serviceName?: string;
    readonly servicePort?: number | string;
    readonly targetGroupARN?: string;
    readonly weight?: number;
  }[];
}

function parseActions(text: string, key: string): ForwardConfig {
  try {
    return (JSON.parse(text) as { readonly forwardConfig?: ForwardConfig }).forwardConfig ?? {};
  } catch (error) {
    throw new Error(
      `failed to parse json annotation, service.beta.kubernetes.io/actions.${key}: ${text}: ` +
        `${(error as Error).message}`,
    );
  }
}

/** @param from Whose annotations count. @param backend Whose pods are meant. */
function groupOf(from: ServiceObject, backend: ServiceObject, port: ServicePort, settings: ModelSettings): GroupModel {
  const { namespace = "", name } = backend.metadata;
  const targetType = targetTypeOf(from, settings);
  const protocol = protocolOf(port);
  const healthCheck = healthCheckOf(from, targetType);
  const { targetPort = port.port } = port;
  if (targetType === "instance" && !port.nodePort)
    throw new Error(`service type must be either 'NodePort' or 'LoadBalancer': ${namespace}/${name}`);
  const dialled = targetType === "instance" ? (port.nodePort ?? 0) : targetPort;
  const hashed = [
    settings.clusterName,
    from.metadata.uid ?? "",
    String(port.port),
    protocol,
    targetType,
    healthCheck.protocol,
    String(healthCheck.intervalSeconds),
  ];
  return {
    resource: `${namespace}/${name}:${port.port}`,
    name: resourceName({ namespace, name }, backend === from ? hashed : [...hashed, name]),
    protocol,
    // A named port differs from pod to pod, so the group's own means nothing.
    port: typeof dialled === "number" ? dialled : 1,
    targetType,
    healthCheck,
    attributes: pairs(from, "target-group-attributes"),
    serviceRef: { name, port: port.port },
    ports:
      healthCheck.port === "traffic-port" || healthCheck.port === String(dialled)
        ? [dialled]
        : [dialled, Number(healthCheck.port)],
    nodeSelector:
      targetType === "instance" && annotation(from, "target-node-labels")
        ? { matchLabels: Object.fromEntries(pairs(from, "target-node-labels")) }
        : undefined,
  };
}

function targetTypeOf(service: ServiceObject, { defaultTargetType }: ModelSettings): "ip" | "instance" {
  const type =
    annotation(service, "type") === "nlb-ip" ? "ip" : (annotation(service, "nlb-target-type") ?? defaultTargetType);
  if (type !== "ip" && type !== "instance")
    throw new Error(`unsupported target type "${type}" for load balancer class "service.k8s.aws/nlb"`);
  return type;
}

/**
 * With externalTrafficPolicy Local each node tells by itself whether it has a pod: on a port that no other cluster's
 * nodes have.
 */
function healthCheckOf(service: ServiceObject, targetType: "ip" | "instance"): HealthCheck {
  const local = targetType === "instance" && service.spec.externalTrafficPolicy === "Local";
  const protocol = (annotation(service, "healthcheck-protocol") ?? (local ? "HTTP" : "TCP")).toUpperCase();
  const http = protocol !== "TCP";
  const port =
    annotation(service, "healthcheck-port") ??
    (local ? String(service.spec.healthCheckNodePort ?? "") : "traffic-port");
  if (port !== "traffic-port" && !/^\d+$/.test(port)) throw new Error(`health check port "${port}" not supported`);
  return {
    protocol,
    port,
    path: http ? (annotation(service, "healthcheck-path") ?? (local ? "/healthz" : "/")) : undefined,
    matcher: http ? (annotation(service, "healthcheck-success-codes") ?? "200-399") : undefined,
    intervalSeconds: wholeNumber(service, "healthcheck-interval", 10),
    timeoutSeconds: wholeNumber(service, "healthcheck-timeout", protocol === "HTTP" ? 6 : 10),
    healthyThreshold: wholeNumber(service, "healthcheck-healthy-threshold", local ? 2 : 3),
    unhealthyThreshold: wholeNumber(service, "healthcheck-unhealthy-threshold", local ? 2 : 3),
  };
}
