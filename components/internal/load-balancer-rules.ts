/** The rules of a shared load balancer's own security group, purely. */
import type * as pulumi from "@pulumi/pulumi";
import type { SharedLoadBalancerArgs, SharedServiceArgs } from "../shared-load-balancer-args";
import { nodePortRange } from "./aws-limits";

export interface GroupRule {
  /** Of the resource, behind the component's: its identity, which never changes once it is released. */
  readonly name: string;
  readonly fromPort: number;
  readonly toPort: number;
  readonly cidrIpv4: pulumi.Input<string>;
  readonly description: string;
}

type Rules = Pick<SharedLoadBalancerArgs, "clientCidrBlocks" | "podCidrBlock" | "morePodCidrBlocks"> & {
  readonly services: readonly Pick<SharedServiceArgs, "port" | "targetPort" | "targetType" | "healthCheckPort">[];
  /** Listener ports besides the services'. */
  readonly morePorts?: readonly number[];
};

/** A block as part of a resource's name. */
const dashed = (block: string): string => block.replace(/[./]/g, "-");

/** Inbound: every listener, of which services may share one, from every block of clients. */
export function clientRules({ services, clientCidrBlocks, morePorts }: Rules): GroupRule[] {
  const listeners = [...new Set([...services.map(({ port }) => port), ...(morePorts ?? [])])];
  return listeners.flatMap((port) =>
    (clientCidrBlocks ?? ["0.0.0.0/0"]).map((cidrIpv4) => ({
      name: `clients-${port}-${dashed(cidrIpv4)}`,
      fromPort: port,
      toPort: port,
      cidrIpv4,
      description: `Clients to listener ${port}`,
    })),
  );
}

/**
 * Outbound: every port of pods, and the range of NodePorts, to every block of targets. EC2 refuses a second rule of the
 * same content, so one per distinct port. Pulumi-made groups have no egress by themselves.
 */
export function targetRules({ services, podCidrBlock, morePodCidrBlocks }: Rules): GroupRule[] {
  const podPorts = [
    ...new Set(
      services
        .filter(({ targetType }) => targetType !== "instance")
        .flatMap((service) => [service.targetPort, service.healthCheckPort ?? service.targetPort]),
    ),
  ];
  const nodePorts = services.some(({ targetType }) => targetType === "instance");
  // The first block's rules have no block in their names: they were there before there could be others.
  const blocks = [
    { suffix: "", cidrIpv4: podCidrBlock },
    ...(morePodCidrBlocks ?? []).map((cidrIpv4) => ({ suffix: `-${dashed(cidrIpv4)}`, cidrIpv4 })),
  ];
  return blocks.flatMap(({ suffix, cidrIpv4 }) => [
    ...podPorts.map((port) => ({
      name: `pods-${port}${suffix}`,
      fromPort: port,
      toPort: port,
      cidrIpv4,
      description: `Pod port ${port}`,
    })),
    ...(nodePorts
      ? [
          {
            name: `node-ports${suffix}`,
            fromPort: nodePortRange.first,
            toPort: nodePortRange.last,
            cidrIpv4,
            description: "NodePorts of nodes",
          },
        ]
      : []),
  ]);
}
