import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { longestKubernetesLabel, ports } from "./internal/aws-limits";
import { defaultLagSeconds, lagOf } from "./internal/propagation-lag";
import { graceIn, mergePodTemplate, type PodTemplatePart, preStopIn, saysResource } from "./internal/pod-template";
import { podTemplateProblems } from "./internal/pod-template-problems";
import { type Problem, throwProblems, wholeNumberProblems } from "./internal/problems";
import type { PodTemplate } from "./pod-template";

/** `restricted`: as Kubernetes' Pod Security Standard of that name · `baseline`: the image's user and capabilities. */
export interface PodSecurity {
  readonly profile: "restricted" | "baseline";
  /** Only with `restricted`. Default: the image's user, which must be a number other than 0. */
  readonly runAsUser?: number;
  /** Whether pods get a token of the API server. */
  readonly serviceAccountToken: boolean;
}

/** Settings of a Deployment, its Service, and its budget for disruptions. */
export interface WorkloadArgs {
  /** Name of Deployment, Service and container, at most 63 characters. */
  workloadName: string;
  namespace: pulumi.Input<string>;
  /**
   * Creates the namespace, labelled so that the controller adds readiness gates to its pods. Default false: it is
   * there.
   */
  createNamespace?: boolean;
  image: pulumi.Input<string>;
  /** Port that the container listens on, 1 to 65535. It answers the probes. */
  containerPort: number;
  /** All ports of container and Service, `containerPort` among them. Default: `containerPort` alone, named `http`. */
  ports?: { name: string; port: number; targetPort: number }[];
  /** Type of the member's own Service: `ClusterIP` (default), or `NodePort` for instance targets. */
  serviceType?: "ClusterIP" | "NodePort";
  /** Port of the ClusterIP Service. Default: the container's. */
  servicePort?: number;
  /** Pods, at least 2. Ignored when `autoscaled`. Default 2. */
  replicas?: number;
  /**
   * True when an autoscaler owns the replicas: they are left out, or server-side apply would fight it. Default false.
   */
  autoscaled?: boolean;
  /**
   * Scales to zero, whoever owns the replicas; pods end gracefully. Default false. An `autoscaled` workload that is
   * started again begins with
   * one pod, and its autoscaler, which leaves zero alone, goes on from there.
   */
  stopped?: boolean;
  /** Given to the pods as `MEMBER`. */
  memberName: string;
  /** HTTP path of all three probes. Default `/healthz`. */
  healthCheckPath?: string;
  /**
   * How long a pod serves on after it was told to stop. At least the load balancer's lag: 180 s, or 90 s behind an
   * Application Load Balancer. Default: as the template says, else 300.
   */
  preStopSeconds?: number;
  /**
   * Seconds until the kubelet kills a stopping pod, at least 10 more than `preStopSeconds`. Default: as the template
   * says, else 60 more.
   */
  terminationGraceSeconds?: number;
  /** What sends to the pods; how long they must serve on depends on it. Default `network`. */
  loadBalancerType?: "network" | "application";
  /** More variables of the container. Not for secrets: they stand readable in the state and in the Deployment. */
  environment?: Record<string, string>;
  /**
   * Names of Secrets in the namespace whose keys become variables; pods don't start before they are there.
   * `environment` wins. Default none.
   */
  environmentFrom?: string[];
  /** What the pods may do on their node. Default: what the image wants, without escalation; with a token. */
  podSecurity?: PodSecurity;
  /** Default `100m`. */
  cpuRequest?: string;
  /** Request and limit, so that a pod is never killed for what its node lacks. Default `128Mi`. */
  memory?: string;
  /**
   * Name of the ServiceAccount that the pods run as, in the namespace; it must be there. Default: the template's, else
   * the namespace's `default`.
   */
  serviceAccountName?: string;
  /** Of the pods: a change rolls them. Default none. */
  podAnnotations?: Record<string, string>;
  /**
   * Merged onto the pods' template: sidecars, volumes, tolerations, resources, probes, whatever a pod can have. Selector
   * labels, ports of targets, readiness gates and the like are refused. Default none.
   */
  podTemplate?: PodTemplate;
}

/** As settings and template say; both may, when they agree. */
function stopTimes(args: WorkloadArgs): { readonly preStop: number; readonly grace: number } {
  const part = partOf(args);
  const preStop = args.preStopSeconds ?? preStopIn(args.workloadName, part) ?? defaultLagSeconds;
  return { preStop, grace: args.terminationGraceSeconds ?? graceIn(part) ?? preStop + 60 };
}

