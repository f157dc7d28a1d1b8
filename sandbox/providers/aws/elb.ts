/** Load balancers, target groups, listeners and rules. */
import * as elb from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Props } from "../rpc/values";
import { programActions, programConditions, programMapping } from "./elb-program";
import {
  accessLogs,
  actions,
  attributes,
  conditions,
  fromAttributes,
  groupHealth,
  healthCheck,
  healthStates,
  loadBalancerAttributes,
  logAttributes,
  mapping,
  nestedAttributes,
  stickiness,
  targetGroupAttributes,
  type Attributes,
} from "./elb-shapes";
import { isNotFound, orNull, tagList, tagMap, unlessGone, type AwsContext, type AwsResource } from "./descriptor";

async function tagElb(
  aws: AwsContext,
  arn: string,
  tags: Readonly<Record<string, string>>,
  removed: readonly string[],
): Promise<void> {
  if (removed.length > 0) await aws.elb.send(new elb.RemoveTagsCommand({ ResourceArns: [arn], TagKeys: [...removed] }));
  if (Object.keys(tags).length > 0)
    await aws.elb.send(new elb.AddTagsCommand({ ResourceArns: [arn], Tags: tagList(tags) }));
}

async function tagsOf(aws: AwsContext, arn: string): Promise<Record<string, string>> {
  return tagMap((await aws.elb.send(new elb.DescribeTagsCommand({ ResourceArns: [arn] }))).TagDescriptions?.[0]?.Tags);
}

const withTags = (tags: Readonly<Record<string, string>>) =>
  Object.keys(tags).length > 0 ? { Tags: tagList(tags) } : {};
const suffix = (arn: string, kind: string) =>
  arn.slice(arn.indexOf(kind) + (kind === "loadbalancer/" ? kind.length : 0));

