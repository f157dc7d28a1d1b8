/** What the chart `aws-load-balancer-controller` installs, for the provider stand-in's Helm release. */
import { webhookConfigurations } from "./webhook-configurations";

const NAME = "aws-load-balancer-controller";
const WEBHOOK_SERVICE = "aws-load-balancer-webhook-service";
const REPOSITORY = "public.ecr.aws/eks/aws-load-balancer-controller";

export interface ChartSettings {
  readonly releaseName: string;
  readonly namespace: string;
  /** The chart's version: `3.5.0`. */
  readonly version: string;
  /** The chart's values; those that are not read here change nothing. */
  readonly values: ChartValues;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a chart's values have whatever shape their author gave them
export type ChartValues = Readonly<Record<string, any>>;

/** Since 3.0.0 chart and controller have one version; chart 1.13.0 installs controller 2.13.0. */
export function controllerVersionOf(chartVersion: string): string {
  return chartVersion.replace(/^v/, "").replace(/^1\./, "2.");
}

/** In the order of installation. @throws Error without `values.clusterName`, as the chart does. */
export function chartManifests({ releaseName, namespace, version: chartVersion, values }: ChartSettings): object[] {
  const version = controllerVersionOf(chartVersion);
  if (!values["clusterName"]) throw new Error("Chart cannot be installed without a valid clusterName!");
  const fullName = values["fullnameOverride"] ?? (releaseName.includes(NAME) ? releaseName : `${releaseName}-${NAME}`);
  const selector = { "app.kubernetes.io/name": NAME, "app.kubernetes.io/instance": releaseName };
  const labels = { ...selector, "app.kubernetes.io/version": `v${version}`, "app.kubernetes.io/managed-by": "Helm" };
  const account: string =
    values["serviceAccount"]?.name ?? (values["serviceAccount"]?.create === false ? "default" : fullName);
  const meta = (name: string, annotations?: object): object => ({
    name,
    namespace,
    labels,
    ...(annotations ? { annotations } : {}),
  });
  const createAccount = values["serviceAccount"]?.create !== false;
  const [mutating, validating] = webhookConfigurations({
    service: { name: WEBHOOK_SERVICE, namespace },
    labels,
    services: values["enableServiceMutatorWebhook"] !== false,
    pods: values["podMutatorWebhookConfig"]?.failurePolicy ?? "Ignore",
  });
  return [
    ...(createAccount
      ? [{ apiVersion: "v1", kind: "ServiceAccount", metadata: meta(account, values["serviceAccount"]?.annotations) }]
      : []),
    ...accessRules(fullName, namespace, account, labels),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: meta(WEBHOOK_SERVICE),
      spec: { ports: [{ port: 443, name: "webhook-server", targetPort: "webhook-server" }], selector },
    },
    deployment(meta(fullName), selector, account, version, values),
    ...budget(meta(fullName), selector, values),
    ...(values["createIngressClassResource"] === false
      ? []
      : [
          {
            apiVersion: "networking.k8s.io/v1",
            kind: "IngressClass",
            metadata: { name: values["ingressClass"] ?? "alb", labels },
            spec: { controller: "ingress.k8s.aws/alb" },
          },
        ]),
    mutating,
    validating,
  ];
}

/**
 * With `--lbc external` a real controller brings its own access rules and webhooks: ours would fight with them, or
 * block every binding while nobody answers.
 */
export function forExternalController<T extends object>(manifests: readonly T[]): T[] {
  const theirs =
    /^(ClusterRole|ClusterRoleBinding|Role|RoleBinding|MutatingWebhookConfiguration|ValidatingWebhookConfiguration)$/;
  return manifests.filter((manifest) => !theirs.test((manifest as { kind?: string }).kind ?? ""));
}

/**
 * With it a node that goes takes one replica at a time: without, both could end with the pods that they have to
 * deregister.
 */
function budget(metadata: object, selector: object, values: ChartSettings["values"]): object[] {
  const spec = values["podDisruptionBudget"];
  const wanted = spec !== undefined && Object.keys(spec).length > 0 && (values["replicaCount"] ?? 2) > 1;
  return wanted
    ? [
        {
          apiVersion: "policy/v1",
          kind: "PodDisruptionBudget",
          metadata,
          spec: { ...spec, selector: { matchLabels: selector } },
        },
      ]
    : [];
}

