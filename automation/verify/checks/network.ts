/** Deletion protection, and the security-group rules on both sides of every target. */
import { overlap, parseCidr } from "../../../components/internal/cidr";
import { attributesAnnotation as attributes, protectionOf } from "../../../components/internal/service-annotations";
import { clusterNameOf } from "../../../stacks/config/target-groups";
import { listing } from "../../gates/gate-result";
import { isRegistered, learnOwners, noOwners, targetsOf } from "../../observation/target-owners";
import { bad, ok, skipped, unknown, type Check } from "../catalog";
import { loadBalancerOf } from "../inspect";
import type { Inspection } from "../inspection";
import type { SecurityGroupRule, TargetInterface } from "../../ports/readings";
import { annotateProtection } from "../../text/annotate";
import { oneLine } from "../../text/foreign";
import { shell } from "../../text/shell";

const lookUp = "aws ec2 describe-security-group-rules --filters Name=group-id,Values=";

/** Whether an IPv4 block holds an address, or another block. */
function holds(block: string | null, other: string): boolean {
  const [outer, inner] = [
    block === null ? null : parseCidr(block),
    parseCidr(other.includes("/") ? other : `${other}/32`),
  ];
  return outer !== null && inner !== null && outer.prefix <= inner.prefix && overlap(outer, inner);
}

const opens = (rule: SecurityGroupRule, port: number): boolean =>
  rule.protocol === "-1" ||
  (["tcp", "6"].includes(rule.protocol) && (rule.fromPort === -1 || (rule.fromPort <= port && port <= rule.toPort)));

function protectionCheck(inspection: Inspection, arn: string): Check {
  const reading = inspection.loadBalancers[arn];
  const subject = arn.split("/").at(-2) ?? arn;
  if (reading?.kind !== "seen")
    return unknown(
      "EBG-V-DELETION-PROTECTION",
      subject,
      `the load balancer can't be read: ${reading?.why ?? "it was not asked for"}`,
      "check the driver's permissions (docs/reference/permissions.md)",
    );
  if (reading.value.attributes["deletion_protection.enabled"] === "true")
    return ok("EBG-V-DELETION-PROTECTION", subject, "deletion_protection.enabled is true");
  return bad(
    "EBG-V-DELETION-PROTECTION",
    subject,
    "deletion_protection.enabled is not true",
    `pulumi up --refresh --stack ${inspection.environment.environment}; by hand: aws elbv2 ` +
      shell`modify-load-balancer-attributes --load-balancer-arn ${arn} --attributes ` +
      "Key=deletion_protection.enabled,Value=true",
  );
}

function annotationCheck(inspection: Inspection, name: string): Check {
  const reading = inspection.loadBalancerServices[name];
  if (reading?.kind !== "seen")
    return unknown(
      "EBG-V-PROTECTION-ANNOTATION",
      name,
      `the Service can't be read: ${reading?.why ?? "it was not asked for"}`,
      "bring the primary's API server back",
    );
  const { member, annotations } = reading.value;
  const subject = `${member}/${name}`;
  const deploy = `pulumi up --stack ${inspection.environment.environment}-${member}`;
  if (annotations === null)
    return bad(
      "EBG-V-PROTECTION-ANNOTATION",
      subject,
      "there is no such Service, though it owns the load balancer",
      deploy,
    );
  if (protectionOf(annotations) === "true")
    return ok("EBG-V-PROTECTION-ANNOTATION", subject, "deletion_protection.enabled=true");
  return bad(
    "EBG-V-PROTECTION-ANNOTATION",
    subject,
    `its annotation ${attributes} does not have deletion_protection.enabled=true (it is ` +
      `${annotations[attributes] === undefined ? "absent" : `'${oneLine(annotations[attributes])}'`})`,
    `${deploy}; by hand: ` +
      annotateProtection(
        clusterNameOf(inspection.environment, member),
        { namespace: name.split("/")[0] ?? "", name: name.split("/")[1] ?? "" },
        annotations,
      ),
  );
}

interface Side {
  readonly member: string;
  readonly key: string;
  readonly port: number;
  readonly what: string;
  readonly target: string;
  readonly at: TargetInterface;
}

/** Ports that must be open for one target: its own, and the health check's where that is another. */
function sides(
  inspection: Inspection,
  member: string,
  key: string,
): { readonly known: Side[]; readonly missing: string[] } {
  const group = inspection.targetGroups[key];
  const health = group?.kind === "seen" ? group.value.healthCheckPort : null;
  const owners = learnOwners(noOwners, inspection.observation);
  const registered = targetsOf(owners, inspection.observation, key, member)
    .filter(isRegistered)
    .map((target) => target.id);
  // A standby has none registered yet: its pods must be reachable before it is admitted.
  const byInstance = group?.kind === "seen" && group.value.targetType === "instance";
  const endpoints = (inspection.observation.members[member]?.services[key]?.endpoints ?? []).filter(
    (id) => id.startsWith("i-") === byInstance,
  );
  const targets = [...new Set([...registered, ...endpoints])];
  const interfaces = inspection.interfaces.kind === "seen" ? inspection.interfaces.value : {};
  const known = targets.flatMap((target): Side[] => {
    const at = interfaces[target];
    if (at === undefined) return [];
    const port = Number(target.slice(target.lastIndexOf(":") + 1));
    return [
      { member, key, port, what: "service", target, at },
      ...(health === null || health === port ? [] : [{ member, key, port: health, what: "health check", target, at }]),
    ];
  });
  return { known, missing: targets.filter((target) => interfaces[target] === undefined) };
}

