/**
 * Which target groups an environment has: one per port of each service, under a key that outputs, observations and the
 * record share. Pure.
 */
import type {
  EnvironmentConfig,
  ExternalConfig,
  FileWorkload,
  LoadBalancerOwner,
  ServiceConfig,
  ServicePortConfig,
} from "./types";
import type { ServiceTargetGroup } from "../contract";
import type { AdoptedLoadBalancer, EnvironmentRecord, Ownership } from "../record/types";

export interface TargetGroupSpec {
  /** The service's name, or `<service>-<port name>` when it has several ports. */
  readonly key: string;
  readonly service: string;
  readonly namespace: string;
  /** Name of the port of the member's Services; `http` when the service has one port without a name. */
  readonly portName: string;
  /** Listener port. */
  readonly port: number;
  /** Container port. */
  readonly targetPort: number;
  /** Name of the members' own Service, and its port. */
  readonly kubernetesService: string;
  readonly servicePort: number;
  readonly targetType: "ip" | "instance";
  readonly healthCheckPath: string;
  /**
   * null: the target's own port. Of several ports of `ip` targets the first answers for all: health is the pod's, not
   * the port's.
   */
  readonly healthCheckPort: number | null;
  readonly deregistrationDelaySeconds: number;
  /** With owner `service`: name of the primary's Service of type LoadBalancer. */
  readonly loadBalancerService: string;
}

/** All ports of a service, however they were written. */
export function portsOf(
  service: Pick<ServiceConfig, "port" | "targetPort" | "ports" | "servicePort">,
): readonly ServicePortConfig[] {
  const { port, targetPort, servicePort } = service;
  return service.ports ?? [{ name: "http", port, targetPort, ...(servicePort === undefined ? {} : { servicePort }) }];
}

/** Somebody else deploys its workload on every member; nothing of that is ever written. */
export const isExternal = (service: Pick<ServiceConfig, "workload">): boolean => service.workload === "external";

/** Each member's stack makes its workload from files of the repository, a chart too, and no move writes anything of it. */
export const isFromFiles = <T extends Pick<ServiceConfig, "workload">>(
  service: T,
): service is T & { readonly workload: FileWorkload } =>
  service.workload === "manifests" || service.workload === "chart";

/** This package writes its workload, and moves stop, start and scale it. */
export const isManaged = ({ workload = "managed" }: Pick<ServiceConfig, "workload">): boolean => workload === "managed";

/** What the config says of a workload that this package does not write. */
export const lookedForAs = (
  service: Pick<ServiceConfig, "external" | "manifests" | "chart">,
): ExternalConfig | undefined => service.external ?? service.manifests ?? service.chart;

/** Somebody else than the config says how many pods there are: an autoscaler, files, or who deploys the workload. */
export const replicasAreTheirs = (service: Pick<ServiceConfig, "workload" | "autoscaled">): boolean =>
  service.autoscaled || !isManaged(service);

/** Whether any workload is to be stopped before its member goes. One from files ends with its objects. */
export const stopsWorkloads = ({ services }: Pick<EnvironmentConfig, "services">): boolean => services.some(isManaged);

/** The primary's Service of type LoadBalancer for this service. */
export function loadBalancerServiceOf(service: Pick<ServiceConfig, "name" | "existing">): string {
  return service.existing?.service ?? `${service.name}-lb`;
}

/** One per port of each service, in the config's order. */
export function targetGroupsOf(config: Pick<EnvironmentConfig, "services">): readonly TargetGroupSpec[] {
  return config.services.flatMap((service) => {
    const all = portsOf(service);
    const targetType = service.targetType ?? "ip";
    return all.map((port): TargetGroupSpec => ({
      key: all.length === 1 ? service.name : `${service.name}-${port.name}`,
      service: service.name,
      namespace: service.namespace,
      portName: port.name,
      port: port.port,
      targetPort: port.targetPort,
      kubernetesService: lookedForAs(service)?.service ?? service.name,
      servicePort: port.servicePort ?? port.targetPort,
      targetType,
      healthCheckPath: service.healthCheckPath,
      // A NodePort differs from cluster to cluster, so instance targets can only be asked on their own.
      healthCheckPort: all.length === 1 || targetType === "instance" ? null : service.targetPort,
      deregistrationDelaySeconds: service.deregistrationDelaySeconds,
      loadBalancerService: loadBalancerServiceOf(service),
    }));
  });
}

export function ownerOf(config: Pick<EnvironmentConfig, "loadBalancer">): LoadBalancerOwner {
  return config.loadBalancer?.owner ?? "stack";
}

/**
 * Who owns the load balancers now: what the record says, else (an environment without one, or an older one) the config.
 */
export function ownershipOf(
  record: Pick<EnvironmentRecord, "ownership"> | null,
  config: Pick<EnvironmentConfig, "loadBalancer" | "members">,
): Ownership {
  if (record?.ownership !== undefined) return record.ownership;
  const owner = ownerOf(config);
  return {
    owner,
    primary: owner === "service" ? (config.loadBalancer?.primary ?? config.members[0] ?? null) : null,
    adopted: null,
  };
}

