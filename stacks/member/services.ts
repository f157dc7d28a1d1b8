/** What a member runs for each service: its workload, and its share in the service's target groups. */
import type * as pulumi from "@pulumi/pulumi";
import {
  createWorkloadNamespace,
  LoadBalancerService,
  MultiClusterService,
  type PodTemplate,
  Workload,
  type WorkloadObjects,
} from "../../components";
import { keepsAnnotations, takesBindingsOver } from "../record/adoption";
import type { ServiceConfig } from "../config";
import { accountNameOf, hasRole } from "../config/keys/service-account";
import type { EnvironmentOutputs, MemberServiceOutputs, ServiceTargetGroup } from "../contract";
import { capacityOf, replicasAt } from "../record/desired-member";
import type { AdoptedLoadBalancer, MemberPlacement, Ownership } from "../record";
import type { Release } from "../record/teardown-guard";
import { type AccountsPlan, createAccount } from "./accounts";
import { declareFromFiles, type FilesToDeclare } from "./workload-files";
import { isExternal, isManaged, portsOf, targetGroupsOf, type TargetGroupSpec } from "../config/target-groups";

export interface ServicesPlan extends Pick<AccountsPlan, "clusterName" | "provider"> {
  readonly member: string;
  readonly environment: EnvironmentOutputs;
  readonly declared: MemberPlacement;
  readonly bindings: "declared" | "none";
  readonly protectBindings: boolean;
  readonly ownership: Ownership;
  /** Those in which the member serves, by port; without those that are not there yet. */
  readonly targetGroups: Readonly<Record<string, Pick<ServiceTargetGroup, "targetGroupArn">>>;
  /**
   * Only at the end of a teardown, on the primary: what becomes of its Services of type LoadBalancer. Absent or null:
   * they stay.
   */
  readonly release?: Release | null;
  /** Objects of the workloads that come from files; null: this update leaves them as they are. */
  readonly files: FilesToDeclare | null;
}

/**
 * `binds`: the member has bindings of its own · `owns`: its Service owns the load balancer · `owned`: it did, until the
 * load balancer
 * was handed over; the controller's bindings are taken over.
 */
export type Part = "binds" | "owns" | "owned";

export function partOf(ownership: Ownership, service: string, member: string): Part {
  const adopted = ownership.adopted?.[service] !== undefined;
  if (adopted) return (ownership.formerPrimary ?? ownership.primary) === member ? "owned" : "binds";
  return ownership.owner === "service" && ownership.primary === member ? "owns" : "binds";
}

interface InCluster {
  readonly provider: pulumi.ProviderResource;
  readonly dependsOn: pulumi.Resource[];
}
/** What the services need of the cluster. */
export interface ClusterParts {
  readonly provider: pulumi.ProviderResource;
  /** Long before nodes are there. */
  readonly controlPlane: pulumi.Resource[];
  /** What pods need before they can run. */
  readonly ready: pulumi.Resource[];
}

/** Whether the member's stack makes the service's workload: nothing is made for one that others keep. */
export const makesWorkload = (ownership: Ownership, service: ServiceConfig, member: string): boolean =>
  isManaged(service) && !(service.existing != null && partOf(ownership, service.name, member) !== "binds");

/** Whether the member's stack gives the service's pods an account, or a role in AWS for the one that others declare. */
export const makesAccount = (ownership: Ownership, service: ServiceConfig, member: string): boolean =>
  isManaged(service) ? makesWorkload(ownership, service, member) : hasRole(service);

function createWorkload(plan: ServicesPlan, service: ServiceConfig, options: InCluster): Workload {
  const { member, declared } = plan;
  const account = accountNameOf(service);
  return new Workload(
    `${member}-${service.name}`,
    {
      workloadName: service.name,
      namespace: service.namespace,
      // Only a workload of somebody else's has none in the config.
      image: service.image ?? "",
      containerPort: service.targetPort,
      servicePort: service.targetPort,
      // The member's own Service has the container's ports: listener ports may be privileged, and are the load
      // balancer's alone.
      ...(service.ports === undefined
        ? {}
        : { ports: service.ports.map(({ name, targetPort }) => ({ name, port: targetPort, targetPort })) }),
      ...(service.targetType === "instance" ? { serviceType: "NodePort" as const } : {}),
      replicas: replicasAt(service.replicas, capacityOf(declared)),
      autoscaled: service.autoscaled,
      stopped: declared.workload === "stopped",
      memberName: member,
      healthCheckPath: service.healthCheckPath,
      preStopSeconds: service.preStopSeconds,
      loadBalancerType: plan.environment.loadBalancer.type ?? "network",
      terminationGraceSeconds: service.terminationGraceSeconds,
      environment: { ...service.environment },
      ...(service.memory === undefined ? {} : { memory: service.memory }),
      ...(service.cpu === undefined ? {} : { cpuRequest: service.cpu }),
      ...(service.podSecurity === undefined ? {} : { podSecurity: service.podSecurity }),
      ...(account === null ? {} : { serviceAccountName: account }),
      // EKS gives credentials only when it admits a pod: pods are made anew when a role comes or goes.
      ...(hasRole(service) ? { podAnnotations: { "eks-blue-green/aws-identity": "pod-identity" } } : {}),
      // The declaration has checked it against Kubernetes' own description.
      ...(service.podTemplate === undefined ? {} : { podTemplate: service.podTemplate as PodTemplate }),
      ...(service.environmentFrom === undefined ? {} : { environmentFrom: [...service.environmentFrom] }),
    },
    options,
  );
}

