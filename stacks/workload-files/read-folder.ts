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

/** Whether there is a whole number in it that was not read as it is written. */
const isInexact = (value: unknown): boolean =>
  typeof value === "number"
    ? Number.isInteger(value) && !Number.isSafeInteger(value)
    : typeof value === "object" && value !== null && Object.values(value).some(isInexact);

/** Objects of one file. `file`: its name in messages. */
export function parseObjects(text: string, file: string): FilesRead {
  const objects: FromFile[] = [];
  const problems: Problem[] = [];
  for (const document of documentsOf(text)) {
    // A tag that is not known would be left out of the value.
    const wrong = document.errors[0] ?? document.warnings[0];
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
    if (isInexact(value)) {
      problems.push({
        path: file,
        value: "number",
        rule: "has a whole number of more digits than can be kept: another one would be deployed",
        remedy: "Put it in quotes, if the field takes a text, or write a smaller one",
      });
      continue;
    }
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

/**
 * Names of the files below `folder` that kubectl would read, in an order that is the same everywhere; those that begin
 * with a dot are left out. @throws Error for a link to a folder, which kubectl leaves out without a word, or to nothing
 */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith("."))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((entry) => {
      const inner = join(folder, entry.name);
      if (entry.isDirectory()) return filesBelow(inner).map((name) => join(entry.name, name));
      if (entry.isSymbolicLink() && statSync(inner).isDirectory())
        throw new Error(`${entry.name} is a link to a folder, which is not followed: link its files one by one`);
      return /\.(ya?ml|json)$|^Kustomization$/.test(entry.name) && statSync(inner).isFile() ? [entry.name] : [];
    });
}

/** Names that Kustomize knows, in its order. */
export const overlayFiles = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/** Whether Kustomize makes the objects of this folder. */
export const isOverlay = (folder: string): boolean => overlayFiles.some((name) => existsSync(join(folder, name)));

function readText(file: string, shown: string): FilesRead {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch {
    return refused(shown, "bytes", "is not in UTF-8, as YAML for Kubernetes has to be", "Save the file as UTF-8");
  }
  return parseObjects(text, shown);
}

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
  const overlay = names.find((name) => /(^|\/)(kustomization\.ya?ml|Kustomization)$/.test(name));
  if (overlay !== undefined)
    return refuse(
      `has a ${overlay} in a folder below: only the folder that is named can be an overlay of Kustomize`,
      "Name the overlay's own folder, or write a kustomization.yaml beside it that has it among its resources",
    );
  if (names.includes("Chart.yaml"))
    return refuse("is a chart of Helm, whose templates are no YAML", "Set workload to chart, and chart.path to it");
  if (names.length === 0) return refuse("has no .yaml or .json file", "Write a folder that has the workload's files");
  const read = names.map((name) => readText(join(folder, name), join(shown, name)));
  return { objects: read.flatMap(({ objects }) => objects), problems: read.flatMap(({ problems }) => problems) };
}

export type { KubernetesObject };
