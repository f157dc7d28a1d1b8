import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import {
  deregistrationDelaySeconds,
  healthCheck,
  listenersPerLoadBalancer,
  longestKubernetesLabel,
  ports,
} from "./internal/aws-limits";
import { type Problem, throwProblems, wholeNumberProblems } from "./internal/problems";
import {
  extendingAnnotations,
  extendingSelector,
  handedOverAnnotations,
  loadBalancerAnnotations,
  loadBalancerClass,
  standDown,
} from "./internal/service-annotations";

/** One port of a Service of type LoadBalancer. */
export interface LoadBalancerServicePortArgs {
  /** Unique within the Service, at most 15 characters. */
  name: string;
  /** Listener port, 1 to 65535. */
  port: number;
  /** Container port, 1 to 65535. */
  targetPort: number;
}

/** Settings of a Service of type LoadBalancer, from which the controller makes the load balancer. */
export interface LoadBalancerServiceArgs {
  /**
   * Name of the Service, at most 63 characters. The controller derives the load balancer's name from it; a change
   * replaces the load balancer.
   */
  serviceName: string;
  namespace: pulumi.Input<string>;
  /** One listener and one target group each; at least one. Not used with `existing`. */
  ports?: LoadBalancerServicePortArgs[];
  /** Labels of the pods. With `existing`: not used, the Service keeps its own. */
  selector?: Record<string, string>;
  /**
   * `ip` (default: pods are the targets) or `instance` (nodes are, by NodePort). With `existing`: what its Service
   * says.
   */
  targetType?: "ip" | "instance";
  /** Whether this member receives traffic. The Service and its load balancer stay either way. */
  active: boolean;
  /** Default false: internet-facing. A change replaces the load balancer. */
  internal?: boolean;
  /** Default true. */
  crossZone?: boolean;
  /** Who may connect. Default `["0.0.0.0/0"]`. */
  clientCidrBlocks?: string[];
  /** Default `/healthz`. */
  healthCheckPath?: string;
  /** Default: the target's own port. Not with `instance`: NodePorts differ from cluster to cluster. */
  healthCheckPort?: number;
  /** Seconds, 5 to 300. Default 10. */
  healthCheckIntervalSeconds?: number;
  /** 2 to 10. Default 3. */
  healthCheckThreshold?: number;
  /** Seconds, 0 to 3600. Default 300. */
  deregistrationDelaySeconds?: number;
  /**
   * The Service is somebody else's: only annotations are patched and, with ip targets, its selector is said again.
   * Default false.
   */
  existing?: boolean;
  /**
   * The load balancer is the stack's now: the Service goes on as ClusterIP, for the bindings that refer to it. Default
   * false.
   */
  handedOver?: boolean;
  /** Only with `handedOver`: whether the annotations are still there; they go last. Default false. */
  annotated?: boolean;
  /**
   * Default true: neither a stray destroy nor the controller deletes the load balancer, and with it everybody's
   * targets.
   */
  protect?: boolean;
  /**
   * Fields that somebody else has written meanwhile (kubectl annotate) are taken back instead of refused as a conflict.
   * Default false.
   */
  force?: boolean;
}

/** All that is wrong with the arguments. */
export function loadBalancerServiceProblems(args: LoadBalancerServiceArgs): Problem[] {
  const problems: Problem[] = [];
  const add = (path: string, value: unknown, rule: string, remedy: string): void =>
    void problems.push({ path, value: value ?? null, rule, remedy });
  if (!/^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(args.serviceName) || args.serviceName.length > longestKubernetesLabel) {
    add(
      "serviceName",
      args.serviceName,
      `must be lower-case letters, digits and dashes, at most ${longestKubernetesLabel} characters`,
      "Choose a name like web-lb",
    );
  }
  if (args.existing === true) {
    if (args.ports !== undefined)
      add("ports", args.ports, "can't be combined with `existing`: the Service keeps its own", "Remove one of the two");
    return problems;
  }
  const list = args.ports ?? [];
  if (list.length === 0) add("ports", args.ports, "must name at least one port", "Give name, port and targetPort");
  if (list.length > listenersPerLoadBalancer.most)
    add(
      "ports",
      list.length,
      `a load balancer has at most ${listenersPerLoadBalancer.most} listeners (${listenersPerLoadBalancer.source})`,
      "Split them over several Services",
    );
  if (Object.keys(args.selector ?? {}).length === 0)
    add(
      "selector",
      args.selector,
      "must select the pods: a Service without one registers nothing",
      "Give the workload's labels",
    );
  list.forEach((one, index) => {
    for (const key of ["port", "targetPort"] as const)
      problems.push(...wholeNumberProblems(`ports[${index}].${key}`, one[key], ports.least, ports.most, ports.source));
    for (const key of ["name", "port"] as const) {
      const first = list.findIndex((other) => other[key] === one[key]);
      if (first < index)
        add(
          `ports[${index}].${key}`,
          one[key],
          `is taken by ports[${first}]`,
          "Give every port its own name and listener port",
        );
    }
  });
  const range = (
    key: "healthCheckIntervalSeconds" | "healthCheckThreshold" | "deregistrationDelaySeconds" | "healthCheckPort",
    limits: { least: number; most: number },
    source: string,
  ): void => {
    if (args[key] !== undefined)
      problems.push(...wholeNumberProblems(key, args[key], limits.least, limits.most, source));
  };
  range("healthCheckIntervalSeconds", healthCheck.intervalSeconds, healthCheck.source);
  range("healthCheckThreshold", healthCheck.threshold, healthCheck.source);
  range("deregistrationDelaySeconds", deregistrationDelaySeconds, deregistrationDelaySeconds.source);
  range("healthCheckPort", ports, ports.source);
  if (args.targetType === "instance" && args.healthCheckPort !== undefined) {
    add(
      "healthCheckPort",
      args.healthCheckPort,
      "can't be set for instance targets: a NodePort differs from cluster to cluster",
      "Leave it out: every port is asked on its own",
    );
  }
  return problems;
}

