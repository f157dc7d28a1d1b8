/** Pod identity associations. */
import { randomBytes } from "node:crypto";
import {
  type EksContext,
  epoch,
  inUse,
  type Json,
  notFound,
  pageOf,
  type PodIdentity,
  requiredString,
  stringOf,
  tagsFrom,
  tagsOut,
  theCluster,
} from "./store";

const view = (cluster: string, one: PodIdentity): Json => ({
  association: {
    clusterName: cluster,
    namespace: one.namespace,
    serviceAccount: one.serviceAccount,
    roleArn: one.roleArn,
    associationArn: one.arn,
    associationId: one.id,
    tags: tagsOut(one.tags),
    createdAt: epoch(one.createdAt),
    modifiedAt: epoch(one.modifiedAt),
    disableSessionTags: one.body["disableSessionTags"] === true,
    targetRoleArn: one.body["targetRoleArn"] ?? null,
  },
});

function theAssociation(context: EksContext, name: string, id: string): PodIdentity {
  const found = theCluster(context, name).identities.get(id);
  if (!found) throw notFound(`The specified association with id: ${id} could not be found`);
  return found;
}

export function createPodIdentity(context: EksContext, name: string, body: Json): Json {
  const cluster = theCluster(context, name);
  const [namespace, serviceAccount, roleArn] = [
    requiredString(body, "namespace"),
    requiredString(body, "serviceAccount"),
    requiredString(body, "roleArn"),
  ];
  if (
    [...cluster.identities.values()].some((one) => one.namespace === namespace && one.serviceAccount === serviceAccount)
  )
    throw inUse(`Association already exists: ${namespace}/${serviceAccount}`, { clusterName: name });
  const id = `a-${randomBytes(8).toString("hex")}q`;
  const made: PodIdentity = {
    id,
    arn: `arn:aws:eks:${context.region}:${context.accountId}:podidentityassociation/${name}/${id}`,
    namespace,
    serviceAccount,
    roleArn,
    body,
    createdAt: Date.now(),
    modifiedAt: Date.now(),
    tags: tagsFrom(body),
  };
  cluster.identities.set(id, made);
  return view(name, made);
}

export const describePodIdentity = (context: EksContext, name: string, id: string): Json =>
  view(name, theAssociation(context, name, id));

export function updatePodIdentity(context: EksContext, name: string, id: string, body: Json): Json {
  const one = theAssociation(context, name, id);
  one.roleArn = stringOf(body, "roleArn") ?? one.roleArn;
  one.body = { ...one.body, ...body };
  one.modifiedAt = Date.now();
  return view(name, one);
}

export function deletePodIdentity(context: EksContext, name: string, id: string): Json {
  const answer = view(name, theAssociation(context, name, id));
  theCluster(context, name).identities.delete(id);
  return answer;
}

export function listPodIdentities(context: EksContext, name: string, query: URLSearchParams): Json {
  const [namespace, account] = [query.get("namespace"), query.get("serviceAccount")];
  const all = [...theCluster(context, name).identities.values()].filter(
    (one) =>
      (namespace === null || one.namespace === namespace) && (account === null || one.serviceAccount === account),
  );
  const { part, nextToken } = pageOf(query, all);
  return {
    associations: part.map((one) => ({
      clusterName: name,
      namespace: one.namespace,
      serviceAccount: one.serviceAccount,
      associationArn: one.arn,
      associationId: one.id,
    })),
    nextToken,
  };
}
