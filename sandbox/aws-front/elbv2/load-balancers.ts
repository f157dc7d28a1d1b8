/** Load balancers. */
import { AwsError, validationError } from "../aws-error";
import { items, str, numbered } from "../ec2";
import { objects, type QueryObject, strings, text } from "../query";
import type { XmlValue } from "../xml";
import { balancerDefinitions, defaults } from "./attributes";
import type { ElbContext, Operation } from "./context";
import type { LbSubnet, LoadBalancer } from "./store";
import { checkName, hex16, limits, oneOf, page, required, tagsOf, theLoadBalancer } from "./validation";

/** AWS takes one to three minutes from `provisioning` to `active`. */
const provisioningSeconds = 90;

export const createLoadBalancer: Operation = async (context, params) => {
  const name = required(params, "Name");
  checkName(name, "Load balancer");
  const type = oneOf(text(params, "Type") ?? "application", ["network", "application"], "type") as LoadBalancer["type"];
  const scheme = oneOf(
    text(params, "Scheme") ?? "internet-facing",
    ["internet-facing", "internal"],
    "scheme",
  ) as LoadBalancer["scheme"];
  const ipAddressType = oneOf(
    text(params, "IpAddressType") ?? "ipv4",
    ["ipv4", "dualstack", "dualstack-without-public-ipv4"],
    "ipAddressType",
  );
  const tags = tagsOf(params);
  const { subnets, vpcId } = await wantedSubnets(context, params);
  if (type === "application" && subnets.length < 2)
    throw validationError("At least two subnets in two different Availability Zones must be specified");
  let securityGroups = strings(params, "SecurityGroups");
  await checkSecurityGroups(context, securityGroups, vpcId);
  if (type === "application" && securityGroups.length === 0) securityGroups = await defaultGroup(context, vpcId);
  const same = [...context.store.loadBalancers.values()].find((one) => one.name === name);
  if (same) return { LoadBalancers: [view(identical(same, { type, scheme, ipAddressType, subnets, securityGroups }))] };
  const id = hex16();
  const kind = type === "network" ? "net" : "app";
  const balancer: LoadBalancer = {
    arn: `arn:aws:elasticloadbalancing:${context.region}:${context.accountId}:loadbalancer/${kind}/${name}/${id}`,
    name,
    type,
    scheme,
    vpcId,
    ipAddressType,
    subnets,
    securityGroups,
    tags,
    dnsName: `${scheme === "internal" && type === "application" ? "internal-" : ""}${name}-${id}.elb.${context.region}.localhost`,
    createdAt: Date.now(),
    activeAt: Date.now() + context.scaled(provisioningSeconds),
    attributes: defaults(balancerDefinitions(type)),
    enablePrefixForIpv6SourceNat: text(params, "EnablePrefixForIpv6SourceNat") === "on" ? "on" : "off",
    enforcePrivateLinkRules: type === "network" && securityGroups.length > 0 ? "on" : undefined,
  };
  context.store.loadBalancers.set(balancer.arn, balancer);
  context.later(context.scaled(provisioningSeconds), context.changed);
  context.changed();
  return { LoadBalancers: [view(balancer)] };
};

/** Creating what is there already succeeds when all settings are the same. */
function identical(
  same: LoadBalancer,
  wanted: Pick<LoadBalancer, "type" | "scheme" | "ipAddressType" | "subnets" | "securityGroups">,
): LoadBalancer {
  const sorted = (values: readonly string[]): string => [...values].sort().join();
  const equal =
    same.type === wanted.type &&
    same.scheme === wanted.scheme &&
    same.ipAddressType === wanted.ipAddressType &&
    sorted(same.securityGroups) === sorted(wanted.securityGroups) &&
    sorted(same.subnets.map((one) => one.id)) === sorted(wanted.subnets.map((one) => one.id));
  if (!equal)
    throw new AwsError(
      "DuplicateLoadBalancerName",
      `A load balancer with the same name '${same.name}' exists, but with different settings`,
    );
  return same;
}

