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

/** One for each object that would be away for a while. */
export function wouldBeAway(operations: readonly PlannedOperation[]): PlannedOperation[] {
  const replaced = operations.filter(
    (one) => one.custom && isOfFiles(one.urn) && /replace/.test(one.operation) && !mayBeAway.has(kindOf(one)),
  );
  // The engine plans a replacement as two operations or three.
  return replaced.filter(({ urn }, at) => replaced.findIndex((one) => one.urn === urn) === at);
}

/** `Deployment blue-web-shop/web (spec.selector)`, for messages. */
export const describeAway = (operations: readonly PlannedOperation[]): string =>
  operations.map(describeOperation).join("; ");
