/** What the program writes and what ELBv2 takes, in both directions. */
import type * as elb from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Props } from "../rpc/values";

export type Attributes = readonly { readonly Key: string; readonly Value: string }[];

/** Property of the program, attribute of ELBv2. */
export const loadBalancerAttributes: Readonly<Record<string, string>> = {
  enableDeletionProtection: "deletion_protection.enabled",
  enableCrossZoneLoadBalancing: "load_balancing.cross_zone.enabled",
  dnsRecordClientRoutingPolicy: "dns_record.client_routing_policy",
  enableZonalShift: "zonal_shift.config.enabled",
  idleTimeout: "idle_timeout.timeout_seconds",
  clientKeepAlive: "client_keep_alive.seconds",
  enableHttp2: "routing.http2.enabled",
  dropInvalidHeaderFields: "routing.http.drop_invalid_header_fields.enabled",
  desyncMitigationMode: "routing.http.desync_mitigation_mode",
  preserveHostHeader: "routing.http.preserve_host_header.enabled",
  enableXffClientPort: "routing.http.xff_client_port.enabled",
  xffHeaderProcessingMode: "routing.http.xff_header_processing.mode",
};

export const targetGroupAttributes: Readonly<Record<string, string>> = {
  deregistrationDelay: "deregistration_delay.timeout_seconds",
  connectionTermination: "deregistration_delay.connection_termination.enabled",
  preserveClientIp: "preserve_client_ip.enabled",
  proxyProtocolV2: "proxy_protocol_v2.enabled",
  loadBalancingCrossZoneEnabled: "load_balancing.cross_zone.enabled",
  loadBalancingAlgorithmType: "load_balancing.algorithm.type",
  slowStart: "slow_start.duration_seconds",
};

export function attributes(
  table: Readonly<Record<string, string>>,
  inputs: Props,
  only?: ReadonlySet<string>,
): { Key: string; Value: string }[] {
  return Object.entries(table)
    .filter(([property]) => inputs[property] !== undefined && (only === undefined || only.has(property)))
    .map(([property, Key]) => ({ Key, Value: String(inputs[property]) }));
}

/** AWS tells attributes as text; the program writes some of them as numbers and booleans. */
export function fromAttributes(
  table: Readonly<Record<string, string>>,
  list: readonly { readonly Key?: string; readonly Value?: string }[] | undefined,
  text: readonly string[],
): Props {
  const value = (property: string, found: string) =>
    text.includes(property)
      ? found
      : /^(true|false)$/.test(found)
        ? found === "true"
        : /^\d+$/.test(found)
          ? Number(found)
          : found;
  return Object.fromEntries(
    Object.entries(table).flatMap(([property, Key]) => {
      const found = list?.find((one) => one.Key === Key)?.Value;
      return found === undefined || found === "" ? [] : [[property, value(property, found)]];
    }),
  );
}

/** Access logs that the program leaves out are switched off. */
export function logAttributes(inputs: Props, only?: ReadonlySet<string>): { Key: string; Value: string }[] {
  const logs = inputs["accessLogs"];
  if (only === undefined ? logs === undefined : !only.has("accessLogs")) return [];
  const on = logs?.enabled === true;
  return [
    { Key: "access_logs.s3.enabled", Value: String(on) },
    ...(on ? [{ Key: "access_logs.s3.bucket", Value: String(logs.bucket) }] : []),
    ...(on ? [{ Key: "access_logs.s3.prefix", Value: String(logs.prefix ?? "") }] : []),
  ];
}

/** AWS tells of them also when they are off. */
export function accessLogs(list: readonly { readonly Key?: string; readonly Value?: string }[] | undefined): Props {
  const value = (key: string) => list?.find((one) => one.Key === `access_logs.s3.${key}`)?.Value;
  return { enabled: value("enabled") === "true", bucket: value("bucket") ?? "", prefix: value("prefix") ?? "" };
}

