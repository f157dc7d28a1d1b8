import * as aws from "@pulumi/aws";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { podIdentityTrust } from "./internal/controller-policy";
import { type Problem, throwProblems } from "./internal/problems";

/** Settings of a workload's service account and its role in AWS. */
export interface WorkloadServiceAccountArgs {
  /** Name of the account, unique in its namespace; not `default`, which Kubernetes makes itself. */
  serviceAccountName: string;
  namespace: string;
  /**
   * Whether others declare the ServiceAccount in the cluster: only the role and its association are made. Default false.
   */
  existing?: boolean;
  /** Of the ServiceAccount. Default none. */
  annotations?: Record<string, string>;
  /** Whether pods get a token of the API server. Default: Kubernetes' own, which is true. */
  automountToken?: boolean;
  /** Name of the EKS cluster. */
  clusterName: pulumi.Input<string>;
  /** Region of the cluster; the role that is made trusts this region's cluster alone. */
  region: string;
  /**
   * A role that is there and trusts `pods.eks.amazonaws.com`; in the account of the cluster. Not with `policyArns`.
   * Default none: the pods have no role of their own.
   */
  roleArn?: string;
  /** Makes a role with these policies, which trusts this account of this cluster alone. Default none. */
  policyArns?: string[];
  /** ARN of the policy that bounds the role that is made. Default none. */
  permissionsBoundary?: string;
  /** Tags on role and association. */
  tags?: Record<string, string>;
  /**
   * What the account in the cluster needs first (a namespace, nodes). Role and association don't wait for it: EKS gives
   * credentials when it admits a pod, and knows of a new association only after some seconds. Default none.
   */
  runsAfter?: pulumi.Resource[];
}

/** Owner and path too: policies of two owners, or paths, may have one name. */
const attachmentName = (policyArn: string): string =>
  (/::(.*):policy\/(.*)$/.exec(policyArn)?.slice(1).join("-") ?? policyArn).replace(/\//g, "-");

/** All that is wrong with the arguments. */
export function workloadServiceAccountProblems(args: WorkloadServiceAccountArgs): Problem[] {
  const problems: Problem[] = [];
  if (args.serviceAccountName === "default" || !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(args.serviceAccountName))
    problems.push({
      path: "serviceAccountName",
      value: args.serviceAccountName,
      rule: "must be the name of a ServiceAccount other than `default`, which Kubernetes makes itself",
      remedy: "Choose a name like web",
    });
  if (args.existing === true && args.roleArn === undefined && args.policyArns === undefined)
    problems.push({
      path: "existing",
      value: true,
      rule: "makes nothing without roleArn or policyArns: others declare the account",
      remedy: "Give one of the two",
    });
  if (args.roleArn !== undefined && args.policyArns !== undefined)
    problems.push({
      path: "policyArns",
      value: args.policyArns,
      rule: "can't be combined with roleArn: it says the policies of a role that is made",
      remedy: "Keep one of the two",
    });
  return problems;
}

/** A ServiceAccount whose pods get a role of AWS by EKS Pod Identity. Depend on it: then pods are made after it. */
export class WorkloadServiceAccount extends pulumi.ComponentResource {
  public readonly serviceAccountName: string;
  /** Undefined: it has no role. */
  public readonly roleArn: pulumi.Output<string> | undefined;

  /** `opts.provider(s)`: a Kubernetes provider of the cluster, and an aws provider if not the default. */
  constructor(name: string, args: WorkloadServiceAccountArgs, opts?: pulumi.ComponentResourceOptions) {
    super("eks-blue-green:index:WorkloadServiceAccount", name, {}, opts);
    throwProblems(`WorkloadServiceAccount '${name}'`, workloadServiceAccountProblems(args));
    this.serviceAccountName = args.serviceAccountName;
    const made = args.policyArns === undefined ? null : this.createRole(name, args, args.policyArns);
    const roleArn = made?.role.arn ?? args.roleArn;
    this.roleArn = roleArn === undefined ? undefined : pulumi.output(roleArn);
    const association =
      roleArn === undefined
        ? []
        : [
            new aws.eks.PodIdentityAssociation(
              name,
              {
                clusterName: args.clusterName,
                namespace: args.namespace,
                serviceAccount: args.serviceAccountName,
                roleArn,
                tags: args.tags,
              },
              { parent: this, dependsOn: made?.attachments ?? [] },
            ),
          ];
    if (args.existing !== true) this.createAccount(name, args, association);
    this.registerOutputs({ serviceAccountName: this.serviceAccountName, roleArn: this.roleArn });
  }

  private createAccount(name: string, args: WorkloadServiceAccountArgs, association: pulumi.Resource[]): void {
    new kubernetes.core.v1.ServiceAccount(
      name,
      {
        metadata: {
          name: args.serviceAccountName,
          namespace: args.namespace,
          ...(args.annotations === undefined ? {} : { annotations: args.annotations }),
        },
        ...(args.automountToken === undefined ? {} : { automountServiceAccountToken: args.automountToken }),
      },
      { parent: this, dependsOn: [...association, ...(args.runsAfter ?? [])] },
    );
  }

  private createRole(name: string, args: WorkloadServiceAccountArgs, policyArns: readonly string[]) {
    const role = new aws.iam.Role(
      name,
      {
        assumeRolePolicy: pulumi.output(args.clusterName).apply((clusterName) =>
          podIdentityTrust({
            clusterName,
            region: args.region,
            namespace: args.namespace,
            serviceAccount: args.serviceAccountName,
          }),
        ),
        permissionsBoundary: args.permissionsBoundary,
        tags: args.tags,
      },
      { parent: this },
    );
    const attachments = policyArns.map(
      (policyArn) =>
        new aws.iam.RolePolicyAttachment(
          `${name}-${attachmentName(policyArn)}`,
          { role: role.name, policyArn },
          { parent: this },
        ),
    );
    return { role, attachments };
  }
}
