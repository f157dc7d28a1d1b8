/** EKS's REST paths. */
import { AwsError } from "../aws-error";
import * as access from "./access";
import * as addons from "./addons";
import { updateClusterConfig } from "./cluster-config";
import * as clusters from "./clusters";
import * as nodegroups from "./nodegroups";
import * as pods from "./pod-identity";
import { type EksContext, type Json, listOf, notFound, objectOf, stringOf, tagsOut, theCluster } from "./store";
import { describeUpdate, listUpdates } from "./updates";
import { clusterVersions, describeAddonVersions } from "./versions";

interface Call {
  readonly context: EksContext;
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Json;
  /** Whom access entries know the caller by; null: the sandbox's own identity. */
  readonly caller: string | null;
}
interface Route {
  readonly method: string;
  readonly pattern: readonly string[];
  readonly name: string;
  readonly run: (call: Call, ...path: string[]) => Json | Promise<Json>;
}
const route = (method: string, pattern: string, name: string, run: Route["run"]): Route => ({
  method,
  pattern: pattern.split("/").filter(Boolean),
  name,
  run,
});

const routes: readonly Route[] = [
  route("POST", "/clusters", "CreateCluster", ({ context, body, caller }) =>
    clusters.createCluster(context, body, caller ?? undefined),
  ),
  route("GET", "/clusters", "ListClusters", ({ context, query }) => clusters.listClusters(context, query)),
  route("GET", "/clusters/*", "DescribeCluster", ({ context }, name = "") => clusters.describeCluster(context, name)),
  route("DELETE", "/clusters/*", "DeleteCluster", ({ context }, name = "") => clusters.deleteCluster(context, name)),
  route("POST", "/clusters/*/update-config", "UpdateClusterConfig", ({ context, body }, name = "") =>
    updateClusterConfig(context, name, body),
  ),
  route("POST", "/clusters/*/updates", "UpdateClusterVersion", ({ context, body }, name = "") =>
    clusters.updateClusterVersion(context, name, body),
  ),
  route("GET", "/clusters/*/updates", "ListUpdates", ({ context, query }, name = "") =>
    listUpdates(context, name, query),
  ),
  route("GET", "/clusters/*/updates/*", "DescribeUpdate", ({ context, query }, name = "", id = "") =>
    describeUpdate(context, name, id, query),
  ),
  route("GET", "/cluster-versions", "DescribeClusterVersions", ({ query }) => ({
    clusterVersions: clusterVersions().filter(
      (one) =>
        query.getAll("clusterVersions").length === 0 ||
        query.getAll("clusterVersions").includes(String(one["clusterVersion"])),
    ),
    nextToken: null,
  })),
  route(
    "POST",
    "/clusters/*/insights",
    "ListInsights",
    ({ context }, name = "") => (theCluster(context, name), { insights: [], nextToken: null }),
  ),
  route(
    "GET",
    "/clusters/*/identity-provider-configs",
    "ListIdentityProviderConfigs",
    ({ context }, name = "") => (theCluster(context, name), { identityProviderConfigs: [], nextToken: null }),
  ),
  route(
    "GET",
    "/clusters/*/fargate-profiles",
    "ListFargateProfiles",
    ({ context }, name = "") => (theCluster(context, name), { fargateProfileNames: [], nextToken: null }),
  ),
  route("POST", "/clusters/*/node-groups", "CreateNodegroup", ({ context, body }, name = "") =>
    nodegroups.createNodegroup(context, name, body),
  ),
  route("GET", "/clusters/*/node-groups", "ListNodegroups", ({ context, query }, name = "") =>
    nodegroups.listNodegroups(context, name, query),
  ),
  route("GET", "/clusters/*/node-groups/*", "DescribeNodegroup", ({ context }, name = "", group = "") =>
    nodegroups.describeNodegroup(context, name, group),
  ),
  route("DELETE", "/clusters/*/node-groups/*", "DeleteNodegroup", ({ context }, name = "", group = "") =>
    nodegroups.deleteNodegroup(context, name, group),
  ),
  route(
    "POST",
    "/clusters/*/node-groups/*/update-config",
    "UpdateNodegroupConfig",
    ({ context, body }, name = "", group = "") => nodegroups.updateNodegroupConfig(context, name, group, body),
  ),
  route(
    "POST",
    "/clusters/*/node-groups/*/update-version",
    "UpdateNodegroupVersion",
    ({ context, body }, name = "", group = "") => nodegroups.updateNodegroupVersion(context, name, group, body),
  ),
  route("POST", "/clusters/*/addons", "CreateAddon", ({ context, body }, name = "") =>
    addons.createAddon(context, name, body),
  ),
  route("GET", "/clusters/*/addons", "ListAddons", ({ context, query }, name = "") =>
    addons.listAddons(context, name, query),
  ),
  route("GET", "/clusters/*/addons/*", "DescribeAddon", ({ context }, name = "", addon = "") =>
    addons.describeAddon(context, name, addon),
  ),
  route("DELETE", "/clusters/*/addons/*", "DeleteAddon", ({ context }, name = "", addon = "") =>
    addons.deleteAddon(context, name, addon),
  ),
  route("POST", "/clusters/*/addons/*/update", "UpdateAddon", ({ context, body }, name = "", addon = "") =>
    addons.updateAddon(context, name, addon, body),
  ),
  route("GET", "/addons/supported-versions", "DescribeAddonVersions", ({ query }) => ({
    addons: describeAddonVersions(query),
    nextToken: null,
  })),
  route("POST", "/clusters/*/access-entries", "CreateAccessEntry", ({ context, body }, name = "") =>
    access.createAccessEntry(context, name, body),
  ),
  route("GET", "/clusters/*/access-entries", "ListAccessEntries", ({ context, query }, name = "") =>
    access.listAccessEntries(context, name, query),
  ),
  route("GET", "/clusters/*/access-entries/*", "DescribeAccessEntry", ({ context }, name = "", arn = "") =>
    access.describeAccessEntry(context, name, arn),
  ),
  route("POST", "/clusters/*/access-entries/*", "UpdateAccessEntry", ({ context, body }, name = "", arn = "") =>
    access.updateAccessEntry(context, name, arn, body),
  ),
  route("DELETE", "/clusters/*/access-entries/*", "DeleteAccessEntry", ({ context }, name = "", arn = "") =>
    access.deleteAccessEntry(context, name, arn),
  ),
  route(
    "POST",
    "/clusters/*/access-entries/*/access-policies",
    "AssociateAccessPolicy",
    ({ context, body }, name = "", arn = "") => access.associateAccessPolicy(context, name, arn, body),
  ),
  route(
    "GET",
    "/clusters/*/access-entries/*/access-policies",
    "ListAssociatedAccessPolicies",
    ({ context }, name = "", arn = "") => access.listAssociatedAccessPolicies(context, name, arn),
  ),
  route(
    "DELETE",
    "/clusters/*/access-entries/*/access-policies/*",
    "DisassociateAccessPolicy",
    ({ context }, name = "", arn = "", policy = "") => access.disassociateAccessPolicy(context, name, arn, policy),
  ),
  route("GET", "/access-policies", "ListAccessPolicies", () => access.listAccessPolicies()),
  route(
    "POST",
    "/clusters/*/pod-identity-associations",
    "CreatePodIdentityAssociation",
    ({ context, body }, name = "") => pods.createPodIdentity(context, name, body),
  ),
  route(
    "GET",
    "/clusters/*/pod-identity-associations",
    "ListPodIdentityAssociations",
    ({ context, query }, name = "") => pods.listPodIdentities(context, name, query),
  ),
  route(
    "GET",
    "/clusters/*/pod-identity-associations/*",
    "DescribePodIdentityAssociation",
    ({ context }, name = "", id = "") => pods.describePodIdentity(context, name, id),
  ),
  route(
    "POST",
    "/clusters/*/pod-identity-associations/*",
    "UpdatePodIdentityAssociation",
    ({ context, body }, name = "", id = "") => pods.updatePodIdentity(context, name, id, body),
  ),
  route(
    "DELETE",
    "/clusters/*/pod-identity-associations/*",
    "DeletePodIdentityAssociation",
    ({ context }, name = "", id = "") => pods.deletePodIdentity(context, name, id),
  ),
  route("GET", "/tags/*", "ListTagsForResource", ({ context }, arn = "") => ({ tags: tagsOut(tagsFor(context, arn)) })),
  route(
    "POST",
    "/tags/*",
    "TagResource",
    ({ context, body }, arn = "") => (
      Object.entries(objectOf(body, "tags")).forEach(([key, value]) => tagsFor(context, arn).set(key, String(value))),
      {}
    ),
  ),
  route(
    "DELETE",
    "/tags/*",
    "UntagResource",
    ({ context, query }, arn = "") => (query.getAll("tagKeys").forEach((key) => tagsFor(context, arn).delete(key)), {}),
  ),
];

