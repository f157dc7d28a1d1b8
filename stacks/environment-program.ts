/** The environment's own stack: network, shared load balancer, target groups, and the record. */
import * as pulumi from "@pulumi/pulumi";
import { throwProblems } from "../components/problems";
import { Network, SharedLoadBalancer } from "../components";
import { memberProblems, parseEnvironmentConfig, sharedFieldProblems } from "./config";
import type { EnvironmentConfig } from "./config";
import type { DriverContext, SharedLoadBalancerOutputs } from "./contract";
import { readLastEnvironment, recordToWrite } from "./record-source";

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

function createLoadBalancer(environment: string, config: EnvironmentConfig, network: Network, tags: Record<string, string>): SharedLoadBalancer {
  const internal = config.loadBalancer?.scheme === "internal";
  return new SharedLoadBalancer(environment, {
    loadBalancerName: environment,
    vpcId: network.vpcId,
    subnetIds: internal ? network.privateSubnetIds : network.publicSubnetIds,
    podCidrBlock: network.cidrBlock,
    internal,
    crossZone: config.loadBalancer?.crossZone ?? true,
    clientCidrBlocks: [...(config.loadBalancer?.clientCidrBlocks ?? ["0.0.0.0/0"])],
    services: config.services.map(({ name, port, targetPort, healthCheckPath, deregistrationDelaySeconds }) => ({ name, port, targetPort, healthCheckPath, deregistrationDelaySeconds })),
    tags,
  });
}

function loadBalancerOutputs(balancer: SharedLoadBalancer): pulumi.Output<SharedLoadBalancerOutputs> {
  const services = Object.fromEntries(Object.entries(balancer.services).map(([name, service]) => [name, {
    name, service: name, loadBalancerArn: balancer.arn, dnsName: balancer.dnsName, targetGroupArn: service.targetGroupArn, targetGroupName: service.targetGroupName, listenerArn: service.listenerArn, port: service.port,
  }]));
  return pulumi.output({ owner: "stack" as const, primary: null, arn: balancer.arn, dnsName: balancer.dnsName, securityGroupId: balancer.securityGroupId, services });
}

/** Checks everything before the first resource is declared; answers the stack's outputs (EnvironmentOutputs). */
export async function environmentProgram(values: Readonly<Record<string, string>>, context?: DriverContext): Promise<Record<string, unknown>> {
  const environment = pulumi.getStack();
  const config = parseEnvironmentConfig(values, { environment });
  const last = await readLastEnvironment(environment);
  if (last !== null) {
    throwProblems(`The config of environment '${environment}'`, [...sharedFieldProblems(last.config, config), ...memberProblems(last.record, config)]);
  }
  const record = await recordToWrite(environment, config, last, context);
  const tags = { "eks-blue-green/environment": environment };
  const network = createNetwork(environment, config, tags);
  const balancer = createLoadBalancer(environment, config, network, tags);
  return {
    schemaVersion: 1,
    environment,
    region: config.region,
    // Plain values only: a value that derives from a resource would be lost with that resource, and the record with it.
    record,
    config,
    network: { vpcId: network.vpcId, cidrBlock: network.cidrBlock, privateSubnetIds: network.privateSubnetIds, publicSubnetIds: network.publicSubnetIds },
    loadBalancer: loadBalancerOutputs(balancer),
  };
}
