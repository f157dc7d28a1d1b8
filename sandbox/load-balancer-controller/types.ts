/** The parts of Kubernetes' objects that the controller reads and writes, as they are in JSON. */

export interface Meta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
}

export interface TargetGroupBindingSpec {
  readonly targetGroupARN?: string;
  readonly targetGroupName?: string;
  readonly targetType?: "ip" | "instance";
  readonly serviceRef: { readonly name: string; readonly port: number | string };
  readonly networking?: Networking;
  readonly ipAddressType?: "ipv4" | "ipv6";
  readonly vpcID?: string;
  readonly multiClusterTargetGroup?: boolean;
  readonly targetGroupProtocol?: string;
  readonly iamRoleArnToAssume?: string;
  readonly assumeRoleExternalId?: string;
  readonly nodeSelector?: LabelSelector;
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** Who may reach the targets. Without ports all TCP ports are meant, without a port all of the protocol. */
export interface Networking {
  readonly ingress?: readonly {
    readonly from: readonly {
      readonly ipBlock?: { readonly cidr: string };
      readonly securityGroup?: { readonly groupID: string };
    }[];
    readonly ports: readonly { readonly port?: number | string; readonly protocol?: "TCP" | "UDP" }[];
  }[];
}

export interface TargetGroupBinding {
  readonly metadata: Meta;
  readonly spec: TargetGroupBindingSpec;
  readonly status?: { readonly observedGeneration?: number; readonly conditions?: readonly Condition[] };
}

export interface ServicePort {
  readonly name?: string;
  readonly port: number;
  /** Default TCP. */
  readonly protocol?: string;
  readonly targetPort?: number | string;
  readonly nodePort?: number;
}

export interface ServiceObject {
  readonly metadata: Meta;
  readonly spec: {
    readonly type?: string;
    readonly loadBalancerClass?: string;
    readonly loadBalancerSourceRanges?: readonly string[];
    readonly externalTrafficPolicy?: "Cluster" | "Local";
    readonly healthCheckNodePort?: number;
    readonly ports?: readonly ServicePort[];
  };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly hostname?: string }[] } };
}

export interface EndpointSlice {
  readonly metadata: Meta;
  readonly addressType: "IPv4" | "IPv6" | "FQDN";
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[] | null;
  readonly endpoints?: readonly Endpoint[] | null;
}

export interface Endpoint {
  readonly addresses: readonly string[];
  readonly conditions?: { readonly ready?: boolean; readonly terminating?: boolean };
  readonly targetRef?: { readonly kind?: string; readonly name?: string; readonly namespace?: string };
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

export interface PodObject {
  readonly metadata: Meta;
  readonly spec?: {
    readonly nodeName?: string;
    readonly readinessGates?: readonly { readonly conditionType: string }[];
    readonly containers?: readonly {
      readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
    }[];
  };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

export interface NodeObject {
  readonly metadata: Meta;
  readonly spec?: { readonly providerID?: string; readonly taints?: readonly { readonly key: string }[] };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

export function conditionOf(
  object: { readonly status?: { readonly conditions?: readonly Condition[] } },
  type: string,
): Condition | undefined {
  return object.status?.conditions?.find((one) => one.type === type);
}

/** What shall be a target: a pod's address, or a node's instance with a node port. */
export interface PodEndpoint {
  /** Address of the pod; id of the instance (`i-…`) for instance targets. */
  readonly ip: string;
  /** The pod's port; the Service's NodePort for instance targets. */
  readonly port: number;
  /** Milliseconds since 1970: an address that a new pod took over is another endpoint. 0 for instance targets. */
  readonly podCreatedAt: number;
  /** `namespace/name` of the pod; empty for instance targets. */
  readonly pod: string;
  /** Instance targets only: the node's name. */
  readonly node?: string;
}

/** A target as ELBv2 told it, or as this controller registered it. */
export interface Target {
  readonly id: string;
  readonly port: number;
  /** `all` for an address outside of the group's VPC; only for registering. */
  readonly zone?: "all";
  /** Null until described after a registration or deregistration. */
  readonly state: string | null;
  readonly reason?: string;
  readonly description?: string;
}

/** `ip:port`, the only thing by which endpoints and targets are matched. */
export function addressOf(one: { readonly ip?: string; readonly id?: string; readonly port: number }): string {
  return `${one.ip ?? one.id}:${one.port}`;
}

export function keyOf(object: { readonly metadata: Meta }): string {
  return `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}
