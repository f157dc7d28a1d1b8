/** Under which id a provider would know a resource whose creation was interrupted, as far as its inputs tell. Pure. */

export type PendingIdentity =
  /** The provider is asked for this id; what it does not find was never made. */
  | { readonly kind: "id"; readonly id: string }
  /** Making it once more is no error and makes no second one. */
  | { readonly kind: "repeatable" }
  /** Only a question to AWS gives the id. */
  | { readonly kind: "look-up" }
  /** Nobody can tell; a second one may be made. */
  | { readonly kind: "unknown" };

type Inputs = Readonly<Record<string, unknown>>;

const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
function joined(inputs: Inputs, keys: readonly string[], separator: string): PendingIdentity {
  const parts = keys.map((key) => text(inputs[key]));
  return parts.every((part) => part !== null) ? { kind: "id", id: parts.join(separator) } : { kind: "unknown" };
}

/** Input properties that make up the id, and what stands between them. */
const composed: Readonly<Record<string, readonly [readonly string[], string]>> = {
  "aws:eks/cluster:Cluster": [["name"], ""],
  "aws:eks/nodeGroup:NodeGroup": [["clusterName", "nodeGroupName"], ":"],
  "aws:eks/addon:Addon": [["clusterName", "addonName"], ":"],
  "aws:eks/accessEntry:AccessEntry": [["clusterName", "principalArn"], ":"],
  "aws:iam/role:Role": [["name"], ""],
  "aws:iam/rolePolicy:RolePolicy": [["role", "name"], ":"],
  "aws:iam/instanceProfile:InstanceProfile": [["name"], ""],
  "kubernetes:helm.sh/v3:Release": [["namespace", "name"], "/"],
};
const repeatable = new Set([
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
]);
const lookedUp = new Set([
  "aws:eks/podIdentityAssociation:PodIdentityAssociation",
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
  "aws:lb/loadBalancer:LoadBalancer",
  "aws:lb/targetGroup:TargetGroup",
]);

export function identityOf(type: string, inputs: Inputs): PendingIdentity {
  const parts = composed[type];
  if (parts !== undefined) return joined(inputs, parts[0], parts[1]);
  if (repeatable.has(type)) return { kind: "repeatable" };
  if (lookedUp.has(type)) return { kind: "look-up" };
  // Provider entries are the state's alone.
  if (type.startsWith("pulumi:")) return { kind: "repeatable" };
  if (!type.startsWith("kubernetes:")) return { kind: "unknown" };
  const metadata = (inputs["metadata"] ?? {}) as Inputs;
  const name = text(metadata["name"]);
  const namespace = text(metadata["namespace"]);
  return name === null ? { kind: "unknown" } : { kind: "id", id: namespace === null ? name : `${namespace}/${name}` };
}
