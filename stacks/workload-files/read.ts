/** The objects of all services whose workloads come from files, read, checked and put into namespaces. */
import { resolve } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { throwProblems } from "../../components/internal/problems";
import type { ChartConfig, EnvironmentConfig, ServiceConfig } from "../config/types";
import { isFromFiles } from "../config/target-groups";
import { projectFolder } from "../shared/project-paths";
import { type ChartSource, readChart } from "./chart/render";
import type { FilesRead } from "./files-read";
import { renderOverlay } from "./kustomize";
import { isOverlay, readFolder } from "./read-folder";
import { inNamespaces, type KubernetesObject } from "./objects";
import { objectProblems } from "./refusals";
import type { Renderer } from "./renderer";

export interface WorkloadFiles {
  readonly byService: Readonly<Record<string, readonly KubernetesObject[]>>;
  /** What had to be declared to read them. */
  readonly readers: readonly pulumi.Resource[];
}

/** `whole`: false where objects are made by a renderer, and there is none. */
interface ReadOfService extends FilesRead {
  readonly whole: boolean;
}

const inProject = (path: string): string => resolve(projectFolder(), path);

async function readManifests(path: string, key: string, renderer: Renderer | null): Promise<ReadOfService> {
  const folder = inProject(path);
  if (!isOverlay(folder)) return { whole: true, ...readFolder(folder, path, `${key}.path`) };
  if (renderer === null) return { whole: false, objects: [], problems: [] };
  return { whole: true, ...(await renderOverlay(renderer, folder, path, `${key}.path`)) };
}

const sourceOf = ({ name, namespace }: ServiceConfig, chart: ChartConfig): ChartSource => ({
  path: chart.path,
  file: inProject(chart.path),
  valuesFiles: (chart.valuesFiles ?? []).map((path) => ({ path, file: inProject(path) })),
  values: chart.values ?? {},
  releaseName: chart.releaseName ?? name,
  namespace,
  apiVersions: chart.apiVersions ?? [],
  hooks: chart.hooks,
});

async function filesOf(service: ServiceConfig, key: string, renderer: Renderer | null): Promise<ReadOfService> {
  const { chart, manifests } = service;
  if (chart === undefined) return await readManifests(manifests?.path ?? "", key, renderer);
  return { whole: renderer !== null, ...(await readChart(sourceOf(service, chart), key, renderer)) };
}

/**
 * `renderer`: of overlays and charts; null: nothing is made of them.
 * @throws ConfigError that names each file and object with what is wrong, before any of them is declared
 */
export async function readWorkloadFiles(
  config: Pick<EnvironmentConfig, "services" | "rollout">,
  renderer: Renderer | null,
): Promise<WorkloadFiles> {
  const all = await Promise.all(
    config.services.map(async (service, index) => {
      if (!isFromFiles(service)) return [];
      const key = `services[${index}].${service.chart === undefined ? "manifests" : "chart"}`;
      const { whole, problems, objects } = await filesOf(service, key, renderer);
      return [{ service, key, whole, problems, objects: inNamespaces(objects, service.namespace) }];
    }),
  );
  const read = all.flat();
  const unread = read.flatMap(({ problems }) => problems);
  const whole = read.filter((one) => one.whole);
  const at = config.services.some(({ chart }) => chart !== undefined) ? renderer?.kubernetesVersion : undefined;
  const forWhat = at === undefined ? "" : ` for Kubernetes ${at}`;
  throwProblems(`What the workloads' files say${forWhat}`, unread.length > 0 ? unread : objectProblems(config, whole));
  return {
    byService: Object.fromEntries(
      whole.map(({ service, objects }) => [service.name, objects.map(({ object }) => object)]),
    ),
    readers: renderer?.declared() ?? [],
  };
}