function sideChecks(inspection: Inspection, member: string, key: string): Check[] {
  const subject = `${member}/${key}`;
  const both = (make: (code: "EBG-V-SG-EGRESS" | "EBG-V-SG-INGRESS") => Check): Check[] =>
    (["EBG-V-SG-EGRESS", "EBG-V-SG-INGRESS"] as const).map(make);
  const balancer = inspection.loadBalancers[loadBalancerOf(inspection.environment, key)];
  const problem =
    inspection.rules.kind === "unknown"
      ? inspection.rules.why
      : inspection.interfaces.kind === "unknown"
        ? inspection.interfaces.why
        : balancer?.kind !== "seen"
          ? (balancer?.why ?? "the load balancer was not read")
          : null;
  const permit =
    "let the driver's role describe network interfaces and security-group rules (docs/reference/permissions.md)";
  if (problem !== null || balancer?.kind !== "seen" || inspection.rules.kind !== "seen")
    return both((code) => unknown(code, subject, problem ?? "nothing was read", permit));
  const { known, missing } = sides(inspection, member, key);
  if (known.length === 0 && missing.length === 0)
    return both((code) => skipped(code, subject, "it has neither targets nor endpoints"));
  if (missing.length > 0)
    return both((code) =>
      unknown(
        code,
        subject,
        `EC2 knows no network interface of ${listing(missing)}`,
        "aws ec2 describe-network-interfaces --filters Name=addresses.private-ip-address,Values=ADDRESS",
      ),
    );
  const { securityGroups } = balancer.value;
  const rules = inspection.rules.value;
  const egress = (side: Side): boolean =>
    rules.some(
      (rule) =>
        rule.egress &&
        securityGroups.includes(rule.groupId) &&
        opens(rule, side.port) &&
        (holds(rule.cidr, side.at.address) ||
          (rule.referencedGroupId !== null && side.at.securityGroups.includes(rule.referencedGroupId))),
    );
  const ingress = (side: Side): boolean =>
    rules.some(
      (rule) =>
        !rule.egress &&
        side.at.securityGroups.includes(rule.groupId) &&
        opens(rule, side.port) &&
        (holds(rule.cidr, inspection.environment.network.cidrBlock) ||
          (rule.referencedGroupId !== null && securityGroups.includes(rule.referencedGroupId))),
    );
  const ports = [...new Set(known.map((side) => `${side.port} (${side.what})`))].join(", ");
  const one = (
    code: "EBG-V-SG-EGRESS" | "EBG-V-SG-INGRESS",
    open: (side: Side) => boolean,
    groups: readonly string[],
    says: string,
    remedy: string,
  ): Check => {
    const shut = known.filter((side) => !open(side));
    if (shut.length === 0) return ok(code, subject, `${says} on port ${ports}`);
    return bad(
      code,
      subject,
      `no rule of ${groups.join(", ") || "(no group)"} lets ` +
        `${code === "EBG-V-SG-EGRESS" ? "the load balancer out to" : "the load balancer in to"} ` +
        `${listing(shut.map((side) => `${side.at.address} port ${side.port} (${side.what})`))}`,
      `${remedy}; ${lookUp}${groups.join(",")}`,
    );
  };
  const podGroups = [...new Set(known.flatMap((side) => side.at.securityGroups))];
  const { environment } = inspection.environment;
  return [
    securityGroups.length === 0
      ? skipped("EBG-V-SG-EGRESS", subject, "the load balancer has no security group, so nothing holds it back")
      : one(
          "EBG-V-SG-EGRESS",
          egress,
          securityGroups,
          `${securityGroups.join(", ")} may reach it`,
          `pulumi up --refresh --stack ${environment}`,
        ),
    one(
      "EBG-V-SG-INGRESS",
      ingress,
      podGroups,
      `${podGroups.join(", ")} admits the load balancer`,
      `pulumi up --refresh --stack ${environment}-${member}`,
    ),
  ];
}

export function networkChecks(inspection: Inspection): Check[] {
  const keys = Object.keys(inspection.environment.loadBalancer.services);
  const reachable = Object.values(inspection.observation.members)
    .filter((member) => member.reachable)
    .map((member) => member.name);
  const owners = Object.keys(inspection.loadBalancerServices);
  const annotated =
    owners.length === 0
      ? [
          skipped(
            "EBG-V-PROTECTION-ANNOTATION",
            inspection.environment.environment,
            "no Service owns a load balancer here",
          ),
        ]
      : owners.map((name) => annotationCheck(inspection, name));
  return [
    ...Object.keys(inspection.loadBalancers).map((arn) => protectionCheck(inspection, arn)),
    ...annotated,
    ...reachable.flatMap((member) => keys.flatMap((key) => sideChecks(inspection, member, key))),
  ];
}
