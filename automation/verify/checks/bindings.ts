/** Bindings, their flags, the controllers' ConfigMaps, and what the load balancer has of it. */
import { portOf } from "../../../stacks/config/group-refs";
import { clusterNameOf } from "../../../stacks/config/target-groups";
import { listing } from "../../gates/gate-result";
import { driftedTargets, lookAgain } from "../../observation/target-drift";
import { turnOn } from "../../gates/multi-cluster-flag";
import type { MemberObservation, MemberServiceObservation } from "../../observation/observe";
import {
  isDraining,
  isRegistered,
  learnOwners,
  noOwners,
  targetsOf,
  type TargetOwners,
} from "../../observation/target-owners";
import { kubectl } from "../../text/kubectl";
import { bad, ok, skipped, unknown, type Check } from "../catalog";
import type { Inspection } from "../inspection";
import { shell, shellQuote } from "../../text/shell";

const isInstance = (id: string): boolean => id.startsWith("i-");
const missingIn = (of: readonly string[], from: readonly string[]): string[] => of.filter((id) => !from.includes(id));

/** Of the member's own stack, for one target group. */
const outputsOf = ({ outputs, observation }: Inspection, member: string, key: string) =>
  outputs[member]?.services[portOf(observation.groupOf, key)];

/** A primary's Service keeps its binding while it stands down: only its endpoints leave. */
const boundByService = (inspection: Inspection, member: string, key: string): boolean =>
  outputsOf(inspection, member, key)?.boundBy === "load-balancer-service";

function bindingCheck(inspection: Inspection, member: string, key: string, service: MemberServiceObservation): Check {
  const subject = `${member}/${key}`;
  const role = inspection.placement[member]?.role;
  const names = service.bindings
    .filter((binding) => !binding.deleting)
    .map((binding) => `${binding.namespace}/${binding.name}`);
  if (inspection.moving === member) return skipped("EBG-V-BINDING", subject, "a move of this member is under way");
  if (names.length > 1) {
    const own = outputsOf(inspection, member, key)?.binding;
    const remedy = own == null ? "the Service's own has labels service.k8s.aws/stack-*" : `the stack's own is ${own}`;
    return bad(
      "EBG-V-BINDING",
      subject,
      `${names.length} bindings of its cluster have the same target group: ${names.join(", ")}. Deleting one ` +
        "deregisters the targets of both where they have the same pods, and the other does not notice",
      `find out who made the other (${remedy}), then take it away while ${member} is drained: eks-blue-green ` +
        `drain ${member}`,
    );
  }
  if (role === "active") {
    return names.length > 0
      ? ok("EBG-V-BINDING", subject, names.join(", "))
      : bad(
          "EBG-V-BINDING",
          subject,
          "it is active, but no TargetGroupBinding of its cluster has the target group",
          `eks-blue-green up --stack ${inspection.environment.environment}`,
        );
  }
  if (names.length === 0 || boundByService(inspection, member, key))
    return ok(
      "EBG-V-BINDING",
      subject,
      names.length === 0 ? "standby, not bound" : `standby; ${names.join(", ")} stays with its load balancer`,
    );
  return bad(
    "EBG-V-BINDING",
    subject,
    `it is a standby, but ${names.join(", ")} binds the target group`,
    `${kubectl(clusterNameOf(inspection.environment, member))} delete targetgroupbinding ` +
      `${names.map((name) => name.split("/")[1]).join(" ")} -n ${names[0]?.split("/")[0] ?? ""}; or admit ` +
      `${member} properly`,
  );
}

function flagChecks(
  { name: member, clusterName }: MemberObservation,
  key: string,
  service: MemberServiceObservation,
): Check[] {
  return service.bindings.map((binding) => {
    const subject = `${member}/${key}`;
    if (binding.multiCluster) return ok("EBG-V-FLAG", subject, `${binding.namespace}/${binding.name}: true`);
    return bad(
      "EBG-V-FLAG",
      subject,
      `${binding.namespace}/${binding.name} binds the shared target group without multiClusterTargetGroup`,
      turnOn(clusterName, binding),
    );
  });
}

