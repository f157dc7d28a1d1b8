/** What of the files would stop an upgrade in place half-way: EKS gives each node a time to end its pods. Pure. */
import { nodeDrain } from "../../components/internal/aws-limits";
import { isObject } from "../../components/internal/plain-object";
import type { Problem } from "../../components/internal/problems";
import { type FromFile, type KubernetesObject, runsPods } from "./objects";
import { inside, problemOf } from "./problem-of";

/** What a node's drain takes beside the preStop: evictions that wait for a budget, and the end of the process. */
const marginSeconds = 120;
const most = nodeDrain.seconds - marginSeconds;
const usualGraceSeconds = 30;

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

/** A hook that sleeps, in its own field or by a command; 0 where a command does not say so. */
function preStopSeconds(container: unknown): number {
  const hook = inside(container, "lifecycle", "preStop");
  const sleep = inside(hook, "sleep", "seconds");
  if (typeof sleep === "number") return sleep;
  const command = listOf(inside(hook, "exec", "command"))
    .map(String)
    .join(" ");
  return Number(/\bsleep (\d+)/.exec(command)?.[1] ?? 0);
}

/** Seconds: the kubelet ends a hook with the grace period. */
function endOf({ spec }: KubernetesObject): number {
  const pod = inside(spec, "template", "spec");
  const grace = inside(pod, "terminationGracePeriodSeconds");
  const hooks = listOf(inside(pod, "containers")).map(preStopSeconds);
  return Math.min(typeof grace === "number" ? grace : usualGraceSeconds, Math.max(0, ...hooks));
}

/** The field with which a budget lets no pod go, however many there are. */
function letsNobodyGo({ kind, apiVersion, spec }: KubernetesObject): string | null {
  if (kind !== "PodDisruptionBudget" || !apiVersion.startsWith("policy/")) return null;
  const unavailable = spec?.["maxUnavailable"];
  if (unavailable === 0 || unavailable === "0%") return `maxUnavailable: ${unavailable}`;
  return spec?.["minAvailable"] === "100%" ? "minAvailable: 100%" : null;
}

/** Whether the budget is for pods of this object, as far as its labels say. */
function isBudgetOf({ metadata, spec }: KubernetesObject, runs: KubernetesObject): boolean {
  const selector = spec?.["selector"];
  const labels = inside(runs.spec, "template", "metadata", "labels");
  if (metadata.namespace !== runs.metadata.namespace || !isObject(selector) || !isObject(labels)) return false;
  if (listOf(selector["matchExpressions"]).length > 0) return false;
  const wanted = isObject(selector["matchLabels"]) ? selector["matchLabels"] : {};
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

/** Every node of a member is replaced then, with any pods that run there: not those of the bound Service alone. */
export function inPlaceProblems(all: readonly FromFile[]): Problem[] {
  const running = all.filter(({ object }) => runsPods(object));
  const slow = running.filter(({ object }) => endOf(object) > most);
  const budgets = all.flatMap((one) => {
    const how = letsNobodyGo(one.object);
    return how !== null && running.some(({ object }) => isBudgetOf(one.object, object)) ? [{ one, how }] : [];
  });
  return [
    ...slow.map((one) =>
      problemOf(one, {
        value: `preStop of ${endOf(one.object)} s`,
        rule:
          `is longer than an upgrade in place can wait (rollout.strategy: cycle): EKS gives a node ${nodeDrain.seconds} s ` +
          "to end its pods, then the upgrade fails with PodEvictionFailure",
        remedy: `Write ${most} s at most, or set rollout.strategy to replace, which makes a new member instead`,
      }),
    ),
    ...budgets.map(({ one, how }) =>
      problemOf(one, {
        value: how,
        rule:
          "lets no pod go, so an upgrade in place (rollout.strategy: cycle) fails with PodEvictionFailure: EKS can't " +
          "empty the nodes",
        remedy: "Write maxUnavailable: 1, or set rollout.strategy to replace, which makes a new member instead",
      }),
    ),
  ];
}