async function wantedSubnets(
  context: ElbContext,
  params: QueryObject,
): Promise<{ subnets: LbSubnet[]; vpcId: string }> {
  const mappings = objects(params, "SubnetMappings");
  const ids = [...strings(params, "Subnets"), ...mappings.map((one) => required(one, "SubnetId"))];
  if (ids.length === 0) throw validationError("At least one subnet must be specified");
  let found;
  try {
    found = await context.ec2.subnets(ids);
  } catch (error) {
    if (error instanceof AwsError && error.code.startsWith("InvalidSubnetID"))
      throw new AwsError("SubnetNotFound", error.message);
    throw error;
  }
  const vpcs = new Set(found.map((one) => one.vpcId));
  if (vpcs.size !== 1) throw new AwsError("InvalidSubnet", "All subnets must belong to the same VPC");
  if (new Set(found.map((one) => one.zone)).size !== found.length)
    throw new AwsError(
      "InvalidConfigurationRequest",
      "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
    );
  const subnets = found.map((one) => {
    const mapping = mappings.find((wanted) => text(wanted, "SubnetId") === one.id);
    return {
      id: one.id,
      zone: one.zone,
      cidr: one.cidr,
      allocationId: mapping && text(mapping, "AllocationId"),
      privateIpv4: mapping && text(mapping, "PrivateIPv4Address"),
    };
  });
  return { subnets, vpcId: found[0]?.vpcId ?? "" };
}

async function checkSecurityGroups(context: ElbContext, ids: readonly string[], vpcId: string): Promise<void> {
  if (ids.length === 0) return;
  try {
    const answer = await context.ec2.call("DescribeSecurityGroups", numbered("GroupId", ids));
    const foreign = items(answer["securityGroupInfo"]).find((one) => str(one, "vpcId") !== vpcId);
    if (foreign)
      throw new AwsError(
        "InvalidConfigurationRequest",
        `One or more security groups are invalid: '${str(foreign, "groupId")}' is not in VPC '${vpcId}'`,
      );
  } catch (error) {
    if (error instanceof AwsError && /^InvalidGroup/.test(error.code))
      throw new AwsError("InvalidSecurityGroup", `One or more security groups are invalid: ${error.message}`);
    throw error;
  }
}

async function defaultGroup(context: ElbContext, vpcId: string): Promise<string[]> {
  const answer = await context.ec2.call("DescribeSecurityGroups", {
    "Filter.1.Name": "vpc-id",
    "Filter.1.Value.1": vpcId,
    "Filter.2.Name": "group-name",
    "Filter.2.Value.1": "default",
  });
  return items(answer["securityGroupInfo"])
    .map((one) => str(one, "groupId"))
    .slice(0, 1);
}

export function view(one: LoadBalancer): XmlValue {
  return {
    LoadBalancerArn: one.arn,
    DNSName: one.dnsName,
    CanonicalHostedZoneId: one.type === "network" ? "Z26RNL4JYFTOTI" : "Z35SXDOTRQ7X7K",
    CreatedTime: new Date(one.createdAt),
    LoadBalancerName: one.name,
    Scheme: one.scheme,
    VpcId: one.vpcId,
    State: { Code: Date.now() >= one.activeAt ? "active" : "provisioning" },
    Type: one.type,
    AvailabilityZones: one.subnets.map((subnet) => ({
      ZoneName: subnet.zone,
      SubnetId: subnet.id,
      LoadBalancerAddresses:
        subnet.allocationId || subnet.privateIpv4
          ? [{ AllocationId: subnet.allocationId, PrivateIPv4Address: subnet.privateIpv4 }]
          : [],
    })),
    SecurityGroups: one.securityGroups.length > 0 ? one.securityGroups : undefined,
    IpAddressType: one.ipAddressType,
    EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic: one.enforcePrivateLinkRules,
    EnablePrefixForIpv6SourceNat: one.type === "network" ? one.enablePrefixForIpv6SourceNat : undefined,
  };
}

export const describeLoadBalancers: Operation = ({ store }, params) => {
  const [arns, names] = [strings(params, "LoadBalancerArns"), strings(params, "Names")];
  const all = [...store.loadBalancers.values()];
  const missingArn = arns.find((arn) => !store.loadBalancers.has(arn));
  if (missingArn) throw new AwsError("LoadBalancerNotFound", `One or more load balancers not found`);
  const missingNames = names.filter((name) => !all.some((one) => one.name === name));
  if (missingNames.length > 0)
    throw new AwsError("LoadBalancerNotFound", `Load balancers '[${missingNames.join(", ")}]' not found`);
  const wanted = all.filter(
    (one) => (arns.length === 0 && names.length === 0) || arns.includes(one.arn) || names.includes(one.name),
  );
  const { part, marker } = page(params, wanted);
  return { LoadBalancers: part.map(view), NextMarker: marker };
};

