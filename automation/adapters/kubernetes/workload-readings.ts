/** Deployment, pods and disruption budgets, read for what matters when a pod leaves a load balancer. */
import type { MemberOutputs } from "../../../stacks/contract";
import type { BindingCrd, BindingTimes, DisruptionBudget, PreStop, WorkloadReading } from "../../ports/readings";
import { getList, getObject } from "./client";
import { isLive, labelSelector } from "./pods";

type Labels = Readonly<Record<string, string>>;
interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}
interface Meta {
  readonly name: string;
  readonly namespace?: string;
  readonly creationTimestamp?: string;
  readonly labels?: Labels;
  readonly deletionTimestamp?: string;
}
interface AffinityTerm {
  readonly topologyKey?: string;
}
interface PodSpec {
  readonly nodeName?: string;
  readonly terminationGracePeriodSeconds?: number;
  readonly readinessGates?: readonly { readonly conditionType: string }[];
  readonly topologySpreadConstraints?: readonly { readonly topologyKey: string }[];
  readonly affinity?: {
    readonly podAntiAffinity?: {
      readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly AffinityTerm[];
      readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly { readonly podAffinityTerm?: AffinityTerm }[];
    };
  };
  readonly containers?: readonly {
    readonly name: string;
    readonly readinessProbe?: object;
    readonly lifecycle?: { readonly preStop?: Handler };
  }[];
}
interface Handler {
  readonly sleep?: { readonly seconds?: number };
  readonly exec?: { readonly command?: readonly string[] };
}
interface Deployment {
  readonly metadata: Meta;
  readonly spec?: {
    readonly replicas?: number;
    readonly selector?: Selector;
    readonly template?: { readonly metadata?: { readonly labels?: Labels }; readonly spec?: PodSpec };
  };
}
interface Pod {
  readonly metadata: Meta;
  readonly spec?: PodSpec;
  readonly status?: { readonly phase?: string };
}
interface Budget {
  readonly metadata: Meta;
  readonly spec?: {
    readonly minAvailable?: string | number;
    readonly maxUnavailable?: string | number;
    readonly selector?: Selector;
  };
}
interface Crd {
  readonly spec?: {
    readonly group?: string;
    readonly versions?: readonly {
      readonly name: string;
      readonly served?: boolean;
      readonly schema?: {
        readonly openAPIV3Schema?: {
          readonly properties?: { readonly spec?: { readonly properties?: Record<string, unknown> } };
        };
      };
    }[];
  };
}

/** Kubernetes' own rules of label selectors; an empty selector matches everything. */
export function selects(selector: Selector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false;
  const plain = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return (
    plain &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === "In") return value !== undefined && values.includes(value);
      if (operator === "NotIn") return value === undefined || !values.includes(value);
      return operator === "Exists" ? value !== undefined : operator === "DoesNotExist" && value === undefined;
    })
  );
}

/** A command that is nothing but a sleep tells its seconds; of any other nobody can say how long it takes. */
export function preStopOf(handler: Handler | undefined): PreStop | null {
  if (handler === undefined) return null;
  if (handler.sleep !== undefined) return { how: "sleep", seconds: handler.sleep.seconds ?? 0 };
  if (handler.exec === undefined) return { how: "other", seconds: null };
  const command = (handler.exec.command ?? []).join(" ");
  const seconds = /^(?:(?:\/\S*\/)?(?:ba|da|a)?sh -l?c )?(?:\/\S*\/)?sleep (\d+)s?;?$/.exec(command.trim())?.[1];
  return { how: "exec", seconds: seconds === undefined ? null : Number(seconds) };
}

