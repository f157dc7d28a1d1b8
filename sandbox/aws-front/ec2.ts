/** What the front itself asks of EC2: the query API of moto, without the SDK's weight. */
import { XMLParser } from "fast-xml-parser";
import { AwsError } from "./aws-error";
import type { MotoProxy } from "./moto-proxy";

export interface Ec2Subnet {
  readonly id: string;
  readonly vpcId: string;
  readonly zone: string;
  readonly zoneId: string;
  readonly cidr: string;
  readonly state: string;
}
export type Params = Readonly<Record<string, string | number | undefined>>;
export interface XmlNode {
  readonly [key: string]: unknown;
}

const parser = new XMLParser({ ignoreAttributes: true, parseTagValue: false, isArray: (name) => name === "item" });

export const items = (node: unknown): XmlNode[] => {
  const found = (node as { item?: unknown } | undefined)?.item;
  return Array.isArray(found) ? (found as XmlNode[]) : [];
};
export const str = (node: XmlNode | undefined, key: string): string =>
  typeof node?.[key] === "string" ? (node[key] as string) : "";

/** `{Name: ["a", "b"]}` to `Filter.1.Name=…`. */
export function filters(wanted: Readonly<Record<string, readonly string[]>>): Record<string, string> {
  const params: Record<string, string> = {};
  Object.entries(wanted).forEach(([name, values], index) => {
    params[`Filter.${index + 1}.Name`] = name;
    values.forEach((value, at) => (params[`Filter.${index + 1}.Value.${at + 1}`] = value));
  });
  return params;
}

export const numbered = (name: string, values: readonly string[]): Record<string, string> =>
  Object.fromEntries(values.map((value, index) => [`${name}.${index + 1}`, value]));

export class Ec2 {
  private readonly subnetCache = new Map<string, Ec2Subnet>();
  constructor(
    private readonly moto: MotoProxy,
    private readonly region: string,
  ) {}

  async call(action: string, params: Params = {}): Promise<XmlNode> {
    const form = new URLSearchParams({ Action: action, Version: "2016-11-15" });
    for (const [key, value] of Object.entries(params)) if (value !== undefined) form.set(key, String(value));
    const headers = {
      host: `ec2.${this.region}.amazonaws.com`,
      "content-type": "application/x-www-form-urlencoded; charset=utf-8",
      authorization:
        `AWS4-HMAC-SHA256 Credential=sandbox/20260101/${this.region}/ec2/aws4_request, SignedHeaders=host, ` +
        "Signature=0",
    };
    const answer = await this.moto.send("POST", "/", headers, Buffer.from(form.toString()));
    const parsed = parser.parse(answer.body.toString("utf8")) as XmlNode;
    if (answer.status >= 300) {
      const error = (parsed["Response"] as { Errors?: { Error?: XmlNode } } | undefined)?.Errors?.Error;
      throw new AwsError(
        str(error, "Code") || "InternalError",
        str(error, "Message") || `EC2 ${action} failed with status ${answer.status}`,
        answer.status,
      );
    }
    return (parsed[`${action}Response`] ?? {}) as XmlNode;
  }

  /**
   * In the order asked for; throws EC2's InvalidSubnetID.NotFound. A subnet's facts never change, so they are kept, but
   * its existence is asked for.
   */
  async subnets(ids: readonly string[]): Promise<Ec2Subnet[]> {
    const answer = await this.call("DescribeSubnets", numbered("SubnetId", ids));
    for (const node of items(answer["subnetSet"])) {
      const id = str(node, "subnetId");
      this.subnetCache.set(id, {
        id,
        vpcId: str(node, "vpcId"),
        zone: str(node, "availabilityZone"),
        zoneId: str(node, "availabilityZoneId"),
        cidr: str(node, "cidrBlock"),
        state: str(node, "state"),
      });
    }
    return ids.map((id) => this.subnetCache.get(id)).filter((one): one is Ec2Subnet => one !== undefined);
  }

  async vpcCidrs(vpcId: string): Promise<string[]> {
    const answer = await this.call("DescribeVpcs", { "VpcId.1": vpcId });
    return items(answer["vpcSet"]).flatMap((vpc) => {
      const associated = items(vpc["cidrBlockAssociationSet"]).map((one) => str(one, "cidrBlock"));
      return associated.length > 0 ? associated : [str(vpc, "cidrBlock")];
    });
  }

  async subnetsOfVpc(vpcId: string): Promise<Ec2Subnet[]> {
    const answer = await this.call("DescribeSubnets", filters({ "vpc-id": [vpcId] }));
    return items(answer["subnetSet"]).map((node) => ({
      id: str(node, "subnetId"),
      vpcId,
      zone: str(node, "availabilityZone"),
      zoneId: str(node, "availabilityZoneId"),
      cidr: str(node, "cidrBlock"),
      state: str(node, "state"),
    }));
  }
}
