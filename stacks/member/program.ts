/** A member's stack: cluster, nodes, controller, workloads, and the bindings while it is active. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type Cluster, LoadBalancerController } from "../../components";
import { type ClusterPlan, createCluster, readCluster } from "./cluster";
import { parseMemberConfig } from "../config";
import { hasRole } from "../config/keys/service-account";
import { providerSettings } from "../config/aws-provider";
import { createIngress } from "./ingress-rules";
import { createServices, makesAccount, type Part, partOf, type ServicesPlan } from "./services";
import { keepsAnnotations } from "../record/adoption";
import {
  findManagedGroups,
  findSourceGroups,
  findTargetGroups,
  type FoundTargetGroups,
  targetGroupsSeen,
} from "./aws-lookups";
import { ownGroupsOf } from "../config/group-refs";
import { clusterNameOf, ownershipOf, targetGroupArnPatterns } from "../config/target-groups";
import { type DriverContext, type EnvironmentOutputs, type MemberOutputs, RECORD_LOST } from "../contract";
import { desiredOfMember } from "../record";
import type { EnvironmentRecord, MemberPlacement } from "../record";
import { fence, holderOf, readLastEnvironment } from "../environment/record-store";
import { extendMember } from "../extension/member";
import { keptExtension } from "../extension/run";
import { contextOfMove, declaresExtension } from "../extension/when";
import type { EnvironmentExtension } from "../extension/types";
import { mayRelease, refusePlainUpdate } from "../record/teardown-guard";
import { fromProgram } from "../shared/project-paths";
import { readStackOutputs } from "../shared/stack-outputs";
import type { WorkloadFiles } from "../workload-files/read";
import { readIfDeclared, workloadFilesOutputs, writerOfFiles } from "./workload-files";

/** All that the declaration of one member needs, read and decided before any resource. */
interface MemberPlan extends Omit<ServicesPlan, "targetGroups" | "files">, ClusterPlan {
  /** null: this update leaves the workloads that come from files as they are. */
  readonly files: WorkloadFiles | null;
  readonly found: FoundTargetGroups;
  readonly managedGroups: Readonly<Record<string, string>>;
  readonly sourceGroups: Readonly<Record<string, string>>;
  readonly provider: aws.Provider;
  readonly last: Partial<MemberOutputs>;
  /** Declares, or keeps, what the user's own program has in this stack. */
  readonly extend: (cluster: Cluster, runsAfter: readonly pulumi.Resource[]) => Promise<Record<string, unknown>>;
}

async function readEnvironment(
  environment: string,
): Promise<{ readonly environment: EnvironmentOutputs; readonly sharesSecrets: boolean }> {
  // Checks readability and the record; the rest of the outputs comes with the same reading.
  const last = await readLastEnvironment(environment);
  const reading = await readStackOutputs(environment);
  if (last === null || reading.kind !== "outputs") {
    throw new Error(
      `${RECORD_LOST}: the environment's stack '${environment}' has no outputs yet. Deploy it first: pulumi up ` +
        `-s ${environment}`,
    );
  }
  return {
    environment: { ...(reading.outputs as unknown as EnvironmentOutputs), record: last.record },
    sharesSecrets: reading.secretNames.includes("extensionOutputs"),
  };
}

function protectsBindings(record: EnvironmentRecord, member: string): boolean {
  return !(record.intent?.move.member === member && record.intent.move.kind === "drain");
}

/**
 * What the controller is permitted. A former primary is cut to what its bindings need (they keep their networking) in
 * the hand-over's last update, when nothing leads back any more. Its webhook stays: it is a value of the chart.
 */
export function controllerPart(
  record: Pick<EnvironmentRecord, "adoption">,
  parts: readonly (readonly [service: string, part: Part])[],
): { loadBalancers?: boolean; bindingNetworking?: boolean; serviceWebhook?: boolean } {
  const owns = parts.some(
    ([service, part]) => part === "owns" || (part === "owned" && keepsAnnotations(record.adoption, service)),
  );
  if (owns) return { loadBalancers: true };
  return parts.some(([, part]) => part === "owned") ? { bindingNetworking: true, serviceWebhook: true } : {};
}

