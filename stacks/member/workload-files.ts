/** What a member's stack makes of the files of workloads, and what its outputs say of that. */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { WorkloadObjects } from "../../components";
import type { EnvironmentConfig, ServiceConfig } from "../config";
import type { DriverContext, MemberOutputs, WorkloadFilesOutputs } from "../contract";
import { declaresExtension } from "../extension/when";
import { referenceTo, runsPods } from "../workload-files/objects";
import { readWorkloadFiles, type WorkloadFiles } from "../workload-files/read";
import { Renderer } from "../workload-files/renderer";

/**
 * Like what is the user's own program's: files that have changed can't stop a move, nor change one. null: this update
 * leaves what was made of them as it is.
 */
export async function readIfDeclared(
  told: DriverContext | undefined,
  config: EnvironmentConfig,
  member: string,
  kubernetesVersion: string,
): Promise<WorkloadFiles | null> {
  if (!declaresExtension(told)) return null;
  const renderer = new Renderer(member, kubernetesVersion);
  const files = await readWorkloadFiles(config, renderer);
  if (told?.kind === "look") await readWorkloadFiles(config, renderer.at(told.kubernetesVersion));
  return files;
}

/** The files of this update's workloads, and what writes their objects into the cluster. */
export interface FilesToDeclare extends WorkloadFiles {
  readonly component: pulumi.ComponentResource;
  readonly provider: pulumi.ProviderResource;
}

/**
 * ConfigMaps and Secrets of files are changed in place, as `kubectl apply` does it: the names in files are fixed, so that
 * the provider would delete one before it makes it again, and a pod that starts meanwhile finds none. That is a setting
 * of a provider; the member's own one keeps its default, because what users declare with it may rely on new names.
 * null: there are no files, or this update leaves what was made of them as it is.
 */
export function writerOfFiles(
  files: WorkloadFiles | null,
  member: string,
  cluster: { readonly kubeconfig: pulumi.Output<string>; readonly clusterName: string },
): FilesToDeclare | null {
  if (files === null || Object.keys(files.byService).length === 0) return null;
  const component = new pulumi.ComponentResource("eks-blue-green:index:WorkloadFiles", `${member}-objects`);
  const provider = new kubernetes.Provider(
    `${member}-objects`,
    {
      kubeconfig: cluster.kubeconfig,
      clusterIdentifier: cluster.clusterName,
      enableConfigMapMutable: true,
      enableSecretMutable: true,
    },
    { parent: component },
  );
  return { ...files, component, provider };
}

/** null: the service has no files, or this update leaves what it made of them as it is. */
export const declareFromFiles = (
  files: FilesToDeclare | null,
  member: string,
  service: Pick<ServiceConfig, "name">,
  dependsOn: pulumi.Input<pulumi.Resource>[],
): WorkloadObjects | null => {
  const objects = files?.byService[service.name];
  if (files === null || objects === undefined) return null;
  const options = { provider: files.provider, dependsOn };
  return new WorkloadObjects(`${member}-${service.name}`, { objects: [...objects] }, options);
};

/** Those of the last update where this one leaves the workloads as they are. */
export function workloadFilesOutputs(
  files: WorkloadFiles | null,
  made: readonly pulumi.Resource[],
  last: Partial<MemberOutputs>,
): { readonly workloadFiles?: pulumi.Input<WorkloadFilesOutputs> } {
  if (files === null) return last.workloadFiles === undefined ? {} : { workloadFiles: last.workloadFiles };
  if (Object.keys(files.byService).length === 0) return {};
  const ready = Object.fromEntries(
    Object.entries(files.byService).map(
      ([service, objects]) => [service, objects.filter(runsPods).map(referenceTo)] as const,
    ),
  );
  const resources = pulumi.all([...files.readers, ...made].map(({ urn }) => urn)).apply((urns) => [...urns].sort());
  return { workloadFiles: resources.apply((known) => ({ resources: known, ready })) };
}