/**
 * An unknown ARN is a success, as in AWS: "if the load balancer does not exist or has already been deleted, the call
 * succeeds".
 */
export const deleteLoadBalancer: Operation = (context, params) => {
  const arn = required(params, "LoadBalancerArn");
  const balancer = context.store.loadBalancers.get(arn);
  if (!balancer) return {};
  if (balancer.attributes.get("deletion_protection.enabled") === "true")
    throw new AwsError(
      "OperationNotPermitted",
      `Load balancer '${arn}' cannot be deleted because deletion protection is enabled`,
    );
  for (const listener of context.store.listenersOf(arn)) context.store.deleteListener(listener.arn);
  context.store.loadBalancers.delete(arn);
  context.changed();
  return {};
};

export const setSubnets: Operation = async (context, params) => {
  const balancer = theLoadBalancer(context, required(params, "LoadBalancerArn"));
  const { subnets, vpcId } = await wantedSubnets(context, params);
  if (vpcId !== balancer.vpcId)
    throw new AwsError("InvalidSubnet", `The subnets are not in the load balancer's VPC '${balancer.vpcId}'`);
  balancer.subnets = subnets;
  balancer.ipAddressType = text(params, "IpAddressType") ?? balancer.ipAddressType;
  if (text(params, "EnablePrefixForIpv6SourceNat"))
    balancer.enablePrefixForIpv6SourceNat = text(params, "EnablePrefixForIpv6SourceNat") === "on" ? "on" : "off";
  context.changed();
  const { AvailabilityZones } = view(balancer) as { AvailabilityZones: XmlValue };
  return {
    AvailabilityZones,
    IpAddressType: balancer.ipAddressType,
    EnablePrefixForIpv6SourceNat: balancer.enablePrefixForIpv6SourceNat,
  };
};

export const setSecurityGroups: Operation = async (context, params) => {
  const balancer = theLoadBalancer(context, required(params, "LoadBalancerArn"));
  const wanted = strings(params, "SecurityGroups");
  if (balancer.type === "network" && balancer.securityGroups.length === 0 && wanted.length > 0) {
    throw new AwsError(
      "InvalidConfigurationRequest",
      `You cannot associate security groups with the Network Load Balancer '${balancer.name}' because it was ` +
        "created without security groups",
    );
  }
  if (wanted.length === 0)
    throw new AwsError("InvalidConfigurationRequest", "At least one security group must be specified");
  await checkSecurityGroups(context, wanted, balancer.vpcId);
  balancer.securityGroups = wanted;
  const enforce = text(params, "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic");
  if (enforce !== undefined)
    balancer.enforcePrivateLinkRules = oneOf(
      enforce,
      ["on", "off"],
      "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic",
    ) as "on" | "off";
  context.changed();
  return {
    SecurityGroupIds: [...wanted],
    EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic: balancer.enforcePrivateLinkRules,
  };
};

export const setIpAddressType: Operation = (context, params) => {
  const balancer = theLoadBalancer(context, required(params, "LoadBalancerArn"));
  balancer.ipAddressType = oneOf(
    required(params, "IpAddressType"),
    ["ipv4", "dualstack", "dualstack-without-public-ipv4"],
    "ipAddressType",
  );
  return { IpAddressType: balancer.ipAddressType };
};

export const describeAccountLimits: Operation = () => ({
  Limits: Object.entries({
    "network-load-balancers": limits.networkLoadBalancers,
    "listeners-per-network-load-balancer": limits.listenersPerLoadBalancer,
    "targets-per-network-load-balancer": limits.targetsPerNetworkLoadBalancer,
    "targets-per-availability-zone-per-network-load-balancer": limits.targetsPerZone,
    "target-groups": limits.targetGroups,
    "targets-per-target-group": limits.targetsPerGroup,
    "application-load-balancers": limits.applicationLoadBalancers,
    "targets-per-application-load-balancer": limits.targetsPerApplicationLoadBalancer,
    "listeners-per-application-load-balancer": limits.listenersPerLoadBalancer,
    "rules-per-application-load-balancer": limits.rulesPerApplicationLoadBalancer,
    "target-groups-per-application-load-balancer": limits.targetGroupsPerApplicationLoadBalancer,
    "target-groups-per-action-on-application-load-balancer": limits.forwardGroups,
  }).map(([Name, Max]) => ({ Name, Max })),
});
