/** The load balancer that the environment's stack makes: a Network or an Application one, as the config says. */
import { ApplicationLoadBalancer, SharedLoadBalancer } from "../../components";
import { typeOf } from "../config/listeners";
import { loadBalancerSubnetsOf } from "../config/load-balancer-subnets";
import type { TargetGroupSpec } from "../config/target-groups";
import type { LoadBalancersPlan } from "./load-balancers";

/** What services of both types have. */
const serviceOf = (spec: TargetGroupSpec) => {
  const { key, port, targetPort, targetType, healthCheckPath, healthCheckPort, deregistrationDelaySeconds } = spec;
  return {
    name: key,
    port,
    targetPort,
    healthCheckPath,
    deregistrationDelaySeconds,
    ...(targetType === "instance" ? { targetType } : {}),
    ...(healthCheckPort === null ? {} : { healthCheckPort }),
  };
};

/** What load balancers of both types have. */
function commonOf(plan: LoadBalancersPlan) {
  const { environment, config, network, morePodCidrBlocks, tags, protect, weights, keepWeights, goneMembers } = plan;
  const internal = config.loadBalancer?.scheme === "internal";
  const given = loadBalancerSubnetsOf(config);
  return {
    loadBalancerName: environment,
    vpcId: network.vpcId,
    subnetIds: given === null ? (internal ? network.privateSubnetIds : network.publicSubnetIds) : [...given],
    podCidrBlock: network.cidrBlock,
    morePodCidrBlocks: [...morePodCidrBlocks],
    internal,
    clientCidrBlocks: [...(config.loadBalancer?.clientCidrBlocks ?? ["0.0.0.0/0"])],
    ...(config.loadBalancer?.rulesPerSecurityGroup === undefined
      ? {}
      : { rulesPerSecurityGroup: config.loadBalancer.rulesPerSecurityGroup }),
    ...(weights === null ? {} : { weights: { ...weights }, keepWeights, goneMembers: [...goneMembers] }),
    protect,
    tags,
  };
}

function createApplication(plan: LoadBalancersPlan, specs: readonly TargetGroupSpec[]): ApplicationLoadBalancer {
  const { environment, config } = plan;
  const https = config.loadBalancer?.https;
  const matchOf = (name: string) => {
    const match = config.services.find((service) => service.name === name)?.match;
    if (match === undefined) return {};
    const { priority, hosts, paths, methods, headers } = match;
    return {
      match: {
        priority,
        ...(hosts === undefined ? {} : { hosts: [...hosts] }),
        ...(paths === undefined ? {} : { paths: [...paths] }),
        ...(methods === undefined ? {} : { methods: [...methods] }),
        ...(headers === undefined
          ? {}
          : { headers: headers.map((header) => ({ name: header.name, values: [...header.values] })) }),
      },
    };
  };
  return new ApplicationLoadBalancer(environment, {
    ...commonOf(plan),
    ...config.loadBalancer?.application,
    services: specs.map((spec) => ({
      ...serviceOf(spec),
      ...matchOf(spec.service),
      ...config.services.find(({ name }) => name === spec.service)?.http,
    })),
    ...(https === undefined
      ? {}
      : {
          https: {
            ports: [...https.ports],
            certificateArns: [...https.certificateArns],
            policy: https.policy,
            ...(https.redirectFrom === undefined ? {} : { redirectFrom: https.redirectFrom }),
          },
        }),
  });
}

export function createBalancer(
  plan: LoadBalancersPlan,
  specs: readonly TargetGroupSpec[],
): SharedLoadBalancer | ApplicationLoadBalancer {
  if (typeOf(plan.config) === "application") return createApplication(plan, specs);
  return new SharedLoadBalancer(plan.environment, {
    ...commonOf(plan),
    crossZone: plan.config.loadBalancer?.crossZone ?? true,
    services: specs.map(serviceOf),
  });
}
