/**
 * Targets that somebody took out of a group behind the controller's back, and lists of targets that somebody deleted.
 * It does not put them back as long as endpoints and binding stay
 * the same (docs/reference/controller-behaviour.md): only without its checkpoint does it look again, and inside its
 * five-minute cache of targets not
 * even then (A.6).
 * So the repair is asked for again and again until the targets are there, and the gates allow it that time. Pure.
 */
import { kubectl } from "../text/kubectl";
import type { Binding } from "../ports";
import type { MemberServiceObservation, Observation } from "./observe";
import { isRegistered } from "./target-owners";
import { shell } from "../text/shell";

/**
 * Seconds of AWS's time. The controller itself registers within one or two; anything younger is its own work under way.
 */
export const driftSeconds = { grace: 15, again: 60, cache: 300 } as const;

export interface Drift {
  readonly member: string;
  /** Target group key. */
  readonly service: string;
  readonly bindings: readonly Pick<Binding, "namespace" | "name">[];
  /** Taken out of ELBv2. */
  readonly targets: readonly string[];
  /**
   * Ready endpoints that its controller's list lacks: what is not there is never deregistered by it
   * (docs/reference/controller-behaviour.md).
   */
  readonly unlisted: readonly string[];
}

/**
 * Ready endpoints that the controller has written down as its own, and that ELBv2 does not have (or has on their way
 * out).
 */
export function driftedTargets(
  observation: Observation,
  service: string,
  seen: MemberServiceObservation,
): readonly string[] {
  const targets = observation.groups[service];
  if (targets === null || targets === undefined) return [];
  return seen.endpoints.filter(
    (id) => (seen.recorded ?? []).includes(id) && !targets.some((target) => target.id === id && isRegistered(target)),
  );
}

/** A list that was deleted, or an endpoint that it lacks though the controller thinks it has nothing to do. */
export const unlistedEndpoints = ({
  endpoints,
  recorded,
}: Pick<MemberServiceObservation, "endpoints" | "recorded">): readonly string[] =>
  endpoints.filter((id) => !(recorded ?? []).includes(id));

/**
 * `serving`: members in traffic or on their way in. Bindings that are going, or lack the flag, are not touched: looking
 * again is what those must not do.
 */
export function driftOf(observation: Observation, serving: readonly string[]): Drift[] {
  return serving.flatMap((member) =>
    Object.entries(observation.members[member]?.services ?? {}).flatMap(([service, seen]) => {
      const targets = driftedTargets(observation, service, seen);
      const unlisted = unlistedEndpoints(seen);
      const bindings = seen.bindings
        .filter((binding) => !binding.deleting && binding.multiCluster)
        .map(({ namespace, name }) => ({ namespace, name }));
      return (targets.length === 0 && unlisted.length === 0) || bindings.length === 0
        ? []
        : [{ member, service, bindings, targets, unlisted }];
    }),
  );
}

/** The command that does by hand what the gates do. */
export const lookAgain = (clusterName: string, { namespace, name }: Pick<Binding, "namespace" | "name">): string =>
  kubectl(clusterName, namespace) + shell` annotate targetgroupbinding ${name} elbv2.k8s.aws/checkpoint-`;

/**
 * By `member|service`, milliseconds since 1970: since when it has been so, and when the controller was last made to
 * look.
 */
export type DriftMemory = Readonly<Record<string, { readonly since: number; readonly asked: number | null }>>;

export interface RepairRules {
  readonly graceMs: number;
  readonly againMs: number;
}

export function decideRepairs(
  drifts: readonly Drift[],
  memory: DriftMemory,
  now: number,
  rules: RepairRules,
): { readonly repairs: readonly Drift[]; readonly memory: DriftMemory } {
  const repairs: Drift[] = [];
  const next: Record<string, DriftMemory[string]> = {};
  for (const drift of drifts) {
    const key = `${drift.member}|${drift.service}`;
    const { since, asked } = memory[key] ?? { since: now, asked: null };
    const due = asked === null ? now - since >= rules.graceMs : now - asked >= rules.againMs;
    if (due) repairs.push(drift);
    next[key] = { since, asked: due ? now : asked };
  }
  return { repairs, memory: next };
}
