/** The environment's own stack: network, shared load balancer, target groups, and the record. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { throwProblems } from "../../components/internal/problems";
import { groupNameProblems, loadBalancerNameProblems, Network, secondaryCidrBlocks } from "../../components";
import {
  memberProblems,
  ownershipProblems,
  parseEnvironmentConfig,
  refuseSecretConfig,
  sharedFieldProblems,
} from "../config";
import type { EnvironmentConfig } from "../config";
import { trafficOf } from "../config/listeners";
import { FOREIGN_STACK, type DriverContext } from "../contract";
import { runExtension } from "../extension/run";
import { contextOfMove, declaresExtension } from "../extension/when";
import { readWorkloadFiles } from "../workload-files/read";
import type { EnvironmentExtension, EnvironmentExtensionArgs } from "../extension/types";
import { desiredOfEnvironment, type EnvironmentRecord, isMovedBy, weightsOf } from "../record";
import { membersBesideShift } from "../record/listener-changes";
import { declareLoadBalancers } from "./load-balancers";
import { ownerAdvice } from "../config/owner-advice";
import { memberStackOf, nameCollisions } from "./name-collisions";
import { refuseNewcomers } from "./passed-over";
import { readLastEnvironment, recordToWrite } from "./record-store";
import { ownerOf, ownershipOf } from "../config/target-groups";

function createNetwork(environment: string, config: EnvironmentConfig, tags: Record<string, string>): Network {
  const { existing, cidrBlock, availabilityZones, natGateways, subnets } = config.network;
  if (existing !== null) {
    const { vpcId, privateSubnetIds, publicSubnetIds } = existing;
    return new Network(environment, {
      existing: { vpcId, privateSubnetIds: [...privateSubnetIds], publicSubnetIds: [...publicSubnetIds] },
    });
  }
  return new Network(environment, {
    cidrBlock: cidrBlock ?? undefined,
    availabilityZones: [...availabilityZones],
    natGatewayPerZone: natGateways === "one-per-zone",
    ...(subnets == null
      ? {}
      : { privateCidrBlocks: [...subnets.privateCidrBlocks], publicCidrBlocks: [...subnets.publicCidrBlocks] }),
    tags,
  });
}

/** More blocks than the first of an existing VPC, which pods' addresses may come from. */
async function morePodCidrBlocks(config: EnvironmentConfig): Promise<readonly string[]> {
  const { existing } = config.network;
  if (existing === null) return [];
  return secondaryCidrBlocks(await aws.ec2.getVpc({ id: existing.vpcId }));
}

/**
 * The SDK keeps this function out of its types; it answers true for a structured value that has a secret anywhere in
 * it.
 */
const isSecret = (key: string): boolean =>
  (pulumi.runtime as unknown as { isConfigSecret(key: string): boolean }).isConfigSecret(key);

/**
 * Without its two settings a member's stack would be taken for an environment's, and the message would ask for the
 * environment's settings. Only looked at when these are missing.
 */
async function refuseMemberStack(stack: string, values: Readonly<Record<string, string>>): Promise<void> {
  if (values["eks-blue-green:kubernetesVersion"] !== undefined) return;
  const owner = await memberStackOf(stack);
  if (owner === null) return;
  const set = (key: string, value: string): string =>
    `pulumi config set eks-blue-green:${key} ${value} --stack ${stack}`;
  throw new Error(
    `${FOREIGN_STACK}: stack '${stack}' is that of member '${owner.member}' of environment '${owner.environment}', ` +
      `and its settings file Pulumi.${stack}.yaml does not say so. Write it: ${set("environment", owner.environment)}; ` +
      `${set("member", owner.member)}. eks-blue-green's own commands do that by themselves`,
  );
}

/**
 * What listeners and rules say of the members. Only the driver's planned update of an open shift moves traffic. A plain
 * one without an open shift declares what the record says (after a refresh, that sets right what somebody changed by
 * hand): whatever writes the record, and whatever is run beside a shift, leaves the deployed weights alone, also those
 * of a shift that was cut off half-way.
 */
