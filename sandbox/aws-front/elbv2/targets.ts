/** Targets: registering, deregistering, and the states that AWS shows meanwhile. */
import { AwsError, validationError } from "../aws-error";
import { contains, ipv4 } from "../cidr";
import { items, str } from "../ec2";
import { number, objects, type QueryObject, text } from "../query";
import type { XmlValue } from "../xml";
import type { ElbContext, Operation } from "./context";
import { type Target, type TargetGroup, targetKey } from "./store";
import { checkPort, limits, required, theTargetGroup } from "./validation";

/** How long a new target shows Elb.RegistrationInProgress before its first health check counts, in AWS's seconds. */
const registrationSeconds = 10;

interface Wanted {
  readonly id: string;
  readonly port: number;
  readonly zone: string | null;
}

function wantedTargets(params: QueryObject, group: TargetGroup): Wanted[] {
  return objects(params, "Targets").map((one) => ({
    id: required(one, "Id"),
    port: text(one, "Port") === undefined ? group.port : checkPort(number(one, "Port")),
    zone: text(one, "AvailabilityZone") ?? null,
  }));
}

export const registerTargets: Operation = async (context, params) => {
  const group = theTargetGroup(context, required(params, "TargetGroupArn"));
  const wanted = wantedTargets(params, group);
  if (wanted.length === 0) throw validationError("At least one target must be specified");
  const resolved =
    group.targetType === "instance"
      ? await instanceTargets(context, group, wanted)
      : await ipTargets(context, group, wanted);
  // While EC2 was asked the group may have gone.
  theTargetGroup(context, group.arn);
  checkLimits(context, group, resolved);
  const now = Date.now();
  for (const one of resolved) {
    const key = targetKey(one.id, one.port);
    const known = group.targets.get(key);
    if (known && known.deregisteredAt === null) continue;
    group.targets.set(key, { ...one, registeredAt: now, deregisteredAt: null, drainedAt: null, health: null });
  }
  context.changed();
  return {};
};

type Resolved = Pick<Target, "id" | "port" | "zone" | "address">;

async function ipTargets(context: ElbContext, group: TargetGroup, wanted: readonly Wanted[]): Promise<Resolved[]> {
  const cidrs = await context.ec2.vpcCidrs(group.vpcId);
  const subnets = await context.ec2.subnetsOfVpc(group.vpcId);
  return wanted.map(({ id, port, zone }) => {
    if (ipv4(id) === null) throw validationError(`The IP address '${id}' is not a valid IPv4 address`);
    const inside = cidrs.some((cidr) => contains(cidr, id));
    if (
      !inside &&
      !["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"].some((cidr) => contains(cidr, id))
    )
      throw validationError(
        `The IP address '${id}' must be in the VPC or in one of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, ` +
          "100.64.0.0/10",
      );
    if (!inside && zone !== "all")
      throw validationError(
        `You must specify an Availability Zone of 'all' when registering the IP address '${id}', which is ` +
          "outside the VPC of the target group",
      );
    if (inside && zone === "all")
      throw validationError(
        `You can't specify the Availability Zone 'all' for the IP address '${id}', which is in the VPC of the ` +
          "target group",
      );
    return {
      id,
      port,
      address: id,
      zone: inside ? (subnets.find((one) => contains(one.cidr, id))?.zone ?? zone) : "all",
    };
  });
}

async function instanceTargets(
  context: ElbContext,
  group: TargetGroup,
  wanted: readonly Wanted[],
): Promise<Resolved[]> {
  const ids = [...new Set(wanted.map((one) => one.id))];
  const invalid = (id: string): AwsError =>
    new AwsError("InvalidTarget", `The following targets are not in a running state and cannot be registered: '${id}'`);
  const answer = await context.ec2
    .call("DescribeInstances", Object.fromEntries(ids.map((id, index) => [`InstanceId.${index + 1}`, id])))
    .catch((error: unknown) => {
      if (error instanceof AwsError && error.code.startsWith("InvalidInstanceID"))
        throw new AwsError(
          "InvalidTarget",
          `The following targets are not valid instances: ${ids.map((id) => `'${id}'`).join(", ")}`,
        );
      throw error;
    });
  const found = items(answer["reservationSet"]).flatMap((one) => items(one["instancesSet"]));
  return wanted.map(({ id, port }) => {
    const instance = found.find((one) => str(one, "instanceId") === id);
    if (!instance || str(instance["instanceState"] as never, "name") !== "running") throw invalid(id);
    if (str(instance, "vpcId") !== group.vpcId)
      throw new AwsError(
        "InvalidTarget",
        `The following targets are not in the target group's VPC '${group.vpcId}': '${id}'`,
      );
    return {
      id,
      port,
      address: str(instance, "privateIpAddress"),
      zone: str(instance["placement"] as never, "availabilityZone"),
    };
  });
}

