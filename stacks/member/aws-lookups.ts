/**
 * What a member's program looks up in AWS because other stacks don't know it: somebody else's cluster, and a primary's
 * load balancers.
 */
import * as aws from "@pulumi/aws";
import type { ExistingClusterConfig } from "../config";
import type { EnvironmentOutputs, MemberOutputs, ServiceTargetGroup } from "../contract";
import type { Ownership } from "../record";
import { refuseController, refuseWithoutAgent } from "./cluster-refusals";
import { messageOf, orNull } from "./or-null";
import { ownGroupsOf } from "../config/group-refs";
import { readStackOutputs } from "../shared/stack-outputs";
import {
  clusterNameOf,
  controllerTags,
  loadBalancerServiceOf,
  targetGroupsInHandover,
  targetGroupsOf,
  type TargetGroupSpec,
} from "../config/target-groups";

export interface ExistingCluster extends ExistingClusterConfig {
  readonly kubeconfig: string;
  readonly podSecurityGroupId: string;
  readonly version: string;
}

/** A kubeconfig that asks the AWS CLI for tokens, as `aws eks update-kubeconfig` writes it. */
function kubeconfigOf(clusterName: string, region: string, endpoint: string, certificateAuthorityData: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "aws",
    preferences: {},
    clusters: [
      { name: "kubernetes", cluster: { server: endpoint, "certificate-authority-data": certificateAuthorityData } },
    ],
    contexts: [{ name: "aws", context: { cluster: "kubernetes", user: "aws" } }],
    users: [
      {
        name: "aws",
        user: {
          exec: {
            apiVersion: "client.authentication.k8s.io/v1beta1",
            command: "aws",
            args: ["eks", "get-token", "--cluster-name", clusterName, "--region", region],
          },
        },
      },
    ],
  });
}

/** Null when the member's cluster is this stack's own. Throws with a remedy when the cluster can't be used. */
export async function existingCluster(
  config: ExistingClusterConfig | null,
  context: {
    readonly vpcId: string;
    readonly region: string;
    readonly wantedVersion: string;
    /** Of a controller that this project installs. */
    readonly identity: "pod-identity" | "irsa";
    /** Whether this stack has it already: what runs is not refused. */
    readonly deployed: boolean;
    /** Services of ours whose pods have roles. */
    readonly withRoles: readonly string[];
    readonly provider: aws.Provider;
  },
): Promise<ExistingCluster | null> {
  if (config === null) return null;
  const { clusterName } = config;
  const cluster = await aws.eks
    .getCluster({ name: clusterName }, { provider: context.provider })
    .catch((error: unknown) => {
      throw new Error(
        `the existing cluster '${clusterName}' can't be looked up: ${messageOf(error)}. Check memberClusters: ` +
          `aws eks describe-cluster --name ${clusterName}`,
      );
    });
  if (cluster.vpcConfig.vpcId !== context.vpcId) {
    throw new Error(
      `the existing cluster '${clusterName}' is in ${cluster.vpcConfig.vpcId}, but the environment is in ` +
        `${context.vpcId}: a load balancer reaches targets by address in its own VPC alone. Set ` +
        `network.existing.vpcId to ${cluster.vpcConfig.vpcId}`,
    );
  }
  if (Number(cluster.version.split(".")[1]) < Number(context.wantedVersion.split(".")[1])) {
    throw new Error(
      `the existing cluster '${clusterName}' runs Kubernetes ${cluster.version}, but the environment's record ` +
        `says ${context.wantedVersion}, and nobody but its owner upgrades it. Set eks-blue-green:kubernetesVersion ` +
        `to ${cluster.version} before the first deployment`,
    );
  }
  if (!context.deployed && cluster.kubernetesNetworkConfigs?.some(({ ipFamily }) => ipFamily === "ipv6"))
    throw new Error(
      `the existing cluster '${clusterName}' gives its pods IPv6 addresses, and the target groups of this environment ` +
        "take IPv4 ones. Use a cluster whose ipFamily is ipv4: " +
        `aws eks describe-cluster --name ${clusterName} --query cluster.kubernetesNetworkConfig.ipFamily`,
    );
  const autoMode = cluster.computeConfigs?.some(({ enabled }) => enabled) === true;
  if (!context.deployed) await refuseController(config, autoMode, context);
  // Also later: a service may get its role when the member is there.
  const { withRoles, provider } = context;
  if (withRoles.length > 0)
    await refuseWithoutAgent(clusterName, autoMode, provider, `the pods of ${withRoles.join(", ")}`);
  const podSecurityGroupId = config.podSecurityGroupId ?? cluster.vpcConfig.clusterSecurityGroupId;
  return {
    ...config,
    version: cluster.version,
    podSecurityGroupId,
    kubeconfig: kubeconfigOf(
      clusterName,
      context.region,
      cluster.endpoint,
      cluster.certificateAuthorities[0]?.data ?? "",
    ),
  };
}