function configMapCheck(inspection: Inspection, member: string, key: string, service: MemberServiceObservation): Check {
  const subject = `${member}/${key}`;
  if (service.bindings.length === 0) return skipped("EBG-V-CONFIGMAP", subject, "not bound");
  const [binding] = service.bindings;
  const map = `ConfigMap ${binding?.namespace}/aws-lbc-targets-${binding?.name}`;
  const again =
    `${lookAgain(clusterNameOf(inspection.environment, member), { namespace: binding?.namespace ?? "?", name: binding?.name ?? "?" })}   ` +
    "# makes the controller look again";
  if (service.recorded === null) return bad("EBG-V-CONFIGMAP", subject, `there is no ${map}`, again);
  const figures = { listed: service.recorded.length, endpoints: service.endpoints.length };
  // A Service that others made may have instance targets though the config does not say so: then its endpoints are
  // pods.
  if (service.recorded.some(isInstance) && !service.endpoints.some(isInstance))
    return ok(
      "EBG-V-CONFIGMAP",
      subject,
      `${map} lists ${service.recorded.length} instances (by node, not by endpoint)`,
      figures,
    );
  // A primary that stands down has endpoints, but none behind the Service that is bound.
  if (boundByService(inspection, member, key) && inspection.placement[member]?.role === "standby") {
    return service.recorded.length === 0
      ? ok("EBG-V-CONFIGMAP", subject, `${map} is empty: ${member} stands down`, figures)
      : bad(
          "EBG-V-CONFIGMAP",
          subject,
          `${member} stands down, but ${map} still lists ${listing(service.recorded)}`,
          again,
          { figures },
        );
  }
  const lacks = missingIn(service.endpoints, service.recorded);
  const extra = missingIn(service.recorded, service.endpoints);
  if (lacks.length === 0 && extra.length === 0)
    return ok("EBG-V-CONFIGMAP", subject, `${map} lists the ${service.recorded.length} ready endpoints`, figures);
  const said = [
    ...(lacks.length > 0 ? [`lacks ${listing(lacks)}`] : []),
    ...(extra.length > 0
      ? [`lists ${listing(extra)}, which no ready ${extra.some(isInstance) ? "node" : "endpoint"} has`]
      : []),
  ];
  return bad("EBG-V-CONFIGMAP", subject, `${map} ${said.join(" and ")}`, again, { figures });
}

