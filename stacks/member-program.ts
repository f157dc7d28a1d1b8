/** A member's stack: cluster, nodes, controller, workloads, and the bindings while it is active. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { Cluster, createWorkloadNamespace, LoadBalancerController, MemberIngress, MultiClusterService, Workload } from "../components";
import { lookUpAddonVersions, observeClusterVersion } from "./member-observation";
import { parseMemberConfig } from "./config";
import type { ServiceConfig } from "./config";
import { type AddonVersions, type DriverContext, type EnvironmentOutputs, type MemberOutputs, RECORD_LOST } from "./contract";
import { capacityOf, desiredOfMember, higherVersion, nodePercentOf, nodesAt, replicasAt } from "./record";
import type { EnvironmentRecord, MemberPlacement } from "./record";
import { fence, readLastEnvironment } from "./record-source";
import { readStackOutputs } from "./stack-reading";

/** All that the declaration of one member needs, read and decided before any resource. */
interface MemberPlan {
  readonly member: string;
  readonly environment: EnvironmentOutputs;
  readonly declared: MemberPlacement;
  readonly bindings: "declared" | "none";
  /** Lifted while a drain is open, or the engine would refuse to remove what it still protects. */
  readonly protectBindings: boolean;
  readonly version: string;
  readonly addons: AddonVersions;
  readonly clusterName: string;
  readonly provider: aws.Provider;
}

async function readEnvironment(environment: string): Promise<EnvironmentOutputs> {
  // Checks readability and the record; the rest of the outputs comes with the same reading.
  const last = await readLastEnvironment(environment);
  const reading = await readStackOutputs(environment);
  if (last === null || reading.kind !== "outputs") {
    throw new Error(`${RECORD_LOST}: the environment's stack '${environment}' has no outputs yet. Deploy it first: pulumi up -s ${environment}`);
  }
  return { ...(reading.outputs as unknown as EnvironmentOutputs), record: last.record };
}

function protectsBindings(record: EnvironmentRecord, member: string): boolean {
  return !(record.intent?.move.member === member && record.intent.move.kind === "drain");
}

function createServices(plan: MemberPlan, cluster: Cluster, before: pulumi.Resource[]): MemberOutputs["services"] {
  const { member, environment } = plan;
  const inCluster = { provider: cluster.provider };
  // Kubernetes has these namespaces already.
  const builtIn = new Set(["default", "kube-system", "kube-public"]);
  const names = [...new Set(environment.config.services.map((service) => service.namespace))].filter((namespace) => !builtIn.has(namespace));
  const namespaces = new Map(names.map((namespace) => [namespace, createWorkloadNamespace(`${member}-${namespace}`, namespace, { ...inCluster, dependsOn: cluster.ready })]));
  const entries = environment.config.services.map((service) => {
    const namespace = namespaces.get(service.namespace);
    return [service.name, createService(plan, service, inCluster, [...before, ...(namespace === undefined ? [] : [namespace])])] as const;
  });
  return Object.fromEntries(entries);
}

function createService(plan: MemberPlan, service: ServiceConfig, inCluster: { provider: pulumi.ProviderResource }, before: pulumi.Resource[]): MemberOutputs["services"][string] {
  const { member, environment, declared } = plan;
  const shared = environment.loadBalancer.services[service.name];
  if (shared === undefined) throw new Error(`service '${service.name}' has no target group yet. Deploy the environment's stack first: pulumi up -s ${environment.environment}`);
  const workload = new Workload(`${member}-${service.name}`, {
    workloadName: service.name,
    namespace: service.namespace,
    image: service.image,
    containerPort: service.targetPort,
    servicePort: service.targetPort,
    replicas: replicasAt(service.replicas, capacityOf(declared)),
    autoscaled: service.autoscaled,
    stopped: declared.workload === "stopped",
    memberName: member,
    healthCheckPath: service.healthCheckPath,
    preStopSeconds: service.preStopSeconds,
    terminationGraceSeconds: service.terminationGraceSeconds,
    environment: { ...service.environment },
  }, { ...inCluster, dependsOn: before });
  const bound = new MultiClusterService(`${member}-${service.name}`, {
    namespace: service.namespace,
    serviceName: workload.serviceName,
    servicePort: workload.servicePort,
    targetGroups: [{ bindingName: service.name, targetGroupArn: shared.targetGroupArn }],
    active: plan.bindings === "declared",
    protectBindings: plan.protectBindings,
  }, { ...inCluster, dependsOn: [...before, workload] });
  return {
    namespace: service.namespace,
    deployment: workload.deploymentName,
    service: workload.serviceName,
    servicePort: workload.servicePort,
    targetGroupArn: shared.targetGroupArn,
    binding: bound.bindingNames[0] ?? null,
    selector: workload.selector,
  };
}