export interface FoundTargetGroups {
  /** By port (`TargetGroupSpec.key`); without those that are not there (yet). */
  readonly targetGroups: Readonly<Record<string, Pick<ServiceTargetGroup, "targetGroupArn">>>;
  readonly backendSecurityGroupId: string | null;
  /** By target group key, of those that were looked up: the load balancer that sends to it. */
  readonly loadBalancerArns?: Readonly<Record<string, string>>;
}

/**
 * Target group ARNs that stacks recorded before, by target group key: this member's last outputs, else the primary's.
 * Hints alone, which may
 * be of groups that are gone; a primary's stack that can't be read gives none.
 */
export async function targetGroupsSeen(
  environment: EnvironmentOutputs,
  { owner, primary }: Ownership,
  member: string,
  last: MemberOutputs["services"],
): Promise<Readonly<Record<string, string>>> {
  if (owner === "stack" || primary === null) return {};
  const reading = primary === member ? null : await readStackOutputs(`${environment.environment}-${primary}`);
  const theirs = reading?.kind === "outputs" ? (reading.outputs as Partial<MemberOutputs>).services : undefined;
  return Object.fromEntries(
    Object.entries({ ...theirs, ...last }).flatMap(([key, own]) => {
      const arn = own.targetGroupArn ?? theirs?.[key]?.targetGroupArn ?? null;
      return arn === null ? [] : [[key, arn] as const];
    }),
  );
}

/**
 * The environment's own target groups in which the member serves, by port, and with owner `service` the primary's, by
 * the controller's tags. By tags alone the provider lists every group of the region and asks for the tags of each, for
 * every group that is looked for; so those that were `seen` are asked for first.
 */
export async function findTargetGroups(
  environment: EnvironmentOutputs,
  ownership: Ownership,
  context: {
    readonly member: string;
    readonly provider: aws.Provider;
    readonly seen: Readonly<Record<string, string>>;
  },
): Promise<FoundTargetGroups> {
  const { member, provider, seen } = context;
  const { primary } = ownership;
  const known: Record<string, Pick<ServiceTargetGroup, "targetGroupArn">> = {
    ...targetGroupsInHandover(environment.record),
    ...ownGroupsOf(environment.loadBalancer.services, member),
  };
  if (ownership.owner === "stack" || primary === null)
    return { targetGroups: known, backendSecurityGroupId: environment.loadBalancer.securityGroupId };
  const clusterName = clusterNameOf(environment, primary);
  const unknown = targetGroupsOf(environment.config).filter(
    ({ key, service }) => known[key] === undefined && ownership.adopted?.[service] === undefined,
  );
  const findGroup = async (spec: TargetGroupSpec): Promise<aws.lb.GetTargetGroupResult | null> => {
    const what = `the target group '${spec.key}' of ${clusterName}`;
    const tags = { ...controllerTags.targetGroup(clusterName, spec) };
    const arn = seen[spec.key];
    const again = arn === undefined ? null : await orNull(what, aws.lb.getTargetGroup({ arn, tags }, { provider }));
    return again ?? orNull(what, aws.lb.getTargetGroup({ tags }, { provider }));
  };
  const [group, ...found] = await Promise.all([
    orNull(
      `the backend security group of ${clusterName}`,
      aws.ec2.getSecurityGroup({ tags: { ...controllerTags.backendSecurityGroup(clusterName) } }, { provider }),
    ),
    ...unknown.map(findGroup),
  ]);
  const loadBalancerArns: Record<string, string> = {};
  unknown.forEach((spec, index) => {
    const one = found[index];
    if (one == null) return;
    known[spec.key] = { targetGroupArn: one.arn };
    const [balancer] = one.loadBalancerArns ?? [];
    if (balancer !== undefined) loadBalancerArns[spec.key] = balancer;
  });
  return { targetGroups: known, backendSecurityGroupId: group?.id ?? null, loadBalancerArns };
}

