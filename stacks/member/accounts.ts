/** Service accounts of a member's workloads, and their roles in AWS. */
import type * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { WorkloadServiceAccount } from "../../components";
import type { EnvironmentConfig, ServiceConfig } from "../config";
import { accountNameOf } from "../config/keys/service-account";
import { isManaged } from "../config/target-groups";

export interface AccountsPlan {
  readonly member: string;
  readonly environment: { readonly environment: string; readonly region: string; readonly config: EnvironmentConfig };
  readonly clusterName: string;
  readonly provider: aws.Provider;
}

/** null: the service's pods run as the namespace's `default`. */
export function createAccount(
  plan: AccountsPlan,
  service: ServiceConfig,
  inCluster: {
    readonly provider: pulumi.ProviderResource;
    /** Before role and association. */
    readonly controlPlane: pulumi.Resource[];
    /** Before the account. */
    readonly runsAfter: pulumi.Resource[];
  },
): WorkloadServiceAccount | null {
  const name = accountNameOf(service);
  const { serviceAccount, podSecurity } = service;
  if (name === null || serviceAccount === undefined) return null;
  const { member, environment } = plan;
  // Not the cluster's, which keeps the one that it was made with: whoever deploys may make no role without today's.
  const boundary = environment.config.cluster.permissionsBoundaryArn;
  const { annotations, roleArn, policyArns } = serviceAccount;
  return new WorkloadServiceAccount(
    `${member}-${service.name}`,
    {
      serviceAccountName: name,
      namespace: service.namespace,
      clusterName: plan.clusterName,
      region: environment.region,
      ...(isManaged(service) ? {} : { existing: true }),
      ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
      ...(podSecurity === undefined ? {} : { automountToken: podSecurity.serviceAccountToken }),
      ...(roleArn === undefined ? {} : { roleArn }),
      ...(policyArns === undefined ? {} : { policyArns: [...policyArns] }),
      ...(boundary == null ? {} : { permissionsBoundary: boundary }),
      tags: { "eks-blue-green/environment": environment.environment, "eks-blue-green/member": member },
      runsAfter: inCluster.runsAfter,
    },
    { providers: [plan.provider, inCluster.provider], dependsOn: inCluster.controlPlane },
  );
}
