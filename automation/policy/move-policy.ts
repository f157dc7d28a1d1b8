/**
 * A move changes only what it says: the planned operations of an update, checked against what the move may do. Pure.
 */
import { isDefaultProvider, isOfFiles, isPackages } from "../../stacks/extension/whose";
import type { MoveKind } from "../../stacks/record";
import { DriverError } from "../errors";
import type { Leaves, PlannedOperation } from "../ports";

/**
 * The moves, and the two updates that the driver makes besides: writing the record, and the environment's own update in
 * `up`.
 */
export type Purpose =
  MoveKind | "record" | "unprotect" | "release-unprotect" | "release-remove" | "destroy-environment";

export interface Refusal {
  readonly operation: PlannedOperation;
  readonly why: string;
}

const quiet = new Set(["same", "read", "refresh", "discard", "read-replacement", "discard-replaced"]);
const isProvider = (type: string): boolean => type.startsWith("pulumi:providers:");
const comesOrGoes = (operation: string): boolean => operation === "create" || operation === "delete";
const isStack = (type: string): boolean => type === "pulumi:pulumi:Stack";
const isStackReference = (type: string): boolean => type === "pulumi:pulumi:StackReference";
export const isBinding = (type: string): boolean => type.endsWith(":TargetGroupBinding");
const isDeployment = (type: string): boolean => /^kubernetes:apps\/v\d\w*:Deployment$/.test(type);
const isDisruptionBudget = (type: string): boolean => /^kubernetes:policy\/v\d\w*:PodDisruptionBudget$/.test(type);
const replaces = (operation: string): boolean => /replace/.test(operation);

/** The URN's last part. */
export const nameOf = (urn: string): string => urn.split("::").at(-1) ?? urn;

/**
 * Paths come as `spec.replicas` or `["spec"]["replicas"]`, and only as deep as the provider says. Unnamed changes are
 * never these: but one
 * that was changed already and did not get ready is updated once more without any change.
 */
function only(
  { paths, incomplete }: Pick<PlannedOperation, "paths" | "incomplete">,
  allowed: readonly string[],
): boolean {
  return paths.length === 0 ? incomplete === true : paths.every((path) => allowed.includes(plainPath(path)));
}
/** With dots, as `spec.replicas`. */
const plainPath = (path: string): string => path.replace(/\["?([^"\]]+)"?\]/g, ".$1").replace(/^\./, "");
const named = (paths: readonly string[]): string => (paths.length === 0 ? "unnamed properties" : paths.join(", "));

/** What changes with the Kubernetes version, and nothing else of it (docs/reference/aws-behaviour.md). */
const upgradable: Readonly<Record<string, readonly string[]>> = {
  "aws:eks/cluster:Cluster": ["version"],
  "aws:eks/addon:Addon": ["addonVersion"],
  "aws:eks/nodeGroup:NodeGroup": ["version", "releaseVersion"],
};

function upgradeObjection(planned: PlannedOperation): string | null {
  const { operation, type, paths, custom } = planned;
  if (!custom && operation === "update") return null;
  const allowed = upgradable[type];
  if (allowed === undefined || operation !== "update")
    return "upgrading only changes versions of the control plane, its add-ons and node groups";
  return only(planned, allowed) ? null : `upgrading changes ${allowed.join(" and ")} alone, not ${named(paths)}`;
}

/**
 * A primary goes in and out by its Service of type LoadBalancer: a key of the selector, or an annotation, and nothing
 * else of it. On a
 * Service that others own each is in a patch of its own.
 */
function isStandbySwitch({ operation, type, urn, paths, custom }: PlannedOperation): boolean {
  if (operation !== "update") return false;
  if (!custom) return type === "eks-blue-green:index:LoadBalancerService";
  const plain = paths.map(plainPath);
  const within = (roots: readonly string[]): boolean =>
    plain.length > 0 && plain.every((path) => roots.some((root) => path === root || path.startsWith(`${root}.`)));
  if (type === "kubernetes:core/v1:ServicePatch") return within(["spec.selector", "metadata.annotations"]);
  return (
    type === "kubernetes:core/v1:Service" &&
    urn.includes("eks-blue-green:index:LoadBalancerService$") &&
    within(["spec.selector", "metadata.annotations"])
  );
}

/**
 * A primary's own rules: there while it stands by, because its controller takes its own away with the last endpoint.
 */