/** The controller, unless the cluster has its own; what must run before anything can be bound. */
function createController(
  plan: MemberPlan,
  cluster: Cluster,
  tags: Record<string, string>,
): { readonly before: pulumi.Resource[]; readonly outputs: Record<string, pulumi.Input<string>> } {
  const { member, environment, existing, ownership } = plan;
  const { config, network } = environment;
  const { version } = config.controller;
  // A cluster of somebody else's keeps nothing: its controller's role follows the config.
  const boundary = plan.made === null ? config.cluster.permissionsBoundaryArn : plan.made.permissionsBoundaryArn;
  if (existing !== null && existing.controller === "existing") {
    return {
      before: [],
      outputs: { namespace: existing.controllerNamespace, deployment: existing.controllerDeployment, version },
    };
  }
  const controller = new LoadBalancerController(
    member,
    {
      clusterName: plan.clusterName,
      region: environment.region,
      vpcId: network.vpcId,
      runsAfter: cluster.ready,
      version,
      chart: fromProgram(config.controller.chart),
      ...(config.controller.repository === null ? {} : { repository: config.controller.repository }),
      ...(config.controller.image === undefined ? {} : { image: config.controller.image }),
      ...(config.controller.imageDigest === undefined
        ? {}
        : { imageDigest: config.controller.imageDigest.split("@")[1] ?? "" }),
      identity: config.controller.identity,
      ...(config.controller.protectTargetConfigMaps === true ? { protectTargetConfigMaps: true } : {}),
      ...(boundary == null ? {} : { permissionsBoundary: boundary }),
      ...(config.controller.identity === "irsa"
        ? { oidcProviderArn: cluster.oidcProviderArn, oidcProviderUrl: cluster.oidcProviderUrl }
        : {}),
      targetGroupArns: targetGroupArnPatterns(
        environment,
        ownership,
        ownGroupsOf(environment.loadBalancer.services, member),
      ),
      ...(ownership.primary === null && ownership.formerPrimary == null
        ? {}
        : { targetGroupCluster: clusterNameOf(environment, ownership.formerPrimary ?? ownership.primary ?? member) }),
      ...controllerPart(
        environment.record,
        config.services.map(({ name }) => [name, partOf(ownership, name, member)]),
      ),
      tags,
    },
    { providers: [plan.provider, cluster.provider], dependsOn: cluster.controlPlane },
  );
  return {
    before: [controller],
    outputs: {
      namespace: controller.namespace,
      deployment: controller.deploymentName,
      version: controller.version,
      roleName: controller.roleName,
    },
  };
}

/** Without its share of weighted traffic: that is the environment's, and a shift must not change a member's outputs. */
function ownPlacement({ share: _share, ...placement }: MemberPlacement): MemberPlacement {
  return placement;
}

async function declareMember(plan: MemberPlan): Promise<Record<string, unknown>> {
  const { member, environment, found } = plan;
  const tags = { "eks-blue-green/environment": environment.environment, "eks-blue-green/member": member };
  const cluster = createCluster(plan, tags);
  const ingress = createIngress({
    member,
    environment,
    ownership: plan.ownership,
    backendSecurityGroupId: found.backendSecurityGroupId,
    managedGroups: plan.managedGroups,
    sourceGroups: plan.sourceGroups,
    podSecurityGroupId: cluster.podSecurityGroupId,
    provider: plan.provider,
  });
  const controller = createController(plan, cluster, tags);
  const files = writerOfFiles(plan.files, member, { kubeconfig: cluster.kubeconfig, clusterName: plan.clusterName });
  const { services, fromFiles } = createServices({ ...plan, files, targetGroups: found.targetGroups }, cluster, [
    ...ingress,
    ...controller.before,
  ]);
  const connection = cluster.kubeconfig.apply(connectionOf);
  return {
    schemaVersion: 1,
    environment: environment.environment,
    member,
    declared: { ...ownPlacement(plan.declared), version: plan.version },
    revision: environment.record.revision,
    clusterName: plan.clusterName,
    endpoint: connection.endpoint,
    certificateAuthorityData: connection.certificateAuthorityData,
    kubeconfig: cluster.kubeconfig,
    region: environment.region,
    controller: controller.outputs,
    services,
    ...(plan.addons === null ? {} : { addons: { minor: plan.version, versions: plan.addons } }),
    ...(plan.made === null ? {} : { made: plan.made }),
    ...workloadFilesOutputs(plan.files, files === null ? [] : [files.component, ...fromFiles], plan.last),
    ...(await plan.extend(cluster, [...cluster.ready, ...controller.before])),
  };
}

