/** The chart's webhook configurations. Their names, paths and policies are the real controller's interface. */

export const WEBHOOK_CONFIGURATION = "aws-load-balancer-webhook";

export const WEBHOOK_PATHS = {
  mutateBinding: "/mutate-elbv2-k8s-aws-v1beta1-targetgroupbinding",
  validateBinding: "/validate-elbv2-k8s-aws-v1beta1-targetgroupbinding",
  mutatePod: "/mutate-v1-pod",
  mutateService: "/mutate-v1-service",
  validateIngress: "/validate-networking-v1-ingress",
  validateIngressClassParams: "/validate-elbv2-k8s-aws-v1beta1-ingressclassparams",
} as const;

export interface WebhookSettings {
  readonly service: { readonly name: string; readonly namespace: string };
  readonly labels: Readonly<Record<string, string>>;
  /**
   * The chart's `enableServiceMutatorWebhook`: with it no Service can be made while the controller is down. Default
   * true.
   */
  readonly services?: boolean;
  /**
   * The chart's `podMutatorWebhookConfig.failurePolicy`: whether pods are made without a readiness gate while the
   * controller does not answer. Default `Ignore`.
   */
  readonly pods?: "Ignore" | "Fail";
}

type Manifest = Readonly<Record<string, unknown>>;

/** The mutating one, then the validating one. */
export function webhookConfigurations({
  service,
  labels,
  services = true,
  pods = "Ignore",
}: WebhookSettings): readonly [Manifest, Manifest] {
  const webhook = (
    name: string,
    path: string,
    resource: string,
    group: string,
    version: string,
    operations: readonly string[],
    more: object = {},
  ): object => ({
    name,
    clientConfig: { service: { ...service, path } },
    failurePolicy: "Fail",
    admissionReviewVersions: ["v1beta1", "v1"],
    sideEffects: "None",
    rules: [{ apiGroups: [group], apiVersions: [version], operations, resources: [resource] }],
    ...more,
  });
  const base = (kind: string, webhooks: readonly object[]): Manifest => ({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind,
    metadata: { name: WEBHOOK_CONFIGURATION, labels },
    webhooks,
  });
  const gateNamespaces = {
    matchExpressions: [{ key: "elbv2.k8s.aws/pod-readiness-gate-inject", operator: "In", values: ["enabled"] }],
  };
  // Without this the controller's own pods could not be made while it is down.
  const notItself = {
    matchExpressions: [{ key: "app.kubernetes.io/name", operator: "NotIn", values: ["aws-load-balancer-controller"] }],
  };
  return [
    base("MutatingWebhookConfiguration", [
      webhook("mpod.elbv2.k8s.aws", WEBHOOK_PATHS.mutatePod, "pods", "", "v1", ["CREATE"], {
        failurePolicy: pods,
        namespaceSelector: gateNamespaces,
        objectSelector: notItself,
      }),
      ...(services
        ? [
            webhook("mservice.elbv2.k8s.aws", WEBHOOK_PATHS.mutateService, "services", "", "v1", ["CREATE"], {
              objectSelector: notItself,
            }),
          ]
        : []),
      webhook(
        "mtargetgroupbinding.elbv2.k8s.aws",
        WEBHOOK_PATHS.mutateBinding,
        "targetgroupbindings",
        "elbv2.k8s.aws",
        "v1beta1",
        ["CREATE", "UPDATE"],
      ),
    ]),
    base("ValidatingWebhookConfiguration", [
      webhook(
        "vingressclassparams.elbv2.k8s.aws",
        WEBHOOK_PATHS.validateIngressClassParams,
        "ingressclassparams",
        "elbv2.k8s.aws",
        "v1beta1",
        ["CREATE", "UPDATE"],
        { objectSelector: notItself },
      ),
      webhook(
        "vtargetgroupbinding.elbv2.k8s.aws",
        WEBHOOK_PATHS.validateBinding,
        "targetgroupbindings",
        "elbv2.k8s.aws",
        "v1beta1",
        ["CREATE", "UPDATE"],
      ),
      webhook("vingress.elbv2.k8s.aws", WEBHOOK_PATHS.validateIngress, "ingresses", "networking.k8s.io", "v1", [
        "CREATE",
        "UPDATE",
      ]),
    ]),
  ];
}
