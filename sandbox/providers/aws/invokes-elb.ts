/** Functions that find load balancers, target groups and listeners: by name, ARN, or tags (all of them must match). */
import * as elb from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Props } from "../rpc/values";
import { tagMap, type AwsContext } from "./descriptor";
import { loadBalancerAttributes, targetGroupAttributes } from "./elb-shapes";
import { type Invoke, onlyOne } from "./lookup";

/** As many as DescribeTags takes. */
const arnsPerCall = 20;

async function tagsByArn(aws: AwsContext, arns: readonly string[]): Promise<Map<string, Record<string, string>>> {
  const found = new Map<string, Record<string, string>>();
  for (let at = 0; at < arns.length; at += arnsPerCall) {
    const answer = await aws.elb.send(new elb.DescribeTagsCommand({ ResourceArns: arns.slice(at, at + arnsPerCall) }));
    for (const one of answer.TagDescriptions ?? []) found.set(one.ResourceArn ?? "", tagMap(one.Tags));
  }
  return found;
}

/** The one with all these tags, and its own. */
async function tagged<T>(
  aws: AwsContext,
  list: readonly T[],
  arnOf: (one: T) => string,
  wanted: Props | undefined,
): Promise<{ found: T; tags: Record<string, string> }> {
  const tags = await tagsByArn(aws, list.map(arnOf));
  const fits = (one: T) => Object.entries(wanted ?? {}).every(([key, value]) => tags.get(arnOf(one))?.[key] === value);
  const found = onlyOne(list.filter(fits));
  return { found, tags: tags.get(arnOf(found)) ?? {} };
}

async function all<T>(
  page: (
    Marker: string | undefined,
  ) => Promise<{ readonly items: readonly T[] | undefined; readonly next: string | undefined }>,
): Promise<T[]> {
  const list: T[] = [];
  for (let marker: string | undefined; ;) {
    const { items, next } = await page(marker);
    list.push(...(items ?? []));
    if (next === undefined || next === "") return list;
    marker = next;
  }
}

const value = (
  list: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined,
  key: string | undefined,
): string => list?.find((one) => one.Key === key)?.Value ?? "";

const getLoadBalancer: Invoke = async (aws, args) => {
  const chosen =
    args["arn"] !== undefined
      ? { LoadBalancerArns: [args["arn"] as string] }
      : args["name"] !== undefined
        ? { Names: [args["name"] as string] }
        : {};
  const list = await all((Marker) =>
    aws.elb
      .send(new elb.DescribeLoadBalancersCommand({ ...chosen, Marker }))
      .then((answer) => ({ items: answer.LoadBalancers, next: answer.NextMarker })),
  );
  const { found, tags } = await tagged(aws, list, (one) => one.LoadBalancerArn ?? "", args["tags"]);
  const arn = found.LoadBalancerArn!;
  const attributes = (await aws.elb.send(new elb.DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: arn })))
    .Attributes;
  const text = (property: string) => value(attributes, loadBalancerAttributes[property]);
  const flag = (property: string) => text(property) === "true";
  return {
    id: arn,
    arn,
    arnSuffix: arn.slice(arn.indexOf("loadbalancer/") + "loadbalancer/".length),
    name: found.LoadBalancerName,
    dnsName: found.DNSName,
    zoneId: found.CanonicalHostedZoneId,
    vpcId: found.VpcId,
    internal: found.Scheme === "internal",
    loadBalancerType: found.Type,
    ipAddressType: found.IpAddressType ?? "ipv4",
    securityGroups: found.SecurityGroups ?? [],
    subnets: (found.AvailabilityZones ?? []).map((zone) => zone.SubnetId),
    tags,
    region: aws.region,
    subnetMappings: (found.AvailabilityZones ?? []).map((zone) => ({
      subnetId: zone.SubnetId,
      outpostId: zone.OutpostId ?? "",
      allocationId: zone.LoadBalancerAddresses?.[0]?.AllocationId ?? "",
      privateIpv4Address: zone.LoadBalancerAddresses?.[0]?.PrivateIPv4Address ?? "",
      ipv6Address: zone.LoadBalancerAddresses?.[0]?.IPv6Address ?? "",
    })),
    enableDeletionProtection: flag("enableDeletionProtection"),
    enableCrossZoneLoadBalancing: flag("enableCrossZoneLoadBalancing"),
    enableZonalShift: flag("enableZonalShift"),
    enableHttp2: flag("enableHttp2"),
    dropInvalidHeaderFields: flag("dropInvalidHeaderFields"),
    preserveHostHeader: flag("preserveHostHeader"),
    enableXffClientPort: flag("enableXffClientPort"),
    enableWafFailOpen: false,
    enableTlsVersionAndCipherSuiteHeaders: false,
    dnsRecordClientRoutingPolicy: text("dnsRecordClientRoutingPolicy"),
    desyncMitigationMode: text("desyncMitigationMode"),
    xffHeaderProcessingMode: text("xffHeaderProcessingMode"),
    idleTimeout: Number(text("idleTimeout") || 0),
    clientKeepAlive: Number(text("clientKeepAlive") || 0),
    enforceSecurityGroupInboundRulesOnPrivateLinkTraffic:
      found.EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic ?? "",
    enablePrefixForIpv6SourceNat: found.EnablePrefixForIpv6SourceNat ?? "",
    customerOwnedIpv4Pool: "",
    secondaryIpsAutoAssignedPerSubnet: 0,
    accessLogs: { bucket: "", enabled: false, prefix: "" },
    connectionLogs: [],
    healthCheckLogs: [],
    ipamPools: [],
  };
};