function checkLimits(context: ElbContext, group: TargetGroup, added: readonly Resolved[]): void {
  const after = new Map<string, Resolved>([...group.targets].filter(([, one]) => one.deregisteredAt === null));
  for (const one of added) after.set(targetKey(one.id, one.port), one);
  const tooMany = (limit: number, what: string): AwsError =>
    new AwsError("TooManyTargets", `You've reached the limit on the number of targets per ${what} ('${limit}')`);
  if (after.size > limits.targetsPerGroup) throw tooMany(limits.targetsPerGroup, "target group");
  // A load balancer's own quota counts a target once for each group that it is in.
  for (const balancer of context.store.loadBalancersUsing(group.arn)) {
    const groups = [...context.store.targetGroups.values()].filter(
      (one) => one !== group && context.store.loadBalancersUsing(one.arn).includes(balancer),
    );
    const all = [
      ...groups.flatMap((one) => [...one.targets.values()].filter((target) => target.deregisteredAt === null)),
      ...after.values(),
    ];
    if (balancer.type === "application") {
      const most = limits.targetsPerApplicationLoadBalancer;
      if (all.length > most) throw tooMany(most, "load balancer");
      continue;
    }
    if (context.store.crossZone(group) && all.length > limits.targetsCrossZone)
      throw tooMany(limits.targetsCrossZone, "load balancer with cross-zone load balancing");
    if (all.length > limits.targetsPerNetworkLoadBalancer)
      throw tooMany(limits.targetsPerNetworkLoadBalancer, "load balancer");
    for (const zone of new Set(all.map((one) => one.zone)))
      if (all.filter((one) => one.zone === zone).length > limits.targetsPerZone)
        throw tooMany(limits.targetsPerZone, "Availability Zone of a Network Load Balancer");
  }
}

/** Unknown targets are no error: deregistering is idempotent in AWS. */
export const deregisterTargets: Operation = (context, params) => {
  const group = theTargetGroup(context, required(params, "TargetGroupArn"));
  const now = Date.now();
  for (const { id, port } of deregistered(params, group)) {
    const key = targetKey(id, port);
    const target = group.targets.get(key);
    if (!target || target.deregisteredAt !== null) continue;
    target.deregisteredAt = now;
    // Without a listener there is nothing to drain.
    const delay =
      context.store.listenersUsing(group.arn).length === 0
        ? 0
        : context.scaled(Number(group.attributes.get("deregistration_delay.timeout_seconds") ?? 300));
    target.drainedAt = now + delay;
    // The data plane still routes to it for the lag of deregistration, also when the delay is shorter.
    context.later(Math.max(delay, context.scaled(context.deregistrationLagSeconds)) + 50, () => {
      if (group.targets.get(key) === target) group.targets.delete(key);
      context.changed();
    });
  }
  context.changed();
  return {};
};

/** Without a port every port of that id is meant. */
function deregistered(params: QueryObject, group: TargetGroup): { id: string; port: number }[] {
  return objects(params, "Targets").flatMap((one) => {
    const id = required(one, "Id");
    if (text(one, "Port") !== undefined) return [{ id, port: checkPort(number(one, "Port")) }];
    return [...group.targets.values()].filter((target) => target.id === id).map(({ port }) => ({ id, port }));
  });
}

export interface ShownHealth {
  readonly state: string;
  readonly reason?: string;
  readonly description?: string;
}

/** What DescribeTargetHealth shows of a target; null once it is gone. */
export function shownHealth(context: ElbContext, group: TargetGroup, target: Target, now: number): ShownHealth | null {
  if (target.deregisteredAt !== null) {
    if (target.drainedAt === null || now >= target.drainedAt) return null;
    return {
      state: "draining",
      reason: "Target.DeregistrationInProgress",
      description: "Target deregistration is in progress",
    };
  }
  if (context.store.listenersUsing(group.arn).length === 0)
    return {
      state: "unused",
      reason: "Target.NotInUse",
      description: "Target group is not configured to receive traffic from the load balancer",
    };
  const registering = now < target.registeredAt + context.scaled(registrationSeconds);
  if (registering)
    return {
      state: "initial",
      reason: "Elb.RegistrationInProgress",
      description: "Target registration is in progress",
    };
  if (target.health === null || target.health.state === "initial")
    return { state: "initial", reason: "Elb.InitialHealthChecking", description: "Initial health checks in progress" };
  if (target.health.state === "healthy") return { state: "healthy" };
  return {
    state: "unhealthy",
    reason: target.health.reason ?? "Target.FailedHealthChecks",
    description: target.health.description ?? "Health checks failed",
  };
}

export const describeTargetHealth: Operation = (context, params) => {
  const group = theTargetGroup(context, required(params, "TargetGroupArn"));
  const now = Date.now();
  const asked = wantedTargets(params, group);
  const keys = asked.length > 0 ? asked : [...group.targets.values()];
  return {
    TargetHealthDescriptions: keys
      .map(({ id, port, zone }) => described(context, group, { id, port, zone }, now, asked.length > 0))
      .filter((one) => one !== null) as XmlValue[],
  };
};

function described(context: ElbContext, group: TargetGroup, one: Wanted, now: number, named: boolean): XmlValue {
  const target = group.targets.get(targetKey(one.id, one.port));
  const health = target ? shownHealth(context, group, target, now) : null;
  if (health === null && !named) return null;
  const shown = health ?? {
    state: "unused",
    reason: "Target.NotRegistered",
    description: "Target is not registered to the target group",
  };
  const checkPort_ = group.healthCheck.port === "traffic-port" ? one.port : group.healthCheck.port;
  return {
    Target: { Id: one.id, Port: one.port, AvailabilityZone: target?.zone ?? one.zone },
    HealthCheckPort: health === null ? undefined : String(checkPort_),
    TargetHealth: { State: shown.state, Reason: shown.reason, Description: shown.description },
  };
}