function isStandbyRule({ type, custom, urn }: PlannedOperation): boolean {
  return custom
    ? type === "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule" &&
        urn.includes("eks-blue-green:index:MemberIngress$")
    : type === "eks-blue-green:index:MemberIngress";
}
const switchesPrimary = (operations: readonly PlannedOperation[]): boolean =>
  operations.some((one) => one.custom && isStandbySwitch(one));

function isLoadBalancerService({ type, urn, custom }: PlannedOperation): boolean {
  return custom
    ? type === "kubernetes:core/v1:Service" && urn.includes("eks-blue-green:index:LoadBalancerService$")
    : type === "eks-blue-green:index:LoadBalancerService";
}

/**
 * Pulumi's own protection changes no property; the controller's is one annotation, which has the other attributes too.
 */
function isServiceUnprotected(planned: PlannedOperation): boolean {
  if (planned.operation !== "update" || !isLoadBalancerService(planned)) return false;
  return (
    !planned.custom ||
    only(planned, [
      "metadata.annotations",
      "metadata.annotations.service.beta.kubernetes.io/aws-load-balancer-attributes",
      "metadata.annotations.pulumi.com/patchForce",
    ])
  );
}

/** Where the weights of a listener and of a rule are. */
const actionsOf: Readonly<Record<string, string>> = {
  "aws:lb/listener:Listener": "defaultActions",
  "aws:lb/listenerRule:ListenerRule": "actions",
};

/** Resources of the environment's stack that say how much each target group gets. */
export const hasWeights = (type: string): boolean => actionsOf[type] !== undefined;

/**
 * `defaultActions.0.forward.targetGroups.1.weight`, and anything shorter: a provider that takes the groups for a set
 * names no single one. `forward.stickiness` too: the console leaves it behind when somebody edits weights there, switched
 * off, and the program declares none. What else an action has (where it redirects to, whom it signs in) is none of a
 * shift.
 */
const isWeightIn = (root: string, path: string): boolean =>
  new RegExp(`^${root}(\\.\\d+(\\.forward(\\.(targetGroups?|stickiness)(\\..+)?)?)?)?$`).test(plainPath(path));

function shiftObjection({ operation, type, paths, custom, incomplete }: PlannedOperation): string | null {
  if (operation !== "update") return "a shift only updates listeners and rules";
  if (!custom) return null;
  const root = actionsOf[type];
  if (root === undefined) return "a shift changes the actions of listeners and rules alone";
  const within = paths.length === 0 ? incomplete === true : paths.every((path) => isWeightIn(root, path));
  return within ? null : `a shift changes the weights in ${root} alone, not ${named(paths)}`;
}

/** Why this operation does not belong to the move, or null when it does. */
function objection(purpose: Purpose, planned: PlannedOperation, all: readonly PlannedOperation[]): string | null {
  const { operation, type } = planned;
  if (quiet.has(operation) || isStackReference(type)) return null;
  if (isStack(type) && (operation === "update" || operation === "create")) return null;
  // What is the user's own comes with the member, and an earlier attempt may have made it otherwise.
  if (purpose === "provision" && !isPackages(planned.urn)) return null;
  if (isProvider(type)) return providerObjection(purpose, planned);
  // Files may be corrected after a failed attempt: an object that has another name since then goes, and one that can't
  // be changed in place (the data of a ConfigMap) is made again. Nobody is served by it yet.
  if (purpose === "provision" && isOfFiles(planned.urn)) return null;
  if (replaces(operation)) return "nothing is replaced in a rollout";
  switch (purpose) {
    case "provision":
      // Updates too: the member is nobody's yet, and one that was half made (a Deployment whose pods never got ready)
      // is finished by updating it.
      return operation === "create" || operation === "update"
        ? null
        : "provisioning only creates, and finishes what an earlier attempt left incomplete";
    case "admit":
      if (isStandbySwitch(planned) || (operation === "delete" && isStandbyRule(planned) && switchesPrimary(all)))
        return null;
      return isBinding(type) && (operation === "create" || (operation === "update" && !planned.custom))
        ? null
        : "admitting only creates TargetGroupBindings";
    case "drain":
      if (isStandbySwitch(planned) || (operation === "create" && isStandbyRule(planned) && switchesPrimary(all)))
        return null;
      return isBinding(type) && operation === "delete" ? null : "draining only deletes TargetGroupBindings";
    case "scale":
      return scaleObjection(planned);
    case "retire":
      return operation === "delete" ? null : "retiring only deletes";
    case "unprotect":
      return unprotectObjection(planned);
    case "release-unprotect":
      // Nothing may refer to the load balancer's group when the controller deletes it.
      return isServiceUnprotected(planned) || (operation === "delete" && isStandbyRule(planned))
        ? null
        : "it only takes the deletion protection out of the annotation of the primary's load balancer Services";
    case "release-remove":
      return operation === "delete" && isLoadBalancerService(planned)
        ? null
        : "it only deletes the primary's load balancer Services";
    case "destroy-environment":
      return operation === "delete" ? null : "the end of a teardown only deletes";
    case "record":
      return "writing the record changes nothing but the stack's outputs";
    case "upgrade":
      return upgradeObjection(planned);
    case "shift":
      return shiftObjection(planned);
    default:
      return purpose satisfies never;
  }
}