function tagsFor(context: EksContext, arn: string): Map<string, string> {
  for (const cluster of context.clusters.values()) {
    const parts = [
      cluster,
      ...cluster.nodegroups.values(),
      ...cluster.addons.values(),
      ...cluster.entries.values(),
      ...cluster.identities.values(),
    ];
    const found = parts.find((one) => one.arn === arn);
    if (found) return found.tags;
  }
  throw notFound(`Resource was not found: ${arn}`);
}

/** For tests that walk AWS's model. */
export const eksOperations: readonly string[] = [...new Set(routes.map((one) => one.name))];

export interface EksRoute {
  readonly name: string;
  readonly run: (
    context: EksContext,
    query: URLSearchParams,
    body: Json,
    caller?: string | null,
  ) => Json | Promise<Json>;
}

/**
 * Answers to calls that carried a token, by token: a client that repeats a call whose answer was lost gets that answer
 * again, as from AWS, and makes no second thing.
 */
const answered = new WeakMap<EksContext, Map<string, Promise<Json>>>();

function once(context: EksContext, call: string, body: Json, run: () => Json | Promise<Json>): Json | Promise<Json> {
  const token = stringOf(body, "clientRequestToken");
  if (token === undefined) return run();
  const answers = answered.get(context) ?? new Map<string, Promise<Json>>();
  answered.set(context, answers);
  const key = `${call} ${token}`;
  const before = answers.get(key);
  if (before !== undefined) return before;
  const answer = Promise.resolve().then(run);
  answers.set(key, answer);
  // What was refused may be asked for again.
  answer.catch(() => answers.delete(key));
  return answer;
}

