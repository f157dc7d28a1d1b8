/** Reads a folder of YAML files. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Problem } from "../../components/internal/problems";
import { isObject } from "../../components/internal/plain-object";
import { because, type FilesRead, refused } from "./files-read";
import { documentsOf } from "./kubernetes-yaml";
import { type FromFile, isKubernetesObject, type KubernetesObject, withoutLists } from "./objects";

const firstLine = (error: unknown): string => because(error).split("\n")[0] ?? "";

/** What it is, without what is in it: it may be a Secret. */
const shortly = (value: unknown): unknown =>
  isObject(value) ? { apiVersion: value["apiVersion"], kind: value["kind"] } : typeof value;

/** Objects of one file. `file`: its name in messages. */
export function parseObjects(text: string, file: string): FilesRead {
  const objects: FromFile[] = [];
  const problems: Problem[] = [];
  for (const document of documentsOf(text)) {
    const wrong = document.errors[0];
    if (wrong !== undefined) {
      problems.push({
        path: file,
        value: wrong.code,
        rule: `is no YAML: ${firstLine(wrong)}`,
        remedy: "Correct the file",
      });
      continue;
    }
    let value: unknown;
    try {
      value = document.toJS();
    } catch (error) {
      // An alias of nothing, or of too much.
      problems.push({
        path: file,
        value: "alias",
        rule: `is no YAML: ${firstLine(error)}`,
        remedy: "Correct the file",
      });
      continue;
    }
    if (value === null || value === undefined) continue;
    for (const one of withoutLists(value))
      if (isKubernetesObject(one)) objects.push({ file, object: one });
      else
        problems.push({
          path: file,
          value: shortly(one),
          rule: "must have only Kubernetes objects with apiVersion, kind and metadata.name",
          remedy: "Write all three; keep other YAML files out of the folder",
        });
  }
  return { objects, problems };
}

/** Names of the files below `folder`, in an order that is the same everywhere; those that begin with a dot are left out. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith("."))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((entry) => {
      const inner = join(folder, entry.name);
      if (entry.isDirectory()) return filesBelow(inner).map((name) => join(entry.name, name));
      return /\.ya?ml$/.test(entry.name) && statSync(inner).isFile() ? [entry.name] : [];
    });
}

/** Names that Kustomize knows, in its order. */
export const overlayFiles = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/** Whether Kustomize makes the objects of this folder. */
export const isOverlay = (folder: string): boolean => overlayFiles.some((name) => existsSync(join(folder, name)));

/** `folder`: absolute. `shown`: as the config has it. `key`: the config's key, for problems of the folder itself. */
export function readFolder(folder: string, shown: string, key: string): FilesRead {
  const refuse = (rule: string, remedy: string): FilesRead => refused(key, shown, rule, remedy);
  let names: string[];
  try {
    names = filesBelow(folder);
  } catch (error) {
    return refuse(
      `can't be read: ${firstLine(error)}`,
      "Write a folder that is there; a relative path begins at the folder of Pulumi.yaml",
    );
  }
  const overlay = names.find((name) => /(^|\/)kustomization\.ya?ml$/.test(name));
  if (overlay !== undefined)
    return refuse(
      `has a ${overlay} in a folder below: only the folder that is named can be an overlay of Kustomize`,
      "Name the overlay's own folder, or write a kustomization.yaml beside it that has it among its resources",
    );
  if (names.includes("Chart.yaml"))
    return refuse("is a chart of Helm, whose templates are no YAML", "Set workload to chart, and chart.path to it");
  if (names.length === 0) return refuse("has no .yaml file", "Write a folder that has the workload's files");
  const read = names.map((name) => parseObjects(readFileSync(join(folder, name), "utf8"), join(shown, name)));
  return { objects: read.flatMap(({ objects }) => objects), problems: read.flatMap(({ problems }) => problems) };
}

export type { KubernetesObject };