/** The nested blocks of a target group. */
export function nestedAttributes(inputs: Props, only?: ReadonlySet<string>): { Key: string; Value: string }[] {
  const result: { Key: string; Value: string }[] = [];
  const put = (Key: string, value: unknown) => {
    if (value !== undefined) result.push({ Key, Value: String(value) });
  };
  const wanted = (property: string) => only === undefined || only.has(property);
  const state = inputs["targetHealthStates"]?.[0];
  if (state !== undefined && wanted("targetHealthStates")) {
    put("target_health_state.unhealthy.connection_termination.enabled", state.enableUnhealthyConnectionTermination);
    put("target_health_state.unhealthy.draining_interval_seconds", state.unhealthyDrainingInterval);
  }
  const health = inputs["targetGroupHealth"];
  if (health !== undefined && wanted("targetGroupHealth")) {
    const { dnsFailover: dns, unhealthyStateRouting: routing } = health;
    put(healthKey("dns_failover", "count"), dns?.minimumHealthyTargetsCount);
    put(healthKey("dns_failover", "percentage"), dns?.minimumHealthyTargetsPercentage);
    put(healthKey("unhealthy_state_routing", "count"), routing?.minimumHealthyTargetsCount);
    put(healthKey("unhealthy_state_routing", "percentage"), routing?.minimumHealthyTargetsPercentage);
  }
  const stickiness = inputs["stickiness"];
  if (stickiness !== undefined && wanted("stickiness")) {
    put("stickiness.enabled", stickiness.enabled ?? true);
    put("stickiness.type", stickiness.type);
    if (["lb_cookie", "app_cookie"].includes(stickiness.type))
      put(`stickiness.${stickiness.type}.duration_seconds`, stickiness.cookieDuration);
    if (stickiness.type === "app_cookie") put("stickiness.app_cookie.cookie_name", stickiness.cookieName);
  }
  return result;
}

/** A target group's block of that name, as AWS tells it in attributes. */
export function stickiness(
  list: readonly { readonly Key?: string; readonly Value?: string }[] | undefined,
): Props | undefined {
  const value = (key: string) => list?.find((one) => one.Key === `stickiness.${key}`)?.Value;
  const type = value("type");
  if (type === undefined) return undefined;
  const duration = value(`${type}.duration_seconds`);
  return {
    enabled: value("enabled") === "true",
    type,
    ...(duration === undefined ? {} : { cookieDuration: Number(duration) }),
    ...(type === "app_cookie" ? { cookieName: value("app_cookie.cookie_name") ?? "" } : {}),
  };
}

const healthKey = (part: string, figure: string) => `target_group_health.${part}.minimum_healthy_targets.${figure}`;

/** A target group's `targetGroupHealth`, as AWS tells it in attributes: one figure of it is a number. */
export function groupHealth(list: readonly { readonly Key?: string; readonly Value?: string }[] | undefined): Props {
  const value = (part: string, figure: string) => list?.find((one) => one.Key === healthKey(part, figure))?.Value;
  const routed = value("unhealthy_state_routing", "count");
  return {
    dnsFailover: {
      minimumHealthyTargetsCount: value("dns_failover", "count"),
      minimumHealthyTargetsPercentage: value("dns_failover", "percentage"),
    },
    unhealthyStateRouting: {
      minimumHealthyTargetsCount: routed === undefined ? undefined : Number(routed),
      minimumHealthyTargetsPercentage: value("unhealthy_state_routing", "percentage"),
    },
  };
}

/** Only groups of streams have them. */
export function healthStates(
  list: readonly { readonly Key?: string; readonly Value?: string }[] | undefined,
): Props[] | undefined {
  const value = (key: string) => list?.find((one) => one.Key === `target_health_state.unhealthy.${key}`)?.Value;
  const ended = value("connection_termination.enabled");
  return ended === undefined
    ? undefined
    : [
        {
          enableUnhealthyConnectionTermination: ended === "true",
          unhealthyDrainingInterval: Number(value("draining_interval_seconds") ?? 0),
        },
      ];
}