function createCluster(plan: MemberPlan, tags: Record<string, string>): Cluster {
  const { config, network } = plan.environment;
  const { instanceTypes, minSize, maxSize } = config.cluster.nodes;
  const desiredSize = nodesAt(config.cluster.nodes, nodePercentOf(plan.declared));
  return new Cluster(plan.member, {
    clusterName: plan.clusterName,
    version: plan.version,
    vpcId: network.vpcId,
    privateSubnetIds: [...network.privateSubnetIds],
    nodes: { instanceTypes: [...instanceTypes], minSize, desiredSize, maxSize },
    addons: plan.addons,
    serviceCidrBlock: config.cluster.serviceCidrBlock ?? undefined,
    oidcProvider: config.controller.identity === "irsa",
    tags,
  }, { providers: [plan.provider] });
}

function declareMember(plan: MemberPlan): Record<string, unknown> {
  const { member, environment } = plan;
  const { config, network, loadBalancer } = environment;
  const tags = { "eks-blue-green/environment": environment.environment, "eks-blue-green/member": member };
  const cluster = createCluster(plan, tags);
  const ingress = new MemberIngress(member, {
    podSecurityGroupId: cluster.podSecurityGroupId,
    loadBalancerSecurityGroupId: loadBalancer.securityGroupId ?? "",
    ports: config.services.map((service) => service.targetPort),
  }, { providers: [plan.provider] });
  const controller = new LoadBalancerController(member, {
    clusterName: plan.clusterName,
    region: environment.region,
    vpcId: network.vpcId,
    version: config.controller.version,
    chart: config.controller.chart,
    ...(config.controller.repository === null ? {} : { repository: config.controller.repository }),
    identity: config.controller.identity,
    ...(config.controller.identity === "irsa" ? { oidcProviderArn: cluster.oidcProviderArn, oidcProviderUrl: cluster.oidcProviderUrl } : {}),
    targetGroupArns: Object.values(loadBalancer.services).map((service) => service.targetGroupArn),
    tags,
  }, { providers: [plan.provider, cluster.provider], dependsOn: cluster.ready });
  const services = createServices(plan, cluster, [ingress, controller]);
  const connection = cluster.kubeconfig.apply(connectionOf);
  return {
    schemaVersion: 1,
    environment: environment.environment,
    member,
    declared: { ...plan.declared, version: plan.version },
    revision: environment.record.revision,
    clusterName: plan.clusterName,
    endpoint: connection.endpoint,
    certificateAuthorityData: connection.certificateAuthorityData,
    kubeconfig: cluster.kubeconfig,
    region: environment.region,
    controller: { namespace: controller.namespace, deployment: controller.deploymentName, version: controller.version },
    services,
    addons: { minor: plan.version, versions: plan.addons },
  };
}

/** Endpoint and certificate authority as the kubeconfig has them. */
export function connectionOf(kubeconfig: string): { endpoint: string; certificateAuthorityData: string } {
  const parsed = JSON.parse(kubeconfig) as { clusters?: { cluster?: { server?: string; "certificate-authority-data"?: string } }[] };
  const cluster = parsed.clusters?.[0]?.cluster;
  return { endpoint: cluster?.server ?? "", certificateAuthorityData: cluster?.["certificate-authority-data"] ?? "" };
}

/** Reads and decides everything, then declares the member; an absent member declares nothing. */
export async function memberProgram(values: Readonly<Record<string, string>>, context?: DriverContext): Promise<Record<string, unknown>> {
  const { environment: environmentName, member } = parseMemberConfig(values);
  const stack = pulumi.getStack();
  if (stack !== `${environmentName}-${member}`) {
    throw new Error(`the config of stack '${stack}' names member '${member}' of '${environmentName}', whose stack is '${environmentName}-${member}'. Correct Pulumi.${stack}.yaml`);
  }
  if (context?.kind === "record") throw new Error(`a record is written into the environment's stack '${environmentName}', not into '${stack}'`);
  const environment = await readEnvironment(environmentName);
  if (context !== undefined) fence(environment.record.revision, context.expectedRevision, `the update of '${stack}'`);
  const desired = desiredOfMember(environment.record, member, { acting: context !== undefined, environment: environmentName });
  if (desired.refuse !== null) throw new Error(`${desired.refuse.reason}. Remedy: ${desired.refuse.remedy}`);
  if (desired.placement.version === null) return {};
  const clusterName = `${environmentName}-${member}`;
  const provider = new aws.Provider(`${member}-aws`, { region: environment.region as aws.Region });
  const own = await readStackOutputs(stack);
  const last = own.kind === "outputs" ? (own.outputs as Partial<MemberOutputs>) : {};
  // Only a cluster that this stack has made can have been upgraded by EKS meanwhile.
  const observed = last.clusterName === undefined ? null : await observeClusterVersion(clusterName, provider);
  const version = higherVersion(desired.placement.version, observed) ?? desired.placement.version;
  const addons = await lookUpAddonVersions(version, environment.config.cluster.addons, last.addons, provider);
  return declareMember({
    member, environment, declared: desired.placement, bindings: desired.bindings, protectBindings: protectsBindings(environment.record, member), version, addons, clusterName, provider,
  });
}