/** `path` as it came: ARNs are in it with their slashes encoded. */
export function eksRoute(method: string, path: string): EksRoute {
  const parts = path.split("/").filter(Boolean).map(decodeURIComponent);
  const found = routes.find(
    (one) =>
      one.method === method &&
      one.pattern.length === parts.length &&
      one.pattern.every((part, index) => part === "*" || part === parts[index]),
  );
  if (!found)
    return {
      name: `${method} ${path}`,
      run: () => {
        throw new AwsError(
          "UnsupportedOperation",
          `The sandbox's EKS has no ${method} ${path}. It has: ` +
            `${[...new Set(routes.map((one) => one.name))].join(", ")}.`,
          501,
        );
      },
    };
  const names = parts.filter((_, index) => found.pattern[index] === "*");
  return {
    name: found.name,
    run: (context, query, body, caller = null) =>
      once(context, `${method} ${path}`, body, () =>
        found.run({ context, path: parts, query, body, caller }, ...names),
      ),
  };
}

export const keyParameters = (body: Json): Json =>
  Object.fromEntries(
    ["name", "nodegroupName", "addonName", "version", "principalArn", "namespace", "serviceAccount"]
      .flatMap((key) => (body[key] === undefined ? [] : [[key, body[key]]]))
      .concat(listOf(body, "subnets").length > 0 ? [["subnets", listOf(body, "subnets").length]] : []),
  );
