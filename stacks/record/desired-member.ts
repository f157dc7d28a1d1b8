/** What a member's stack declares, as a pure function of the record. */
import type { EnvironmentRecord, MemberPlacement, Role } from "./types";

/** What a member's stack has to declare now, from the record. */
export interface DesiredMember {
  readonly placement: MemberPlacement;
  /** Whether the member's TargetGroupBindings are declared. */
  readonly bindings: "declared" | "none";
  /** Set when nothing may be deployed now; `placement` is then where the member stands. */
  readonly refuse: { readonly reason: string; readonly remedy: string } | null;
}

const rank: Readonly<Record<Role, number>> = { absent: 0, standby: 1, active: 2 };

/** Negative when `a` is the lower Kubernetes minor. */
export function compareVersions(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split(".").map(Number);
  const [bMajor = 0, bMinor = 0] = b.split(".").map(Number);
  return aMajor - bMajor || aMinor - bMinor;
}

/**
 * The higher of a recorded and an observed version: EKS may have upgraded a cluster by itself, and it can't be lowered.
 */
export function higherVersion(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return compareVersions(a, b) >= 0 ? a : b;
}

/** The Kubernetes minor after this one: control planes go up one at a time. */
export function nextMinor(version: string): string {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return `${major}.${minor + 1}`;
}

/** Replicas in percent of the config's. */
export const capacityOf = (placement: MemberPlacement | undefined): number => placement?.capacityPercent ?? 100;
/** Nodes in percent of the config's. */
export const nodePercentOf = (placement: MemberPlacement | undefined): number =>
  placement?.nodePercent ?? capacityOf(placement);

/** Replicas of a service that no autoscaler owns. Two at least: one pod alone is an outage whenever its node goes. */
export const replicasAt = (replicas: number, percent: number): number =>
  Math.max(2, Math.ceil((replicas * percent) / 100));
/** Desired nodes, within the group's own limits. */
export const nodesAt = (
  nodes: { readonly minSize: number; readonly desiredSize: number; readonly maxSize: number },
  percent: number,
): number => Math.min(nodes.maxSize, Math.max(nodes.minSize, Math.ceil((nodes.desiredSize * percent) / 100)));

/** A placement of another size; what is the usual is left out, so that equal placements look equal. */
export function sizedAt(
  placement: MemberPlacement,
  capacityPercent: number,
  nodePercent: number = capacityPercent,
): MemberPlacement {
  const { role, version, workload, share } = placement;
  return {
    role,
    version,
    workload,
    ...(share === undefined ? {} : { share }),
    ...(capacityPercent === 100 ? {} : { capacityPercent }),
    ...(nodePercent === capacityPercent ? {} : { nodePercent }),
  };
}

function declare(placement: MemberPlacement): DesiredMember {
  return { placement, bindings: placement.role === "active" ? "declared" : "none", refuse: null };
}

/** Everything that is there before or after the move. */
function union(from: MemberPlacement, to: MemberPlacement): MemberPlacement {
  const role = rank[from.role] >= rank[to.role] ? from.role : to.role;
  // An absent side has no workload of its own, so it must not turn a stopped one on.
  const present = [from, to].filter((placement) => placement.role !== "absent");
  const workload =
    present.length === 0 || present.some((placement) => placement.workload === "running") ? "running" : "stopped";
  const most = (percentOf: (placement: MemberPlacement) => number): number =>
    present.length === 0 ? 100 : Math.max(...present.map(percentOf));
  return sizedAt(
    { role, version: higherVersion(from.version, to.version), workload },
    most(capacityOf),
    most(nodePercentOf),
  );
}

/**
 * `acting` (the driver's planned update): the open intent as it says. Otherwise (a plain `pulumi up`, at any time): the
 * union of
 * before and after, so that it neither finishes nor undoes a move, and a refusal while the member is being retired.
 */
export function desiredOfMember(
  record: EnvironmentRecord,
  member: string,
  options: { readonly acting: boolean; readonly environment?: string },
): DesiredMember {
  const stands = record.placement[member];
  if (stands === undefined) {
    return {
      placement: { role: "absent", version: null, workload: "running" },
      bindings: "none",
      refuse: {
        reason: `the environment's record has no member '${member}' (it has: ${Object.keys(record.placement).join(", ")})`,
        remedy: `add '${member}' to eks-blue-green:members and deploy the environment's stack first`,
      },
    };
  }
  const { intent, adoption, evacuation } = record;
  const environmentName = options.environment ?? "<environment>";
  if (evacuation != null && evacuation.member === member) {
    return {
      ...declare(stands),
      refuse: {
        reason: `member '${member}' is being evacuated (since ${evacuation.startedAt}, by ${evacuation.by})`,
        remedy: `let the driver finish: eks-blue-green evacuate ${member} --stack ${environmentName}`,
      },
    };
  }
  // Its bindings are still in the cluster, and its controller is denied to register: they go when the driver puts it in
  // order, not by the way.
  if (stands.evacuated !== undefined && !options.acting && intent?.move.kind !== "retire")
    return { ...declare(stands), bindings: stands.evacuated.unbound ? "none" : "declared" };
  if (adoption != null && adoption.member === member && !options.acting) {
    // Declared as before it would give the Service back to the controller, half-way through; declared as after, it
    // would skip steps.
    return {
      ...declare(stands),
      refuse: {
        reason:
          `the load balancer of '${adoption.service}' is being handed over (at '${adoption.step}', since ` +
          `${adoption.startedAt}, by ${adoption.by})`,
        remedy: `let the driver finish: eks-blue-green adopt --stack ${environmentName}`,
      },
    };
  }
  // Shares are the environment's: a member's stack is the same before and after a shift.
  if (intent === null || intent.move.kind === "shift" || intent.move.member !== member) return declare(stands);
  if (options.acting) return declare(intent.move.to);
  if (intent.move.kind === "retire") {
    const environment = options.environment ?? "<environment>";
    return {
      ...declare(stands),
      refuse: {
        reason: `member '${member}' is being retired (since ${intent.startedAt}, by ${intent.by})`,
        remedy: `let the driver finish: eks-blue-green upgrade --stack ${environment}`,
      },
    };
  }
  return declare(union(intent.move.from, intent.move.to));
}
