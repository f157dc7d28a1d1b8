/**
 * The EC2 calls of bindings with networking and of addresses outside of the VPC. Written out instead of the SDK's
 * client, which would cost
 * every controller 60 MB for six calls.
 */
import { XMLParser } from "fast-xml-parser";
import { filters, items, numbered, str, type XmlNode } from "../../aws-front/ec2";
import { signedPost } from "../../shared/signed-post";
import { scaledMs } from "../../shared/clock";
import { sleep } from "../../kubernetes/retry";
import type { Permission } from "./ingress-permissions";

export interface NetworkInterface {
  readonly addresses: readonly string[];
  readonly groups: readonly string[];
}

export interface SecurityGroup {
  readonly id: string;
  readonly ingress: readonly Permission[];
  readonly tags: ReadonlyMap<string, string>;
}

export interface Subnet {
  readonly id: string;
  readonly zone: string;
  readonly tags: ReadonlyMap<string, string>;
}

export interface Ec2Settings {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly timeScale: number;
}

const TRIES = 4;
const VPC_SECONDS = 600;
const parser = new XMLParser({ ignoreAttributes: true, parseTagValue: false, isArray: (name) => name === "item" });

export class Ec2 {
  private readonly vpcs = new Map<string, { readonly cidrs: readonly string[]; readonly until: number }>();

  constructor(private readonly settings: Ec2Settings) {}

  async vpcCidrs(vpcId: string): Promise<readonly string[]> {
    const known = this.vpcs.get(vpcId);
    if (known && known.until > Date.now()) return known.cidrs;
    const answer = await this.call("DescribeVpcs", { "VpcId.1": vpcId });
    const cidrs = items(answer["vpcSet"])
      .flatMap((vpc) => [
        str(vpc, "cidrBlock"),
        ...items(vpc["cidrBlockAssociationSet"]).map((one) => str(one, "cidrBlock")),
      ])
      .filter((one) => one !== "");
    this.vpcs.set(vpcId, { cidrs, until: Date.now() + scaledMs(VPC_SECONDS, this.settings.timeScale) });
    return cidrs;
  }

  async interfacesOfInstances(ids: readonly string[]): Promise<NetworkInterface[]> {
    const answer = await this.call("DescribeInstances", numbered("InstanceId", ids));
    const instances = items(answer["reservationSet"]).flatMap((one) => items(one["instancesSet"]));
    return instances.flatMap((instance) => items(instance["networkInterfaceSet"]).map(toInterface));
  }

  async interfacesOfAddresses(addresses: readonly string[]): Promise<NetworkInterface[]> {
    const answer = await this.call("DescribeNetworkInterfaces", filters({ "addresses.private-ip-address": addresses }));
    return items(answer["networkInterfaceSet"]).map(toInterface);
  }

  async securityGroups(
    by: { readonly ids: readonly string[] } | { readonly filters: Filters },
  ): Promise<SecurityGroup[]> {
    const answer = await this.call(
      "DescribeSecurityGroups",
      "ids" in by ? numbered("GroupId", by.ids) : filters(by.filters),
    );
    return items(answer["securityGroupInfo"]).map((node) => ({
      id: str(node, "groupId"),
      ingress: items(node["ipPermissions"]).flatMap(toPermissions),
      tags: tagsOf(node),
    }));
  }

  /** Gives the new group's id. */
  async createSecurityGroup(group: {
    readonly name: string;
    readonly description: string;
    readonly vpcId: string;
    readonly tags: ReadonlyMap<string, string>;
  }): Promise<string> {
    const tags = [...group.tags].flatMap(([key, value], at) => [
      [`TagSpecification.1.Tag.${at + 1}.Key`, key],
      [`TagSpecification.1.Tag.${at + 1}.Value`, value],
    ]);
    const answer = await this.call("CreateSecurityGroup", {
      GroupName: group.name,
      GroupDescription: group.description,
      VpcId: group.vpcId,
      "TagSpecification.1.ResourceType": "security-group",
      ...Object.fromEntries(tags),
    });
    return str(answer, "groupId");
  }

  async deleteSecurityGroup(id: string): Promise<void> {
    await this.call("DeleteSecurityGroup", { GroupId: id });
  }

  async subnets(by: { readonly ids: readonly string[] } | { readonly filters: Filters }): Promise<Subnet[]> {
    const answer = await this.call("DescribeSubnets", "ids" in by ? numbered("SubnetId", by.ids) : filters(by.filters));
    return items(answer["subnetSet"]).map((node) => ({
      id: str(node, "subnetId"),
      zone: str(node, "availabilityZone"),
      tags: tagsOf(node),
    }));
  }

