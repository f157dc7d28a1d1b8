/** Overlays of Kustomize. */
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Problem } from "../../components/internal/problems";
import { isObject } from "../../components/internal/plain-object";
import { valueOf } from "./kubernetes-yaml";
import { overlayFiles } from "./read-folder";
import { isKubernetesObject, withoutLists } from "./objects";
import { because, type FilesRead, refused } from "./files-read";
import type { Renderer } from "./renderer";

/** Fields of a kustomization that name files, or folders with one of their own. */
const fields = [
  "resources",
  "bases",
  "components",
  "crds",
  "configurations",
  "generators",
  "transformers",
  "validators",
];

/** Those that name files alone, or have what they say in themselves. Kustomize fetches a file only by its whole address. */
const fileFields = ["patchesStrategicMerge", "patches", "patchesJson6902", "replacements"];

const isAddress = (entry: unknown): boolean => typeof entry === "string" && /^https?:\/\//i.test(entry);
const isFolder = (path: string): boolean => statSync(path).isDirectory();
/** Generators and transformers may stand in the kustomization itself. */
const isInline = (entry: string): boolean => entry.includes("\n");

function entriesOf(file: string): string[] {
  try {
    const value = valueOf(readFileSync(file, "utf8"));
    if (!isObject(value)) return [];
    const inFields = (names: readonly string[]): unknown[] => names.flatMap((field) => value[field] ?? []);
    const files = inFields(fileFields).map((entry) => (isObject(entry) ? entry["path"] : entry));
    const all = [...inFields(fields), ...files.filter(isAddress)];
    return all.filter((entry): entry is string => typeof entry === "string" && !isInline(entry));
  } catch {
    // Kustomize names what is wrong with it better.
    return [];
  }
}

/**
 * What Kustomize would fetch from the network, as what is no path of this machine: each look at a member would wait for
 * it, also those of a drain, and a new member could get other objects than the one that serves.
 */
function fetched(folder: string, shown: string, seen: Set<string> = new Set()): Problem[] {
  const real = realpathSync(folder);
  const file = overlayFiles.map((name) => join(folder, name)).find((name) => existsSync(name));
  if (file === undefined || seen.has(real)) return [];
  seen.add(real);
  return entriesOf(file).flatMap((entry) => {
    const path = resolve(folder, entry);
    if (existsSync(path)) return isFolder(path) ? fetched(path, join(shown, entry), seen) : [];
    return [
      {
        path: join(shown, file.slice(folder.length + 1)),
        value: entry,
        rule: "is nothing on this machine, and Kustomize would fetch it from the network at each look at a member",
        remedy: `Keep a copy beside it: kubectl kustomize '${entry.replaceAll("'", "")}' > base.yaml, or git clone; then name that`,
      },
    ];
  });
}

/** `folder`: absolute. `shown`: as the config has it. `key`: the config's. */
export async function renderOverlay(
  renderer: Renderer,
  folder: string,
  shown: string,
  key: string,
): Promise<FilesRead> {
  const remote = fetched(folder, shown);
  if (remote.length > 0) return { objects: [], problems: remote };
  try {
    const result = await renderer.ask("kubernetes:kustomize:directory", { directory: folder });
    const objects = result.flatMap(withoutLists).filter(isKubernetesObject);
    if (objects.length > 0) return { objects: objects.map((object) => ({ file: shown, object })), problems: [] };
    return refused(key, shown, "makes no Kubernetes object", "Name the objects as resources of kustomization.yaml");
  } catch (error) {
    const rule = `can't be built by Kustomize: ${because(error)}`;
    return refused(key, shown, rule, `Correct it; kubectl kustomize ${shown} builds it too`);
  }
}
