/** What the user's own program has in a member's stack. */
import type * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../../components";
import type { EnvironmentOutputs } from "../contract";
import { Marks } from "./marks";
import { runExtension } from "./run";
import type { EnvironmentExtension, MemberExtensionArgs } from "./types";

export async function extendMember(
  extension: EnvironmentExtension["member"],
  plan: {
    readonly member: string;
    readonly environment: EnvironmentOutputs;
    /** Whether one of the environment's own values is secret. */
    readonly sharesSecrets: boolean;
    readonly role: MemberExtensionArgs["role"];
    readonly version: string;
    readonly cluster: Cluster;
    readonly awsProvider: aws.Provider;
    readonly runsAfter: readonly pulumi.Resource[];
  },
): Promise<Record<string, unknown>> {
  if (extension === undefined) return {};
  const { member, environment, role, version, cluster, awsProvider, runsAfter } = plan;
  const { config, network, region } = environment;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- their own values, of whatever type
  const shared = (environment.extensionOutputs ?? {}) as Record<string, any>;
  const marks = new Marks();
  return await runExtension(
    { providers: { kubernetes: cluster.provider, aws: awsProvider }, clusterRunsAfter: runsAfter },
    () =>
      extension({
        environment: environment.environment,
        member,
        role,
        kubernetesVersion: version,
        region,
        // EKS knows the cluster once it tells of its group.
        clusterName: cluster.podSecurityGroupId.apply(() => cluster.clusterName),
        config,
        network,
        cluster,
        provider: cluster.provider,
        awsProvider,
        shared: plan.sharesSecrets ? pulumi.secret(shared) : pulumi.output(shared),
        beforeAdmission: marks.add,
      }),
    () => ({ beforeAdmission: marks.references }),
  );
}
