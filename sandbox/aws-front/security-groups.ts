/**
 * EC2's rules between load balancer and target, asked of moto. A load balancer with groups is known to the target's
 * groups by these or by its
 * subnets' addresses; one without groups by its subnets' addresses only. Client addresses, when preserved, are not
 * looked at: a target that lets the
 * load balancer in counts as reachable (in AWS the clients' addresses would have to be let in too).
 */
import { contains } from "./cidr";
import { type Ec2, items, str, type XmlNode } from "./ec2";

export interface Rule {
  readonly protocol: string;
  readonly from: number;
  readonly to: number;
  readonly cidrs: readonly string[];
  readonly groups: readonly string[];
}
export interface Group {
  readonly id: string;
  readonly ingress: readonly Rule[];
  readonly egress: readonly Rule[];
}
export interface Source {
  readonly groups: readonly string[];
  readonly cidrs: readonly string[];
}
export type Reachability = (from: Source, address: string, port: number) => boolean;

const permits = (rule: Rule, port: number): boolean =>
  rule.protocol === "-1" ||
  ((rule.protocol === "tcp" || rule.protocol === "6") && rule.from <= port && port <= rule.to);
const names = (rule: Rule, groups: readonly string[], addresses: readonly string[]): boolean =>
  rule.groups.some((group) => groups.includes(group)) ||
  (addresses.length > 0 && addresses.every((address) => rule.cidrs.some((cidr) => contains(cidr, address))));

/**
 * `groupsOf` gives the groups of an address's network interface; null when nobody has the address, and then only the
 * load balancer's egress counts.
 */
export function reachability(
  groups: ReadonlyMap<string, Group>,
  groupsOf: (address: string) => readonly string[] | null,
): Reachability {
  const rules = (ids: readonly string[], direction: "ingress" | "egress"): Rule[] =>
    ids.flatMap((id) => groups.get(id)?.[direction] ?? []);
  return (from, address, port) => {
    const own = groupsOf(address);
    const leaves =
      from.groups.length === 0 ||
      rules(from.groups, "egress").some((rule) => permits(rule, port) && names(rule, own ?? [], [address]));
    const enters =
      own === null || rules(own, "ingress").some((rule) => permits(rule, port) && names(rule, from.groups, from.cidrs));
    return leaves && enters;
  };
}

const rulesOf = (node: XmlNode, key: string): Rule[] =>
  items(node[key]).map((one) => ({
    protocol: str(one, "ipProtocol"),
    from: Number(str(one, "fromPort") || 0),
    to: Number(str(one, "toPort") || 65535),
    cidrs: items(one["ipRanges"]).map((range) => str(range, "cidrIp")),
    groups: items(one["groups"]).map((group) => str(group, "groupId")),
  }));

/** The groups and who has which address, kept until EC2 is changed through the front. */
export class SecurityGroups {
  private cache: Promise<Reachability> | null = null;
  constructor(
    private readonly ec2: Ec2,
    private readonly known: (address: string) => readonly string[] | null,
  ) {}

  invalidate(): void {
    this.cache = null;
  }

  current(): Promise<Reachability> {
    if (this.cache === null) {
      const loading = this.load();
      this.cache = loading;
      loading.catch(() => {
        if (this.cache === loading) this.cache = null;
      });
    }
    return this.cache;
  }

  private async load(): Promise<Reachability> {
    const [groups, interfaces] = await Promise.all([
      this.ec2.call("DescribeSecurityGroups"),
      this.ec2.call("DescribeNetworkInterfaces"),
    ]);
    const byId = new Map(
      items(groups["securityGroupInfo"]).map((node) => [
        str(node, "groupId"),
        {
          id: str(node, "groupId"),
          ingress: rulesOf(node, "ipPermissions"),
          egress: rulesOf(node, "ipPermissionsEgress"),
        },
      ]),
    );
    const byAddress = new Map<string, readonly string[]>();
    for (const node of items(interfaces["networkInterfaceSet"])) {
      const own = items(node["groupSet"]).map((group) => str(group, "groupId"));
      for (const address of [
        str(node, "privateIpAddress"),
        ...items(node["privateIpAddressesSet"]).map((one) => str(one, "privateIpAddress")),
      ])
        if (address !== "") byAddress.set(address, own);
    }
    // The node groups' own record comes first: it knows every pod address, whatever moto made of it.
    return reachability(byId, (address) => this.known(address) ?? byAddress.get(address) ?? null);
  }
}
