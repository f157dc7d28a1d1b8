/** The complete state that the data plane works by, and what it reports back. */
import type { DataPlaneState, DataPlaneTargetGroup, FromDataPlane } from "../../contract";
import type { Reachability } from "../security-groups";
import type { ElbContext } from "./context";
import { routingState } from "./routing-state";
import { type Listener, type LoadBalancer, type Store, type Target, type TargetGroup, targetKey } from "./store";

/**
 * Target groups that no listener uses are left out: AWS doesn't check their targets, and their health starts anew when
 * one does.
 */
export function dataPlaneState(store: Store, reachable: Reachability): DataPlaneState {
  const listeners = [...store.listeners.values()].flatMap((listener) => {
    const balancer = store.loadBalancers.get(listener.loadBalancerArn);
    // Nothing answers before the load balancer is active.
    if (!balancer || Date.now() < balancer.activeAt) return [];
    return [
      {
        arn: listener.arn,
        type: balancer.type,
        protocol: listener.protocol,
        certificateArns: listener.certificates,
        dnsName: balancer.dnsName,
        port: listener.port,
        idleTimeoutSeconds: idleTimeoutOf(balancer, listener),
        clientKeepAliveSeconds: Number(balancer.attributes.get("client_keep_alive.seconds") ?? 3600),
        routing: routingState(store, listener),
      },
    ];
  });
  const used = [...store.targetGroups.values()].filter((group) => store.listenersUsing(group.arn).length > 0);
  return { listeners, targetGroups: used.map((group) => groupState(store, group, reachable)) };
}

/** An ALB's holds for all its listeners and for its connections to targets, an NLB's for one listener. */
function idleTimeoutOf(balancer: LoadBalancer, listener: Listener): number {
  return balancer.type === "application"
    ? Number(balancer.attributes.get("idle_timeout.timeout_seconds") ?? 60)
    : Number(listener.attributes.get("tcp.idle_timeout.seconds") ?? 350);
}

function groupState(store: Store, group: TargetGroup, reachable: Reachability): DataPlaneTargetGroup {
  const balancers = store.loadBalancersUsing(group.arn);
  const { enabled: _enabled, ...healthCheck } = group.healthCheck;
  return {
    arn: group.arn,
    protocol: group.protocol,
    healthCheck,
    deregistrationDelaySeconds: Number(group.attributes.get("deregistration_delay.timeout_seconds") ?? 300),
    // An ALB ends requests that last longer than the delay, whatever the attribute of NLB groups says.
    connectionTermination:
      /^HTTPS?$/.test(group.protocol) ||
      group.attributes.get("deregistration_delay.connection_termination.enabled") === "true",
    crossZone: store.crossZone(group),
    targets: [...group.targets.values()].map((target) => ({
      id: target.id,
      address: target.address,
      port: target.port,
      registeredAt: target.registeredAt,
      deregisteredAt: target.deregisteredAt,
      reachable: isReachable(group, target, balancers, reachable),
    })),
  };
}

function isReachable(
  group: TargetGroup,
  target: Target,
  balancers: ReturnType<Store["loadBalancersUsing"]>,
  reachable: Reachability,
): boolean {
  const ports = [
    ...new Set([target.port, group.healthCheck.port === "traffic-port" ? target.port : group.healthCheck.port]),
  ];
  return balancers.some((balancer) =>
    ports.every((port) =>
      reachable(
        { groups: balancer.securityGroups, cidrs: balancer.subnets.map((one) => one.cidr) },
        target.address,
        port,
      ),
    ),
  );
}

/** Health starts anew for the targets of groups that are no longer used. */
export function forgetUnusedHealth(store: Store): void {
  for (const group of store.targetGroups.values()) {
    if (store.listenersUsing(group.arn).length > 0) continue;
    for (const target of group.targets.values()) target.health = null;
  }
}

export function takeHealth(context: ElbContext, message: Extract<FromDataPlane, { type: "health" }>): void {
  const target = context.store.targetGroups
    .get(message.targetGroupArn)
    ?.targets.get(targetKey(message.id, message.port));
  if (target && target.deregisteredAt === null)
    target.health = { state: message.state, reason: message.reason, description: message.description };
}