/** Endpoint and certificate authority as the kubeconfig has them. */
export function connectionOf(kubeconfig: string): { endpoint: string; certificateAuthorityData: string } {
  const parsed = JSON.parse(kubeconfig) as {
    clusters?: { cluster?: { server?: string; "certificate-authority-data"?: string } }[];
  };
  const cluster = parsed.clusters?.[0]?.cluster;
  return { endpoint: cluster?.server ?? "", certificateAuthorityData: cluster?.["certificate-authority-data"] ?? "" };
}

function assertIsMembers(stack: string, environment: string, member: string): void {
  if (stack === `${environment}-${member}`) return;
  throw new Error(
    `the config of stack '${stack}' names member '${member}' of '${environment}', whose stack is ` +
      `'${environment}-${member}'. Correct Pulumi.${stack}.yaml`,
  );
}

/** Reads and decides everything, then declares the member; an absent member declares nothing. */
export async function memberProgram(
  values: Readonly<Record<string, string>>,
  told?: DriverContext,
  extension?: EnvironmentExtension["member"],
): Promise<Record<string, unknown>> {
  const context = contextOfMove(told);
  const { environment: environmentName, member } = parseMemberConfig(values);
  const stack = pulumi.getStack();
  assertIsMembers(stack, environmentName, member);
  if (context?.kind === "record")
    throw new Error(`a record is written into the environment's stack '${environmentName}', not into '${stack}'`);
  const { environment, sharesSecrets } = await readEnvironment(environmentName);
  if (context !== undefined)
    fence(
      environment.record.revision,
      context.expectedRevision,
      `the update of '${stack}'`,
      holderOf(environment.record),
    );
  const desired = desiredOfMember(environment.record, member, {
    acting: context !== undefined,
    environment: environmentName,
  });
  const ownership = ownershipOf(environment.record, environment.config);
  if (context?.kind === "release") mayRelease(environment.record, ownership, member);
  if (context === undefined) refusePlainUpdate(environment.record, ownership, member, environmentName);
  if (desired.refuse !== null) throw new Error(`${desired.refuse.reason}. Remedy: ${desired.refuse.remedy}`);
  if (desired.placement.version === null) return {};
  const clusterName = clusterNameOf(environment, member);
  const provider = new aws.Provider(`${member}-aws`, {
    region: environment.region as aws.Region,
    ...providerSettings(environment.config.aws),
  });
  const own = await readStackOutputs(stack);
  const last = own.kind === "outputs" ? (own.outputs as Partial<MemberOutputs>) : {};
  const release = context?.kind === "release" ? context.part : null;
  const cluster = await readCluster(environment, {
    member,
    clusterName,
    wantedVersion: desired.placement.version,
    last,
    withRoles: environment.config.services
      .filter((service) => hasRole(service) && makesAccount(ownership, service, member))
      .map(({ name }) => name),
    provider,
  });
  const files = await readIfDeclared(told, environment.config, member, cluster.version);
  const found = await findTargetGroups(environment, ownership, {
    member,
    provider,
    seen: await targetGroupsSeen(environment, ownership, member, last.services ?? {}),
  });
  const standsBy = ownership.primary === member && desired.bindings === "none" && release === null;
  const managedGroups = standsBy ? await findManagedGroups(environment, ownership, provider) : {};
  // One that has been let in, by whatever means, must be able to leave.
  const joins = (key: string): boolean =>
    last.clusterName === undefined || (desired.bindings === "declared" && last.services?.[key]?.binding == null);
  const sourceGroups = await findSourceGroups(environment, ownership, { member, found, joins, provider });
  const role: "active" | "standby" = desired.placement.role === "active" ? "active" : "standby";
  const ofMember = { role, version: cluster.version, awsProvider: provider };
  return await declareMember({
    member,
    environment,
    declared: desired.placement,
    bindings: desired.bindings,
    protectBindings: protectsBindings(environment.record, member),
    ...cluster,
    provider,
    ownership,
    found,
    managedGroups,
    sourceGroups,
    release,
    files,
    last,
    extend: async (made, runsAfter) =>
      declaresExtension(told)
        ? await extendMember(extension, { member, environment, sharesSecrets, ...ofMember, cluster: made, runsAfter })
        : keptExtension(own),
  });
}