/** The chart's default: two replicas on two nodes where there are two. */
function affinity(selector: Readonly<Record<string, string>>, values: ChartSettings["values"]): object {
  if (values["affinity"]) return { affinity: values["affinity"] };
  if (values["configureDefaultAffinity"] === false) return {};
  const podAffinityTerm = {
    labelSelector: {
      matchExpressions: [
        { key: "app.kubernetes.io/name", operator: "In", values: [selector["app.kubernetes.io/name"]] },
      ],
    },
    topologyKey: "kubernetes.io/hostname",
  };
  return {
    affinity: {
      podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm }] },
    },
  };
}

function deployment(
  metadata: object,
  selector: Readonly<Record<string, string>>,
  account: string,
  version: string,
  values: ChartSettings["values"],
): object {
  const image = values["image"] ?? {};
  const args = [
    `--cluster-name=${values["clusterName"]}`,
    `--ingress-class=${values["ingressClass"] ?? "alb"}`,
    ...(values["region"] ? [`--aws-region=${values["region"]}`] : []),
    ...(values["vpcId"] ? [`--aws-vpc-id=${values["vpcId"]}`] : []),
  ];
  const container = {
    name: NAME,
    image: `${image.repository ?? REPOSITORY}:${image.tag ?? `v${version}`}`,
    args,
    ports: [
      { name: "webhook-server", containerPort: 9443, protocol: "TCP" },
      { name: "metrics-server", containerPort: 8080, protocol: "TCP" },
    ],
    livenessProbe: {
      httpGet: { path: "/healthz", port: 61779, scheme: "HTTP" },
      initialDelaySeconds: 30,
      timeoutSeconds: 10,
      failureThreshold: 2,
    },
    readinessProbe: {
      httpGet: { path: "/readyz", port: 61779, scheme: "HTTP" },
      initialDelaySeconds: 10,
      timeoutSeconds: 10,
      successThreshold: 1,
      failureThreshold: 2,
    },
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata,
    spec: {
      replicas: values["replicaCount"] ?? 2,
      selector: { matchLabels: selector },
      template: {
        metadata: { labels: selector },
        spec: {
          serviceAccountName: account,
          terminationGracePeriodSeconds: 10,
          ...affinity(selector, values),
          containers: [container],
        },
      },
    },
  };
}

function accessRules(fullName: string, namespace: string, account: string, labels: object): object[] {
  const api = "rbac.authorization.k8s.io";
  const subjects = [{ kind: "ServiceAccount", name: account, namespace }];
  const look = ["get", "list", "watch"];
  const rule = (apiGroups: string[], resources: string[], verbs: string[]): object => ({ apiGroups, resources, verbs });
  const rules = [
    rule(["elbv2.k8s.aws"], ["targetgroupbindings"], [...look, "create", "delete", "patch", "update"]),
    rule(["elbv2.k8s.aws"], ["ingressclassparams"], look),
    rule(
      ["elbv2.k8s.aws", "", "networking.k8s.io"],
      ["targetgroupbindings/status", "pods/status", "services/status", "ingresses/status"],
      ["update", "patch"],
    ),
    rule([""], ["events"], ["create", "patch"]),
    rule([""], ["pods", "nodes", "namespaces", "endpoints"], look),
    rule([""], ["services"], [...look, "patch", "update"]),
    rule([""], ["configmaps"], ["get", "create", "delete", "update"]),
    rule(["networking.k8s.io"], ["ingresses", "ingressclasses"], [...look, "patch", "update"]),
    rule(["discovery.k8s.io"], ["endpointslices"], look),
  ];
  const role = { apiGroup: api, kind: "ClusterRole", name: `${fullName}-role` };
  const leader = { apiGroup: api, kind: "Role", name: `${fullName}-leader-election-role` };
  return [
    { apiVersion: `${api}/v1`, kind: "ClusterRole", metadata: { name: role.name, labels }, rules },
    {
      apiVersion: `${api}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: `${fullName}-rolebinding`, labels },
      roleRef: role,
      subjects,
    },
    {
      apiVersion: `${api}/v1`,
      kind: "Role",
      metadata: { name: leader.name, namespace, labels },
      rules: [rule(["coordination.k8s.io"], ["leases"], ["create", "get", "update", "patch"])],
    },
    {
      apiVersion: `${api}/v1`,
      kind: "RoleBinding",
      metadata: { name: `${fullName}-leader-election-rolebinding`, namespace, labels },
      roleRef: leader,
      subjects,
    },
  ];
}
