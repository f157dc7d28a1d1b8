/** What a program of the user's own declares beside this package: the functions that it brings, and what they get. */
import type * as aws from "@pulumi/aws";
import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Cluster, Network } from "../../components";
import type { EnvironmentConfig } from "../config";
import type { NetworkOutputs, SharedLoadBalancerOutputs } from "../contract";

/** An object in a member's cluster, by its names there. */
export interface ClusterObject {
  /** As `apps/v1`; of the core group `v1`. */
  readonly apiVersion: pulumi.Input<string>;
  readonly kind: pulumi.Input<string>;
  readonly name: pulumi.Input<string>;
  /** Of a kind that has namespaces. Default: `default`. */
  readonly namespace?: pulumi.Input<string>;
}

/** A Kubernetes object of the program: all classes of `@pulumi/kubernetes` but charts and groups of files. */
export interface ObjectResource {
  readonly apiVersion: pulumi.Output<string>;
  readonly kind: pulumi.Output<string>;
  readonly metadata: pulumi.Output<{ readonly name: string; readonly namespace?: string }>;
}

/** What `member` gets. */
export interface MemberExtensionArgs {
  /** Name of the environment: its stack's name. */
  readonly environment: string;
  /** Name of the member, as `blue`. Resources' names must be unique in the member's stack alone. */
  readonly member: string;
  /**
   * What the member is while this update runs: `standby` when it is made. A move that changes it does not run the
   * function again; the next `up` does.
   */
  readonly role: "standby" | "active";
  /** Its deployed Kubernetes minor, as `1.35`. */
  readonly kubernetesVersion: string;
  /** AWS region. */
  readonly region: string;
  /** Name of its EKS cluster, once that is there: what is given it comes after the cluster. */
  readonly clusterName: pulumi.Output<string>;
  /** The environment's config as deployed, with defaults filled in. */
  readonly config: EnvironmentConfig;
  /** Ids of the environment's network. */
  readonly network: NetworkOutputs;
  /** The member's cluster. */
  readonly cluster: Cluster;
  /** Of the member's cluster. Kubernetes objects without a provider and without a parent get it by themselves. */
  readonly provider: kubernetes.Provider;
  /**
   * AWS in the member's region, with the settings of the config's `aws:` keys. AWS resources without a provider and
   * without a parent get it by themselves; functions (`aws.ec2.getVpc`) must be given it.
   */
  readonly awsProvider: aws.Provider;
  /**
   * What the function `environment` answered in the environment's last update; an empty object when it answered
   * nothing. Secret when one of its values is.
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- their own values, of whatever type
  readonly shared: pulumi.Output<Readonly<Record<string, any>>>;
  /**
   * The member is let in only when these objects are there and well (as kstatus judges: a Deployment's pods, a
   * condition Ready, Argo CD's health). Everything else that the function declares is there when the member is made.
   * @throws Error for a resource that is no Kubernetes object
   */
  beforeAdmission(...objects: readonly (ObjectResource | ClusterObject)[]): void;
}

/** What `environment` gets. */
export interface EnvironmentExtensionArgs {
  /** Name of the environment: its stack's name. */
  readonly environment: string;
  /** AWS region. */
  readonly region: string;
  /** The config, with defaults filled in. */
  readonly config: EnvironmentConfig;
  /** Names of the members that the config has. */
  readonly members: readonly string[];
  /** The environment's network. */
  readonly network: Network;
  /** Load balancer and target groups; what they serve is the driver's. */
  readonly loadBalancer: pulumi.Output<SharedLoadBalancerOutputs>;
}

/** What a function may answer: outputs, under `extensionOutputs` of its stack. Nothing is an empty object. */
export type ExtensionResult = Readonly<Record<string, unknown>> | undefined | void;

/** A program of the user's own beside this package's. */
export interface EnvironmentExtension {
  /**
   * Declares what each member has besides, in the member's stack. It runs when a member is made, and in each `up`; never
   * while traffic is moved. What it declares is destroyed when the member is retired, before the cluster.
   */
  readonly member?: (args: MemberExtensionArgs) => ExtensionResult | Promise<ExtensionResult>;
  /**
   * Declares what the environment has besides, in the environment's stack. It runs in each `up`; never while the record
   * is written or traffic is moved.
   */
  readonly environment?: (args: EnvironmentExtensionArgs) => ExtensionResult | Promise<ExtensionResult>;
  /**
   * Change the arguments or options of any resource, also of this package's (`pulumi.ResourceTransform`). They run in
   * every update, and must answer the same each time: what changes while traffic moves is refused like any change of
   * the config. Default none.
   */
  readonly transforms?: readonly pulumi.ResourceTransform[];
}
