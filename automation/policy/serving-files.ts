/**
 * What a plain update may not do to a member in traffic whose workloads come from files: make anew what runs pods, or
 * what leads to them. Names in files are fixed, so Pulumi deletes such an object before it makes it again. Pure.
 */
import { isOfFiles } from "../../stacks/extension/whose";
import type { PlannedOperation } from "../ports";
import { describeOperation } from "./move-policy";

const kindOf = ({ type }: PlannedOperation): string => type.split(":").at(-1) ?? type;

/**
 * Kinds whose objects may be away for a moment: pods that run need none of them. A ConfigMap or a Secret is changed in
 * place; one that is `immutable` is not, and a pod that starts meanwhile would not find it.
 */
const mayBeAway: ReadonlySet<string> = new Set([
  ...["ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"],
  ...["PodDisruptionBudget", "HorizontalPodAutoscaler", "Job", "CronJob", "LimitRange", "ResourceQuota"],
  ...["PriorityClass", "NetworkPolicy"],
]);

const nameIn = (urn: string): string => urn.split("::").slice(3).join("::");

/** Group, kind, namespace and name: the same object, whatever service's files it is in and whatever version they name. */
function objectOf({ type, urn, parent }: PlannedOperation): string {
  const [, api = "", kind = ""] = type.split(":");
  const prefix = parent === undefined ? "" : `${nameIn(parent)}-`;
  const name = nameIn(urn);
  return `${api.split("/")[0] ?? ""} ${kind} ${name.startsWith(prefix) ? name.slice(prefix.length) : name}`;
}

/**
 * One for each object that would be away for a while, or for good: one that goes from one service's files to another's,
 * or gets another apiVersion, is another resource for Pulumi. It writes the object that is there, and deletes it then.
 */
export function wouldBeAway(operations: readonly PlannedOperation[]): PlannedOperation[] {
  const ofFiles = operations.filter((one) => one.custom && isOfFiles(one.urn) && !one.type.startsWith("pulumi:"));
  const written = ofFiles.filter(({ operation }) => !/^delete/.test(operation));
  const stays = (gone: PlannedOperation): boolean =>
    written.some((one) => one.urn !== gone.urn && objectOf(one) === objectOf(gone));
  const away = ofFiles.filter(
    (one) =>
      (/replace/.test(one.operation) && !mayBeAway.has(kindOf(one))) || (one.operation === "delete" && stays(one)),
  );
  // The engine plans a replacement as two operations or three.
  return away.filter(({ urn }, at) => away.findIndex((one) => one.urn === urn) === at);
}

/** `Deployment blue-web-shop/web (spec.selector)`, for messages. */
export const describeAway = (operations: readonly PlannedOperation[]): string =>
  operations.map(describeOperation).join("; ");