function spreadOf(spec: PodSpec): string[] {
  const anti = spec.affinity?.podAntiAffinity;
  const keys = [
    ...(spec.topologySpreadConstraints ?? []).map((one) => one.topologyKey),
    ...(anti?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((one) => one.topologyKey),
    ...(anti?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((one) => one.podAffinityTerm?.topologyKey),
  ];
  return [...new Set(keys.filter((key) => key !== undefined))];
}

const text = (value: string | number | undefined): string | null => (value === undefined ? null : String(value));

export async function readWorkload(
  member: MemberOutputs,
  namespace: string,
  name: string,
): Promise<WorkloadReading | null> {
  const deployment = await getObject<Deployment>(member, `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`);
  if (deployment === null) return null;
  const around = await readAround(member, namespace, deployment.spec?.selector);
  const { metadata, spec = {} } = deployment.spec?.template ?? {};
  return readingOf(around, { replicas: deployment.spec?.replicas ?? 1, labels: metadata?.labels ?? {}, spec });
}

/** The pods are all that is known of it: the newest stands for those that will be made. */
export async function readWorkloadBehind(
  member: MemberOutputs,
  namespace: string,
  name: string,
): Promise<WorkloadReading | null> {
  const service = await getObject<{ metadata: Meta; spec?: { selector?: Labels } }>(
    member,
    `/api/v1/namespaces/${namespace}/services/${name}`,
  );
  if (service === null) return null;
  const selector = service.spec?.selector ?? {};
  const selects = Object.keys(selector).length > 0;
  const around = await readAround(member, namespace, selects ? { matchLabels: selector } : undefined);
  const newest = [...around.pods].sort((a, b) => madeAt(a) - madeAt(b)).at(-1);
  return readingOf(around, {
    replicas: around.pods.length,
    labels: newest?.metadata.labels ?? {},
    spec: newest?.spec ?? {},
  });
}

interface Around {
  readonly pods: readonly Pod[];
  readonly budgets: readonly Budget[];
  readonly injectsReadinessGates: boolean;
}

const madeAt = ({ metadata }: Pod): number => Date.parse(metadata.creationTimestamp ?? "");

async function readAround(member: MemberOutputs, namespace: string, selector: Selector | undefined): Promise<Around> {
  const [pods, budgets, space] = await Promise.all([
    selector === undefined
      ? []
      : getList<Pod>(
          member,
          `/api/v1/namespaces/${namespace}/pods?labelSelector=${labelSelector(selector.matchLabels ?? {})}`,
        ),
    getList<Budget>(member, `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`),
    getObject<{ metadata: Meta }>(member, `/api/v1/namespaces/${namespace}`),
  ]);
  return {
    pods: pods.filter((pod) => selects(selector, pod.metadata.labels ?? {}) && isLive(pod)),
    budgets,
    injectsReadinessGates: space?.metadata.labels?.["elbv2.k8s.aws/pod-readiness-gate-inject"] === "enabled",
  };
}

function readingOf(
  { pods, budgets, injectsReadinessGates }: Around,
  { replicas, labels, spec }: { readonly replicas: number; readonly labels: Labels; readonly spec: PodSpec },
): WorkloadReading {
  return {
    replicas,
    containers: (spec.containers ?? []).map((one) => ({
      name: one.name,
      readinessProbe: one.readinessProbe !== undefined,
      preStop: preStopOf(one.lifecycle?.preStop),
    })),
    terminationGraceSeconds: spec.terminationGracePeriodSeconds ?? 30,
    spreadOver: spreadOf(spec),
    disruptionBudgets: budgets
      .filter((budget) => selects(budget.spec?.selector, labels))
      .map(({ metadata, spec: rule }): DisruptionBudget => ({
        name: metadata.name,
        minAvailable: text(rule?.minAvailable),
        maxUnavailable: text(rule?.maxUnavailable),
      })),
    pods: pods.map((pod) => ({
      name: pod.metadata.name,
      node: pod.spec?.nodeName ?? null,
      createdAt: madeAt(pod),
      readinessGates: (pod.spec?.readinessGates ?? []).map((gate) => gate.conditionType),
    })),
    injectsReadinessGates,
  };
}

/** The controller's own API group, and EKS Auto Mode's. */
const groups = ["elbv2.k8s.aws", "eks.amazonaws.com"];

export async function readBindingCrds(member: MemberOutputs): Promise<readonly BindingCrd[]> {
  const crds = await Promise.all(
    groups.map(async (group) => ({
      group,
      crd: await getObject<Crd>(
        member,
        `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/targetgroupbindings.${group}`,
      ),
    })),
  );
  return crds.flatMap(({ group, crd }) =>
    (crd?.spec?.versions ?? [])
      .filter((version) => version.served !== false)
      .map((version): BindingCrd => ({
        group,
        version: version.name,
        hasField:
          version.schema?.openAPIV3Schema?.properties?.spec?.properties?.["multiClusterTargetGroup"] !== undefined,
      })),
  );
}

export async function readBindingTimes(member: MemberOutputs): Promise<BindingTimes> {
  const lists = await Promise.all(
    ["elbv2.k8s.aws/v1beta1", "eks.amazonaws.com/v1"].map((group) =>
      getList<{ metadata: Meta }>(member, `/apis/${group}/targetgroupbindings`),
    ),
  );
  return Object.fromEntries(
    lists
      .flat()
      .map(({ metadata }) => [
        `${metadata.namespace ?? "default"}/${metadata.name}`,
        Date.parse(metadata.creationTimestamp ?? ""),
      ]),
  );
}