function weightsNow(config: EnvironmentConfig, record: EnvironmentRecord, context: DriverContext | undefined) {
  if (trafficOf(config) === "shared") return { weights: null, keepWeights: false, goneMembers: [] };
  const acting = context?.kind === "act";
  const { shares } = desiredOfEnvironment(record, { acting });
  const shifting = record.intent?.move.kind === "shift";
  return {
    weights: weightsOf(shares, config.members),
    keepWeights: !acting && (context !== undefined || shifting),
    goneMembers: config.members.filter(
      (member) => record.placement[member]?.role === "absent" && !isMovedBy(record.intent?.move, member),
    ),
  };
}

/** Checks everything before the first resource is declared; answers the stack's outputs (EnvironmentOutputs). */
export async function environmentProgram(
  values: Readonly<Record<string, string>>,
  told?: DriverContext,
  extension?: EnvironmentExtension["environment"],
): Promise<Record<string, unknown>> {
  const environment = pulumi.getStack();
  const context = contextOfMove(told);
  // First: the messages of other problems show values.
  refuseSecretConfig(environment, Object.keys(values).filter(isSecret));
  await refuseMemberStack(environment, values);
  const config = parseEnvironmentConfig(values, { environment });
  const last = await readLastEnvironment(environment);
  const known = last?.record.placement ?? {};
  const added = config.members.filter((member) => known[member] === undefined);
  throwProblems(`The config of environment '${environment}'`, await nameCollisions(environment, added));
  if (last !== null) {
    throwProblems(`The config of environment '${environment}'`, [
      ...sharedFieldProblems(last.config, config),
      ...memberProblems(last.record, config),
      ...membersBesideShift(last.record, last.config.members, config.members),
      ...ownershipProblems(last, config),
    ]);
  }
  // The members' stacks read them: said here before anything is deployed. Overlays need a provider, as members have.
  if (declaresExtension(told)) await readWorkloadFiles(config, null);
  const record = await recordToWrite(environment, config, last, context);
  await refuseNewcomers(environment, context);
  const tags = { "eks-blue-green/environment": environment };
  const ownership = ownershipOf(record, config);
  // Only a load balancer that the stack makes itself has the environment's name; said before the network is declared.
  if (ownership.owner === "stack" && config.services.some(({ name }) => ownership.adopted?.[name] === undefined))
    throwProblems(`The config of environment '${environment}'`, [
      ...loadBalancerNameProblems("(stack name)", environment),
      ...groupNameProblems("(stack name)", environment),
    ]);
  const moreBlocks = await morePodCidrBlocks(config);
  const network = createNetwork(environment, config, tags);
  // The other way round is refused above; and a config that can't say `stack` may stay as it is.
  const advice = ownership.owner === "stack" && ownerOf(config) === "service" ? ownerAdvice(values, environment) : null;
  if (advice !== null)
    await pulumi.log.warn(
      `the record says that the load balancers' owner is 'stack' (they were handed over); ${advice}`,
    );
  const loadBalancer = declareLoadBalancers({
    environment,
    config,
    ownership,
    network,
    morePodCidrBlocks: moreBlocks,
    tags,
    protect: context?.kind !== "unprotect",
    takes: context?.kind === "unprotect" ? context.takes : [],
    ...weightsNow(config, record, context),
  });
  return {
    schemaVersion: 1,
    environment,
    region: config.region,
    // Plain values only: a value that derives from a resource would be lost with that resource, and the record with it.
    record,
    config,
    network: {
      vpcId: network.vpcId,
      cidrBlock: network.cidrBlock,
      privateSubnetIds: network.privateSubnetIds,
      publicSubnetIds: network.publicSubnetIds,
    },
    loadBalancer,
    ...(declaresExtension(told)
      ? await declareExtension(extension, { environment, config, network, loadBalancer })
      : (last?.extension ?? {})),
  };
}

/** What the user's own program has in the environment's stack. */
async function declareExtension(
  extension: EnvironmentExtension["environment"],
  { config, ...args }: Pick<EnvironmentExtensionArgs, "environment" | "config" | "network" | "loadBalancer">,
): Promise<Record<string, unknown>> {
  if (extension === undefined) return {};
  const { region, members } = config;
  return await runExtension({ providers: {}, clusterRunsAfter: [] }, () =>
    extension({ ...args, config, region, members }),
  );
}
