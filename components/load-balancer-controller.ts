import * as aws from "@pulumi/aws";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { controllerVersions } from "./internal/aws-limits";
import { chartSource } from "./internal/controller-chart";
import { controllerPolicy, podIdentityTrust } from "./internal/controller-policy";
import { type Problem, throwProblems } from "./internal/problems";
import {
  targetConfigMapsBinding,
  targetConfigMapsPolicy,
  targetConfigMapsPolicyName,
} from "./internal/target-config-maps";

/** Settings of the AWS Load Balancer Controller in one cluster. */
export interface LoadBalancerControllerArgs {
  /**
   * Name of the EKS cluster. Never the same on two clusters of an account and region: they would adopt each other's
   * load balancers.
   */
  clusterName: pulumi.Input<string>;
  /** Explicit, so that the controller asks no instance metadata. */
  region: pulumi.Input<string>;
  /** Explicit, so that the controller asks no instance metadata. */
  vpcId: pulumi.Input<string>;
  /**
   * Version of the controller; that of its chart follows (1.x.y for 2.x.y). At least 2.10.0 (multi-cluster target
   * groups); below 3.5.0 a warning. Default 3.5.0.
   */
  version?: string;
  /** Chart name, a local folder, or a chart's whole address (`oci://…`). Default `aws-load-balancer-controller`. */
  chart?: string;
  /**
   * Address of the chart repository, `https://…` or `oci://…`; not used with a folder or a whole address. Default
   * `https://aws.github.io/eks-charts`.
   */
  repository?: string;
  /** Repository of the controller's image, without a tag (that of `version`). Default: the chart's. */
  image?: string;
  /** Digest of that version's image, `sha256:…`: nodes run it and no other. Default: what the tag leads to. */
  imageDigest?: string;
  /**
   * `pod-identity` (default; the cluster needs the pod-identity agent) or `irsa` (needs `oidcProviderArn` and
   * `oidcProviderUrl`).
   */
  identity?: string;
  /** For `irsa`. */
  oidcProviderArn?: pulumi.Input<string>;
  /** For `irsa`. */
  oidcProviderUrl?: pulumi.Input<string>;
  /**
   * Target groups that others made and that the controller may register into; may be patterns. Default: all of the
   * account; `[]`: none. With `loadBalancers` besides its own.
   */
  targetGroupArns?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * Cluster whose controller made the groups of `targetGroupArns`: groups that carry another cluster's tag are left
   * alone. Default: no such check.
   */
  targetGroupCluster?: string;
  /** Permits it to own security-group rules of bindings. Default false: Pulumi owns them. */
  bindingNetworking?: boolean;
  /** Permits it to make network load balancers for Services. Default false. */
  loadBalancers?: boolean;
  /**
   * With `loadBalancers`: also permits what Ingresses may ask for (certificates, web ACLs, Shield, user pools). Default
   * false.
   */
  ingresses?: boolean;
  /** Whether it puts its webhook before every new Service. Default: with `loadBalancers`. */
  serviceWebhook?: boolean;
  /**
   * Whether only the controller (and whoever may delete the policy: cluster administrators) may write and delete the
   * ConfigMaps `aws-lbc-targets-*`, in all namespaces of the cluster. They say which targets of a shared target group
   * are this cluster's: it deregisters what a forged one lists. By a ValidatingAdmissionPolicy, which needs Kubernetes
   * 1.30. Default false.
   */
  protectTargetConfigMaps?: boolean;
  /**
   * What its pods need before they run (nodes, the pod-identity agent): only the chart waits for these. Role and
   * association are made before, because EKS injects credentials when it admits a pod and knows of a new association
   * only after some seconds. Default none.
   */
  runsAfter?: pulumi.Resource[];
  /** Default 2. Bindings can't be written or removed while none runs. */
  replicas?: number;
  /** Default `kube-system`. */
  namespace?: string;
  /**
   * Path of its role, like `/eks-blue-green/dev/`, so that people can be permitted to change roles below it alone. Of a
   * new role: one that is there keeps its path. Default `/`. IAM, CreateRole; 2026-11-30.
   */
  rolePath?: string;
  /** ARN of the policy that bounds its role. Default none. */
  permissionsBoundary?: string;
  /** Tags on role and association. */
  tags?: Record<string, string>;
}

const defaultChart = "aws-load-balancer-controller";
const defaultRepository = "https://aws.github.io/eks-charts";
const serviceAccountName = "aws-load-balancer-controller";
const everyTargetGroup = "arn:*:elasticloadbalancing:*:*:targetgroup/*/*";

