import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { isObject } from "./internal/plain-object";
import { type Problem, throwProblems } from "./internal/problems";

/** A workload as Kubernetes objects. */
export interface WorkloadObjectsArgs {
  /**
   * The objects, as `kubectl apply` takes them: with `apiVersion`, `kind` and `metadata.name`, and with their namespace.
   * What others need (definitions, accounts, settings, volumes) is made before them, and goes after them. What a
   * HorizontalPodAutoscaler or a ScaledObject among them scales begins with its `spec.replicas`, and keeps from then on
   * as many as the autoscaler wants.
   */
  objects: Record<string, unknown>[];
}

/** All that is wrong with the arguments. */
export function workloadObjectsProblems({ objects }: WorkloadObjectsArgs): Problem[] {
  return objects.flatMap((object, index): Problem[] => {
    const metadata = object["metadata"];
    const named = isObject(metadata) && typeof metadata["name"] === "string" && metadata["name"] !== "";
    if (typeof object["apiVersion"] === "string" && typeof object["kind"] === "string" && named) return [];
    return [
      {
        path: `objects[${index}]`,
        value: object,
        rule: "must be a Kubernetes object with apiVersion, kind and metadata.name",
        remedy: "Write all three",
      },
    ];
  });
}

/** Kinds that others refer to: a pod does not start without its account or its settings. */
const neededByOthers: ReadonlySet<string> = new Set([
  ...["CustomResourceDefinition", "Namespace", "PriorityClass", "StorageClass", "RuntimeClass", "ResourceQuota"],
  ...["LimitRange", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
  ...["ConfigMap", "Secret", "PersistentVolume", "PersistentVolumeClaim"],
]);

/**
 * Pods come batch by batch, each after the load balancer's lag, and go after their own grace period: Pulumi's ten
 * minutes are too short.
 */
const timeouts = { create: "30m", update: "60m", delete: "60m" };

/** `Deployment shop/web` */
const referred = ({ kind, metadata }: Record<string, unknown>): string =>
  isObject(metadata) ? `${String(kind)} ${String(metadata["namespace"])}/${String(metadata["name"])}` : "";

/** `Deployment shop/web` for each that an autoscaler among the objects scales. */
function autoscaled(objects: readonly Record<string, unknown>[]): ReadonlySet<string> {
  return new Set(
    objects
      .filter(({ kind }) => kind === "HorizontalPodAutoscaler" || kind === "ScaledObject")
      .map(({ metadata, spec }) => {
        const target = isObject(spec) && isObject(spec["scaleTargetRef"]) ? spec["scaleTargetRef"] : {};
        const namespace = isObject(metadata) ? metadata["namespace"] : undefined;
        return `${String(target["kind"] ?? "Deployment")} ${String(namespace)}/${String(target["name"])}`;
      }),
  );
}

/** The objects of a workload in a cluster, in an order in which they start and end well. */
export class WorkloadObjects extends pulumi.ComponentResource {
  /** All of them, for what must come after them. */
  public readonly declared: pulumi.Output<pulumi.Resource[]>;

  constructor(name: string, args: WorkloadObjectsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("eks-blue-green:index:WorkloadObjects", name, {}, opts);
    throwProblems(`WorkloadObjects '${name}'`, workloadObjectsProblems(args));
    const isNeeded = ({ kind }: Record<string, unknown>): boolean => neededByOthers.has(String(kind));
    const first = args.objects.filter((one) => isNeeded(one));
    const rest = args.objects.filter((one) => !isNeeded(one));
    const scaled = autoscaled(args.objects);
    const needed = this.declare(name, first, pulumi.output([] as pulumi.Resource[]), scaled);
    const others = this.declare(name, rest, needed, scaled);
    this.declared = pulumi.all([needed, others]).apply(([before, then]) => [...before, ...then]);
    this.registerOutputs({});
  }

  /**
   * Objects that are known here need neither a cluster nor the provider to be told apart: also a first preview has them.
   * A ConfigGroup would do the same, and keep them all as its own inputs too: Secrets in clear.
   */
  private declare(
    name: string,
    objects: Record<string, unknown>[],
    after: pulumi.Output<pulumi.Resource[]>,
    scaled: ReadonlySet<string>,
  ): pulumi.Output<pulumi.Resource[]> {
    const inOrder = (object: unknown, options: pulumi.CustomResourceOptions): void => {
      options.dependsOn = after;
      options.customTimeouts = timeouts;
      // To leave the field out is no way: with server-side apply it falls to 1 when its only owner drops it.
      if (isObject(object) && scaled.has(referred(object))) options.ignoreChanges = ["spec.replicas"];
    };
    const config = { objs: structuredClone(objects), resourcePrefix: name, transformations: [inOrder] };
    const resources = kubernetes.yaml.parse(config, { parent: this }) as pulumi.Output<
      Record<string, pulumi.CustomResource>
    >;
    return resources.apply((all) => Object.values(all));
  }
}