/** Name of a member's EKS cluster. */
export function clusterNameOf(
  environment: { readonly environment: string; readonly config: Pick<EnvironmentConfig, "memberClusters"> },
  member: string,
): string {
  return environment.config.memberClusters?.[member]?.existing?.clusterName ?? `${environment.environment}-${member}`;
}

/**
 * The target groups of a load balancer that was, or is being, handed over: its tags, by which it was found, are gone.
 */
export function targetGroupsOfAdopted(
  service: string,
  { arn, dnsName, listeners, targetGroups, securityGroups }: AdoptedLoadBalancer,
): Readonly<Record<string, ServiceTargetGroup>> {
  const source = securityGroups.find(({ kind }) => kind === "backend") ?? securityGroups[0];
  return Object.fromEntries(
    listeners.flatMap((listener) =>
      targetGroups
        .filter(({ key }) => key === listener.targetGroupKey)
        .map((group): [string, ServiceTargetGroup] => [
          group.key,
          {
            name: group.key,
            service,
            loadBalancerArn: arn,
            dnsName,
            targetGroupArn: group.arn,
            targetGroupName: group.name,
            listenerArn: listener.arn,
            port: listener.port,
            securityGroupId: source?.id ?? null,
          },
        ]),
    ),
  );
}

/** Those that no stack's outputs and no tag lead to while a load balancer changes hands. */
export function targetGroupsInHandover(
  record: Pick<EnvironmentRecord, "ownership" | "adoption">,
): Readonly<Record<string, ServiceTargetGroup>> {
  const { adoption, ownership } = record;
  const handedOver = Object.entries(ownership?.adopted ?? {}).map(([service, balancer]) =>
    targetGroupsOfAdopted(service, balancer),
  );
  return Object.assign(
    {},
    adoption == null ? {} : targetGroupsOfAdopted(adoption.service, adoption.before.loadBalancer),
    ...handedOver,
  ) as Record<string, ServiceTargetGroup>;
}

/** The controller's own way of naming a target group begins so; the rest is a hash that nobody can know before. */
const controllerName = ({ namespace, loadBalancerService }: ServiceName): string =>
  `k8s-${[namespace, loadBalancerService].map((part) => part.replace(/[^a-z0-9]/gi, "").slice(0, 8)).join("-")}-*`;

/**
 * What a member's controller may register into: the known target groups, and by name those that a primary's controller
 * makes.
 */
export function targetGroupArnPatterns(
  environment: { readonly region: string; readonly config: Pick<EnvironmentConfig, "services"> },
  ownership: Ownership,
  /** The member's own, by port. */
  groups: Readonly<Record<string, { readonly targetGroupArn: string }>>,
): string[] {
  return [
    ...new Set(
      targetGroupsOf(environment.config).flatMap((spec) => {
        // The name says the same before and after a handover, so that the policy does not change with it.
        if (ownership.owner === "service" || ownership.adopted?.[spec.service] !== undefined)
          return [`arn:*:elasticloadbalancing:${environment.region}:*:targetgroup/${controllerName(spec)}/*`];
        const arn = groups[spec.key]?.targetGroupArn;
        return arn === undefined ? [] : [arn];
      }),
    ),
  ];
}

interface ServiceName {
  readonly namespace: string;
  readonly loadBalancerService: string;
}

/**
 * The tags by which everything that the controller made for a Service is found
 * (docs/reference/controller-behaviour.md).
 */
export const controllerTags = {
  cluster: "elbv2.k8s.aws/cluster",
  stack: "service.k8s.aws/stack",
  resource: "service.k8s.aws/resource",
  loadBalancer: (
    clusterName: string,
    { namespace, loadBalancerService }: ServiceName,
  ): Readonly<Record<string, string>> => ({
    "elbv2.k8s.aws/cluster": clusterName,
    "service.k8s.aws/stack": `${namespace}/${loadBalancerService}`,
    "service.k8s.aws/resource": "LoadBalancer",
  }),
  targetGroup: (
    clusterName: string,
    { namespace, loadBalancerService, port }: ServiceName & { readonly port: number },
  ): Readonly<Record<string, string>> => ({
    "elbv2.k8s.aws/cluster": clusterName,
    "service.k8s.aws/stack": `${namespace}/${loadBalancerService}`,
    "service.k8s.aws/resource": `${namespace}/${loadBalancerService}:${port}`,
  }),
  /** The group that the controller makes for one load balancer, when its Service names none. */
  managedSecurityGroup: (
    clusterName: string,
    { namespace, loadBalancerService }: ServiceName,
  ): Readonly<Record<string, string>> => ({
    "elbv2.k8s.aws/cluster": clusterName,
    "service.k8s.aws/stack": `${namespace}/${loadBalancerService}`,
    "service.k8s.aws/resource": "ManagedLBSecurityGroup",
  }),
  backendSecurityGroup: (clusterName: string): Readonly<Record<string, string>> => ({
    "elbv2.k8s.aws/cluster": clusterName,
    "elbv2.k8s.aws/resource": "backend-sg",
  }),
} as const;
