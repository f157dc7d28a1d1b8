/** Target groups. */
import { AwsError, validationError } from "../aws-error";
import { flag, number, object, type QueryObject, strings, text } from "../query";
import type { XmlValue } from "../xml";
import { defaults, groupDefinitions } from "./attributes";
import type { ElbContext, Operation } from "./context";
import type { Store, TargetGroup } from "./store";
import {
  checkName,
  checkPort,
  checkRange,
  hex16,
  limits,
  oneOf,
  page,
  required,
  tagsOf,
  theTargetGroup,
} from "./validation";

type HealthCheck = TargetGroup["healthCheck"];
const protocols = ["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP"];
const isHttp = (protocol: string): boolean => protocol === "HTTP" || protocol === "HTTPS";

export const createTargetGroup: Operation = async (context, params) => {
  const name = required(params, "Name");
  checkName(name, "Target group");
  const targetType = oneOf(
    text(params, "TargetType") ?? "instance",
    ["instance", "ip", "alb", "lambda"],
    "targetType",
  ) as TargetGroup["targetType"];
  if (targetType === "lambda") throw validationError("The sandbox has no lambda target groups");
  const protocol = oneOf(required(params, "Protocol"), protocols, "protocol");
  const port = checkPort(number(params, "Port"));
  const vpcId = required(params, "VpcId");
  await checkVpc(context, vpcId);
  const healthCheck = healthCheckOf(params, null, protocol);
  const protocolVersion = protocolVersionOf(params, protocol);
  const tags = tagsOf(params);
  const same = [...context.store.targetGroups.values()].find((one) => one.name === name);
  if (same)
    return { TargetGroups: [view(context.store, identical(same, { protocol, port, vpcId, targetType, healthCheck }))] };
  if (context.store.targetGroups.size >= limits.targetGroups)
    throw new AwsError(
      "TooManyTargetGroups",
      "You've reached the limit on the number of target groups for your AWS account",
    );
  const attributes = defaults(groupDefinitions(protocol));
  // AWS's default: client addresses stay for instances and for UDP, not for ip targets with TCP or TLS.
  if (attributes.has("preserve_client_ip.enabled") && (targetType !== "ip" || protocol.includes("UDP")))
    attributes.set("preserve_client_ip.enabled", "true");
  const group: TargetGroup = {
    arn: `arn:aws:elasticloadbalancing:${context.region}:${context.accountId}:targetgroup/${name}/${hex16()}`,
    name,
    protocol,
    port,
    vpcId,
    targetType,
    ipAddressType: oneOf(text(params, "IpAddressType") ?? "ipv4", ["ipv4", "ipv6"], "ipAddressType"),
    protocolVersion,
    attributes,
    tags,
    targets: new Map(),
    healthCheck,
  };
  context.store.targetGroups.set(group.arn, group);
  context.changed();
  return { TargetGroups: [view(context.store, group)] };
};

function protocolVersionOf(params: QueryObject, protocol: string): string | undefined {
  const version = text(params, "ProtocolVersion");
  if (!isHttp(protocol)) {
    if (version !== undefined) throw validationError(`Protocol version cannot be specified for protocol '${protocol}'`);
    return undefined;
  }
  if (oneOf(version ?? "HTTP1", ["HTTP1", "HTTP2", "GRPC"], "protocolVersion") !== "HTTP1")
    throw validationError(`The sandbox has no target groups with protocol version ${version}`);
  return "HTTP1";
}

async function checkVpc(context: ElbContext, vpcId: string): Promise<void> {
  try {
    await context.ec2.vpcCidrs(vpcId);
  } catch (error) {
    if (error instanceof AwsError && error.code.startsWith("InvalidVpcID"))
      throw validationError(`The VPC ID '${vpcId}' is not found`);
    throw error;
  }
}

function identical(
  same: TargetGroup,
  wanted: Pick<TargetGroup, "protocol" | "port" | "vpcId" | "targetType" | "healthCheck">,
): TargetGroup {
  const equal =
    same.protocol === wanted.protocol &&
    same.port === wanted.port &&
    same.vpcId === wanted.vpcId &&
    same.targetType === wanted.targetType &&
    JSON.stringify(same.healthCheck) === JSON.stringify(wanted.healthCheck);
  if (!equal)
    throw new AwsError(
      "DuplicateTargetGroupName",
      `A target group with the same name '${same.name}' exists, but with different settings`,
    );
  return same;
}