const getTargetGroup: Invoke = async (aws, args) => {
  const chosen =
    args["arn"] !== undefined
      ? { TargetGroupArns: [args["arn"] as string] }
      : args["name"] !== undefined
        ? { Names: [args["name"] as string] }
        : {};
  const list = await all((Marker) =>
    aws.elb
      .send(new elb.DescribeTargetGroupsCommand({ ...chosen, Marker }))
      .then((answer) => ({ items: answer.TargetGroups, next: answer.NextMarker })),
  );
  const wanted =
    args["loadBalancerArns"] === undefined
      ? list
      : list.filter((one) =>
          (args["loadBalancerArns"] as string[]).every((arn) => one.LoadBalancerArns?.includes(arn)),
        );
  const { found, tags } = await tagged(aws, wanted, (one) => one.TargetGroupArn ?? "", args["tags"]);
  const arn = found.TargetGroupArn!;
  const attributes = (await aws.elb.send(new elb.DescribeTargetGroupAttributesCommand({ TargetGroupArn: arn })))
    .Attributes;
  const text = (property: string) => value(attributes, targetGroupAttributes[property]);
  return {
    id: arn,
    arn,
    arnSuffix: arn.slice(arn.indexOf("targetgroup/")),
    name: found.TargetGroupName,
    port: found.Port,
    protocol: found.Protocol,
    protocolVersion: found.ProtocolVersion ?? "",
    targetType: found.TargetType,
    vpcId: found.VpcId,
    tags,
    region: aws.region,
    loadBalancerArns: found.LoadBalancerArns ?? [],
    deregistrationDelay: text("deregistrationDelay"),
    connectionTermination: text("connectionTermination") === "true",
    preserveClientIp: text("preserveClientIp"),
    proxyProtocolV2: text("proxyProtocolV2") === "true",
    loadBalancingCrossZoneEnabled: text("loadBalancingCrossZoneEnabled"),
    loadBalancingAlgorithmType: text("loadBalancingAlgorithmType"),
    loadBalancingAnomalyMitigation: "",
    slowStart: Number(text("slowStart") || 0),
    lambdaMultiValueHeadersEnabled: false,
    targetControlPort: 0,
    healthCheck: {
      enabled: found.HealthCheckEnabled ?? true,
      protocol: found.HealthCheckProtocol,
      port: found.HealthCheckPort,
      path: found.HealthCheckPath ?? "",
      interval: found.HealthCheckIntervalSeconds,
      timeout: found.HealthCheckTimeoutSeconds,
      healthyThreshold: found.HealthyThresholdCount,
      unhealthyThreshold: found.UnhealthyThresholdCount,
      matcher: found.Matcher?.HttpCode ?? "",
    },
    stickiness: {
      enabled: value(attributes, "stickiness.enabled") === "true",
      type: value(attributes, "stickiness.type"),
      cookieDuration: 0,
      cookieName: "",
    },
  };
};

const getListener: Invoke = async (aws, args) => {
  const chosen =
    args["arn"] !== undefined
      ? { ListenerArns: [args["arn"] as string] }
      : { LoadBalancerArn: args["loadBalancerArn"] as string | undefined };
  const list = await all((Marker) =>
    aws.elb
      .send(new elb.DescribeListenersCommand({ ...chosen, Marker }))
      .then((answer) => ({ items: answer.Listeners, next: answer.NextMarker })),
  );
  const wanted = args["port"] === undefined ? list : list.filter((one) => one.Port === args["port"]);
  const { found, tags } = await tagged(aws, wanted, (one) => one.ListenerArn ?? "", args["tags"]);
  return {
    id: found.ListenerArn,
    arn: found.ListenerArn,
    loadBalancerArn: found.LoadBalancerArn,
    port: found.Port,
    protocol: found.Protocol,
    sslPolicy: found.SslPolicy ?? "",
    alpnPolicy: found.AlpnPolicy?.[0] ?? "",
    certificateArn: found.Certificates?.[0]?.CertificateArn ?? "",
    tags,
    region: aws.region,
    mutualAuthentications: [],
    defaultActions: (found.DefaultActions ?? []).map((action) => ({
      type: action.Type,
      order: action.Order ?? 0,
      targetGroupArn: action.TargetGroupArn ?? "",
      authenticateCognitos: [],
      authenticateOidcs: [],
      fixedResponses: [],
      redirects: [],
      forwards:
        action.ForwardConfig === undefined
          ? []
          : [
              {
                targetGroups: (action.ForwardConfig.TargetGroups ?? []).map((group) => ({
                  arn: group.TargetGroupArn,
                  weight: group.Weight ?? 1,
                })),
                stickinesses: [
                  {
                    enabled: action.ForwardConfig.TargetGroupStickinessConfig?.Enabled ?? false,
                    duration: action.ForwardConfig.TargetGroupStickinessConfig?.DurationSeconds ?? 0,
                  },
                ],
              },
            ],
    })),
  };
};

export const elbInvokes: Readonly<Record<string, Invoke>> = {
  "aws:lb/getLoadBalancer:getLoadBalancer": getLoadBalancer,
  "aws:lb/getTargetGroup:getTargetGroup": getTargetGroup,
  "aws:lb/getListener:getListener": getListener,
};
