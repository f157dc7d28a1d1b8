/** Objects of a chart, as `helm template` makes them, by Pulumi's kubernetes provider. */
import { setTimeout } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import type { Problem } from "../../../components/internal/problems";
import { because, type FilesRead, refused } from "../files-read";
import { type FromFile, isKubernetesObject, type KubernetesObject, nameOf, withoutLists } from "../objects";
import type { Renderer } from "../renderer";
import { chartProblems, readsClock } from "./checks";
import { isTestHook, unstable, hookOf } from "./judge";
import { knownKinds } from "./known-kinds";
import { type LocalChart, readLocalChart } from "./local-chart";
import { readValues, type Values } from "./values";

export interface ChartSource {
  /** As the config has it. */
  readonly path: string;
  /** Absolute. */
  readonly file: string;
  readonly valuesFiles: readonly { readonly path: string; readonly file: string }[];
  readonly values: Values;
  readonly releaseName: string;
  readonly namespace: string;
  readonly apiVersions: readonly string[];
  readonly hooks: "refuse" | "skip";
}

type Asked = Pick<Renderer, "ask" | "kubernetesVersion">;

/** Longer than what a template can tell apart (`now` has seconds). */
const clockMs = 1100;

/** `key`: the config's, like `services[0].chart`. `renderer`: null: the chart is looked at, and nothing made of it. */
export async function readChart(source: ChartSource, key: string, renderer: Asked | null): Promise<FilesRead> {
  let chart: LocalChart;
  try {
    chart = readLocalChart(source.file);
  } catch (error) {
    return refused(
      `${key}.path`,
      source.path,
      `is no chart that can be read: ${because(error)}`,
      "Write the folder of a chart (the one with Chart.yaml) or its .tgz; a relative path begins at the folder of " +
        "Pulumi.yaml. A folder of plain YAML files goes with workload manifests",
    );
  }
  const { values, problems: ofValues } = readValues(source.valuesFiles, source.values, `${key}.valuesFiles`);
  const problems = [...chartProblems(chart, source.path, `${key}.path`), ...ofValues];
  if (problems.length > 0 || renderer === null) return { objects: [], problems };
  const render = (): Promise<readonly unknown[]> => ask(renderer, source, values);
  try {
    const first = await render();
    if (readsClock(chart, values)) await setTimeout(clockMs);
    return judged(source, key, first, await render());
  } catch (error) {
    const rule = `can't be rendered: ${because(error).replace(/^.*for specified Helm chart: /s, "")}`;
    const files = source.valuesFiles.map(({ path }) => ` -f ${path}`).join("");
    const flags = `${files} --kube-version ${renderer.kubernetesVersion}`;
    const remedy = `Correct the chart or its values; helm template ${source.releaseName} ${source.path}${flags} shows it`;
    return refused(`${key}.path`, source.path, rule, remedy);
  }
}

const ask = (renderer: Asked, source: ChartSource, values: Values): Promise<readonly unknown[]> =>
  renderer.ask("kubernetes:helm:template", {
    jsonOpts: JSON.stringify({
      path: source.file,
      release_name: source.releaseName,
      namespace: source.namespace,
      kube_version: renderer.kubernetesVersion,
      // Without any the provider would ask the cluster, which there is not.
      api_versions: [...knownKinds, ...source.apiVersions],
      // The provider tells them by their text, and takes others for tests that have the word in a comment.
      include_test_hook_resources: true,
      values,
    }),
  });

/** Objects of the first rendering, unless something is wrong with them. */
function judged(source: ChartSource, key: string, first: readonly unknown[], second: readonly unknown[]): FilesRead {
  const all = first.flatMap(withoutLists);
  const unnamed = all.filter((one) => !isKubernetesObject(one));
  if (unnamed.length > 0)
    return {
      objects: [],
      problems: unnamed.map((value) => ({
        path: `${source.path}, ${String((value as Partial<KubernetesObject>).kind)}`,
        value: (value as Partial<KubernetesObject>).metadata ?? null,
        rule: "has no metadata.name: each update has to find the same object again",
        remedy: "Give it a name in the chart, or turn it off with the chart's values",
      })),
    };
  const objects = all.filter(isKubernetesObject);
  const others = second.flatMap(withoutLists).filter(isKubernetesObject);
  const hooks = objects.filter((one) => hookOf(one) !== null && !isTestHook(one));
  const rest = objects.filter((one) => hookOf(one) === null);
  if (rest.length === 0)
    return refused(`${key}.path`, source.path, "makes no Kubernetes object", "Set the values that turn its parts on");
  const skipped = source.hooks === "skip" ? hooks : [];
  if (skipped.length > 0) void pulumi.log.info(`${source.path}: hooks are left out: ${skipped.map(nameOf).join(", ")}`);
  return {
    objects: rest.map((object): FromFile => ({ file: source.path, object })),
    problems: [
      ...hooks.filter((one) => !skipped.includes(one)).map((one) => hookProblem(source, key, one)),
      ...unstable(rest, others).map(({ object, where }) => unstableProblem(source, object, where)),
    ],
  };
}

const hookProblem = ({ path }: ChartSource, key: string, hook: KubernetesObject): Problem => ({
  path: `${path}, ${nameOf(hook)}`,
  value: `helm.sh/hook: ${String(hookOf(hook))}`,
  rule: "is a hook, and nothing here runs hooks: Pulumi makes the objects, and there is no release of Helm",
  remedy:
    "Turn it off with the chart's values, or make it an ordinary object; or leave all hooks out with " +
    `${key}.hooks: skip, and do what they do yourself`,
});

const unstableProblem = ({ path }: ChartSource, object: KubernetesObject, where: string): Problem => ({
  path: `${path}, ${nameOf(object)}`,
  value: where,
  rule:
    "is made anew at each rendering (a random value, a certificate or the time): every update would change it, and " +
    "each member would have another. Helm's lookup finds nothing here",
  remedy:
    "Set the value that it is generated for want of, or name a Secret that is there (charts call it existingSecret), " +
    "or turn the object off",
});