const partOf = ({ podTemplate }: WorkloadArgs): PodTemplatePart | undefined => podTemplate;

/** What a pod still needs after its preStop sleep to answer what it has accepted. */
const leastStopSeconds = 10;

/**
 * New pods at once in a rolling update, in percent of the replicas: however many there are, four batches do. It rounds
 * up, so up to four
 * replicas go one by one.
 */
const surgePercent = 25;
/**
 * Longest wait for the next new pod: its start, and with a readiness gate the load balancer's registration (180 to 300
 * s) and health checks.
 */
const progressDeadlineSeconds = 900;
const rollingUpdateSeconds = Math.ceil(100 / surgePercent) * progressDeadlineSeconds;

/** All that is wrong with the arguments. */
export function workloadProblems(args: WorkloadArgs): Problem[] {
  const { preStop, grace } = stopTimes(args);
  const problems = wholeNumberProblems("containerPort", args.containerPort, ports.least, ports.most, ports.source);
  const add = (path: string, value: unknown, rule: string, remedy: string): void =>
    void problems.push({ path, value, rule, remedy });
  if (!/^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(args.workloadName) || args.workloadName.length > longestKubernetesLabel) {
    add(
      "workloadName",
      args.workloadName,
      `must be lower-case letters, digits and dashes, at most ${longestKubernetesLabel} characters`,
      "Choose a name like web",
    );
  }
  args.ports?.forEach((one, index) => {
    for (const key of ["port", "targetPort"] as const)
      problems.push(...wholeNumberProblems(`ports[${index}].${key}`, one[key], ports.least, ports.most, ports.source));
    for (const key of ["name", "port", "targetPort"] as const) {
      const first = args.ports?.findIndex((other) => other[key] === one[key]) ?? index;
      if (first < index)
        add(
          `ports[${index}].${key}`,
          one[key],
          `is taken by ports[${first}]`,
          "Give every port its own name, Service port and container port",
        );
    }
  });
  if (args.ports !== undefined && !args.ports.some((one) => one.targetPort === args.containerPort))
    add(
      "containerPort",
      args.containerPort,
      "must be the targetPort of one of the ports",
      "Name the port that answers the probes",
    );
  if (args.servicePort !== undefined)
    problems.push(...wholeNumberProblems("servicePort", args.servicePort, ports.least, ports.most, ports.source));
  if (
    args.autoscaled !== true &&
    args.replicas !== undefined &&
    !(Number.isInteger(args.replicas) && args.replicas >= 2)
  ) {
    add(
      "replicas",
      args.replicas,
      "must be a whole number of at least 2: one pod alone is an outage whenever its node goes",
      "Choose 2 or more; use `stopped` to scale to zero",
    );
  }
  // One of the template's is refused with the template.
  const { usual, longest, why } = lagOf(args.loadBalancerType);
  if (preStop < usual && preStop !== preStopIn(args.workloadName, partOf(args)))
    add("preStopSeconds", preStop, `must be at least ${usual}: ${why}`, `Choose ${longest}`);
  if (grace < preStop + leastStopSeconds)
    add(
      "terminationGraceSeconds",
      grace,
      `must be at least ${leastStopSeconds} s longer than preStopSeconds (${preStop})`,
      `Choose ${preStop + 60}`,
    );
  if (args.environment?.["MEMBER"] !== undefined)
    add("environment.MEMBER", args.environment["MEMBER"], "is set from memberName", "Choose another name");
  return [...problems, ...templateProblems(args)];
}

function templateProblems(args: WorkloadArgs): Problem[] {
  const part = partOf(args);
  if (part === undefined) return [];
  const found = podTemplateProblems(part, {
    name: args.workloadName,
    ports: portsOf(args),
    preStopSeconds: args.preStopSeconds,
    terminationGraceSeconds: args.terminationGraceSeconds,
    memory: args.memory,
    cpu: args.cpuRequest,
    podSecurity: args.podSecurity,
    serviceAccountName: args.serviceAccountName,
    variables: Object.keys(args.environment ?? {}),
    loadBalancerType: args.loadBalancerType,
    called: { preStop: "preStopSeconds", grace: "terminationGraceSeconds", variables: "environment" },
  });
  return found.map((problem) => ({ ...problem, path: `podTemplate.${problem.path}` }));
}

