/**
 * What the environment's program, the member's program and the driver say to each other: the outputs of the two kinds
 * of stack,
 * and the one argument that the driver passes to the program's function when it runs it inline.
 */
import type { EnvironmentConfig, LoadBalancerOwner, LoadBalancerType, TrafficMode, WorkloadKind } from "./config/types";
import type { EnvironmentRecord, MemberPlacement } from "./record/types";

/**
 * Passed by the driver to the function that the project's `main` exports. Plain `pulumi up` passes nothing.
 * - `record`: write this record into the environment's stack if its last recorded revision is still `expectedRevision`.
 *   `passesOver`: URNs that the update leaves as they are; it is refused when the stack has others by then.
 * - `act`: deploy this member as the open intent says (not the union of before and after), if the record still has this
 *   revision. For the environment's stack: only while a shift is open, whose record it passes on unchanged. `extension`:
 *   what the user's own program declares is declared too; absent: it stays as it is.
 * - `plain`: as plain `pulumi up`, without what the user's own program declares.
 * - `look`: as plain `pulumi up`, all of it, for a preview. Charts of workloads must be good for `kubernetesVersion` too:
 *   that of a member that is to be made.
 * - `unprotect`: deploy the environment's stack without protection, if its record has this revision and says that a
 *   teardown has retired every member.
 * - `release`: the primary's Services of type LoadBalancer lose their protection, or are no longer declared, if the
 *   environment's record has
 *   this revision and a teardown has left nothing but the stopped primary.
 */
export type DriverContext =
  | {
      readonly kind: "record";
      readonly expectedRevision: number;
      readonly record: EnvironmentRecord;
      readonly passesOver?: readonly string[];
    }
  | { readonly kind: "act"; readonly expectedRevision: number; readonly extension?: "declared" }
  | { readonly kind: "plain" }
  | { readonly kind: "look"; readonly kubernetesVersion: string }
  | {
      readonly kind: "unprotect";
      readonly expectedRevision: number;
      /** Ids of adopted backend security groups whose cluster is gone: they go with the stack. */ readonly takes: readonly string[];
    }
  | { readonly kind: "release"; readonly expectedRevision: number; readonly part: "unprotect" | "remove" };

/**
 * What `main` of the project must export (`export = …`), so that both the engine's language host and the driver can run
 * it.
 */
export interface StackProgram {
  (context?: DriverContext): Promise<Record<string, unknown>>;
  /** Whether the environment's stack has resources that the user's own program declares. Absent: no. */
  readonly extendsEnvironment?: boolean;
}

/** An object in a member's cluster. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** Absent: `default`, or the kind has none. */
  readonly namespace?: string;
}

/** What the user's own program declares in a stack, as the last update that ran it left it. */
export interface ExtensionOutputs {
  /** URNs; of what is below another only that other's. */
  readonly resources: readonly string[];
  /** Of a member: what must be there and well before it is let in. Absent: nothing. */
  readonly beforeAdmission?: readonly ObjectReference[];
}

/** Begins the message when the record is gone (`EBG-RECORD-LOST` of the driver) or can't be read. */
export const RECORD_LOST = "EBG-RECORD-LOST";
export const RECORD_INVALID = "EBG-RECORD-INVALID";

/** Thrown (as the message's beginning) inside an update when the record's revision is not the expected one. */
export const FENCED = "EBG-FENCED";

/** Begins the message when a stack is not the one that its name stands for here. */
export const FOREIGN_STACK = "EBG-FOREIGN-STACK";

/** Ids of the network that members run in. */
export interface NetworkOutputs {
  readonly vpcId: string;
  readonly cidrBlock: string;
  readonly privateSubnetIds: readonly string[];
  readonly publicSubnetIds: readonly string[];
}

/** A target group of the environment, its listener and its load balancer. */
export interface ServiceTargetGroup {
  /** Target group key: see `groupsOf`. */
  readonly name: string;
  /** Name of the service in the config. */
  readonly service: string;
  /** Key of the port that it serves: see `targetGroupsOf`. Absent: the group's own key. */
  readonly portKey?: string;
  /** The one member whose targets are in it. Absent or null: all members'. */
  readonly member?: string | null;
  readonly loadBalancerArn: string;
  readonly dnsName: string;
  readonly targetGroupArn: string;
  readonly targetGroupName: string;
  readonly listenerArn: string;
  /** The listener's rule that routes to it. Absent or null: the listener's default action does. */
  readonly ruleArn?: string | null;
  /** Source of the members' ingress rules when it is not the environment's common one. */
  readonly securityGroupId?: string | null;
  /** The listener's port on the load balancer. */
  readonly port: number;
}

/** The load balancer and its target groups, as members and the driver find them. */
export interface SharedLoadBalancerOutputs {
  /** `service`: the primary's Services own the load balancers, one each; the environment's stack knows none of them. */
  readonly owner: LoadBalancerOwner;
  /** Absent: `network`. */
  readonly type?: LoadBalancerType;
  /** `weighted`: each member has groups of its own (`ServiceTargetGroup.member`). Absent: `shared`. */
  readonly traffic?: TrafficMode;
  /** Only with owner `service`. */
  readonly primary: string | null;
  /** null with owner `service`, and when several load balancers were adopted: each target group names its own. */
  readonly arn: string | null;
  readonly dnsName: string | null;
  /** For a Route 53 alias record to `dnsName`; absent in the outputs of older versions. */
  readonly hostedZoneId?: string | null;
  /** Source of the members' own ingress rules; null: not known to this stack. */
  readonly securityGroupId: string | null;
  /** By target group key. Empty in the outputs with owner `service`; the driver fills it by looking at AWS. */
  readonly services: Readonly<Record<string, ServiceTargetGroup>>;
}