  /** Ids of the VPC's subnets whose route table leads to an internet gateway. */
  async publicSubnets(vpcId: string, subnets: readonly Subnet[]): Promise<ReadonlySet<string>> {
    const answer = await this.call("DescribeRouteTables", filters({ "vpc-id": [vpcId] }));
    const tables = items(answer["routeTableSet"]).map((table) => ({
      isPublic: items(table["routeSet"]).some((route) => str(route, "gatewayId").startsWith("igw-")),
      associations: items(table["associationSet"]),
    }));
    const main = tables.find((table) => table.associations.some((one) => str(one, "main") === "true"));
    const tableOf = (subnet: string): (typeof tables)[number] | undefined =>
      tables.find((table) => table.associations.some((one) => str(one, "subnetId") === subnet)) ?? main;
    return new Set(subnets.map((one) => one.id).filter((id) => tableOf(id)?.isPublic));
  }

  async authorize(group: string, permissions: readonly Permission[], description?: string): Promise<void> {
    await this.call("AuthorizeSecurityGroupIngress", {
      GroupId: group,
      ...ruleParams(description === undefined ? permissions : permissions.map((one) => ({ ...one, description }))),
    });
  }
  /** With each rule's own description. */
  async revoke(group: string, permissions: readonly Permission[]): Promise<void> {
    await this.call("RevokeSecurityGroupIngress", { GroupId: group, ...ruleParams(permissions) });
  }

  /** @throws Error whose name is EC2's code. */
  private async call(action: string, params: Readonly<Record<string, string>>): Promise<XmlNode> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.callOnce(action, params);
      } catch (error) {
        const { name, status = 500 } = error as Error & { readonly status?: number };
        if (attempt >= TRIES || (status < 500 && !/Throttl|RequestLimitExceeded/.test(name))) throw error;
        await sleep(scaledMs(2 ** attempt, this.settings.timeScale));
      }
    }
  }

  private async callOnce(action: string, params: Readonly<Record<string, string>>): Promise<XmlNode> {
    const { endpoint, region, accessKeyId, secretAccessKey } = this.settings;
    const body = new URLSearchParams({ Action: action, Version: "2016-11-15", ...params }).toString();
    const response = await fetch(endpoint, {
      method: "POST",
      headers: signedPost({
        host: new URL(endpoint).host,
        region,
        service: "ec2",
        accessKeyId,
        secretAccessKey,
        headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
        body,
      }),
      body,
      signal: AbortSignal.timeout(30_000),
    });
    const answer = parser.parse(await response.text()) as XmlNode;
    if (response.ok) return (answer[`${action}Response`] ?? {}) as XmlNode;
    const error = (answer["Response"] as { readonly Errors?: { readonly Error?: XmlNode } } | undefined)?.Errors?.Error;
    throw Object.assign(new Error(str(error, "Message") || `EC2 ${action} failed with status ${response.status}`), {
      name: str(error, "Code") || "InternalError",
      status: response.status,
    });
  }
}

export type Filters = Readonly<Record<string, readonly string[]>>;

const tagsOf = (node: XmlNode): Map<string, string> =>
  new Map(items(node["tagSet"]).map((tag) => [str(tag, "key"), str(tag, "value")]));

function toInterface(node: XmlNode): NetworkInterface {
  const addresses = [
    str(node, "privateIpAddress"),
    ...items(node["privateIpAddressesSet"]).map((one) => str(one, "privateIpAddress")),
  ];
  return {
    addresses: addresses.filter((one) => one !== ""),
    groups: items(node["groupSet"]).map((one) => str(one, "groupId")),
  };
}

/** One permission for each source of a rule. */
function toPermissions(node: XmlNode): Permission[] {
  const base = {
    protocol: str(node, "ipProtocol"),
    from: Number(str(node, "fromPort") || 0),
    to: Number(str(node, "toPort") || 0),
  };
  const each = (set: string, key: string, kind: Permission["source"]["kind"]): Permission[] =>
    items(node[set]).map((one) => ({
      ...base,
      source: { kind, id: str(one, key) },
      description: str(one, "description"),
    }));
  return [
    ...each("groups", "groupId", "group"),
    ...each("ipRanges", "cidrIp", "cidr"),
    ...each("ipv6Ranges", "cidrIpv6", "cidr6"),
  ];
}

const SOURCES = {
  group: ["Groups", "GroupId"],
  cidr: ["IpRanges", "CidrIp"],
  cidr6: ["Ipv6Ranges", "CidrIpv6"],
} as const;

function ruleParams(permissions: readonly Permission[]): Record<string, string> {
  const params: Record<string, string> = {};
  permissions.forEach(({ protocol, from, to, source, description }, index) => {
    const rule = `IpPermissions.${index + 1}`;
    const [list, key] = SOURCES[source.kind];
    Object.assign(params, {
      [`${rule}.IpProtocol`]: protocol,
      [`${rule}.FromPort`]: String(from),
      [`${rule}.ToPort`]: String(to),
      [`${rule}.${list}.1.${key}`]: source.id,
    });
    if (description) params[`${rule}.${list}.1.Description`] = description;
  });
  return params;
}