/**
 * The primary's Service of type LoadBalancer; after its load balancer was handed over the same Service, as ClusterIP.
 */
function createLoadBalancerService(
  plan: ServicesPlan,
  service: ServiceConfig,
  specs: readonly TargetGroupSpec[],
  part: "owns" | "owned",
  selector: Record<string, string>,
  options: InCluster,
): void {
  const [spec] = specs;
  if (spec === undefined) return;
  const { config, record } = plan.environment;
  const annotated = part === "owns" || keepsAnnotations(record.adoption, service.name);
  // Nothing of ours is left on a Service that others own, once its load balancer is the stack's.
  if (service.existing != null && !annotated) return;
  new LoadBalancerService(
    `${plan.member}-${spec.service}-lb`,
    {
      serviceName: spec.loadBalancerService,
      namespace: service.namespace,
      targetType: spec.targetType,
      active: part === "owned" || plan.bindings === "declared",
      ...(part === "owned" ? { handedOver: true, annotated } : {}),
      ...(plan.release === "unprotect" ? { protect: false, force: true } : {}),
      ...(service.existing != null
        ? { existing: true }
        : {
            ports: portsOf(service).map((port) => ({ ...port })),
            selector,
            internal: config.loadBalancer?.scheme === "internal",
            crossZone: config.loadBalancer?.crossZone ?? true,
            clientCidrBlocks: [...(config.loadBalancer?.clientCidrBlocks ?? ["0.0.0.0/0"])],
            healthCheckPath: spec.healthCheckPath,
            ...(spec.healthCheckPort === null ? {} : { healthCheckPort: spec.healthCheckPort }),
            deregistrationDelaySeconds: spec.deregistrationDelaySeconds,
          }),
    },
    options,
  );
}

/** Bindings that are taken over keep name, Service and networking: anything else would drain what they hold. */
function targetGroupArgs(
  plan: ServicesPlan,
  spec: TargetGroupSpec,
  arn: string,
  part: Part,
  adopted: AdoptedLoadBalancer | undefined,
) {
  const taken = part === "owned" ? adopted?.bindings?.find((binding) => binding.key === spec.key) : undefined;
  if (taken === undefined) return { bindingName: spec.key, targetGroupArn: arn, servicePort: spec.servicePort };
  const takeOver = takesBindingsOver(plan.environment.record.adoption, spec.service);
  return {
    bindingName: taken.name,
    targetGroupArn: arn,
    serviceName: taken.service,
    servicePort: taken.servicePort,
    networking: taken.networking,
    madeByController: true,
    ...(takeOver ? { takeOver } : {}),
  };
}

function notThere(plan: ServicesPlan, service: ServiceConfig, missing: readonly TargetGroupSpec[]): Error {
  const { environment } = plan.environment;
  const keys = missing.map(({ key }) => `'${key}'`).join(", ");
  const { primary } = plan.ownership;
  if (primary === null || plan.ownership.owner === "stack")
    return new Error(
      `service '${service.name}' has no target group yet (${keys}). Deploy the environment's stack first: pulumi ` +
        `up -s ${environment}`,
    );
  return new Error(
    `the load balancer of '${service.name}' is not there yet (target group ${keys}): the primary '${primary}' ` +
      `makes it, and ${plan.member} is active and would have nothing to bind to. Deploy the primary first: pulumi ` +
      `up -s ${environment}-${primary}; then: pulumi up -s ${environment}-${plan.member}`,
  );
}

interface Declared {
  /** By target group key. */
  readonly services: Readonly<Record<string, MemberServiceOutputs>>;
  readonly fromFiles: readonly WorkloadObjects[];
}

