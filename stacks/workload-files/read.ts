/** The objects of all services whose workloads come from files, read, checked and put into namespaces. */
import { resolve } from "node:path";
import { throwProblems } from "../../components/internal/problems";
import type { EnvironmentConfig, ServiceConfig } from "../config/types";
import { isFromFiles } from "../config/target-groups";
import { projectFolder } from "../shared/project-paths";
import { type FilesRead, readFolder } from "./read-folder";
import { inNamespaces, type KubernetesObject } from "./objects";
import { objectProblems } from "./refusals";

/** By service. */
export type WorkloadFiles = Readonly<Record<string, readonly KubernetesObject[]>>;

function filesOf({ manifests }: ServiceConfig, key: string): FilesRead {
  const path = manifests?.path ?? "";
  return readFolder(resolve(projectFolder(), path), path, `${key}.path`);
}

/** @throws ConfigError that names each file and object with what is wrong, before anything is declared */
export function readWorkloadFiles(config: Pick<EnvironmentConfig, "services">): WorkloadFiles {
  const read = config.services.flatMap((service, index) => {
    if (!isFromFiles(service)) return [];
    const key = `services[${index}].manifests`;
    const files = filesOf(service, key);
    return [{ service, key, problems: files.problems, objects: inNamespaces(files.objects, service.namespace) }];
  });
  const unread = read.flatMap(({ problems }) => problems);
  throwProblems("What the workloads' files say", unread.length > 0 ? unread : objectProblems(config, read));
  return Object.fromEntries(read.map(({ service, objects }) => [service.name, objects.map(({ object }) => object)]));
}