/** Negative when `a` is the older version; null when one is none. */
export function compareControllerVersions(a: string, b: string): number | null {
  const parse = (text: string): number[] | null => (/^\d+\.\d+\.\d+$/.test(text) ? text.split(".").map(Number) : null);
  const left = parse(a);
  const right = parse(b);
  if (left === null || right === null) return null;
  return left.map((part, index) => part - (right[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
}

/** All that is wrong with the arguments. */
export function loadBalancerControllerProblems(args: LoadBalancerControllerArgs): Problem[] {
  const problems: Problem[] = [];
  const version = args.version ?? controllerVersions.recommended;
  const age = compareControllerVersions(version, controllerVersions.oldest);
  if (age === null)
    problems.push({
      path: "version",
      value: version,
      rule: "must be a version of the controller",
      remedy: `Write it like ${controllerVersions.recommended}`,
    });
  else if (age < 0) {
    problems.push({
      path: "version",
      value: version,
      rule:
        `must be ${controllerVersions.oldest} or newer: older controllers have no multi-cluster target groups and ` +
        "deregister the other clusters' targets",
      remedy: `Use ${controllerVersions.recommended}`,
    });
  }
  const identity = args.identity ?? "pod-identity";
  if (identity !== "pod-identity" && identity !== "irsa")
    problems.push({
      path: "identity",
      value: identity,
      rule: "must be pod-identity or irsa",
      remedy: "Leave it out for pod-identity",
    });
  for (const path of ["oidcProviderArn", "oidcProviderUrl"] as const) {
    if (identity === "irsa" && args[path] === undefined)
      problems.push({
        path,
        value: null,
        rule: "is required with identity irsa",
        remedy: "Give it, as Cluster does with oidcProvider: true",
      });
  }
  if (args.replicas !== undefined && !(Number.isInteger(args.replicas) && args.replicas >= 1))
    problems.push({
      path: "replicas",
      value: args.replicas,
      rule: "must be a whole number of at least 1",
      remedy: "Use 2",
    });
  return problems;
}

/** What to know about a version that is accepted, or null. */
export function controllerVersionWarning(version: string): string | null {
  const age = compareControllerVersions(version, controllerVersions.recommended);
  if (age === null || age >= 0) return null;
  return (
    `AWS Load Balancer Controller ${version} has known defects with multi-cluster target groups (#4021, #4343, ` +
    `#4864); use ${controllerVersions.recommended}`
  );
}

/**
 * The AWS Load Balancer Controller with the permissions it needs. Depend on it: it resolves when the controller's
 * webhook answers.
 */
export class LoadBalancerController extends pulumi.ComponentResource {
  /** Namespace of the controller's Deployment. */
  public readonly namespace: string;
  /** Name of the controller's Deployment. */
  public readonly deploymentName: string;
  /** The controller's version, without a leading v: `3.5.0`. */
  public readonly version: string;
  /** ARN of the IAM role that the controller calls AWS with. */
  public readonly roleArn: pulumi.Output<string>;
  /** Name of that role: policies can be attached to it. */
  public readonly roleName: pulumi.Output<string>;

  /** `opts.provider(s)`: a Kubernetes provider of the cluster, and an aws provider if not the default. */
  constructor(name: string, args: LoadBalancerControllerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("eks-blue-green:index:LoadBalancerController", name, {}, opts);
    throwProblems(`LoadBalancerController '${name}'`, loadBalancerControllerProblems(args));
    this.namespace = args.namespace ?? "kube-system";
    this.version = args.version ?? controllerVersions.recommended;
    // The chart names its Deployment after the release when the release's name contains the chart's.
    this.deploymentName = defaultChart;
    const warning = controllerVersionWarning(this.version);
    if (warning !== null) void pulumi.log.warn(warning, this);
    const role = this.createRole(name, args);
    this.roleArn = role.arn;
    this.roleName = role.name;
    const policy = new aws.iam.RolePolicy(
      name,
      {
        role: role.name,
        policy: pulumi
          .all([args.clusterName, args.targetGroupArns ?? [everyTargetGroup]])
          .apply(([clusterName, targetGroupArns]) =>
            controllerPolicy({
              clusterName,
              bindingNetworking: args.bindingNetworking === true,
              loadBalancers: args.loadBalancers === true,
              ingresses: args.ingresses === true,
              targetGroupArns,
              ...(args.targetGroupCluster === undefined ? {} : { targetGroupCluster: args.targetGroupCluster }),
            }),
          ),
      },
      { parent: this },
    );
    const before: pulumi.Resource[] = [policy];
    if (args.identity !== "irsa") {
      before.push(
        new aws.eks.PodIdentityAssociation(
          name,
          {
            clusterName: args.clusterName,
            namespace: this.namespace,
            serviceAccount: serviceAccountName,
            roleArn: role.arn,
            tags: args.tags,
          },
          { parent: this, dependsOn: [policy] },
        ),
      );
    }
    this.createRelease(name, args, role, [...before, ...(args.runsAfter ?? [])]);
    if (args.protectTargetConfigMaps === true) this.protectTargetConfigMaps(name);
    this.registerOutputs({
      namespace: this.namespace,
      deploymentName: this.deploymentName,
      version: this.version,
      roleArn: this.roleArn,
      roleName: this.roleName,
    });
  }

  private createRole(name: string, args: LoadBalancerControllerArgs): aws.iam.Role {
    const document = (statement: Record<string, unknown>): string =>
      JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
    const podIdentity = (): pulumi.Output<string> =>
      pulumi
        .all([args.clusterName, args.region])
        .apply(([clusterName, region]) =>
          podIdentityTrust({ clusterName, region, namespace: this.namespace, serviceAccount: serviceAccountName }),
        );
    const irsa = (): pulumi.Output<string> =>
      pulumi.all([args.oidcProviderArn ?? "", args.oidcProviderUrl ?? ""]).apply(([arn, url]) => {
        const issuer = url.replace(/^https:\/\//, "");
        const condition = {
          [`${issuer}:sub`]: `system:serviceaccount:${this.namespace}:${serviceAccountName}`,
          [`${issuer}:aud`]: "sts.amazonaws.com",
        };
        return document({
          Principal: { Federated: arn },
          Action: "sts:AssumeRoleWithWebIdentity",
          Condition: { StringEquals: condition },
        });
      });
    // An evacuated cluster's role carries a policy that is none of Pulumi's; it must not outlive the cluster for that.
    return new aws.iam.Role(
      name,
      {
        assumeRolePolicy: args.identity === "irsa" ? irsa() : podIdentity(),
        forceDetachPolicies: true,
        path: args.rolePath,
        permissionsBoundary: args.permissionsBoundary,
        tags: args.tags,
      },
      // A role's path can't be changed: of one that is there the whole role would be replaced.
      { parent: this, ignoreChanges: ["path"] },
    );
  }

  private protectTargetConfigMaps(name: string): void {
    const metadata = { name: targetConfigMapsPolicyName };
    const account = { namespace: this.namespace, name: serviceAccountName };
    const policy = new kubernetes.admissionregistration.v1.ValidatingAdmissionPolicy(
      `${name}-target-configmaps`,
      { metadata, spec: targetConfigMapsPolicy(account) },
      { parent: this },
    );
    new kubernetes.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
      `${name}-target-configmaps`,
      { metadata, spec: targetConfigMapsBinding },
      { parent: this, dependsOn: [policy] },
    );
  }

  private imageValues({ image, imageDigest }: LoadBalancerControllerArgs): { image?: object } {
    if (image === undefined && imageDigest === undefined) return {};
    return {
      image: {
        ...(image === undefined ? {} : { repository: image }),
        // The chart puts repository and tag together; behind a tag a digest may stand.
        ...(imageDigest === undefined ? {} : { tag: `v${this.version}@${imageDigest}` }),
      },
    };
  }

  private createRelease(
    name: string,
    args: LoadBalancerControllerArgs,
    role: aws.iam.Role,
    before: pulumi.Resource[],
  ): kubernetes.helm.v3.Release {
    return new kubernetes.helm.v3.Release(
      name,
      {
        name: defaultChart,
        namespace: this.namespace,
        ...chartSource(args.chart ?? defaultChart, args.repository ?? defaultRepository, this.version),
        values: {
          clusterName: args.clusterName,
          region: args.region,
          vpcId: args.vpcId,
          replicaCount: args.replicas ?? 2,
          ...this.imageValues(args),
          serviceAccount: {
            create: true,
            name: serviceAccountName,
            ...(args.identity === "irsa" ? { annotations: { "eks.amazonaws.com/role-arn": role.arn } } : {}),
          },
          // Off, it doesn't put itself before every new Service: those don't depend on a controller that is down.
          enableServiceMutatorWebhook: args.serviceWebhook ?? args.loadBalancers === true,
          podDisruptionBudget: { maxUnavailable: 1 },
          // Else a pod that is made while the controller's pods move (a node goes, a release rolls) gets no readiness
          // gate: it counts as ready before the load balancer sends it anything, and the next old pod may leave.
          podMutatorWebhookConfig: { failurePolicy: "Fail" },
          // Else every upgrade makes a new certificate authority, which API servers believe at once and running pods
          // don't have yet: for a minute or more no binding could be written, and new pods got no readiness gate.
          keepTLSSecret: true,
        },
        // Awaited: a binding made before the webhook answers fails at once.
        skipAwait: false,
        timeout: 600,
      },
      { parent: this, dependsOn: before },
    );
  }
}
