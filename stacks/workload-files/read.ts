/** The objects of all services whose workloads come from files, read, checked and put into namespaces. */
import { resolve } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { throwProblems } from "../../components/internal/problems";
import type { EnvironmentConfig, ServiceConfig } from "../config/types";
import { isFromFiles } from "../config/target-groups";
import { projectFolder } from "../shared/project-paths";
import type { Renderer } from "./kustomize";
import { type FilesRead, isOverlay, readFolder } from "./read-folder";
import { inNamespaces, type KubernetesObject } from "./objects";
import { objectProblems } from "./refusals";

export interface WorkloadFiles {
  readonly byService: Readonly<Record<string, readonly KubernetesObject[]>>;
  /** What had to be declared to read them. */
  readonly readers: readonly pulumi.Resource[];
}

/** null: an overlay, which nobody renders here. */
async function filesOf(
  { manifests }: ServiceConfig,
  key: string,
  renderer: Renderer | null,
): Promise<FilesRead | null> {
  const path = manifests?.path ?? "";
  const folder = resolve(projectFolder(), path);
  if (!isOverlay(folder)) return readFolder(folder, path, `${key}.path`);
  return renderer === null ? null : await renderer.render(folder, path, `${key}.path`);
}

/**
 * `renderer`: of overlays; null: they are passed over.
 * @throws ConfigError that names each file and object with what is wrong, before any of them is declared
 */
export async function readWorkloadFiles(
  config: Pick<EnvironmentConfig, "services">,
  renderer: Renderer | null,
): Promise<WorkloadFiles> {
  const all = await Promise.all(
    config.services.map(async (service, index) => {
      if (!isFromFiles(service)) return [];
      const key = `services[${index}].manifests`;
      const files = await filesOf(service, key, renderer);
      if (files === null) return [];
      return [{ service, key, problems: files.problems, objects: inNamespaces(files.objects, service.namespace) }];
    }),
  );
  const read = all.flat();
  const unread = read.flatMap(({ problems }) => problems);
  throwProblems("What the workloads' files say", unread.length > 0 ? unread : objectProblems(config, read));
  return {
    byService: Object.fromEntries(
      read.map(({ service, objects }) => [service.name, objects.map(({ object }) => object)]),
    ),
    readers: renderer?.declared() ?? [],
  };
}