const loadBalancer: AwsResource = {
  token: "aws:lb/loadBalancer:LoadBalancer",
  inputs: [
    "name",
    "internal",
    "loadBalancerType",
    "subnets",
    "subnetMappings",
    "securityGroups",
    "ipAddressType",
    "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic",
    ...Object.keys(loadBalancerAttributes),
    "accessLogs",
    "region",
    "tags",
  ],
  autoName: { property: "name", longest: 32 },
  defaults: { loadBalancerType: "application", internal: false, enableDeletionProtection: false },
  taggable: true,
  validate: (inputs) =>
    /^[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?$/.test(inputs["name"] ?? "a") &&
    !/^internal-/.test(inputs["name"] ?? "")
      ? []
      : [
          {
            property: "name",
            reason:
              "at most 32 letters, digits and hyphens; neither begins nor ends with a hyphen, nor begins with " +
              "internal-",
          },
        ],
  async create(aws, inputs, tags, exists) {
    const made = await aws.elb.send(
      new elb.CreateLoadBalancerCommand({
        Name: inputs["name"],
        Type: inputs["loadBalancerType"],
        Scheme: inputs["internal"] === true ? "internal" : "internet-facing",
        IpAddressType: inputs["ipAddressType"],
        SecurityGroups: inputs["securityGroups"],
        ...(inputs["subnetMappings"] === undefined
          ? { Subnets: inputs["subnets"] }
          : { SubnetMappings: inputs["subnetMappings"].map(mapping) }),
        ...withTags(tags),
      }),
    );
    const arn = exists(made.LoadBalancers![0]!.LoadBalancerArn!);
    const wanted = [...attributes(loadBalancerAttributes, inputs), ...logAttributes(inputs)];
    if (wanted.length > 0)
      await aws.elb.send(new elb.ModifyLoadBalancerAttributesCommand({ LoadBalancerArn: arn, Attributes: wanted }));
    if (inputs["enforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] !== undefined) await setGroups(aws, arn, inputs);
    return arn;
  },
  async ready(aws, id) {
    const state = (await aws.elb.send(new elb.DescribeLoadBalancersCommand({ LoadBalancerArns: [id] })))
      .LoadBalancers?.[0]?.State;
    if (state?.Code === "failed") throw new Error(`load balancer ${id} failed: ${state.Reason ?? "no reason given"}`);
    return state?.Code === "active";
  },
  async read(aws, id) {
    const found = (await orNull(aws.elb.send(new elb.DescribeLoadBalancersCommand({ LoadBalancerArns: [id] }))))
      ?.LoadBalancers?.[0];
    if (found === undefined) return null;
    const settings = (await aws.elb.send(new elb.DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: id })))
      .Attributes;
    return {
      ...fromAttributes(loadBalancerAttributes, settings, []),
      accessLogs: accessLogs(settings),
      enforceSecurityGroupInboundRulesOnPrivateLinkTraffic: found.EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic,
      arn: id,
      arnSuffix: suffix(id, "loadbalancer/"),
      name: found.LoadBalancerName,
      dnsName: found.DNSName,
      zoneId: found.CanonicalHostedZoneId,
      vpcId: found.VpcId,
      ipAddressType: found.IpAddressType ?? "ipv4",
      internal: found.Scheme === "internal",
      loadBalancerType: found.Type,
      securityGroups: found.SecurityGroups ?? [],
      subnets: (found.AvailabilityZones ?? []).map((zone) => zone.SubnetId),
      subnetMappings: (found.AvailabilityZones ?? []).map(programMapping),
      tagsAll: await tagsOf(aws, id),
    };
  },
  async update(aws, id, inputs, _olds, changed) {
    const wanted = [...attributes(loadBalancerAttributes, inputs, changed), ...logAttributes(inputs, changed)];
    if (wanted.length > 0)
      await aws.elb.send(new elb.ModifyLoadBalancerAttributesCommand({ LoadBalancerArn: id, Attributes: wanted }));
    if (changed.has("securityGroups") || changed.has("enforceSecurityGroupInboundRulesOnPrivateLinkTraffic"))
      await setGroups(aws, id, inputs);
    if (changed.has("subnets"))
      await aws.elb.send(new elb.SetSubnetsCommand({ LoadBalancerArn: id, Subnets: inputs["subnets"] }));
    else if (changed.has("subnetMappings"))
      await aws.elb.send(
        new elb.SetSubnetsCommand({
          LoadBalancerArn: id,
          SubnetMappings: (inputs["subnetMappings"] ?? []).map(mapping),
        }),
      );
    if (changed.has("ipAddressType"))
      await aws.elb.send(
        new elb.SetIpAddressTypeCommand({ LoadBalancerArn: id, IpAddressType: inputs["ipAddressType"] }),
      );
  },
  tag: tagElb,
  delete: (aws, id) => unlessGone(aws.elb.send(new elb.DeleteLoadBalancerCommand({ LoadBalancerArn: id }))),
};

async function setGroups(aws: AwsContext, LoadBalancerArn: string, inputs: Props): Promise<void> {
  await aws.elb.send(
    new elb.SetSecurityGroupsCommand({
      LoadBalancerArn,
      SecurityGroups: inputs["securityGroups"] ?? [],
      EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic:
        inputs["enforceSecurityGroupInboundRulesOnPrivateLinkTraffic"],
    }),
  );
}

const targetGroup: AwsResource = {
  token: "aws:lb/targetGroup:TargetGroup",
  inputs: [
    "name",
    "port",
    "protocol",
    "protocolVersion",
    "targetType",
    "vpcId",
    "ipAddressType",
    "healthCheck",
    "stickiness",
    "targetHealthStates",
    "targetGroupHealth",
    ...Object.keys(targetGroupAttributes),
    "region",
    "tags",
  ],
  autoName: { property: "name", longest: 32 },
  defaults: { targetType: "instance", deregistrationDelay: 300, proxyProtocolV2: false },
  taggable: true,
  async create(aws, inputs, tags, exists) {
    const made = await aws.elb.send(
      new elb.CreateTargetGroupCommand({
        Name: inputs["name"],
        Port: inputs["port"],
        Protocol: inputs["protocol"],
        ProtocolVersion: inputs["protocolVersion"],
        TargetType: inputs["targetType"],
        VpcId: inputs["vpcId"],
        IpAddressType: inputs["ipAddressType"],
        ...healthCheck(inputs["healthCheck"]),
        ...withTags(tags),
      }),
    );
    const arn = exists(made.TargetGroups![0]!.TargetGroupArn!);
    await putAttributes(
      aws,
      arn,
      [...attributes(targetGroupAttributes, inputs), ...nestedAttributes(inputs)].filter((one) =>
        fits(one.Key, inputs["protocol"]),
      ),
    );
    return arn;
  },
  async read(aws, id) {
    const found = (await orNull(aws.elb.send(new elb.DescribeTargetGroupsCommand({ TargetGroupArns: [id] }))))
      ?.TargetGroups?.[0];
    if (found === undefined) return null;
    const settings = (await aws.elb.send(new elb.DescribeTargetGroupAttributesCommand({ TargetGroupArn: id })))
      .Attributes;
    return {
      ...fromAttributes(targetGroupAttributes, settings, ["preserveClientIp", "loadBalancingCrossZoneEnabled"]),
      arn: id,
      arnSuffix: suffix(id, "targetgroup/"),
      name: found.TargetGroupName,
      port: found.Port,
      protocol: found.Protocol,
      vpcId: found.VpcId,
      targetType: found.TargetType,
      protocolVersion: found.ProtocolVersion,
      stickiness: stickiness(settings),
      targetGroupHealth: groupHealth(settings),
      targetHealthStates: healthStates(settings),
      ipAddressType: found.IpAddressType ?? "ipv4",
      loadBalancerArns: found.LoadBalancerArns ?? [],
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
      tagsAll: await tagsOf(aws, id),
    };
  },
  async update(aws, id, inputs, _olds, changed) {
    if (changed.has("healthCheck"))
      await aws.elb.send(
        new elb.ModifyTargetGroupCommand({ TargetGroupArn: id, ...healthCheck(inputs["healthCheck"]) }),
      );
    await putAttributes(
      aws,
      id,
      [...attributes(targetGroupAttributes, inputs, changed), ...nestedAttributes(inputs, changed)].filter((one) =>
        fits(one.Key, inputs["protocol"]),
      ),
    );
  },
  tag: tagElb,
  delete: (aws, id) => unlessGone(aws.elb.send(new elb.DeleteTargetGroupCommand({ TargetGroupArn: id }))),
};

/** The provider's own default of proxyProtocolV2 must not be sent to groups that refuse the attribute. */
function fits(key: string, protocol: unknown): boolean {
  return key !== "proxy_protocol_v2.enabled" || ["TCP", "UDP", "TCP_UDP", "TLS"].includes(String(protocol));
}

async function putAttributes(aws: AwsContext, TargetGroupArn: string, Attributes: Attributes): Promise<void> {
  if (Attributes.length > 0)
    await aws.elb.send(new elb.ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes: [...Attributes] }));
}

