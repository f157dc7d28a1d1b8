import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { longestKubernetesLabel } from "./internal/aws-limits";
import { type Problem, throwProblems } from "./internal/problems";

/** Settings of one TargetGroupBinding, which registers a Service's pods or nodes in a target group. */
export interface TargetGroupBindingArgs {
  /** Name of the object, at most 63 characters. The controller's ConfigMap is called `aws-lbc-targets-<this>`. */
  bindingName: string;
  /** Namespace of the Service. */
  namespace: pulumi.Input<string>;
  /** Name of a Service in the same namespace; for instance targets one of type NodePort. */
  serviceName: pulumi.Input<string>;
  /** Port of that Service: its number or its name. */
  servicePort: pulumi.Input<number | string>;
  /** `ip` (default) or `instance`; as the target group is. It can't be changed on an existing binding. */
  targetType?: "ip" | "instance";
  /** The shared target group. It can't be changed on an existing binding. */
  targetGroupArn: pulumi.Input<string>;
  /**
   * Lets the controller own a security-group rule from this group to the pods. Default none: clusters that share a
   * group would fight
   * over the rule, so Pulumi owns the rules (`MemberIngress`).
   */
  controllerManagedSecurityGroupId?: pulumi.Input<string>;
  /**
   * `spec.networking` as it is, of a binding that is taken over. Not together with `controllerManagedSecurityGroupId`.
   */
  networking?: unknown;
  /** Takes an object over that is there already (made by the controller for a Service, say) instead of creating one. */
  takeOver?: boolean;
  /**
   * The controller made it for a Service, with fields and annotations that are not declared here: they stay as they
   * are. Default false.
   */
  madeByController?: boolean;
}

/** What the controller (or its webhook) writes into a binding that it makes. */
const controllersFields = [
  "metadata.annotations",
  "metadata.labels",
  "metadata.finalizers",
  "spec.ipAddressType",
  "spec.targetGroupProtocol",
  "spec.vpcID",
];

/** All that is wrong with the arguments. */
export function targetGroupBindingProblems(args: TargetGroupBindingArgs): Problem[] {
  if (/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(args.bindingName) && args.bindingName.length <= longestKubernetesLabel)
    return [];
  return [
    {
      path: "bindingName",
      value: args.bindingName,
      rule: `must be lower-case letters, digits and dashes, at most ${longestKubernetesLabel} characters`,
      remedy: "Choose a name like web",
    },
  ];
}

/**
 * Binds a Service to a target group that other clusters register into as well. `multiClusterTargetGroup` is always
 * true: without it the
 * controller deregisters every target that is not its own.
 */
export class TargetGroupBinding extends pulumi.ComponentResource {
  /** The TargetGroupBinding's name in its namespace. */
  public readonly bindingName: string;
  /** The object itself. */
  public readonly binding: kubernetes.apiextensions.CustomResource;

  constructor(name: string, args: TargetGroupBindingArgs, opts?: pulumi.ComponentResourceOptions) {
    super("eks-blue-green:index:TargetGroupBinding", name, {}, opts);
    throwProblems(`TargetGroupBinding '${name}'`, targetGroupBindingProblems(args));
    this.bindingName = args.bindingName;
    const networking =
      args.controllerManagedSecurityGroupId === undefined
        ? args.networking == null
          ? {}
          : { networking: args.networking }
        : {
            networking: {
              ingress: [
                {
                  from: [{ securityGroup: { groupID: args.controllerManagedSecurityGroupId } }],
                  ports: [{ protocol: "TCP" }],
                },
              ],
            },
          };
    this.binding = new kubernetes.apiextensions.CustomResource(
      name,
      {
        apiVersion: "elbv2.k8s.aws/v1beta1",
        kind: "TargetGroupBinding",
        metadata: { name: args.bindingName, namespace: args.namespace },
        spec: {
          targetGroupARN: args.targetGroupArn,
          targetType: args.targetType ?? "ip",
          multiClusterTargetGroup: true,
          serviceRef: { name: args.serviceName, port: args.servicePort },
          ...networking,
        },
      },
      {
        parent: this,
        ...(args.madeByController === true ? { ignoreChanges: controllersFields } : {}),
        ...(args.takeOver === true ? { import: `${String(args.namespace)}/${args.bindingName}` } : {}),
      },
    );
    this.registerOutputs({ bindingName: this.bindingName });
  }
}
