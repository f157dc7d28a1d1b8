/** Access entries and their policies: who may talk to a cluster's API server. */
import { randomUUID } from "node:crypto";
import { invalidRequest } from "../aws-error";
import {
  type AccessEntry,
  type Cluster,
  type EksContext,
  epoch,
  inUse,
  invalid,
  type Json,
  listOf,
  notFound,
  objectOf,
  pageOf,
  requiredString,
  stringOf,
  tagsFrom,
  tagsOut,
  theCluster,
} from "./store";

export const clusterAdminPolicy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
const policyNames = [
  "AmazonEKSAdminPolicy",
  "AmazonEKSClusterAdminPolicy",
  "AmazonEKSAdminViewPolicy",
  "AmazonEKSEditPolicy",
  "AmazonEKSViewPolicy",
  "AmazonEKSAutoNodePolicy",
];
const policyArn = (name: string): string => `arn:aws:eks::aws:cluster-access-policy/${name}`;

/** Of the sandbox's own key: the user that moto's GetCallerIdentity names. */
export const callerArn = (context: Pick<EksContext, "accountId">): string =>
  `arn:aws:iam::${context.accountId}:user/moto`;

export function newEntry(
  context: EksContext,
  cluster: Cluster,
  principalArn: string,
  options: { readonly policies?: readonly string[]; readonly body?: Json },
): AccessEntry {
  const body = options.body ?? {};
  const kind =
    principalArn
      .split(":")
      .pop()
      ?.replace(/^(\w+)\/?/, "$1/") ?? "";
  const entry: AccessEntry = {
    principalArn,
    arn: `arn:aws:eks:${context.region}:${context.accountId}:access-entry/${cluster.name}/${kind}/${randomUUID()}`,
    type: stringOf(body, "type") ?? "STANDARD",
    createdAt: Date.now(),
    modifiedAt: Date.now(),
    groups: listOf(body, "kubernetesGroups"),
    username: stringOf(body, "username") ?? principalArn,
    policies: new Map(),
    tags: tagsFrom(body),
  };
  for (const policy of options.policies ?? [])
    entry.policies.set(policy, association(policy, { type: "cluster", namespaces: [] }));
  cluster.entries.set(principalArn, entry);
  return entry;
}

const association = (policy: string, accessScope: Json): Json => ({
  policyArn: policy,
  accessScope,
  associatedAt: epoch(Date.now()),
  modifiedAt: epoch(Date.now()),
});

function theEntry(context: EksContext, cluster: string, principalArn: string): AccessEntry {
  const found = theCluster(context, cluster).entries.get(principalArn);
  if (!found)
    throw notFound(
      "The specified principalArn could not be found. You can view your available access entries with " +
        "'list-access-entries'.",
    );
  return found;
}

const view = (cluster: string, one: AccessEntry): Json => ({
  accessEntry: {
    clusterName: cluster,
    principalArn: one.principalArn,
    kubernetesGroups: one.groups,
    accessEntryArn: one.arn,
    createdAt: epoch(one.createdAt),
    modifiedAt: epoch(one.modifiedAt),
    tags: tagsOut(one.tags),
    username: one.username,
    type: one.type,
  },
});

export function createAccessEntry(context: EksContext, name: string, body: Json): Json {
  const cluster = theCluster(context, name);
  if (cluster.access["authenticationMode"] === "CONFIG_MAP")
    throw invalidRequest(
      "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
    );
  const principalArn = requiredString(body, "principalArn");
  if (!/^arn:aws:iam::\d{12}:(role|user|root)/.test(principalArn))
    throw invalid("The specified principalArn is invalid: invalid principal.");
  if (cluster.entries.has(principalArn))
    throw inUse("The specified access entry resource is already in use on this cluster.", { clusterName: name });
  if (listOf(body, "kubernetesGroups").some((group) => group.startsWith("system:")))
    throw invalid("The kubernetes group name must not start with 'system:'");
  return view(name, newEntry(context, cluster, principalArn, { body }));
}

export const describeAccessEntry = (context: EksContext, name: string, principalArn: string): Json =>
  view(name, theEntry(context, name, principalArn));

export function updateAccessEntry(context: EksContext, name: string, principalArn: string, body: Json): Json {
  const entry = theEntry(context, name, principalArn);
  if (body["kubernetesGroups"] !== undefined) entry.groups = listOf(body, "kubernetesGroups");
  entry.username = stringOf(body, "username") ?? entry.username;
  entry.modifiedAt = Date.now();
  return view(name, entry);
}

export function listAccessEntries(context: EksContext, name: string, query: URLSearchParams): Json {
  const policy = query.get("associatedPolicyArn");
  const all = [...theCluster(context, name).entries.values()].filter(
    (one) => policy === null || one.policies.has(policy),
  );
  const { part, nextToken } = pageOf(
    query,
    all.map((one) => one.principalArn),
  );
  return { accessEntries: part, nextToken };
}

export function deleteAccessEntry(context: EksContext, name: string, principalArn: string): Json {
  theEntry(context, name, principalArn);
  theCluster(context, name).entries.delete(principalArn);
  return {};
}

export function associateAccessPolicy(context: EksContext, name: string, principalArn: string, body: Json): Json {
  const entry = theEntry(context, name, principalArn);
  const policy = requiredString(body, "policyArn");
  if (!policyNames.map(policyArn).includes(policy))
    throw invalid(`The policyArn ${policy} parameter format is not valid`);
  entry.policies.set(policy, association(policy, { namespaces: [], ...objectOf(body, "accessScope") }));
  return { clusterName: name, principalArn, associatedAccessPolicy: entry.policies.get(policy) };
}

export function disassociateAccessPolicy(
  context: EksContext,
  name: string,
  principalArn: string,
  policy: string,
): Json {
  if (!theEntry(context, name, principalArn).policies.delete(policy))
    throw notFound(`The specified policyArn could not be found: ${policy}`);
  return {};
}

export const listAssociatedAccessPolicies = (context: EksContext, name: string, principalArn: string): Json => ({
  clusterName: name,
  principalArn,
  associatedAccessPolicies: [...theEntry(context, name, principalArn).policies.values()],
  nextToken: null,
});
export const listAccessPolicies = (): Json => ({
  accessPolicies: policyNames.map((name) => ({ name, arn: policyArn(name) })),
  nextToken: null,
});