function createService(
  plan: ServicesPlan,
  service: ServiceConfig,
  { controlPlane, ...options }: InCluster & Pick<ClusterParts, "controlPlane">,
): Declared {
  const { member, ownership, targetGroups } = plan;
  const part = partOf(ownership, service.name, member);
  const specs = targetGroupsOf({ services: [service] });
  // Nothing is made for a workload that others keep; elsewhere it is ours.
  const others = part === "binds" ? null : (service.existing ?? null);
  const ours = makesWorkload(ownership, service, member);
  const account = makesAccount(ownership, service, member)
    ? createAccount(plan, service, { provider: options.provider, controlPlane, runsAfter: options.dependsOn })
    : null;
  // Its pods get their credentials while they are admitted, and never later.
  const behind = { ...options, dependsOn: [...options.dependsOn, ...(account === null ? [] : [account])] };
  const workload = ours ? createWorkload(plan, service, behind) : null;
  const fromFiles = declareFromFiles(plan.files, member, service, behind.dependsOn);
  const after = { ...options, dependsOn: [...options.dependsOn, ...(workload === null ? [] : [workload])] };
  const selector = { ...workload?.selector };
  const released = part === "owns" && plan.release === "remove";
  if (part !== "binds" && !released) createLoadBalancerService(plan, service, specs, part, selector, after);
  const serviceName = workload?.serviceName ?? others?.service ?? null;
  const behindAll = fromFiles === null ? after : { ...after, dependsOn: behindObjects(after, fromFiles) };
  const bound = part === "owns" ? null : bind(plan, service, specs, part, serviceName, behindAll);
  const outputs = Object.fromEntries(
    specs.map((spec, index) => [
      spec.key,
      {
        namespace: service.namespace,
        ...(isManaged(service) ? {} : { workload: service.workload }),
        ...(account !== null && hasRole(service) ? { awsIdentity: account.serviceAccountName } : {}),
        deployment: workload?.deploymentName ?? others?.deployment ?? null,
        service: workload?.serviceName ?? others?.service ?? spec.kubernetesService,
        servicePort: others === null ? spec.servicePort : spec.port,
        targetGroupArn: targetGroups[spec.key]?.targetGroupArn ?? null,
        targetType: spec.targetType,
        boundBy: part === "owns" ? ("load-balancer-service" as const) : ("binding" as const),
        loadBalancerService: part === "binds" || released ? null : spec.loadBalancerService,
        loadBalancerServicePort: part === "binds" || released ? null : spec.port,
        binding: bound?.bindingNames[index] ?? null,
        selector,
      },
    ]),
  );
  return { services: outputs, fromFiles: fromFiles === null ? [] : [fromFiles] };
}

/** Its objects are there when the component is told to be: they are declared later than it is. */
const behindObjects = ({ dependsOn }: InCluster, objects: WorkloadObjects): pulumi.Output<pulumi.Resource[]> =>
  objects.declared.apply((all) => [...dependsOn, ...all]);

function bind(
  plan: ServicesPlan,
  service: ServiceConfig,
  specs: readonly TargetGroupSpec[],
  part: Part,
  serviceName: string | null,
  options: pulumi.ComponentResourceOptions,
): MultiClusterService | null {
  const adopted = plan.ownership.adopted?.[service.name];
  const missing = specs.filter(({ key }) => plan.targetGroups[key] === undefined);
  const active = plan.bindings === "declared";
  if (missing.length > 0 && (active || plan.ownership.owner === "stack")) throw notThere(plan, service, missing);
  // A standby may wait for the primary's load balancer.
  if (missing.length > 0) return null;
  return new MultiClusterService(
    `${plan.member}-${service.name}`,
    {
      namespace: service.namespace,
      serviceName: serviceName ?? specs[0]?.kubernetesService ?? service.name,
      servicePort: specs[0]?.servicePort ?? service.targetPort,
      ...(service.targetType === "instance" ? { targetType: "instance" as const } : {}),
      targetGroups: specs.map((spec) =>
        targetGroupArgs(plan, spec, plan.targetGroups[spec.key]?.targetGroupArn ?? "", part, adopted),
      ),
      active,
      protectBindings: plan.protectBindings,
    },
    options,
  );
}

/** Namespaces that are needed, then every service. */
export function createServices(
  plan: ServicesPlan,
  { provider, ready, controlPlane }: ClusterParts,
  before: pulumi.Resource[],
): Declared {
  const { member, environment, ownership } = plan;
  // Kubernetes has these namespaces already; and where somebody else's workload is, its namespace is as well.
  const there = new Set(["default", "kube-system", "kube-public"]);
  for (const service of environment.config.services)
    if (service.existing != null && partOf(ownership, service.name, member) !== "binds") there.add(service.namespace);
  const ours = environment.config.services.filter((service) => !isExternal(service));
  const names = [...new Set(ours.map((service) => service.namespace))].filter((namespace) => !there.has(namespace));
  const namespaces = new Map(
    names.map((namespace) => [
      namespace,
      createWorkloadNamespace(`${member}-${namespace}`, namespace, {
        provider,
        dependsOn: ready,
        // A cluster that was there before may have had it, with things of others' in it: all of ours goes by itself.
        retainOnDelete: environment.config.memberClusters?.[member]?.existing != null,
      }),
    ]),
  );
  const declared = environment.config.services.map((service) => {
    const namespace = namespaces.get(service.namespace);
    return createService(plan, service, {
      provider,
      controlPlane,
      dependsOn: [...before, ...(namespace === undefined ? [] : [namespace])],
    });
  });
  return {
    services: Object.fromEntries(declared.flatMap(({ services }) => Object.entries(services))),
    fromFiles: declared.flatMap(({ fromFiles }) => fromFiles),
  };
}