/**
 * By service: the group that the primary's controller made for the service's load balancer; without those that have
 * none (their Service names its own).
 */
export async function findManagedGroups(
  environment: EnvironmentOutputs,
  ownership: Ownership,
  provider: aws.Provider,
): Promise<Readonly<Record<string, string>>> {
  const { primary } = ownership;
  if (ownership.owner === "stack" || primary === null) return {};
  const clusterName = clusterNameOf(environment, primary);
  const services = environment.config.services.filter(({ name }) => ownership.adopted?.[name] === undefined);
  const found = await Promise.all(
    services.map(async (service) => {
      const tags = {
        ...controllerTags.managedSecurityGroup(clusterName, {
          namespace: service.namespace,
          loadBalancerService: loadBalancerServiceOf(service),
        }),
      };
      const group = await orNull(
        `the security group of the load balancer of '${service.name}'`,
        aws.ec2.getSecurityGroup({ tags }, { provider }),
      );
      return group === null ? [] : [[service.name, group.id] as const];
    }),
  );
  return Object.fromEntries(found.flat());
}

/**
 * Any group that the load balancer carries lets all of it in; the controller's shared one goes first, because every
 * service has it.
 */
export function sourceGroupOf(carried: readonly string[], backendSecurityGroupId: string | null): string | null {
  return carried.find((id) => id === backendSecurityGroupId) ?? [...carried].sort()[0] ?? null;
}

/**
 * By service whose load balancer a Service of the primary owns: a group that this load balancer really carries, for the
 * rules of a member that
 * binds to it. Its Service may name groups of its own, and the controller may run with another shared group than the
 * one with its tags.
 * Without those whose load balancer is not there yet. Throws when one that the member is about to join has none.
 */
export async function findSourceGroups(
  environment: EnvironmentOutputs,
  ownership: Ownership,
  context: {
    readonly member: string;
    readonly found: FoundTargetGroups;
    readonly joins: (key: string) => boolean;
    readonly provider: aws.Provider;
  },
): Promise<Readonly<Record<string, string>>> {
  const { primary } = ownership;
  const { member, joins, provider } = context;
  const { backendSecurityGroupId, loadBalancerArns } = context.found;
  if (ownership.owner === "stack" || primary === null || primary === member) return {};
  const clusterName = clusterNameOf(environment, primary);
  const inHandover = targetGroupsInHandover(environment.record);
  const services = environment.config.services.filter(({ name }) => ownership.adopted?.[name] === undefined);
  const found = await Promise.all(
    services.map(async (service): Promise<(readonly [string, string])[]> => {
      const specs = targetGroupsOf({ services: [service] });
      // Its tags, by which it was found, may be gone already.
      const known = specs.map(({ key }) => inHandover[key]?.securityGroupId).find((id) => id != null);
      if (known !== undefined && known !== null) return [[service.name, known]];
      const tags = {
        ...controllerTags.loadBalancer(clusterName, {
          namespace: service.namespace,
          loadBalancerService: loadBalancerServiceOf(service),
        }),
      };
      // By tags alone the provider asks for those of every load balancer of the region.
      const arn = specs.map(({ key }) => loadBalancerArns?.[key]).find((one) => one !== undefined);
      const balancer = await orNull(
        `the load balancer of '${service.name}'`,
        aws.lb.getLoadBalancer({ ...(arn === undefined ? {} : { arn }), tags }, { provider }),
      );
      if (balancer === null) return [];
      const source = sourceGroupOf(balancer.securityGroups, backendSecurityGroupId);
      if (source !== null) return [[service.name, source]];
      if (!specs.some(({ key }) => joins(key))) return [];
      throw new Error(
        `the load balancer ${balancer.name} of '${service.name}' has no security group, so no rule can let it in ` +
          `to the pods of ${member}, and its targets would never be healthy. A network load balancer can get its ` +
          `first group only when it is made: let the controller of ${primary} make a new one, with groups (without ` +
          "--feature-gates=NLBSecurityGroup=false), then run the command again",
      );
    }),
  );
  return Object.fromEntries(found.flat());
}