/** Only a member in the making may have its controller installed or changed: no other move asks for a chart. */
export const leavesOf = (purpose: Purpose): Leaves => (purpose === "provision" ? "nothing" : "releases");

function providerObjection(purpose: Purpose, planned: PlannedOperation): string | null {
  const { operation } = planned;
  if (replaces(operation)) return "a provider's replacement would replace or orphan all that it manages";
  if (purpose === "provision" && operation === "create") return null;
  if ((purpose === "retire" || purpose === "destroy-environment") && operation === "delete") return null;
  if (comesOrGoes(operation))
    return isDefaultProvider(planned.urn) ? null : "a provider may only come with 'provision' and go with 'retire'";
  return "a provider's change reaches every resource that it manages";
}

/** Pulumi's own protection changes no property of a resource; AWS's is one of the load balancer. */
function unprotectObjection({ operation, type, paths, custom }: PlannedOperation): string | null {
  // The former primary's shared group, when nobody else is left to delete it.
  if (operation === "import" && type === "aws:ec2/securityGroup:SecurityGroup") return null;
  if (operation !== "update") return "lifting the protection only updates";
  if (!custom) return null;
  const lifts =
    type === "aws:lb/loadBalancer:LoadBalancer" &&
    paths.length > 0 &&
    paths.every((path) => path.replace(/\W/g, "") === "enableDeletionProtection");
  return lifts ? null : "lifting the protection changes enableDeletionProtection of load balancers alone";
}

function scaleObjection(planned: PlannedOperation): string | null {
  const { operation, type, paths, custom } = planned;
  if (!custom && operation === "update") return null;
  if (isDisruptionBudget(type)) return null;
  const isNodes = type === "aws:eks/nodeGroup:NodeGroup";
  if ((!isDeployment(type) && !isNodes) || operation !== "update")
    return "scaling only changes a Deployment's replicas and a node group's desired size";
  // Stopping takes the replicas from their autoscaler (`Workload`), and starting gives them back.
  const allowed = isNodes
    ? ["scalingConfig.desiredSize", "scalingConfig"]
    : ["spec.replicas", "metadata.annotations", "metadata.annotations.pulumi.com/patchForce"];
  return only(planned, allowed) ? null : `scaling changes ${allowed[0]} alone, not ${named(paths)}`;
}

export function refusals(purpose: Purpose, operations: readonly PlannedOperation[]): Refusal[] {
  return operations.flatMap((operation) => {
    const why = objection(purpose, operation, operations);
    return why === null ? [] : [{ operation, why }];
  });
}

/** One line an operation, for people. */
export function describeOperation({ operation, type, urn, paths }: PlannedOperation): string {
  return `${operation} ${type} '${nameOf(urn)}'${paths.length > 0 ? ` (${paths.join(", ")})` : ""}`;
}

/** Operations that change something; `up` and the preflight name these. */
export const changesOf = (operations: readonly PlannedOperation[]): PlannedOperation[] =>
  operations.filter(
    (one) =>
      !quiet.has(one.operation) &&
      !isStack(one.type) &&
      !isStackReference(one.type) &&
      !(comesOrGoes(one.operation) && isDefaultProvider(one.urn)),
  );

/** @throws EBG-PLAN-REFUSED naming every operation that the move may not do */
export function assertAllowed(purpose: Purpose, stack: string, operations: readonly PlannedOperation[]): void {
  const refused = refusals(purpose, operations);
  if (refused.length === 0) return;
  const lines = refused.map(({ operation, why }) => `  ${describeOperation(operation)}: ${why}`);
  throw new DriverError(
    "EBG-PLAN-REFUSED",
    `'${purpose}' on stack ${stack} would do more than it says, so it was not done:\n${lines.join("\n")}`,
    `deploy the other changes first: pulumi up --stack ${stack}; then run the same command again`,
  );
}