/** A Deployment that can leave a load balancer without losing a request, its Service and its disruption budget. */
export class Workload extends pulumi.ComponentResource {
  /** The Deployment's name in its namespace. */
  public readonly deploymentName: string;
  /** The Service's name in its namespace. */
  public readonly serviceName: string;
  /** The first port of the Service. */
  public readonly servicePort: number;
  /** Pod labels by which Deployment, Service and budget select. */
  public readonly selector: Readonly<Record<string, string>>;

  constructor(name: string, args: WorkloadArgs, opts?: pulumi.ComponentResourceOptions) {
    super("eks-blue-green:index:Workload", name, {}, opts);
    throwProblems(`Workload '${name}'`, workloadProblems(args));
    this.deploymentName = args.workloadName;
    this.serviceName = args.workloadName;
    this.servicePort = args.servicePort ?? args.containerPort;
    this.selector = { "app.kubernetes.io/name": args.workloadName };
    const labels = { ...this.selector, "app.kubernetes.io/managed-by": "eks-blue-green" };
    const metadata = { name: args.workloadName, namespace: args.namespace, labels };
    const namespaces =
      args.createNamespace === true ? [createWorkloadNamespace(name, args.namespace, { parent: this })] : [];
    const within = { parent: this, dependsOn: namespaces };
    new kubernetes.policy.v1.PodDisruptionBudget(
      name,
      { metadata, spec: { maxUnavailable: 1, selector: { matchLabels: this.selector } } },
      within,
    );
    // The autoscaler has written `replicas` last: without force the zero would be a conflict, already in a preview.
    // Left out again, the field gets the API server's own default, 1.
    const taking =
      args.stopped === true && args.autoscaled === true
        ? { ...metadata, annotations: { "pulumi.com/patchForce": "true" } }
        : metadata;
    const deployment = new kubernetes.apps.v1.Deployment(
      name,
      { metadata: taking, spec: this.deploymentSpec(args, labels) },
      {
        ...within,
        // A rolling update replaces pods batch by batch, and each batch takes the load balancer's lag.
        customTimeouts: { create: "30m", update: `${rollingUpdateSeconds / 60}m`, delete: "30m" },
      },
    );
    new kubernetes.core.v1.Service(
      name,
      {
        // A standby's Service may have no endpoints (scaled to zero), which is no failure.
        metadata: { ...metadata, annotations: { "pulumi.com/skipAwait": "true" } },
        spec: {
          type: args.serviceType ?? "ClusterIP",
          selector: this.selector,
          ports: portsOf(args).map(({ name: portName, port, targetPort }) => ({
            name: portName,
            port,
            targetPort,
            protocol: "TCP",
          })),
        },
      },
      { ...within, dependsOn: [...namespaces, deployment] },
    );
    this.registerOutputs({
      deploymentName: this.deploymentName,
      serviceName: this.serviceName,
      servicePort: this.servicePort,
      selector: this.selector,
    });
  }

