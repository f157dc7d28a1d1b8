/** The environment's own stack: network, shared load balancer, target groups, and the record. */
import * as pulumi from "@pulumi/pulumi";
import { throwProblems } from "../components/problems";
import { Network } from "../components";
import { memberProblems, ownershipProblems, parseEnvironmentConfig, sharedFieldProblems } from "./config";
import type { EnvironmentConfig } from "./config";
import type { DriverContext } from "./contract";
import { declareLoadBalancers } from "./environment-load-balancers";
import { ownerAdvice } from "./owner-advice";
import { readLastEnvironment, recordToWrite } from "./record-source";
import { ownerOf, ownershipOf } from "./target-groups";

function createNetwork(environment: string, config: EnvironmentConfig, tags: Record<string, string>): Network {
  const { existing, cidrBlock, availabilityZones, natGateways, subnets } = config.network;
  if (existing !== null) {
    const { vpcId, privateSubnetIds, publicSubnetIds } = existing;
    return new Network(environment, { existing: { vpcId, privateSubnetIds: [...privateSubnetIds], publicSubnetIds: [...publicSubnetIds] } });
  }
  return new Network(environment, {
    cidrBlock: cidrBlock ?? undefined,
    availabilityZones: [...availabilityZones],
    natGatewayPerZone: natGateways === "one-per-zone",
    ...(subnets == null ? {} : { privateCidrBlocks: [...subnets.privateCidrBlocks], publicCidrBlocks: [...subnets.publicCidrBlocks] }),
    tags,
  });
}

/** Checks everything before the first resource is declared; answers the stack's outputs (EnvironmentOutputs). */
export async function environmentProgram(values: Readonly<Record<string, string>>, context?: DriverContext): Promise<Record<string, unknown>> {
  const environment = pulumi.getStack();
  const config = parseEnvironmentConfig(values, { environment });
  const last = await readLastEnvironment(environment);
  if (last !== null) {
    throwProblems(`The config of environment '${environment}'`, [...sharedFieldProblems(last.config, config), ...memberProblems(last.record, config), ...ownershipProblems(last, config)]);
  }
  const record = await recordToWrite(environment, config, last, context);
  const tags = { "eks-blue-green/environment": environment };
  const network = createNetwork(environment, config, tags);
  const ownership = ownershipOf(record, config);
  // The other way round is refused above; and a config that can't say `stack` may stay as it is.
  const advice = ownership.owner === "stack" && ownerOf(config) === "service" ? ownerAdvice(values, environment) : null;
  if (advice !== null) await pulumi.log.warn(`the record says that the load balancers' owner is 'stack' (they were handed over); ${advice}`);
  return {
    schemaVersion: 1,
    environment,
    region: config.region,
    // Plain values only: a value that derives from a resource would be lost with that resource, and the record with it.
    record,
    config,
    network: { vpcId: network.vpcId, cidrBlock: network.cidrBlock, privateSubnetIds: network.privateSubnetIds, publicSubnetIds: network.publicSubnetIds },
    loadBalancer: declareLoadBalancers({ environment, config, ownership, network, tags, protect: context?.kind !== "unprotect", takes: context?.kind === "unprotect" ? context.takes : [] }),
  };
}