/** Outputs of the environment's stack. */
export interface EnvironmentOutputs {
  readonly schemaVersion: 1;
  readonly environment: string;
  readonly region: string;
  readonly record: EnvironmentRecord;
  /** The wanted state, as parsed from `Pulumi.<env>.yaml`, with defaults filled in. */
  readonly config: EnvironmentConfig;
  readonly network: NetworkOutputs;
  readonly loadBalancer: SharedLoadBalancerOutputs;
  /** Absent: the user's own program declares nothing in this stack. */
  readonly extension?: ExtensionOutputs;
  /** What the user's own function answered. */
  readonly extensionOutputs?: Readonly<Record<string, unknown>>;
}

/** One target group of a member: the objects in its cluster that serve it. */
export interface MemberServiceOutputs {
  readonly namespace: string;
  /**
   * `external`: somebody else deploys it, and nothing of it is in this stack. `manifests`, `chart`: the stack makes it
   * from files, and no move writes it. Absent: `managed`.
   */
  readonly workload?: WorkloadKind;
  /** Name of the ServiceAccount whose pods EKS gives credentials of AWS; absent: it gives them none. */
  readonly awsIdentity?: string;
  /** null: the workload is somebody else's, and only the Service is known. */
  readonly deployment: string | null;
  readonly service: string;
  readonly servicePort: number;
  /** null: the primary's load balancer was not there yet. */
  readonly targetGroupArn: string | null;
  /** `ip` (absent means this too) or `instance`. */
  readonly targetType?: "ip" | "instance";
  /**
   * `binding`: this stack declares a TargetGroupBinding while the member is active · `load-balancer-service`: the
   * controller made the
   * binding for the Service of type LoadBalancer, and it stays while the member stands by. Absent: `binding`.
   */
  readonly boundBy?: "binding" | "load-balancer-service";
  /** Name of the Service of type LoadBalancer, on the primary; absent or null elsewhere. */
  readonly loadBalancerService?: string | null;
  /**
   * Its port, which is the listener's; `servicePort` is that of the member's own Service. Absent or null without one.
   */
  readonly loadBalancerServicePort?: number | null;
  /** Name of the TargetGroupBinding object when this update declared it, else null. */
  readonly binding: string | null;
  /** Pod labels by which the Deployment and the Service select; empty when somebody else keeps the workload. */
  readonly selector: Readonly<Record<string, string>>;
}

/** Workloads that a member's stack has made from files, as the last update that read these left them. */
export interface WorkloadFilesOutputs {
  /** URNs; of what is below another only that other's. */
  readonly resources: readonly string[];
  /** By service, what runs its pods: it must be there and well before the member is let in. */
  readonly ready: Readonly<Record<string, readonly ObjectReference[]>>;
}

/** Outputs of a member's stack. An absent member's stack has none or does not exist. */
export interface MemberOutputs {
  readonly schemaVersion: 1;
  readonly environment: string;
  readonly member: string;
  /** What this update declared; not a proof of service. */
  readonly declared: MemberPlacement;
  /** The record's revision that this update followed. */
  readonly revision: number;
  readonly clusterName: string;
  readonly endpoint: string;
  /** Base64 PEM. */
  readonly certificateAuthorityData: string;
  /** JSON text of a kubeconfig (exec `aws eks get-token`, or what an existing cluster was given with). */
  readonly kubeconfig: string;
  readonly region: string;
  /**
   * `roleName`: the IAM role that the controller's pods act as; absent or null: not known (a cluster that brought its
   * own controller).
   */
  readonly controller: {
    readonly namespace: string;
    readonly deployment: string;
    readonly version: string;
    readonly roleName?: string | null;
  };
  /** By target group key. */
  readonly services: Readonly<Record<string, MemberServiceOutputs>>;
  /**
   * Add-on versions as deployed, and the Kubernetes minor they were looked up for: they stay until the minor changes.
   */
  readonly addons?: { readonly minor: string; readonly versions: AddonVersions };
  /** What the cluster was made with and keeps, whatever the config says by now. Absent: an older version made it. */
  readonly made?: ClusterMade;
  /** Absent: no workload comes from files. */
  readonly workloadFiles?: WorkloadFilesOutputs;
  /** Absent: the user's own program declares nothing in this stack. */
  readonly extension?: ExtensionOutputs;
  /** What the user's own function answered. */
  readonly extensionOutputs?: Readonly<Record<string, unknown>>;
}

/** Settings that a running cluster can't change, or not without being asked. */
export interface ClusterMade {
  /** In the config's order then. */
  readonly privateSubnetIds: readonly string[];
  /** null: not known, or the cluster is older than this version of the package: as EKS has it. */
  readonly privateEndpoint: boolean | null;
  readonly kmsKeyArn: string | null;
  /** Role or user that EKS made an administrator when it made the cluster; null: not known. */
  readonly createdBy: string | null;
  /** Absent: an older version made it, and its nodes follow the config. */
  readonly nodes?: NodesMade;
  /** null, or absent (an older version made it): none. */
  readonly permissionsBoundaryArn?: string | null;
}

/** Settings of a node group whose change would replace it. null: EKS's default. */
export interface NodesMade {
  readonly instanceTypes: readonly string[];
  readonly amiType: string | null;
  readonly capacityType: "ON_DEMAND" | "SPOT" | null;
  readonly diskSizeGiB: number | null;
  readonly launchTemplate: { readonly id: string; readonly version: string } | null;
}

/** Versions of EKS add-ons, as `v1.20.4-eksbuild.1`. */
export interface AddonVersions {
  readonly vpcCni: string;
  readonly kubeProxy: string;
  readonly coredns: string;
  readonly podIdentityAgent: string;
}
