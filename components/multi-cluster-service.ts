import * as pulumi from "@pulumi/pulumi";
import { type Problem, throwProblems } from "./internal/problems";
import { TargetGroupBinding } from "./target-group-binding";

/** One target group that the service's pods register into. */
export interface SharedTargetGroupArgs {
  /** Name of the binding in the cluster; unique within the namespace. */
  bindingName: string;
  targetGroupArn: pulumi.Input<string>;
  /** Port of the member's Service, when it is not the only one. Default: `servicePort`. */
  servicePort?: pulumi.Input<number | string>;
  /** Name of the Service, when it is not `serviceName`. */
  serviceName?: pulumi.Input<string>;
  /** The binding is there already and is taken over. Default false. */
  takeOver?: boolean;
  /** The controller made the binding once: what it wrote besides is left alone. Default false. */
  madeByController?: boolean;
  /** `spec.networking`, as the binding that is taken over has it. */
  networking?: unknown;
}

/** Settings of a service that shares its target group with other clusters. */
export interface MultiClusterServiceArgs {
  /** Namespace of the Service. */
  namespace: pulumi.Input<string>;
  /** Name of the member's own Service. */
  serviceName: pulumi.Input<string>;
  /** Port of that Service. */
  servicePort: pulumi.Input<number>;
  /** `ip` (default) or `instance`: then the Service must be of type NodePort. */
  targetType?: "ip" | "instance";
  /** The shared target groups, one per port. */
  targetGroups: SharedTargetGroupArgs[];
  /**
   * Whether this member receives traffic. The component stays either way, so that going in or out changes bindings
   * alone.
   */
  active: boolean;
  /**
   * Protects the bindings while active, so that a stray destroy stops before it takes traffic away. Default true. A
   * binding can be
   * removed only after an update with `false`.
   */
  protectBindings?: boolean;
}

/** All that is wrong with the arguments. */
export function multiClusterServiceProblems(args: MultiClusterServiceArgs): Problem[] {
  const problems: Problem[] = [];
  if (args.targetGroups.length === 0)
    problems.push({
      path: "targetGroups",
      value: [],
      rule: "must name at least one target group",
      remedy: "Give the shared target group",
    });
  args.targetGroups.forEach(({ bindingName }, index) => {
    const first = args.targetGroups.findIndex((other) => other.bindingName === bindingName);
    if (first < index)
      problems.push({
        path: `targetGroups[${index}].bindingName`,
        value: bindingName,
        rule: `is taken by targetGroups[${first}]`,
        remedy: "Give every binding its own name",
      });
  });
  return problems;
}

/**
 * A member's share in a service that several clusters serve: its bindings to the shared target groups, while it is
 * active.
 */
export class MultiClusterService extends pulumi.ComponentResource {
  /** Names of the bindings that are declared: none while not active. */
  public readonly bindingNames: string[];

  constructor(name: string, args: MultiClusterServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("eks-blue-green:index:MultiClusterService", name, {}, opts);
    throwProblems(`MultiClusterService '${name}'`, multiClusterServiceProblems(args));
    const { namespace, serviceName, servicePort } = args;
    const bindings = args.active ? args.targetGroups : [];
    for (const {
      bindingName,
      targetGroupArn,
      takeOver,
      madeByController,
      networking,
      servicePort: port,
      serviceName: service,
    } of bindings) {
      new TargetGroupBinding(
        `${name}-${bindingName}`,
        {
          bindingName,
          namespace,
          serviceName: service ?? serviceName,
          servicePort: port ?? servicePort,
          targetGroupArn,
          ...(args.targetType === undefined ? {} : { targetType: args.targetType }),
          ...(takeOver === true ? { takeOver } : {}),
          ...(madeByController === true ? { madeByController } : {}),
          ...(networking == null ? {} : { networking }),
        },
        { parent: this, protect: args.protectBindings !== false },
      );
    }
    this.bindingNames = bindings.map((binding) => binding.bindingName);
    this.registerOutputs({ bindingNames: this.bindingNames });
  }
}
