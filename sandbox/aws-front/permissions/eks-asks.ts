/** What EKS's requests are about, and what EKS asks for with its caller's permissions. */
import { AwsError } from "../aws-error";
import { type Json, objectOf, stringOf } from "../eks/store";
import { type Account, type Ask, type AskedRequest, jsonOf, linkedRole, tagContext } from "./ask";

/** Kinds by their place in a path: `/clusters/NAME/PLACE/ID`. */
const kinds: Readonly<Record<string, string>> = {
  "node-groups": "nodegroup",
  addons: "addon",
  "access-entries": "access-entry",
  "pod-identity-associations": "podidentityassociation",
};
/** The kind that a `Create…` makes. */
const makes: Readonly<Record<string, string>> = {
  CreateCluster: "cluster",
  CreateNodegroup: "nodegroup",
  CreateAddon: "addon",
  CreateAccessEntry: "access-entry",
  CreatePodIdentityAssociation: "podidentityassociation",
};

/** The part of a cluster that has this id in a path. */
function partArn(account: Account, clusterName: string, place: string, id: string): string {
  const cluster = account.eks.clusters.get(clusterName);
  const found = {
    "node-groups": cluster?.nodegroups.get(id),
    addons: cluster?.addons.get(id),
    "access-entries": cluster?.entries.get(id),
    "pod-identity-associations": cluster?.identities.get(id),
  }[place];
  // Of one that is not there AWS knows the name.
  return found?.arn ?? eksArn(account, `${kinds[place]}/${clusterName}/${place === "access-entries" ? "*" : id}/*`);
}
const eksArn = (account: Account, rest: string): string => `arn:aws:eks:${account.region}:${account.accountId}:${rest}`;

function passRole(body: Json, member: string, services: readonly string[]): Ask[] {
  const role = stringOf(body, member);
  if (role === undefined) return [];
  return [{ action: "iam:PassRole", resource: role, context: { "iam:passedtoservice": services } }];
}

/** EKS looks with the caller's permissions whether the role of its node groups is there. */
function nodegroupRole(account: Account): Ask[] {
  const service = "eks-nodegroup.amazonaws.com";
  const name = "AWSServiceRoleForAmazonEKSNodegroup";
  return [
    {
      action: "iam:GetRole",
      resource: `arn:aws:iam::${account.accountId}:role/aws-service-role/${service}/${name}`,
      refusal: new AwsError(
        "InvalidRequestException",
        `Failed to validate if SLR: ${name} already exists due to missing permissions for 'iam:GetRole'`,
      ),
    },
    ...linkedRole(account, service),
  ];
}

function privateEndpoint(body: Json): Ask[] {
  if (objectOf(body, "resourcesVpcConfig")["endpointPrivateAccess"] !== true) return [];
  return [{ action: "route53:AssociateVPCWithHostedZone", resource: "arn:aws:route53:::hostedzone/*" }];
}

const secretsKey = (body: Json): Ask[] =>
  listOfObjects(body, "encryptionConfig")
    .map((one) => stringOf(objectOf(one, "provider"), "keyArn"))
    .filter((key): key is string => key !== undefined)
    .flatMap((resource) => ["kms:DescribeKey", "kms:CreateGrant"].map((action) => ({ action, resource })));

const listOfObjects = (body: Json, key: string): Json[] => {
  const value: unknown = body[key];
  return Array.isArray(value) ? value.filter((one): one is Json => typeof one === "object" && one !== null) : [];
};

/** What else the caller needs, by operation. Service user guides, 2026-11-30. */
function withCaller(account: Account, operation: string, body: Json): Ask[] {
  switch (operation) {
    case "CreateCluster":
      return [
        ...passRole(body, "roleArn", ["eks.amazonaws.com"]),
        ...privateEndpoint(body),
        ...secretsKey(body),
        ...linkedRole(account, "eks.amazonaws.com"),
      ];
    case "UpdateClusterConfig":
      return privateEndpoint(body);
    case "AssociateEncryptionConfig":
      return secretsKey(body);
    case "CreateNodegroup":
      // Which of the two AWS counts is not documented: either will do.
      return [...passRole(body, "nodeRole", ["ec2.amazonaws.com", "eks.amazonaws.com"]), ...nodegroupRole(account)];
    case "CreatePodIdentityAssociation":
    case "UpdatePodIdentityAssociation":
      return passRole(body, "roleArn", ["pods.eks.amazonaws.com"]);
    case "CreateAddon":
    case "UpdateAddon":
      return passRole(body, "serviceAccountRoleArn", ["eks.amazonaws.com"]);
    default:
      return [];
  }
}

export function eksAsks(account: Account, { operation, path, search, body: raw }: AskedRequest): Ask[] {
  const action = `eks:${operation}`;
  const body = jsonOf(raw);
  const [root, first, place = "", id] = path.split("/").filter(Boolean).map(decodeURIComponent);
  const given = Object.fromEntries(Object.entries(objectOf(body, "tags")).map(([key, value]) => [key, String(value)]));
  if (root === "tags") {
    const keys = search.getAll("tagKeys");
    const context = keys.length > 0 ? { "aws:tagkeys": keys } : tagContext(given);
    return [{ action, resource: first ?? "*", context }];
  }
  if (root !== "clusters") return [];
  const name = first ?? stringOf(body, "name") ?? "*";
  const resource =
    id !== undefined && Object.hasOwn(kinds, place)
      ? partArn(account, name, place, id)
      : eksArn(account, `cluster/${name}`);
  const made = makes[operation];
  const tagged: Ask[] =
    made === undefined || Object.keys(given).length === 0
      ? []
      : [
          {
            action: "eks:TagResource",
            resource: eksArn(account, made === "cluster" ? `cluster/${name}` : `${made}/${name}/*`),
            context: tagContext(given),
          },
        ];
  return [{ action, resource, context: tagContext(given) }, ...tagged, ...withCaller(account, operation, body)];
}

export function eksTags({ eks }: Account, arn: string): ReadonlyMap<string, string> {
  for (const cluster of eks.clusters.values()) {
    const parts = [cluster, ...cluster.nodegroups.values(), ...cluster.addons.values(), ...cluster.entries.values()];
    const found = [...parts, ...cluster.identities.values()].find((one) => one.arn === arn);
    if (found !== undefined) return found.tags;
  }
  return new Map<string, string>();
}
