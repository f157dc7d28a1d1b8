/** What the environment's config says in a scenario. */
import { replicas, started } from "./world";
import { services, weightHoldSeconds } from "./weights";
import type { Scenario } from "./scenario";

/** Planned work is not an upgrade: the config wants what runs. */
export const wants = (scenario: Scenario): string => (scenario.commands[0] === null ? scenario.wanted : started);

export function configOf(scenario: Scenario): Record<string, string> {
  return {
    "aws:region": "us-east-1",
    "eks-blue-green:kubernetesVersion": wants(scenario),
    "eks-blue-green:members": JSON.stringify(scenario.members),
    "eks-blue-green:network": JSON.stringify({
      cidrBlock: "10.42.0.0/16",
      availabilityZones: ["us-east-1a", "us-east-1b"],
      natGateways: "one",
    }),
    "eks-blue-green:cluster": JSON.stringify({
      nodes: { instanceTypes: ["m6i.large"], desiredSize: 2, minSize: 2, maxSize: 4 },
    }),
    "eks-blue-green:services": JSON.stringify(
      (scenario.traffic === undefined ? ["web"] : services).map((name, index) => ({
        name,
        namespace: "web",
        image: "eks-blue-green/echo:1",
        port: [80, 8080][index],
        targetPort: 8080,
        replicas,
        healthCheckPath: "/healthz",
      })),
    ),
    "eks-blue-green:rollout": JSON.stringify({
      strategy: scenario.strategy,
      bakeSeconds: scenario.bakeSeconds,
      propagationHoldSeconds: scenario.holdSeconds,
      ...(scenario.traffic === undefined ? {} : { steps: [20, 100], stepSeconds: 60, weightHoldSeconds }),
    }),
    ...(scenario.traffic === undefined ? {} : { "eks-blue-green:traffic": scenario.traffic }),
  };
}