function targetCheck(
  inspection: Inspection,
  owners: TargetOwners,
  member: string,
  key: string,
  service: MemberServiceObservation,
): Check {
  const subject = `${member}/${key}`;
  const group = inspection.observation.groups[key];
  if (group === null || group === undefined)
    return unknown(
      "EBG-V-TARGETS",
      subject,
      `AWS did not tell the targets: ${inspection.observation.problems.join("; ")}`,
      "check the driver's permissions (docs/reference/permissions.md)",
    );
  const mine = targetsOf(owners, inspection.observation, key, member).filter(isRegistered);
  const healthy = mine.filter((target) => target.state === "healthy").map((target) => target.id);
  const figures = { healthy: healthy.length, registered: mine.length, endpoints: service.endpoints.length };
  const describe =
    "aws elbv2 describe-target-health --target-group-arn " +
    `${inspection.environment.loadBalancer.services[key]?.targetGroupArn ?? "ARN"}`;
  if (inspection.placement[member]?.role !== "active") {
    if (inspection.moving === member) return skipped("EBG-V-TARGETS", subject, "a move of this member is under way");
    return mine.length === 0
      ? ok("EBG-V-TARGETS", subject, "standby, nothing registered", figures)
      : bad(
          "EBG-V-TARGETS",
          subject,
          `it is a standby, but ${listing(mine.map((target) => target.id))} are registered`,
          describe,
          { figures },
        );
  }
  // Ready and in the controller's own list: it thinks that they are there, and does not look by itself for hours.
  const drifted = driftedTargets(inspection.observation, key, service);
  const remedy =
    drifted.length === 0
      ? describe
      : "if it stays so for a minute: " +
        `${service.bindings.map((binding) => lookAgain(clusterNameOf(inspection.environment, member), binding)).join("; ")}; ` +
        "while the controller's cache of targets (5 minutes) is in the way, again, or restart the controller";
  if (mine.length === 0)
    return bad("EBG-V-TARGETS", subject, "it is active, but has no registered target", remedy, { figures });
  const sick = mine
    .filter((target) => target.state !== "healthy")
    .map((target) => `${target.id} ${target.state}${target.reason ? ` (${target.reason})` : ""}`);
  const lacks =
    mine.some((target) => isInstance(target.id)) && !service.endpoints.some(isInstance)
      ? []
      : missingIn(
          service.endpoints,
          mine.map((target) => target.id),
        );
  if (sick.length === 0 && lacks.length === 0)
    return ok("EBG-V-TARGETS", subject, `${healthy.length} healthy`, figures);
  const said = [
    ...(sick.length > 0 ? [listing(sick)] : []),
    ...(lacks.length > 0 ? [`not registered: ${listing(lacks)}`] : []),
  ];
  return bad(
    "EBG-V-TARGETS",
    subject,
    `${healthy.length} of ${Math.max(mine.length, service.endpoints.length)} healthy; ` +
      `${said.join("; ")}${drifted.length > 0 ? " (in the controller's list, so they were taken out behind its back)" : ""}`,
    remedy,
    { figures },
  );
}

function strayCheck(inspection: Inspection, owners: TargetOwners, key: string): Check {
  const targets = inspection.observation.groups[key];
  if (targets === null || targets === undefined)
    return unknown(
      "EBG-V-STRAY-TARGETS",
      key,
      "AWS did not tell the targets",
      "check the driver's permissions (docs/reference/permissions.md)",
    );
  const stray = targets
    .filter((target) => isRegistered(target) && !isDraining(target) && owners.ownerOf(key, target.id) === undefined)
    .map((target) => target.id);
  if (stray.length === 0) return ok("EBG-V-STRAY-TARGETS", key, `${targets.length} targets, all known to a member`);
  const silent = Object.keys(inspection.placement).filter(
    (name) => inspection.placement[name]?.role !== "absent" && inspection.observation.members[name]?.reachable !== true,
  );
  const arn = inspection.environment.loadBalancer.services[key]?.targetGroupArn ?? "ARN";
  const remove = `${shell`aws elbv2 deregister-targets --target-group-arn ${arn}`} --targets ${stray
    .slice(0, 4)
    .map((id) => shellQuote(`Id=${id.slice(0, id.lastIndexOf(":"))},Port=${id.slice(id.lastIndexOf(":") + 1)}`))
    .join(" ")}`;
  if (silent.length > 0)
    return unknown(
      "EBG-V-STRAY-TARGETS",
      key,
      `${listing(stray)}: no member that answers lists them, and ${silent.join(", ")} can't be asked`,
      `bring ${silent.join(", ")} back`,
    );
  return bad(
    "EBG-V-STRAY-TARGETS",
    key,
    `no member lists ${listing(stray)}`,
    `if nothing else registers there: ${remove}`,
  );
}

export function bindingChecks(inspection: Inspection): Check[] {
  const owners = learnOwners(noOwners, inspection.observation);
  const perMember = Object.values(inspection.observation.members)
    .filter((member) => member.reachable)
    .flatMap((member) =>
      Object.entries(member.services).flatMap(([key, service]) => [
        bindingCheck(inspection, member.name, key, service),
        ...flagChecks(member, key, service),
        configMapCheck(inspection, member.name, key, service),
        targetCheck(inspection, owners, member.name, key, service),
      ]),
    );
  return [
    ...perMember,
    ...Object.keys(inspection.environment.loadBalancer.services).map((key) => strayCheck(inspection, owners, key)),
  ];
}
