import * as pulumi from "@pulumi/pulumi";
import { type Problem, throwProblems } from "./problems";
import { TargetGroupBinding } from "./target-group-binding";

/** One target group that the service's pods register into. */
export interface SharedTargetGroupArgs {
  /** Name of the binding in the cluster; unique within the namespace. */
  bindingName: string;
  targetGroupArn: pulumi.Input<string>;
}

export interface MultiClusterServiceArgs {
  /** Namespace of the Service. */
  namespace: pulumi.Input<string>;
  /** Name of the member's own Service. */
  serviceName: pulumi.Input<string>;
  /** Port of that Service. */
  servicePort: pulumi.Input<number>;
  /** The shared target groups, usually one. */
  targetGroups: SharedTargetGroupArgs[];
  /** Whether this member receives traffic. The component stays either way, so that going in or out changes bindings alone. */
  active: boolean;
  /**
   * Protects the bindings while active, so that a stray destroy stops before it takes traffic away. Default true. A binding can be
   * removed only after an update with `false`.
   */
  protectBindings?: boolean;
}

/** All that is wrong with the arguments. */
export function multiClusterServiceProblems(args: MultiClusterServiceArgs): Problem[] {
  const problems: Problem[] = [];
  if (args.targetGroups.length === 0) problems.push({ path: "targetGroups", value: [], rule: "must name at least one target group", remedy: "Give the shared target group" });
  args.targetGroups.forEach(({ bindingName }, index) => {
    const first = args.targetGroups.findIndex((other) => other.bindingName === bindingName);
    if (first < index) problems.push({ path: `targetGroups[${index}].bindingName`, value: bindingName, rule: `is taken by targetGroups[${first}]`, remedy: "Give every binding its own name" });
  });
  return problems;
}

/** A member's share in a service that several clusters serve: its bindings to the shared target groups, while it is active. */
export class MultiClusterService extends pulumi.ComponentResource {
  /** Names of the bindings that are declared: none while not active. */
  public readonly bindingNames: string[];

  constructor(name: string, args: MultiClusterServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("eks-blue-green:index:MultiClusterService", name, {}, opts);
    throwProblems(`MultiClusterService '${name}'`, multiClusterServiceProblems(args));
    const { namespace, serviceName, servicePort } = args;
    const bindings = args.active ? args.targetGroups : [];
    for (const { bindingName, targetGroupArn } of bindings) {
      new TargetGroupBinding(`${name}-${bindingName}`, { bindingName, namespace, serviceName, servicePort, targetGroupArn }, { parent: this, protect: args.protectBindings !== false });
    }
    this.bindingNames = bindings.map((binding) => binding.bindingName);
    this.registerOutputs({ bindingNames: this.bindingNames });
  }
}
