/** The rules for pods that faults made, and which of them hits a request. */
import type { PodFaultRule } from "../../contract";
import type { Pod } from "../../kubernetes/types";

/** Hits are told at most this often. */
const TELL_MS = 500;

export interface PodIdentity {
  readonly pod: string;
  readonly service: readonly string[];
}

export function identityOf(pod: {
  readonly metadata: Pick<Pod["metadata"], "name" | "namespace" | "labels">;
}): PodIdentity {
  const labels = pod.metadata.labels ?? {};
  return {
    pod: `${pod.metadata.namespace ?? "default"}/${pod.metadata.name}`,
    service: [labels["app.kubernetes.io/name"], labels["app"]].filter((one): one is string => one !== undefined),
  };
}

export function belongs(identity: PodIdentity, service: string): boolean {
  return (
    service === "*" ||
    identity.service.includes(service) ||
    (identity.pod.split("/")[1] ?? "").startsWith(`${service}-`)
  );
}

/** What a program asks for each request. */
export interface PodBehaviour {
  /** Real milliseconds to wait before the answer. */
  readonly delayMs: number;
  /** The answer's status instead of the program's own. */
  readonly status: number | null;
}
const asAlways: PodBehaviour = { delayMs: 0, status: null };

export class PodFaults {
  private rules: readonly PodFaultRule[] = [];
  /** Pods that a rule with a limit has taken, by rule. */
  private readonly taken = new Map<string, Set<string>>();
  private hits: Record<string, number> = {};
  private telling: NodeJS.Timeout | null = null;

  constructor(private readonly tell: (hits: Readonly<Record<string, number>>) => void) {}

  set(rules: readonly PodFaultRule[]): void {
    this.rules = rules;
    for (const id of this.taken.keys()) if (!rules.some((rule) => rule.id === id)) this.taken.delete(id);
  }

  /** The pod is gone: another one may take its place in a rule with a limit. */
  forget(pod: string): void {
    for (const pods of this.taken.values()) pods.delete(pod);
  }

  /** `loadMs`: real time since the pod's first request that was no health check; null before that. */
  behaviour(identity: PodIdentity, isHealthCheck: boolean, loadMs: number | null): PodBehaviour {
    if (this.rules.length === 0) return asAlways;
    let [delayMs, status]: [number, number | null] = [0, null];
    for (const rule of this.rules) {
      if (
        rule.kind === "crash" ||
        rule.kind === "crash-loop" ||
        rule.kind === "no-credentials" ||
        !this.holds(rule, identity)
      )
        continue;
      if (rule.kind === "unready" ? !isHealthCheck : isHealthCheck && rule.health !== "bad") continue;
      if (rule.afterSeconds !== undefined && (loadMs === null || loadMs < rule.afterSeconds * 1_000)) continue;
      if (rule.kind === "slow") delayMs += rule.ms ?? 1_000;
      else status = rule.kind === "unready" ? 503 : (rule.status ?? 500);
      this.count(rule.id);
    }
    return { delayMs, status };
  }

  /** Real milliseconds that a process of the pod lives under load; null: no rule ends it. */
  lifetimeMs(identity: PodIdentity): number | null {
    const rule = this.rules.find((one) => one.kind === "crash-loop" && this.holds(one, identity));
    if (rule === undefined) return null;
    this.count(rule.id);
    return (rule.afterSeconds ?? 0) * 1_000;
  }

  private holds(rule: PodFaultRule, identity: PodIdentity): boolean {
    if (!belongs(identity, rule.service)) return false;
    if (rule.pods === undefined) return true;
    const taken = this.taken.get(rule.id) ?? new Set<string>();
    this.taken.set(rule.id, taken);
    if (!taken.has(identity.pod) && taken.size >= rule.pods) return false;
    taken.add(identity.pod);
    return true;
  }

  private count(id: string): void {
    this.hits[id] = (this.hits[id] ?? 0) + 1;
    this.telling ??= setTimeout(() => {
      this.telling = null;
      this.tell(this.hits);
      this.hits = {};
    }, TELL_MS);
    this.telling.unref();
  }
}