/** The health check asked for, on top of what there is (null: AWS's defaults for the protocol). */
function healthCheckOf(params: QueryObject, before: HealthCheck | null, groupProtocol: string): HealthCheck {
  const http = isHttp(groupProtocol);
  const protocol = oneOf(
    text(params, "HealthCheckProtocol") ?? before?.protocol ?? (http ? groupProtocol : "TCP"),
    http ? ["HTTP", "HTTPS"] : ["HTTP", "HTTPS", "TCP"],
    "healthCheckProtocol",
  ) as HealthCheck["protocol"];
  const kept = before?.protocol === protocol ? before : null;
  const port = text(params, "HealthCheckPort") ?? String(before?.port ?? "traffic-port");
  const codes = object(params, "Matcher");
  const matcher =
    protocol === "TCP"
      ? null
      : ((codes && (text(codes, "HttpCode") ?? text(codes, "GrpcCode"))) ??
        kept?.matcher ??
        (http ? "200" : "200-399"));
  if (matcher !== null && !/^\d{1,3}(-\d{1,3})?(,\d{1,3}(-\d{1,3})?)*$/.test(matcher))
    throw validationError(`Health check matcher HTTP code '${matcher}' must be a number, a range or a list of them`);
  const intervalSeconds = checkRange(
    number(params, "HealthCheckIntervalSeconds") ?? before?.intervalSeconds ?? 30,
    5,
    300,
    "Health check interval",
  );
  const timeoutSeconds = checkRange(
    number(params, "HealthCheckTimeoutSeconds") ?? kept?.timeoutSeconds ?? (http ? 5 : protocol === "HTTP" ? 6 : 10),
    2,
    120,
    "Health check timeout",
  );
  if (timeoutSeconds > intervalSeconds)
    throw validationError(
      `Health check timeout '${timeoutSeconds}' must be smaller than or equal to the interval '${intervalSeconds}'`,
    );
  const path = protocol === "TCP" ? null : (text(params, "HealthCheckPath") ?? kept?.path ?? "/");
  if (path !== null && (!path.startsWith("/") || path.length > 1024))
    throw validationError(
      `Health check path '${path}' must begin with a '/' character and be at most 1024 characters long`,
    );
  return {
    enabled: flag(params, "HealthCheckEnabled") ?? before?.enabled ?? true,
    protocol,
    port: port === "traffic-port" ? port : checkPort(Number(port), "healthCheckPort"),
    path,
    intervalSeconds,
    timeoutSeconds,
    healthyThreshold: checkRange(
      number(params, "HealthyThresholdCount") ?? before?.healthyThreshold ?? 5,
      2,
      10,
      "Healthy threshold count",
    ),
    unhealthyThreshold: checkRange(
      number(params, "UnhealthyThresholdCount") ?? before?.unhealthyThreshold ?? 2,
      2,
      10,
      "Unhealthy threshold count",
    ),
    matcher,
  };
}

export function view(store: Store, one: TargetGroup): XmlValue {
  const check = one.healthCheck;
  return {
    TargetGroupArn: one.arn,
    TargetGroupName: one.name,
    Protocol: one.protocol,
    Port: one.port,
    VpcId: one.vpcId,
    HealthCheckProtocol: check.protocol,
    HealthCheckPort: String(check.port),
    HealthCheckEnabled: check.enabled,
    HealthCheckIntervalSeconds: check.intervalSeconds,
    HealthCheckTimeoutSeconds: check.timeoutSeconds,
    HealthyThresholdCount: check.healthyThreshold,
    UnhealthyThresholdCount: check.unhealthyThreshold,
    HealthCheckPath: check.path,
    Matcher: check.matcher === null ? undefined : { HttpCode: check.matcher },
    LoadBalancerArns: store.loadBalancersUsing(one.arn).map((balancer) => balancer.arn),
    TargetType: one.targetType,
    ProtocolVersion: one.protocolVersion,
    IpAddressType: one.ipAddressType,
  };
}

export const describeTargetGroups: Operation = ({ store }, params) => {
  const [arns, names, balancer] = [
    strings(params, "TargetGroupArns"),
    strings(params, "Names"),
    text(params, "LoadBalancerArn"),
  ];
  if ([arns.length > 0, names.length > 0, balancer !== undefined].filter(Boolean).length > 1)
    throw validationError("Target groups cannot be described by more than one of: ARNs, names, load balancer ARN");
  const all = [...store.targetGroups.values()];
  if (balancer !== undefined && !store.loadBalancers.has(balancer))
    throw new AwsError("LoadBalancerNotFound", `Load balancer '${balancer}' not found`);
  if (arns.some((arn) => !store.targetGroups.has(arn)) || names.some((name) => !all.some((one) => one.name === name)))
    throw new AwsError("TargetGroupNotFound", "One or more target groups not found");
  const wanted = all.filter(
    (one) =>
      (arns.length === 0 || arns.includes(one.arn)) &&
      (names.length === 0 || names.includes(one.name)) &&
      (balancer === undefined || store.loadBalancersUsing(one.arn).some((user) => user.arn === balancer)),
  );
  const { part, marker } = page(params, wanted);
  return { TargetGroups: part.map((one) => view(store, one)), NextMarker: marker };
};

export const modifyTargetGroup: Operation = (context, params) => {
  const group = theTargetGroup(context, required(params, "TargetGroupArn"));
  group.healthCheck = healthCheckOf(params, group.healthCheck, group.protocol);
  context.changed();
  return { TargetGroups: [view(context.store, group)] };
};

export const deleteTargetGroup: Operation = (context, params) => {
  const arn = required(params, "TargetGroupArn");
  if (context.store.listenersUsing(arn).length > 0)
    throw new AwsError("ResourceInUse", `Target group '${arn}' is currently in use by a listener or a rule`);
  if (context.store.targetGroups.delete(arn)) context.changed();
  return {};
};
