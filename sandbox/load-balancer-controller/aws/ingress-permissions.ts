/** From a binding's `spec.networking` to rules of security groups. Pure. */
import type { Networking, PodObject } from "../types";

/** Rules with this description, and only these, are the controllers' own. */
export const RULE_DESCRIPTION = "elbv2.k8s.aws/targetGroupBinding=shared";

export interface Permission {
  readonly protocol: string;
  readonly from: number;
  readonly to: number;
  readonly source: { readonly kind: "group" | "cidr" | "cidr6"; readonly id: string };
  readonly description?: string;
}

const ALL = { from: 0, to: 65_535 } as const;

/** What makes two rules the same; the description doesn't. */
export function keyOfPermission({ protocol, from, to, source }: Permission): string {
  return [protocol, from, to, source.kind, source.id].join(" ");
}

/**
 * @param pods Those of one security group; named ports are looked up in them.
 * @throws Error for a peer without content and for a port name that a pod doesn't have.
 */
export function permissionsOf(networking: Networking, pods: readonly PodObject[]): Permission[] {
  return (networking.ingress ?? []).flatMap(({ from, ports }) =>
    from.flatMap((peer) =>
      ports.flatMap(({ port, protocol = "TCP" }) => {
        // A rule without ports makes no permission at all: the real controller computes "all TCP" and then drops it.
        const ranges =
          port === undefined ? [ALL] : numbersOf(port, pods).map((number) => ({ from: number, to: number }));
        return ranges.map((range) => ({ protocol: protocol.toLowerCase(), ...range, source: sourceOf(peer) }));
      }),
    ),
  );
}

function sourceOf(peer: NonNullable<Networking["ingress"]>[number]["from"][number]): Permission["source"] {
  if (peer.securityGroup) return { kind: "group", id: peer.securityGroup.groupID };
  if (!peer.ipBlock) throw new Error("either ipBlock or securityGroup should be specified");
  const { cidr } = peer.ipBlock;
  if (!/^[0-9a-fA-F.:]+\/\d{1,3}$/.test(cidr)) throw new Error(`invalid CIDR address: ${cidr}`);
  return { kind: cidr.includes(":") ? "cidr6" : "cidr", id: cidr };
}

function numbersOf(port: number | string, pods: readonly PodObject[]): number[] {
  if (typeof port === "number") return [port];
  const numbers = pods.map((pod) => {
    const found = pod.spec?.containers?.flatMap((container) => container.ports ?? []).find((one) => one.name === port);
    if (!found) throw new Error(`unable to find port ${port} on pod ${pod.metadata.namespace}/${pod.metadata.name}`);
    return found.containerPort;
  });
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** One rule for each source group and protocol, from its lowest to its highest port; addresses keep a rule each. */
export function merged(permissions: readonly Permission[]): Permission[] {
  const result = new Map<string, Permission>();
  for (const one of permissions) {
    const key = one.source.kind === "group" ? `${one.protocol} ${one.source.id}` : keyOfPermission(one);
    const known = result.get(key);
    const range = one.from === 0 && one.to === 0 ? ALL : one;
    const { from, to } = known ? { from: Math.min(known.from, range.from), to: Math.max(known.to, range.to) } : range;
    result.set(key, { ...one, from, to });
  }
  return [...result.values()];
}

export function without(these: readonly Permission[], those: readonly Permission[]): Permission[] {
  const keys = new Set(those.map(keyOfPermission));
  return these.filter((one) => !keys.has(keyOfPermission(one)));
}

/** Instance id of a node's provider ID, `aws:///eu-west-1a/i-0123`. */
export function instanceOf(providerId: string | undefined): string | null {
  return /\/(i-[0-9a-f]+)$/.exec(providerId ?? "")?.[1] ?? null;
}