const listener: AwsResource = {
  token: "aws:lb/listener:Listener",
  inputs: [
    "loadBalancerArn",
    "port",
    "protocol",
    "defaultActions",
    "alpnPolicy",
    "certificateArn",
    "sslPolicy",
    "tcpIdleTimeoutSeconds",
    "region",
    "tags",
  ],
  taggable: true,
  async create(aws, inputs, tags, exists) {
    const made = await aws.elb.send(
      new elb.CreateListenerCommand({
        LoadBalancerArn: inputs["loadBalancerArn"],
        ...listenerInput(inputs),
        ...withTags(tags),
      }),
    );
    const arn = exists(made.Listeners![0]!.ListenerArn!);
    await idleTimeout(aws, arn, inputs);
    return arn;
  },
  async read(aws, id, inputs) {
    const found = (await orNull(aws.elb.send(new elb.DescribeListenersCommand({ ListenerArns: [id] }))))
      ?.Listeners?.[0];
    if (found === undefined) return null;
    const settings =
      found.Protocol === "TCP"
        ? (await aws.elb.send(new elb.DescribeListenerAttributesCommand({ ListenerArn: id }))).Attributes
        : [];
    return {
      ...fromAttributes({ tcpIdleTimeoutSeconds: "tcp.idle_timeout.seconds" }, settings, []),
      alpnPolicy: found.AlpnPolicy?.[0],
      certificateArn: found.Certificates?.[0]?.CertificateArn,
      arn: id,
      port: found.Port,
      protocol: found.Protocol,
      loadBalancerArn: found.LoadBalancerArn,
      sslPolicy: found.SslPolicy ?? "",
      defaultActions: programActions(found.DefaultActions, inputs["defaultActions"]),
      tagsAll: await tagsOf(aws, id),
    };
  },
  async update(aws, id, inputs, _olds, changed) {
    if ([...changed].some((property) => property !== "tcpIdleTimeoutSeconds"))
      await aws.elb.send(new elb.ModifyListenerCommand({ ListenerArn: id, ...listenerInput(inputs) }));
    if (changed.has("tcpIdleTimeoutSeconds")) await idleTimeout(aws, id, inputs);
  },
  tag: tagElb,
  delete: (aws, id) => unlessGone(aws.elb.send(new elb.DeleteListenerCommand({ ListenerArn: id }))),
};

async function idleTimeout(aws: AwsContext, ListenerArn: string, inputs: Props): Promise<void> {
  if (inputs["tcpIdleTimeoutSeconds"] !== undefined)
    await aws.elb.send(
      new elb.ModifyListenerAttributesCommand({
        ListenerArn,
        Attributes: [{ Key: "tcp.idle_timeout.seconds", Value: String(inputs["tcpIdleTimeoutSeconds"]) }],
      }),
    );
}