export function mapping(one: Props): elb.SubnetMapping {
  return {
    SubnetId: one["subnetId"],
    AllocationId: one["allocationId"],
    PrivateIPv4Address: one["privateIpv4Address"],
    IPv6Address: one["ipv6Address"],
  };
}

export function healthCheck(check: Props | undefined) {
  if (check === undefined) return {};
  return {
    HealthCheckEnabled: check["enabled"],
    HealthCheckProtocol: check["protocol"],
    HealthCheckPort: check["port"] === undefined ? undefined : String(check["port"]),
    HealthCheckPath: check["path"],
    HealthCheckIntervalSeconds: check["interval"],
    HealthCheckTimeoutSeconds: check["timeout"],
    HealthyThresholdCount: check["healthyThreshold"],
    UnhealthyThresholdCount: check["unhealthyThreshold"],
    ...(check["matcher"] === undefined || check["matcher"] === "" ? {} : { Matcher: { HttpCode: check["matcher"] } }),
  };
}

export function actions(list: readonly Props[] | undefined): elb.Action[] {
  return (list ?? []).map((action, index) => {
    const forward = action["forward"];
    const redirect = action["redirect"];
    const fixed = action["fixedResponse"];
    return {
      Type: action["type"],
      Order: action["order"] ?? (list!.length > 1 ? index + 1 : undefined),
      TargetGroupArn: action["targetGroupArn"],
      ...(forward === undefined
        ? {}
        : {
            ForwardConfig: {
              TargetGroups: forward.targetGroups.map((group: Props) => ({
                TargetGroupArn: group["arn"],
                Weight: group["weight"],
              })),
              ...(forward.stickiness === undefined
                ? {}
                : {
                    TargetGroupStickinessConfig: {
                      Enabled: forward.stickiness.enabled,
                      DurationSeconds: forward.stickiness.duration,
                    },
                  }),
            },
          }),
      ...(redirect === undefined
        ? {}
        : {
            RedirectConfig: {
              Host: redirect.host,
              Path: redirect.path,
              Port: redirect.port,
              Protocol: redirect.protocol,
              Query: redirect.query,
              StatusCode: redirect.statusCode,
            },
          }),
      ...(fixed === undefined
        ? {}
        : {
            FixedResponseConfig: {
              ContentType: fixed.contentType,
              MessageBody: fixed.messageBody,
              StatusCode: fixed.statusCode,
            },
          }),
    };
  });
}

export function conditions(list: readonly Props[] | undefined): elb.RuleCondition[] {
  return (list ?? []).flatMap((one): elb.RuleCondition[] => [
    ...(one["pathPattern"] === undefined
      ? []
      : [{ Field: "path-pattern", PathPatternConfig: { Values: one["pathPattern"].values } }]),
    ...(one["hostHeader"] === undefined
      ? []
      : [{ Field: "host-header", HostHeaderConfig: { Values: one["hostHeader"].values } }]),
    ...(one["httpHeader"] === undefined
      ? []
      : [
          {
            Field: "http-header",
            HttpHeaderConfig: { HttpHeaderName: one["httpHeader"].httpHeaderName, Values: one["httpHeader"].values },
          },
        ]),
    ...(one["httpRequestMethod"] === undefined
      ? []
      : [{ Field: "http-request-method", HttpRequestMethodConfig: { Values: one["httpRequestMethod"].values } }]),
    ...(one["sourceIp"] === undefined
      ? []
      : [{ Field: "source-ip", SourceIpConfig: { Values: one["sourceIp"].values } }]),
    ...(one["queryStrings"] === undefined
      ? []
      : [
          {
            Field: "query-string",
            QueryStringConfig: {
              Values: one["queryStrings"].map((pair: Props) => ({ Key: pair["key"], Value: pair["value"] })),
            },
          },
        ]),
  ]);
}
