/**
 * A load balancer that somebody else made, as AWS describes it: what has to be declared so that Pulumi takes it over
 * without a change.
 */

/** A target group as it was when it was handed over. Attributes are ELBv2's own keys and texts. */
export interface AdoptedTargetGroup {
  /** Target group key. */
  readonly key: string;
  readonly arn: string;
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly targetType: "ip" | "instance";
  readonly vpcId: string;
  readonly healthCheck: {
    readonly protocol: string;
    /** `traffic-port` or a number as text. */
    readonly port: string;
    /** null for TCP checks. */
    readonly path: string | null;
    readonly intervalSeconds: number;
    readonly timeoutSeconds: number;
    readonly healthyThreshold: number;
    readonly unhealthyThreshold: number;
    /** null for TCP checks. */
    readonly matcher: string | null;
  };
  readonly attributes: Readonly<Record<string, string>>;
}

/** A listener of an adopted load balancer, and where it sends requests. */
export interface AdoptedListener {
  readonly arn: string;
  readonly port: number;
  readonly protocol: string;
  readonly targetGroupKey: string;
}

/**
 * `managed`: the controller made it for this load balancer, and it was handed over with it · `backend`: shared by the
 * primary's controller, only referred to.
 */
export interface AdoptedSecurityGroup {
  readonly id: string;
  readonly kind: "managed" | "backend";
  readonly name: string;
  readonly description: string;
  readonly vpcId: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** A binding that the controller made for the primary's Service, as it was when it was handed over. */
export interface AdoptedBinding {
  /** Target group key. */
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly service: string;
  /** Number, or the port's name. */
  readonly servicePort: string | number;
  readonly targetGroupArn: string;
  /** `spec.networking`: the controller keeps the pods' ingress rules by it; null: none. */
  readonly networking: unknown;
}

/** Everything that the environment's program needs to declare a handed-over load balancer exactly as it is. */
export interface AdoptedLoadBalancer {
  readonly arn: string;
  readonly name: string;
  readonly dnsName: string;
  readonly scheme: "internet-facing" | "internal";
  readonly ipAddressType: string;
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  readonly securityGroups: readonly AdoptedSecurityGroup[];
  /** ELBv2's own keys and texts. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly listeners: readonly AdoptedListener[];
  readonly targetGroups: readonly AdoptedTargetGroup[];
  /**
   * The primary's bindings, which keep their generated names: a second one for the same group would drain the first
   * one's targets.
   */
  readonly bindings?: readonly AdoptedBinding[];
  /**
   * What is left after the controller's own tags were taken off. Of load balancer, listeners and target groups alike.
   */
  readonly tags: Readonly<Record<string, string>>;
}