function listenerInput(inputs: Props) {
  return {
    Port: inputs["port"] as number,
    Protocol: inputs["protocol"],
    DefaultActions: actions(inputs["defaultActions"]),
    SslPolicy: inputs["sslPolicy"],
    ...(inputs["alpnPolicy"] === undefined ? {} : { AlpnPolicy: [inputs["alpnPolicy"] as string] }),
    ...(inputs["certificateArn"] === undefined
      ? {}
      : { Certificates: [{ CertificateArn: inputs["certificateArn"] as string }] }),
  };
}

const listenerRule: AwsResource = {
  token: "aws:lb/listenerRule:ListenerRule",
  inputs: ["listenerArn", "priority", "actions", "conditions", "region", "tags"],
  taggable: true,
  async create(aws, inputs, tags) {
    const made = await aws.elb.send(
      new elb.CreateRuleCommand({
        ListenerArn: inputs["listenerArn"],
        Priority: inputs["priority"] ?? (await nextPriority(aws, inputs["listenerArn"])),
        Actions: actions(inputs["actions"]),
        Conditions: conditions(inputs["conditions"]),
        ...withTags(tags),
      }),
    );
    return made.Rules![0]!.RuleArn!;
  },
  async read(aws, id, inputs) {
    try {
      const found = (await aws.elb.send(new elb.DescribeRulesCommand({ RuleArns: [id] }))).Rules?.[0];
      if (found === undefined) return null;
      return {
        arn: id,
        listenerArn: id.replace(":listener-rule/", ":listener/").replace(/\/[^/]+$/, ""),
        priority: Number(found.Priority),
        actions: programActions(found.Actions, inputs["actions"]),
        conditions: programConditions(found.Conditions),
        tagsAll: await tagsOf(aws, id),
      };
    } catch (error) {
      if (isNotFound(error)) return null;
      throw error;
    }
  },
  async update(aws, id, inputs, _olds, changed) {
    // The priority goes first, as with the official provider.
    if (changed.has("priority"))
      await aws.elb.send(
        new elb.SetRulePrioritiesCommand({ RulePriorities: [{ RuleArn: id, Priority: inputs["priority"] }] }),
      );
    if (changed.has("actions") || changed.has("conditions"))
      await aws.elb.send(
        new elb.ModifyRuleCommand({
          RuleArn: id,
          ...(changed.has("actions") ? { Actions: actions(inputs["actions"]) } : {}),
          ...(changed.has("conditions") ? { Conditions: conditions(inputs["conditions"]) } : {}),
        }),
      );
  },
  tag: tagElb,
  delete: (aws, id) => unlessGone(aws.elb.send(new elb.DeleteRuleCommand({ RuleArn: id }))),
};

async function nextPriority(aws: AwsContext, ListenerArn: string): Promise<number> {
  const rules = (await aws.elb.send(new elb.DescribeRulesCommand({ ListenerArn }))).Rules ?? [];
  return Math.max(0, ...rules.map((rule) => Number(rule.Priority)).filter(Number.isFinite)) + 1;
}

/** Further certificates of a listener, found by the name that a client asks for. */
const listenerCertificate: AwsResource = {
  token: "aws:lb/listenerCertificate:ListenerCertificate",
  inputs: ["listenerArn", "certificateArn", "region"],
  taggable: false,
  async create(aws, inputs) {
    await aws.elb.send(
      new elb.AddListenerCertificatesCommand({
        ListenerArn: inputs["listenerArn"],
        Certificates: [{ CertificateArn: inputs["certificateArn"] }],
      }),
    );
    return `${inputs["listenerArn"]}_${inputs["certificateArn"]}`;
  },
  async read(aws, id) {
    const [listenerArn = "", certificateArn] = id.split("_");
    const found = await orNull(aws.elb.send(new elb.DescribeListenerCertificatesCommand({ ListenerArn: listenerArn })));
    return found?.Certificates?.some((one) => one.CertificateArn === certificateArn && one.IsDefault !== true) === true
      ? { listenerArn, certificateArn }
      : null;
  },
  async delete(aws, id) {
    const [ListenerArn, CertificateArn] = id.split("_");
    await unlessGone(
      aws.elb.send(new elb.RemoveListenerCertificatesCommand({ ListenerArn, Certificates: [{ CertificateArn }] })),
    );
  },
};

export const elbResources: readonly AwsResource[] = [
  loadBalancer,
  targetGroup,
  listener,
  listenerRule,
  listenerCertificate,
];
