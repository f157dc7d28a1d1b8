/** What the webhooks say to TargetGroupBindings. Pure but for the look-up of the target group. */
import type { TargetGroupFacts } from "../aws/elbv2";
import { keyOf, type TargetGroupBinding, type TargetGroupBindingSpec } from "../types";

export type LookUp = (by: { readonly arn: string } | { readonly name: string }) => Promise<TargetGroupFacts>;

export interface PatchOperation {
  readonly op: "add";
  readonly path: string;
  readonly value: string;
}

const IMMUTABLE = ["targetGroupARN", "targetType", "ipAddressType", "vpcID"] as const;

/** Fills on creation what the target group says. @throws what the look-up throws. */
export async function mutate(binding: TargetGroupBinding, lookUp: LookUp): Promise<PatchOperation[]> {
  const { spec } = binding;
  const { targetGroupARN, targetGroupName } = spec;
  if (!targetGroupARN && !targetGroupName) throw new Error("must provide either TargetGroupARN or TargetGroupName");
  const complete = targetGroupARN && spec.targetType && spec.ipAddressType && spec.vpcID && spec.targetGroupProtocol;
  if (complete) return [];
  const group = await lookUp(targetGroupARN ? { arn: targetGroupARN } : { name: targetGroupName ?? "" });
  if (!spec.targetType && group.targetType !== "ip" && group.targetType !== "instance")
    throw new Error(`unsupported TargetType: ${group.targetType}`);
  const wanted: Partial<Record<keyof TargetGroupBindingSpec, string | undefined>> = {
    targetGroupARN: group.arn,
    targetType: group.targetType,
    ipAddressType: group.ipAddressType,
    vpcID: group.vpcId,
    targetGroupProtocol: group.protocol,
  };
  return Object.entries(wanted).flatMap(([field, value]) =>
    value && !spec[field as keyof TargetGroupBindingSpec]
      ? [{ op: "add" as const, path: `/spec/${field}`, value }]
      : [],
  );
}

/** With the controller installed, a Service of type LoadBalancer is its own unless it names another class. */
export function mutateService(service: {
  readonly spec: { readonly type?: string; readonly loadBalancerClass?: string };
}): PatchOperation[] {
  if (service.spec.type !== "LoadBalancer" || service.spec.loadBalancerClass) return [];
  return [{ op: "add", path: "/spec/loadBalancerClass", value: "service.k8s.aws/nlb" }];
}

/** Why a creation is refused, or null. */
export async function validateCreate(
  binding: TargetGroupBinding,
  others: Iterable<TargetGroupBinding>,
  lookUp: LookUp,
): Promise<string | null> {
  const { spec } = binding;
  const missing = [
    ...(spec.targetGroupARN || spec.targetGroupName ? [] : ["either TargetGroupARN or TargetGroupName"]),
    ...(spec.targetType ? [] : ["spec.targetType"]),
  ];
  if (missing.length > 0) return `TargetGroupBinding must specify these fields: ${missing.join(",")}`;
  if (spec.vpcID && !/^vpc-([0-9a-f]{8}|[0-9a-f]{17}|[0-9a-f]{32})$/.test(spec.vpcID))
    return (
      `ValidationError: vpcID ${spec.vpcID} failed to satisfy constraint: VPC Id must begin with 'vpc-' followed ` +
      "by 8, 17 or 32 lowercase letters (a-f) or numbers."
    );
  const local = nodeSelectorProblem(spec) ?? sharingProblem(binding, others);
  if (local) return local;
  const group = await lookUp({ arn: spec.targetGroupARN ?? "" });
  if ((spec.ipAddressType ?? "ipv4") !== group.ipAddressType)
    return `invalid IP address type ${group.ipAddressType} for TargetGroup ${group.arn}`;
  if (spec.vpcID && group.vpcId && spec.vpcID !== group.vpcId)
    return `invalid VpcID ${spec.vpcID} doesnt match VpcID from TargetGroup ${group.arn}`;
  if (spec.targetGroupProtocol && group.protocol && spec.targetGroupProtocol !== group.protocol)
    return `TargetGroup ${group.arn} protocol differs (got ${spec.targetGroupProtocol}, expected ${group.protocol})`;
  return null;
}

/** Why an update is refused, or null. */
export function validateUpdate(
  binding: TargetGroupBinding,
  old: TargetGroupBinding,
  others: Iterable<TargetGroupBinding>,
): string | null {
  const changed = IMMUTABLE.filter(
    (field) =>
      (old.spec[field] ?? "") !== (binding.spec[field] ?? "") &&
      (field === "targetGroupARN" || field === "targetType" || old.spec[field]),
  );
  if (changed.length > 0)
    return (
      "TargetGroupBinding update may not change these immutable fields: " +
      `${changed.map((field) => `spec.${field}`).join(",")}`
    );
  return nodeSelectorProblem(binding.spec) ?? sharingProblem(binding, others);
}

function nodeSelectorProblem(spec: TargetGroupBindingSpec): string | null {
  return spec.targetType === "ip" && spec.nodeSelector
    ? "TargetGroupBinding cannot set NodeSelector when TargetType is ip"
    : null;
}

/** One group, several bindings: only when all of them are multi-cluster. */
function sharingProblem(binding: TargetGroupBinding, others: Iterable<TargetGroupBinding>): string | null {
  const arn = binding.spec.targetGroupARN;
  const sharing = [...others].filter((other) => keyOf(other) !== keyOf(binding) && other.spec.targetGroupARN === arn);
  if (sharing.length === 0 || [binding, ...sharing].every((one) => one.spec.multiClusterTargetGroup === true))
    return null;
  return (
    `TargetGroup ${arn} is already bound to following TargetGroupBindings [${sharing.map(keyOf).join(" ")}]. ` +
    `Please enable MultiCluster mode on all TargetGroupBindings referencing ${arn} or choose a different Target ` +
    "Group ARN."
  );
}
