/**
 * The custom resources that come with the AWS Load Balancer Controller's chart, as far as the stand-in has them, and
 * the chart's manifests.
 */
export { chartManifests, type ChartSettings, controllerVersionOf, forExternalController } from "./chart";

const string = { type: "string" } as const;
/** For `kubectl explain`. */
const told = <T extends object>(schema: T, description: string): T & { readonly description: string } => ({
  ...schema,
  description,
});
const oneOf = (...values: readonly string[]): object => ({ type: "string", enum: values });
const port = { anyOf: [{ type: "integer" }, { type: "string" }], "x-kubernetes-int-or-string": true } as const;

const peer = {
  type: "object",
  properties: {
    ipBlock: { type: "object", required: ["cidr"], properties: { cidr: string } },
    securityGroup: { type: "object", required: ["groupID"], properties: { groupID: string } },
  },
} as const;

const networking = {
  type: "object",
  properties: {
    ingress: {
      type: "array",
      items: {
        type: "object",
        required: ["from", "ports"],
        properties: {
          from: { type: "array", items: peer },
          ports: { type: "array", items: { type: "object", properties: { port, protocol: oneOf("TCP", "UDP") } } },
        },
      },
    },
  },
} as const;

const labelSelector = {
  type: "object",
  properties: {
    matchLabels: { type: "object", additionalProperties: string },
    matchExpressions: {
      type: "array",
      items: {
        type: "object",
        required: ["key", "operator"],
        properties: { key: string, operator: string, values: { type: "array", items: string } },
      },
    },
  },
} as const;

const condition = {
  type: "object",
  required: ["type", "status", "reason", "message", "lastTransitionTime"],
  properties: {
    type: string,
    status: oneOf("True", "False", "Unknown"),
    reason: string,
    message: string,
    lastTransitionTime: { type: "string", format: "date-time" },
    observedGeneration: { type: "integer", format: "int64" },
  },
} as const;

const bindingSchema = {
  type: "object",
  properties: {
    apiVersion: string,
    kind: string,
    metadata: { type: "object" },
    spec: {
      type: "object",
      required: ["serviceRef"],
      properties: {
        targetGroupARN: told(string, "ARN of the target group. It can't be changed."),
        targetGroupName: told(string, "Name of the target group, instead of its ARN."),
        targetType: told(
          oneOf("instance", "ip"),
          "What is registered: instance (nodes, by NodePort) or ip (pods). Taken from the target group when left " +
            "out; it can't be changed.",
        ),
        serviceRef: told(
          { type: "object", required: ["name", "port"], properties: { name: string, port } },
          "The Service, and which of its ports, whose endpoints are registered.",
        ),
        networking: told(
          networking,
          "Who may reach the targets: the controller keeps rules for it in their security groups.",
        ),
        ipAddressType: oneOf("ipv4", "ipv6"),
        vpcID: told(string, "VPC of the target group, when it is not the cluster's own. It can't be changed."),
        multiClusterTargetGroup: told(
          { type: "boolean" },
          "Whether the target group is shared with other clusters: then only targets that this cluster " +
            "registered are ever deregistered; a ConfigMap lists them.",
        ),
        targetGroupProtocol: oneOf("HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC"),
        iamRoleArnToAssume: string,
        assumeRoleExternalId: string,
        nodeSelector: told(
          labelSelector,
          "Of instance targets: only nodes with these labels are registered. Default: all.",
        ),
      },
    },
    status: {
      type: "object",
      properties: {
        observedGeneration: { type: "integer", format: "int64" },
        conditions: { type: "array", items: condition },
      },
    },
  },
} as const;

function definition(names: object, plural: string, scope: string, version: object): object {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.elbv2.k8s.aws` },
    spec: {
      group: "elbv2.k8s.aws",
      scope,
      names: { plural, ...names },
      versions: [{ name: "v1beta1", served: true, storage: true, ...version }],
    },
  };
}

const column = (name: string, type: string, jsonPath: string, more: object = {}): object => ({
  name,
  type,
  jsonPath,
  ...more,
});

export const loadBalancerControllerCrds: object[] = [
  // The real definition has no short name; here `kubectl get tgb` works too.
  definition(
    {
      kind: "TargetGroupBinding",
      listKind: "TargetGroupBindingList",
      singular: "targetgroupbinding",
      shortNames: ["tgb"],
    },
    "targetgroupbindings",
    "Namespaced",
    {
      schema: { openAPIV3Schema: bindingSchema },
      subresources: { status: {} },
      additionalPrinterColumns: [
        column("SERVICE-NAME", "string", ".spec.serviceRef.name"),
        column("SERVICE-PORT", "string", ".spec.serviceRef.port"),
        column("TARGET-TYPE", "string", ".spec.targetType"),
        column("ARN", "string", ".spec.targetGroupARN", { priority: 1 }),
        column("NAME", "string", ".spec.targetGroupName", { priority: 2 }),
        column("AGE", "date", ".metadata.creationTimestamp"),
      ],
    },
  ),
  definition(
    { kind: "IngressClassParams", listKind: "IngressClassParamsList", singular: "ingressclassparams" },
    "ingressclassparams",
    "Cluster",
    {
      schema: {
        openAPIV3Schema: {
          type: "object",
          properties: {
            apiVersion: string,
            kind: string,
            metadata: { type: "object" },
            spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
          },
        },
      },
    },
  ),
];