/**
 * The primary's side of a service that several clusters serve (owner `service`): a Service of type LoadBalancer, for
 * which the AWS Load
 * Balancer Controller makes an NLB with multi-cluster target groups. The other clusters bind to those with
 * `MultiClusterService`.
 * Standing down, its targets leave while the load balancer stays for the others.
 */
export class LoadBalancerService extends pulumi.ComponentResource {
  /** The Service's name in its namespace. */
  public readonly serviceName: string;

  constructor(name: string, args: LoadBalancerServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("eks-blue-green:index:LoadBalancerService", name, {}, opts);
    throwProblems(`LoadBalancerService '${name}'`, loadBalancerServiceProblems(args));
    this.serviceName = args.serviceName;
    const down = args.active ? { selector: {}, annotations: {} } : standDown(args.targetType ?? "ip");
    if (args.existing === true) this.patchExisting(name, args, down);
    else this.createService(name, args, down);
    this.registerOutputs({ serviceName: this.serviceName });
  }

  private createService(name: string, args: LoadBalancerServiceArgs, down: ReturnType<typeof standDown>): void {
    const targetType = args.targetType ?? "ip";
    const balancerAnnotations = loadBalancerAnnotations({
      targetType,
      internal: args.internal === true,
      crossZone: args.crossZone !== false,
      clientCidrBlocks: args.clientCidrBlocks ?? ["0.0.0.0/0"],
      healthCheckPath: args.healthCheckPath ?? "/healthz",
      healthCheckPort: args.healthCheckPort ?? null,
      healthCheckIntervalSeconds: args.healthCheckIntervalSeconds ?? 10,
      healthCheckThreshold: args.healthCheckThreshold ?? 3,
      deregistrationDelaySeconds: args.deregistrationDelaySeconds ?? deregistrationDelaySeconds.default,
      deletionProtection: args.protect !== false,
    });
    const handedOver = args.handedOver === true;
    const annotations = handedOver
      ? handedOverAnnotations(args.annotated === true ? balancerAnnotations : {})
      : { ...balancerAnnotations, ...down.annotations };
    new kubernetes.core.v1.Service(
      name,
      {
        // A handed-over Service may have no endpoints, which is no failure.
        metadata: {
          name: args.serviceName,
          namespace: args.namespace,
          labels: { "app.kubernetes.io/managed-by": "eks-blue-green" },
          annotations: {
            ...annotations,
            ...(handedOver ? { "pulumi.com/skipAwait": "true" } : {}),
            ...(args.force === true ? { "pulumi.com/patchForce": "true" } : {}),
          },
        },
        spec: {
          ...(handedOver
            ? { type: targetType === "ip" ? "ClusterIP" : "NodePort" }
            : { type: "LoadBalancer", loadBalancerClass }),
          selector: { ...args.selector, ...down.selector },
          // Pods are reached directly: a NodePort would only lie open.
          ...(targetType === "instance"
            ? { externalTrafficPolicy: "Cluster" }
            : handedOver
              ? {}
              : { allocateLoadBalancerNodePorts: false }),
          ...(handedOver ? {} : { loadBalancerSourceRanges: args.clientCidrBlocks ?? ["0.0.0.0/0"] }),
          ports: (args.ports ?? []).map((port) => ({
            name: port.name,
            port: port.port,
            targetPort: port.targetPort,
            protocol: "TCP",
          })),
        },
      },
      {
        parent: this,
        protect: !handedOver && args.protect !== false,
        customTimeouts: { create: "15m", update: "15m", delete: "15m" },
      },
    );
  }

  /** Server-side apply of a few fields under a manager of our own; everything else stays its owner's. */
  private patchExisting(name: string, args: LoadBalancerServiceArgs, down: ReturnType<typeof standDown>): void {
    // One annotation holds many attributes: those of its owner's have to be said again.
    const theirs = kubernetes.core.v1.Service.get(
      `${name}-theirs`,
      pulumi.interpolate`${args.namespace}/${args.serviceName}`,
      { parent: this },
    );
    const targetType = args.targetType ?? "ip";
    const annotations = theirs.metadata.annotations.apply((now) => ({
      ...extendingAnnotations(now ?? {}, { targetType, active: args.active }),
      "pulumi.com/patchForce": "true",
    }));
    const protect = args.handedOver !== true && args.protect !== false;
    const identity = { name: args.serviceName, namespace: args.namespace };
    // A patch of its own, which leaves the selector as it is when it goes: since the first standing down the field has
    // no other manager, and would go with it.
    const selector =
      targetType !== "ip"
        ? []
        : [
            new kubernetes.core.v1.ServicePatch(
              `${name}-selector`,
              {
                metadata: { ...identity, annotations: { ...down.annotations, "pulumi.com/patchForce": "true" } },
                spec: {
                  selector: theirs.spec.apply((now) => extendingSelector(now?.selector ?? {}, { active: args.active })),
                },
              },
              { parent: this, protect, retainOnDelete: true },
            ),
          ];
    // Whoever waits for the Service's endpoints waits for the selector.
    new kubernetes.core.v1.ServicePatch(
      name,
      { metadata: { ...identity, annotations } },
      { parent: this, protect, dependsOn: selector },
    );
  }
}
