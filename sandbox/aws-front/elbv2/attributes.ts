/** Attributes of load balancers, target groups and listeners: keys, defaults and ranges as in the API reference. */
import { validationError } from "../aws-error";
import { objects, type QueryObject, text } from "../query";
import type { XmlValue } from "../xml";
import { checkStickiness } from "./action-rules";
import type { ElbContext, Operation } from "./context";
import { required, theListener, theLoadBalancer, theTargetGroup } from "./validation";

/** `null` allows any text; a pair is a range of whole numbers, which `off` may stand for where it says so. */
type Rule = readonly string[] | readonly [number, number] | { readonly orOff: readonly [number, number] } | null;
interface Definition {
  readonly key: string;
  readonly value: string;
  readonly rule: Rule;
}
const define = (key: string, value: string, rule: Rule): Definition => ({ key, value, rule });
const bool = ["true", "false"] as const;
const percentage: Rule = { orOff: [1, 100] };

const networkBalancer = [
  define("deletion_protection.enabled", "false", bool),
  define("load_balancing.cross_zone.enabled", "false", bool),
  define("access_logs.s3.enabled", "false", bool),
  define("access_logs.s3.bucket", "", null),
  define("access_logs.s3.prefix", "", null),
  define("ipv6.deny_all_igw_traffic", "false", bool),
  define("zonal_shift.config.enabled", "false", bool),
  define("dns_record.client_routing_policy", "any_availability_zone", [
    "any_availability_zone",
    "availability_zone_affinity",
    "partial_availability_zone_affinity",
  ]),
  define("secondary_ips.auto_assigned.per_subnet", "0", [0, 7]),
];
const applicationBalancer = [
  ...networkBalancer.filter(({ key }) => !/^(dns_record|secondary_ips|load_balancing)/.test(key)),
  define("load_balancing.cross_zone.enabled", "true", ["true"]),
  define("idle_timeout.timeout_seconds", "60", [1, 4000]),
  define("client_keep_alive.seconds", "3600", [60, 604_800]),
  define("routing.http.desync_mitigation_mode", "defensive", ["monitor", "defensive", "strictest"]),
  define("routing.http.drop_invalid_header_fields.enabled", "false", bool),
  define("routing.http.preserve_host_header.enabled", "false", bool),
  define("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false", bool),
  define("routing.http.xff_client_port.enabled", "false", bool),
  define("routing.http.xff_header_processing.mode", "append", ["append", "preserve", "remove"]),
  define("routing.http2.enabled", "true", bool),
  define("waf.fail_open.enabled", "false", bool),
  define("connection_logs.s3.enabled", "false", bool),
  define("connection_logs.s3.bucket", "", null),
  define("connection_logs.s3.prefix", "", null),
];
const bothGroups = [
  define("deregistration_delay.timeout_seconds", "300", [0, 3600]),
  define("stickiness.enabled", "false", bool),
  define("load_balancing.cross_zone.enabled", "use_load_balancer_configuration", [
    "true",
    "false",
    "use_load_balancer_configuration",
  ]),
  define("target_group_health.dns_failover.minimum_healthy_targets.count", "1", { orOff: [1, 1000] }),
  define("target_group_health.dns_failover.minimum_healthy_targets.percentage", "off", percentage),
  define("target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1", [1, 1000]),
  define("target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "off", percentage),
];
const networkGroup = [
  ...bothGroups,
  define("stickiness.type", "source_ip", ["source_ip", "source_ip_dest_ip", "source_ip_dest_ip_proto"]),
  define("deregistration_delay.connection_termination.enabled", "false", bool),
  define("preserve_client_ip.enabled", "false", bool),
  define("proxy_protocol_v2.enabled", "false", bool),
  define("target_health_state.unhealthy.connection_termination.enabled", "true", bool),
  define("target_health_state.unhealthy.draining_interval_seconds", "0", [0, 360_000]),
];
const applicationGroup = [
  ...bothGroups,
  define("stickiness.type", "lb_cookie", ["lb_cookie", "app_cookie"]),
  define("stickiness.lb_cookie.duration_seconds", "86400", [1, 604_800]),
  define("stickiness.app_cookie.cookie_name", "", null),
  define("stickiness.app_cookie.duration_seconds", "86400", [1, 604_800]),
  define("slow_start.duration_seconds", "0", [0, 900]),
  define("load_balancing.algorithm.type", "round_robin", [
    "round_robin",
    "least_outstanding_requests",
    "weighted_random",
  ]),
  define("load_balancing.algorithm.anomaly_mitigation", "off", ["on", "off"]),
];
const networkListener = [define("tcp.idle_timeout.seconds", "350", [60, 6000])];
const mutualTls = ["Serial-Number", "Issuer", "Subject", "Validity", "Leaf"].map((part) =>
  define(
    `routing.http.request.x_amzn_mtls_clientcert_${part.toLowerCase().replace("-", "_")}.header_name`,
    `X-Amzn-Mtls-Clientcert-${part}`,
    null,
  ),
);
const applicationListener = [
  define("routing.http.response.server.enabled", "true", bool),
  ...[
    "strict_transport_security",
    "access_control_allow_origin",
    "access_control_allow_methods",
    "access_control_allow_headers",
    "access_control_allow_credentials",
    "access_control_expose_headers",
    "access_control_max_age",
    "content_security_policy",
    "x_content_type_options",
    "x_frame_options",
  ].map((name) => define(`routing.http.response.${name}.header_value`, "", null)),
];
const secureListener = [
  ...applicationListener,
  ...mutualTls,
  define("routing.http.request.x_amzn_mtls_clientcert.header_name", "X-Amzn-Mtls-Clientcert", null),
  define("routing.http.request.x_amzn_tls_version.header_name", "X-Amzn-Tls-Version", null),
  define("routing.http.request.x_amzn_tls_cipher_suite.header_name", "X-Amzn-Tls-Cipher-Suite", null),
];

const isHttp = (protocol: string): boolean => protocol === "HTTP" || protocol === "HTTPS";
export const balancerDefinitions = (type: string): readonly Definition[] =>
  type === "network" ? networkBalancer : applicationBalancer;
export const groupDefinitions = (protocol: string): readonly Definition[] =>
  isHttp(protocol) ? applicationGroup : networkGroup;
export const listenerDefinitions = (protocol: string): readonly Definition[] =>
  ({ TCP: networkListener, HTTP: applicationListener, HTTPS: secureListener })[protocol] ?? [];

export const defaults = (definitions: readonly Definition[]): Map<string, string> =>
  new Map(definitions.map(({ key, value }) => [key, value]));

/** Checks all before it sets one. */
export function apply(
  params: QueryObject,
  definitions: readonly Definition[],
  into: Map<string, string>,
  what: string,
): void {
  const wanted = objects(params, "Attributes").map((one) => [required(one, "Key"), text(one, "Value") ?? ""] as const);
  for (const [key, value] of wanted) {
    const definition = definitions.find((one) => one.key === key);
    if (!definition) throw validationError(`${what} attribute key '${key}' is not recognized`);
    check(key, value, definition.rule, what);
  }
  for (const [key, value] of wanted) into.set(key, value);
}

function check(key: string, value: string, rule: Rule, what: string): void {
  if (rule === null) return;
  if ("orOff" in rule) {
    if (value !== "off") check(key, value, rule.orOff, what);
  } else if (typeof rule[0] === "number") {
    const [low, high] = rule as readonly [number, number];
    if (!/^\d+$/.test(value) || Number(value) < low || Number(value) > high)
      throw validationError(`${what} attribute '${key}' value '${value}' must be between ${low} and ${high} inclusive`);
  } else if (!(rule as readonly string[]).includes(value)) {
    throw validationError(
      `${what} attribute '${key}' value '${value}' is invalid. Valid values are [${rule.join(", ")}]`,
    );
  }
}

export const list = (attributes: ReadonlyMap<string, string>): XmlValue => ({
  Attributes: [...attributes].map(([Key, Value]) => ({ Key, Value })),
});

export const describeLoadBalancerAttributes: Operation = (context, params) =>
  list(theLoadBalancer(context, required(params, "LoadBalancerArn")).attributes);
export const describeTargetGroupAttributes: Operation = (context, params) =>
  list(theTargetGroup(context, required(params, "TargetGroupArn")).attributes);
export const describeListenerAttributes: Operation = (context, params) =>
  list(theListener(context, required(params, "ListenerArn")).attributes);

function modified(
  context: ElbContext,
  attributes: Map<string, string>,
  params: QueryObject,
  definitions: readonly Definition[],
  what: string,
): XmlValue {
  apply(params, definitions, attributes, what);
  context.changed();
  return list(attributes);
}

export const modifyLoadBalancerAttributes: Operation = (context, params) => {
  const balancer = theLoadBalancer(context, required(params, "LoadBalancerArn"));
  return modified(context, balancer.attributes, params, balancerDefinitions(balancer.type), "Load balancer");
};
export const modifyTargetGroupAttributes: Operation = (context, params) => {
  const group = theTargetGroup(context, required(params, "TargetGroupArn"));
  const after = new Map(group.attributes);
  apply(params, groupDefinitions(group.protocol), after, "Target group");
  for (const action of context.store.actionsUsing(group.arn))
    checkStickiness(
      action.stickiness?.enabled === true,
      action.forward.map(({ arn }) => ({ arn, attributes: arn === group.arn ? after : new Map<string, string>() })),
    );
  return modified(context, group.attributes, params, groupDefinitions(group.protocol), "Target group");
};
export const modifyListenerAttributes: Operation = (context, params) => {
  const listener = theListener(context, required(params, "ListenerArn"));
  return modified(context, listener.attributes, params, listenerDefinitions(listener.protocol), "Listener");
};