  private deploymentSpec(
    args: WorkloadArgs,
    labels: Record<string, string>,
  ): kubernetes.types.input.apps.v1.DeploymentSpec {
    const { preStop, grace } = stopTimes(args);
    const replicas = args.stopped === true ? 0 : args.autoscaled === true ? undefined : (args.replicas ?? 2);
    const spread = (topologyKey: string): kubernetes.types.input.core.v1.TopologySpreadConstraint => ({
      maxSkew: 1,
      topologyKey,
      whenUnsatisfiable: "ScheduleAnyway",
      labelSelector: { matchLabels: this.selector },
    });
    return {
      ...(replicas === undefined ? {} : { replicas }),
      selector: { matchLabels: this.selector },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: `${surgePercent}%` } },
      progressDeadlineSeconds,
      template: mergePodTemplate(
        {
          metadata: { labels, ...(args.podAnnotations === undefined ? {} : { annotations: args.podAnnotations }) },
          spec: {
            ...podSettings(args),
            ...(args.serviceAccountName === undefined ? {} : { serviceAccountName: args.serviceAccountName }),
            terminationGracePeriodSeconds: grace,
            topologySpreadConstraints: [spread("topology.kubernetes.io/zone"), spread("kubernetes.io/hostname")],
            containers: [this.container(args, preStop)],
          },
        },
        partOf(args),
        { name: args.workloadName, preStopSeconds: preStop, securityContext: securityOfOthers(args) },
      ),
    };
  }

  private container(args: WorkloadArgs, preStopSeconds: number): kubernetes.types.input.core.v1.Container {
    const probe = (periodSeconds: number, failureThreshold: number): kubernetes.types.input.core.v1.Probe => ({
      httpGet: { path: args.healthCheckPath ?? "/healthz", port: args.containerPort },
      periodSeconds,
      failureThreshold,
      timeoutSeconds: 2,
    });
    const environment = Object.entries({ ...args.environment, MEMBER: args.memberName });
    return {
      name: args.workloadName,
      image: args.image,
      ports: portsOf(args).map((port) => ({ name: port.name, containerPort: port.targetPort, protocol: "TCP" })),
      env: environment.map(([name, value]) => ({ name, value })),
      ...(args.environmentFrom === undefined
        ? {}
        : { envFrom: args.environmentFrom.map((name) => ({ secretRef: { name } })) }),
      // The kubelet's own sleep (Kubernetes 1.30): it needs no shell in the image. The pod serves on while the load
      // balancer forgets it.
      lifecycle: { preStop: { sleep: { seconds: preStopSeconds } } },
      startupProbe: probe(2, 60),
      readinessProbe: probe(5, 3),
      // Slower than readiness: a pod that is busy leaves the load balancer first, and is restarted only when it stays
      // so.
      livenessProbe: probe(10, 6),
      resources: resourcesOf(args),
      securityContext: { ...confined, ...unprivileged(args.podSecurity) },
    };
  }
}

/** Without what the template says: of a limit below its request, or the other way round, nothing would start. */
function resourcesOf(args: WorkloadArgs): kubernetes.types.input.core.v1.ResourceRequirements {
  const said = (resource: string): boolean => saysResource(args.workloadName, partOf(args), resource);
  const memory: Record<string, string> = said("memory") ? {} : { memory: args.memory ?? "128Mi" };
  const cpu: Record<string, string> = said("cpu") ? {} : { cpu: args.cpuRequest ?? "100m" };
  return { requests: { ...cpu, ...memory }, limits: memory };
}

/** Containers that the template brings must fit the standard too, or a namespace that enforces it refuses the pods. */
const securityOfOthers = ({ podSecurity }: WorkloadArgs): Readonly<Record<string, unknown>> =>
  podSecurity?.profile === "restricted"
    ? { ...confined, ...unprivileged({ ...podSecurity, runAsUser: undefined }) }
    : {};

/** Of every container of ours, whatever the config says. */
const confined = { allowPrivilegeEscalation: false, seccompProfile: { type: "RuntimeDefault" } };

/** Ports below that only root opens, unless the pod says otherwise. */
const firstFreePort = 1024;

/** Nothing where nothing is said: what a pod's template has may only change when somebody asks for it. */
function podSettings(args: WorkloadArgs): Partial<kubernetes.types.input.core.v1.PodSpec> {
  const { podSecurity } = args;
  if (podSecurity === undefined) return {};
  const lowPorts = portsOf(args).some(({ targetPort }) => targetPort < firstFreePort);
  return {
    automountServiceAccountToken: podSecurity.serviceAccountToken,
    // One of the settings that every Pod Security Standard allows; capabilities are of no use to a user other than root.
    ...(podSecurity.profile === "restricted" && lowPorts
      ? { securityContext: { sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }] } }
      : {}),
  };
}

const unprivileged = (security: PodSecurity | undefined): kubernetes.types.input.core.v1.SecurityContext =>
  security?.profile === "restricted"
    ? {
        runAsNonRoot: true,
        ...(security.runAsUser === undefined ? {} : { runAsUser: security.runAsUser }),
        capabilities: { drop: ["ALL"] },
      }
    : {};

const portsOf = (args: WorkloadArgs): { name: string; port: number; targetPort: number }[] =>
  args.ports ?? [{ name: "http", port: args.servicePort ?? args.containerPort, targetPort: args.containerPort }];

/**
 * A namespace whose pods get readiness gates: a rolling update then waits until the load balancer sees each new pod
 * healthy.
 */
export function createWorkloadNamespace(
  name: string,
  namespace: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): kubernetes.core.v1.Namespace {
  return new kubernetes.core.v1.Namespace(
    name,
    { metadata: { name: namespace, labels: { "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled" } } },
    opts,
  );
}
