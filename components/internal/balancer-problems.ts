/** What is wrong with arguments that load balancers of both types have. Pure. */
import {
  loadBalancerNameProblems,
  type SharedLoadBalancerArgs,
  type SharedServiceArgs,
} from "../shared-load-balancer-args";
import { deregistrationDelaySeconds, healthCheck, ports, rulesPerSecurityGroup } from "./aws-limits";
import { parseCidr } from "./cidr";
import { clientRules, targetRules } from "./load-balancer-rules";
import { type Problem, wholeNumberProblems } from "./problems";
import { type WeightedArgs, weightProblems } from "./weights";

export function serviceProblems(service: SharedServiceArgs, path: string): Problem[] {
  const range = (
    key: string,
    value: number | undefined,
    limits: { least: number; most: number },
    source: string,
  ): Problem[] =>
    value === undefined ? [] : wholeNumberProblems(`${path}.${key}`, value, limits.least, limits.most, source);
  const problems = [
    ...wholeNumberProblems(`${path}.port`, service.port, ports.least, ports.most, ports.source),
    ...wholeNumberProblems(`${path}.targetPort`, service.targetPort, ports.least, ports.most, ports.source),
    ...range("healthCheckPort", service.healthCheckPort, ports, ports.source),
    ...range(
      "healthCheckIntervalSeconds",
      service.healthCheckIntervalSeconds,
      healthCheck.intervalSeconds,
      healthCheck.source,
    ),
    ...range("healthCheckThreshold", service.healthCheckThreshold, healthCheck.threshold, healthCheck.source),
    ...range(
      "deregistrationDelaySeconds",
      service.deregistrationDelaySeconds,
      deregistrationDelaySeconds,
      deregistrationDelaySeconds.source,
    ),
  ];
  const checkPath = service.healthCheckPath ?? "/healthz";
  if (!checkPath.startsWith("/") || checkPath.length > healthCheck.longestPath) {
    problems.push({
      path: `${path}.healthCheckPath`,
      value: checkPath,
      rule: `must begin with / and have at most ${healthCheck.longestPath} characters (${healthCheck.source})`,
      remedy: "Write it like /healthz",
    });
  }
  return problems;
}

/** EC2 counts by direction; the update would fail in the middle, with some clients let in. */
function ruleCountProblems(
  args: Pick<SharedLoadBalancerArgs, "rulesPerSecurityGroup"> & Parameters<typeof clientRules>[0],
): Problem[] {
  const most = args.rulesPerSecurityGroup ?? rulesPerSecurityGroup.most;
  const listeners = clientRules({ ...args, clientCidrBlocks: ["0.0.0.0/0"] }).length;
  const counted = [
    {
      count: clientRules(args).length,
      what: `inbound rules (${listeners} listeners × ${args.clientCidrBlocks?.length ?? 1} client blocks)`,
      path: "clientCidrBlocks",
      remedy: "Name fewer, wider blocks of clients",
    },
    {
      count: targetRules(args).length,
      what: "outbound rules (one a distinct pod or health-check port and block of pods)",
      path: "services",
      remedy: "Let services share ports of pods",
    },
  ];
  return counted
    .filter(({ count }) => count > most)
    .map(({ count, what, path, remedy }) => ({
      path,
      value: count,
      rule: `makes ${count} ${what}, and a security group has at most ${most} (${rulesPerSecurityGroup.source})`,
      remedy: `${remedy}, use a second environment, or have AWS raise the quota and say so (rulesPerSecurityGroup)`,
    }));
}

/** What is wrong with what load balancers of both types have: names, blocks, weights and the number of rules. */
export function balancerProblems(
  args: Pick<SharedLoadBalancerArgs, "loadBalancerName" | keyof WeightedArgs> & Parameters<typeof ruleCountProblems>[0],
): Problem[] {
  const problems = loadBalancerNameProblems("loadBalancerName", args.loadBalancerName);
  for (const key of ["clientCidrBlocks", "morePodCidrBlocks"] as const) {
    (args[key] ?? []).forEach((block, index) => {
      if (parseCidr(block) === null)
        problems.push({
          path: `${key}[${index}]`,
          value: block,
          rule: "must be an IPv4 block",
          remedy: "Write it like 10.0.0.0/8",
        });
    });
  }
  return [...problems, ...weightProblems(args), ...ruleCountProblems(args)];
}

/** A problem for each service whose value of the key an earlier one has. */
export const takenProblems = <K extends "name" | "port">(
  services: readonly Readonly<Record<K, unknown>>[],
  key: K,
): Problem[] =>
  services.flatMap((service, index): Problem[] => {
    const first = services.findIndex((other) => other[key] === service[key]);
    if (first === index) return [];
    return [
      {
        path: `services[${index}].${key}`,
        value: service[key],
        rule: `is taken by services[${first}]`,
        remedy: `Give every service its own ${key}`,
      },
    ];
  });
