/** Reads a folder of YAML files. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments, type Tags } from "yaml";
import type { Problem } from "../../components/internal/problems";
import { type FromFile, isKubernetesObject, type KubernetesObject, withoutLists } from "./objects";

/** YAML 1.1 as Kubernetes' tools read it (`0644` is octal, `yes` is true), where times and dates stay text. */
const asKubernetes = (tags: Tags): Tags =>
  tags.filter((tag) => typeof tag === "string" || (tag.format !== "TIME" && tag.tag !== "tag:yaml.org,2002:timestamp"));

export interface FilesRead {
  readonly objects: readonly FromFile[];
  readonly problems: readonly Problem[];
}

const because = (error: unknown): string =>
  error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);

/** Objects of one file. `file`: its name in messages. */
export function parseObjects(text: string, file: string): FilesRead {
  const objects: FromFile[] = [];
  const problems: Problem[] = [];
  for (const document of parseAllDocuments(text, { version: "1.1", customTags: asKubernetes })) {
    const wrong = document.errors[0];
    if (wrong !== undefined) {
      problems.push({
        path: file,
        value: wrong.code,
        rule: `is no YAML: ${because(wrong)}`,
        remedy: "Correct the file",
      });
      continue;
    }
    const value: unknown = document.toJS();
    if (value === null || value === undefined) continue;
    for (const one of withoutLists(value))
      if (isKubernetesObject(one)) objects.push({ file, object: one });
      else
        problems.push({
          path: file,
          value: one,
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

const overlayFiles = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/** Whether Kustomize makes the objects of this folder. */
export const isOverlay = (folder: string): boolean => overlayFiles.some((name) => existsSync(join(folder, name)));

/** `folder`: absolute. `shown`: as the config has it. `key`: the config's key, for problems of the folder itself. */
export function readFolder(folder: string, shown: string, key: string): FilesRead {
  const refuse = (rule: string, remedy: string): FilesRead => ({
    objects: [],
    problems: [{ path: key, value: shown, rule, remedy }],
  });
  let names: string[];
  try {
    names = filesBelow(folder);
  } catch (error) {
    return refuse(
      `can't be read: ${because(error)}`,
      "Write a folder that is there; a relative path begins at the folder of Pulumi.yaml",
    );
  }
  const overlay = names.find((name) => /(^|\/)kustomization\.ya?ml$/.test(name));
  if (overlay !== undefined)
    return refuse(
      `has a ${overlay} in a folder below: only the folder that is named can be an overlay of Kustomize`,
      "Name the overlay's own folder, or write a kustomization.yaml beside it that has it among its resources",
    );
  if (names.length === 0) return refuse("has no .yaml file", "Write a folder that has the workload's files");
  const read = names.map((name) => parseObjects(readFileSync(join(folder, name), "utf8"), join(shown, name)));
  return { objects: read.flatMap(({ objects }) => objects), problems: read.flatMap(({ problems }) => problems) };
}

export type { KubernetesObject };
