/** What EC2's requests are about: resources by their ids, as the table names an action's kinds. */
import { type Ec2, filters, items, str } from "../ec2";
import { parametersOf } from "../query-request";
import { type Account, type Ask, type AskedRequest, tagContext } from "./ask";
import { factsOf, permissionTable } from "./table";

/** Kinds by the beginning of their ids. */
const byPrefix: Readonly<Record<string, string>> = {
  vpc: "vpc",
  subnet: "subnet",
  sg: "security-group",
  sgr: "security-group-rule",
  rtb: "route-table",
  igw: "internet-gateway",
  nat: "natgateway",
  eipalloc: "elastic-ip",
  eni: "network-interface",
  i: "instance",
  vol: "volume",
  lt: "launch-template",
  vpce: "vpc-endpoint",
  acl: "network-acl",
  dopt: "dhcp-options",
  ami: "image",
  snap: "snapshot",
};
/** Parameters that carry ids of a kind, besides the one that the kind's ARN is written with. */
const others: Readonly<Record<string, readonly string[]>> = {
  "security-group": ["GroupId", "SecurityGroupId"],
  "security-group-rule": ["SecurityGroupRuleId", "SecurityGroupRule"],
  "network-interface": ["NetworkInterfaceId"],
};

/** `GroupId`, `GroupId.1`, `SecurityGroupRule.1.SecurityGroupRuleId`. */
function idsOf(form: URLSearchParams, names: readonly string[]): string[] {
  const fits = new RegExp(`^(${names.map((name) => `${name}s?`).join("|")})(\\.\\d+)?(\\.\\w+Id)?$`);
  return [...form].filter(([key, value]) => fits.test(key) && /^[a-z]+-[0-9a-f]+$/.test(value)).map(([, id]) => id);
}

/** What the ids of an association stand for. */
async function associated(ec2: Ec2, form: URLSearchParams): Promise<string[]> {
  const id = form.get("AssociationId") ?? "";
  if (id.startsWith("rtbassoc-")) {
    const wanted = filters({ "association.route-table-association-id": [id] });
    const tables = items((await ec2.call("DescribeRouteTables", wanted))["routeTableSet"]);
    return tables.flatMap((table) => [
      str(table, "routeTableId"),
      ...items(table["associationSet"])
        .filter((one) => str(one, "routeTableAssociationId") === id)
        .map((one) => str(one, "subnetId"))
        .filter((subnet) => subnet !== ""),
    ]);
  }
  if (id.startsWith("eipassoc-")) {
    const found = items((await ec2.call("DescribeAddresses"))["addressesSet"]);
    return found.filter((one) => str(one, "associationId") === id).map((one) => str(one, "allocationId"));
  }
  return [];
}

interface Made {
  readonly kind: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** What a request wants tagged while it is made. */
function tagSpecifications(form: URLSearchParams): Made[] {
  const found = new Map<string, { kind: string; tags: Record<string, string> }>();
  for (const [key, value] of form) {
    const [, number = "", rest = ""] = /^TagSpecification\.(\d+)\.(.+)$/.exec(key) ?? [];
    if (number === "") continue;
    const one = found.get(number) ?? { kind: "", tags: {} };
    found.set(number, one);
    if (rest === "ResourceType") one.kind = value;
    else if (rest.endsWith(".Key"))
      one.tags[value] = form.get(`TagSpecification.${number}.${rest.replace(/Key$/, "Value")}`) ?? "";
  }
  return [...found.values()].filter(({ tags }) => Object.keys(tags).length > 0);
}

function tagsGiven(form: URLSearchParams): Record<string, string> {
  const keys = [...form].filter(([key]) => /^Tag\.\d+\.Key$/.test(key));
  return Object.fromEntries(keys.map(([key, value]) => [value, form.get(key.replace(/Key$/, "Value")) ?? ""]));
}

export const ec2Arn = (account: Account, id: string): string | null => {
  const kind = byPrefix[id.split("-")[0] ?? ""];
  return kind === undefined ? null : arnOfKind(account, kind, id);
};
const arnOfKind = (account: Account, kind: string, id: string): string =>
  `arn:aws:ec2:${account.region}:${account.accountId}:${kind}/${id}`;

/** null: a resource that it must be about can't be told. */
export async function ec2Asks(account: Account, { operation, body, search }: AskedRequest): Promise<Ask[] | null> {
  const form = parametersOf(body, search);
  const action = `ec2:${operation}`;
  if (operation === "CreateTags" || operation === "DeleteTags") {
    const arns = [...form].filter(([key]) => /^ResourceId\.\d+$/.test(key)).map(([, id]) => ec2Arn(account, id));
    const context = tagContext(tagsGiven(form));
    return arns.some((arn) => arn === null)
      ? null
      : arns.map((resource) => ({ action, resource: resource ?? "*", context }));
  }
  const specified = tagSpecifications(form);
  const all = Object.assign({}, ...specified.map(({ tags }) => tags)) as Record<string, string>;
  const resources = await about(account, operation, form);
  if (resources === null) return null;
  return [
    ...resources.map((resource) => ({ action, resource, context: tagContext(all) })),
    ...specified.map(({ kind, tags }) => ({
      action: "ec2:CreateTags",
      resource: arnOfKind(account, kind, "*"),
      context: { ...tagContext(tags), "ec2:createaction": [operation] },
    })),
  ];
}

async function about(account: Account, operation: string, form: URLSearchParams): Promise<string[] | null> {
  const kinds = factsOf("ec2", operation)?.on ?? [];
  const resources = permissionTable()["ec2"]?.resources ?? {};
  const makes = /^(Create|Allocate)/.test(operation);
  const associations = form.has("AssociationId") ? await associated(account.elb.ec2, form) : [];
  const found: string[] = [];
  for (const raw of kinds) {
    const [kind, required] = [raw.replace("!", ""), raw.endsWith("!")];
    const variable = /\$\{(\w+)\}/.exec(resources[kind] ?? "")?.[1] ?? "";
    const named = [...idsOf(form, [variable, ...(others[kind] ?? [])]), ...associations].filter(
      (id) => byPrefix[id.split("-")[0] ?? ""] === kind,
    );
    if (named.length > 0) found.push(...named.map((id) => arnOfKind(account, kind, id)));
    // What is made has no id yet.
    else if (required && makes) found.push(arnOfKind(account, kind, "*"));
    else if (required) return null;
  }
  return found.length > 0 ? [...new Set(found)] : null;
}

/** With the tag that EKS gives its clusters' groups, which moto can't keep: its keys may not begin with `aws:`. */
export async function ec2Tags(account: Account, arn: string): Promise<ReadonlyMap<string, string>> {
  const id = arn.split("/").at(-1) ?? "*";
  if (id === "*") return new Map();
  const answer = await account.elb.ec2.call("DescribeTags", filters({ "resource-id": [id] }));
  const tags = new Map(items(answer["tagSet"]).map((tag) => [str(tag, "key"), str(tag, "value")]));
  const cluster = [...account.eks.clusters.values()].find(({ securityGroupId }) => securityGroupId === id);
  return cluster === undefined ? tags : tags.set("aws:eks:cluster-name", cluster.name);
}
