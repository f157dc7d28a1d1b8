/** What each action of an adoption does. Every one is safe to repeat: it changes only what is not yet so. */
import { DriverError } from "../errors";
import type { JsonPatchOperation, ServiceObject } from "../ports";
import type { Adoption } from "../../stacks/record/adoption";
import type { MemberOutputs } from "../../stacks/contract";
import type { Ports } from "../ports";
import { restartToken, typeAnnotation } from "./next-step";
import { controllersLabels, controllersTags, serviceFinalizer } from "./preconditions";

const escaped = (key: string): string => key.replace(/~/g, "~0").replace(/\//g, "~1");
const annotationPath = `/metadata/annotations/${escaped(typeAnnotation)}`;

/** Instance targets are node ports, which a ClusterIP Service gives up. */
export const typeAfter = (adoption: Adoption): "ClusterIP" | "NodePort" =>
  adoption.before.loadBalancer.targetGroups.some((group) => group.targetType === "instance") ? "NodePort" : "ClusterIP";

/** One patch: whoever is faster makes a `test` fail, and then nothing at all is changed. */
export function releasePatch(object: ServiceObject, type: "ClusterIP" | "NodePort"): JsonPatchOperation[] {
  const at = object.finalizers.indexOf(serviceFinalizer);
  return [
    ...(at < 0
      ? []
      : [
          { op: "test" as const, path: `/metadata/finalizers/${at}`, value: serviceFinalizer },
          { op: "remove" as const, path: `/metadata/finalizers/${at}` },
        ]),
    ...(object.type === type
      ? []
      : [
          { op: "test" as const, path: "/spec/type", value: object.type },
          { op: "replace" as const, path: "/spec/type", value: type },
        ]),
    ...(object.loadBalancerClass === null ? [] : [{ op: "remove" as const, path: "/spec/loadBalancerClass" }]),
    ...(object.sourceRanges.length === 0 ? [] : [{ op: "remove" as const, path: "/spec/loadBalancerSourceRanges" }]),
    // With it the Service would be the controller's whatever its type is.
    ...(object.annotations[typeAnnotation] === undefined ? [] : [{ op: "remove" as const, path: annotationPath }]),
  ];
}

export function giveBackPatch(object: ServiceObject, adoption: Adoption): JsonPatchOperation[] {
  const { serviceType, loadBalancerClass, annotations, sourceRanges, allocateNodePorts } = adoption.before;
  return [
    ...(annotations[typeAnnotation] === undefined
      ? []
      : [{ op: "add" as const, path: annotationPath, value: annotations[typeAnnotation] }]),
    { op: "replace", path: "/spec/type", value: serviceType },
    ...(loadBalancerClass === null || object.loadBalancerClass === loadBalancerClass
      ? []
      : [{ op: "add" as const, path: "/spec/loadBalancerClass", value: loadBalancerClass }]),
    ...(sourceRanges == null || sourceRanges.length === 0
      ? []
      : [{ op: "add" as const, path: "/spec/loadBalancerSourceRanges", value: sourceRanges }]),
    // Left to Kubernetes it would open NodePorts that nobody had.
    ...(allocateNodePorts == null
      ? []
      : [{ op: "add" as const, path: "/spec/allocateLoadBalancerNodePorts", value: allocateNodePorts }]),
  ];
}

/**
 * Asked right before every write: no stack's update fences them, and tags taken off a Service that another driver has
 * given back delete its load balancer. @throws when somebody else has moved on
 */
export type Mine = () => Promise<void>;

async function patched(
  ports: Ports,
  member: MemberOutputs,
  adoption: Adoption,
  mine: Mine,
  make: (object: ServiceObject) => JsonPatchOperation[],
): Promise<void> {
  const { namespace, name } = adoption.before;
  const object = await ports.kubernetes.readService(member, namespace, name);
  if (object === null)
    throw new DriverError("EBG-ADOPT", `the Service ${namespace}/${name} is gone`, "eks-blue-green status");
  const operations = make(object);
  // A refused patch changed nothing: the next look sees what is so.
  if (operations.length === 0) return;
  await mine();
  await ports.kubernetes.patchService(member, namespace, name, operations);
}

async function removeTags(ports: Ports, adoption: Adoption, mine: Mine): Promise<void> {
  const resources = Object.keys(adoption.before.tags);
  const tags = await ports.aws.tags(resources);
  // The load balancer last: as long as it has its tags, the way back finds everything by them.
  for (const resource of [...resources].reverse()) {
    const left = Object.keys(controllersTags(tags[resource]));
    if (left.length === 0) continue;
    await mine();
    await ports.aws.removeTags(resource, left);
  }
}

async function addTags(ports: Ports, adoption: Adoption, mine: Mine): Promise<void> {
  for (const [resource, tags] of Object.entries(adoption.before.tags)) {
    await mine();
    await ports.aws.addTags(resource, tags);
  }
}

async function label(
  ports: Ports,
  member: MemberOutputs,
  adoption: Adoption,
  mine: Mine,
  back: boolean,
): Promise<void> {
  for (const binding of adoption.before.loadBalancer.bindings ?? []) {
    const labels = adoption.before.labels[binding.name] ?? {};
    await mine();
    if (back) await ports.kubernetes.labelBinding(member, binding.namespace, binding.name, labels);
    else
      await ports.kubernetes.labelBinding(
        member,
        binding.namespace,
        binding.name,
        Object.fromEntries(Object.keys(controllersLabels(labels)).map((key) => [key, null])),
      );
  }
}

export type ClusterAction =
  | "release-service"
  | "remove-finalizer"
  | "restart-controller"
  | "remove-tags"
  | "remove-labels"
  | "add-labels"
  | "add-tags"
  | "restart-controller-again"
  | "give-service-back";

async function restart(
  ports: Ports,
  member: MemberOutputs,
  adoption: Adoption,
  mine: Mine,
  back: boolean,
): Promise<void> {
  await mine();
  await ports.kubernetes.restartController(member, restartToken(adoption, back));
}

export async function perform(
  ports: Ports,
  member: MemberOutputs,
  adoption: Adoption,
  action: ClusterAction,
  mine: Mine,
): Promise<void> {
  switch (action) {
    case "release-service":
    case "remove-finalizer":
      return await patched(ports, member, adoption, mine, (object) => releasePatch(object, typeAfter(adoption)));
    case "restart-controller":
      return await restart(ports, member, adoption, mine, false);
    case "remove-tags":
      return await removeTags(ports, adoption, mine);
    case "remove-labels":
      return await label(ports, member, adoption, mine, false);
    case "add-labels":
      return await label(ports, member, adoption, mine, true);
    case "add-tags":
      return await addTags(ports, adoption, mine);
    case "restart-controller-again":
      return await restart(ports, member, adoption, mine, true);
    case "give-service-back":
      return await patched(ports, member, adoption, mine, (object) => giveBackPatch(object, adoption));
    default:
      return action satisfies never;
  }
}
