/** Overlays of Kustomize. */
import { isKubernetesObject, withoutLists } from "./objects";
import { because, type FilesRead, refused } from "./files-read";
import type { Renderer } from "./renderer";

/** `folder`: absolute. `shown`: as the config has it. `key`: the config's. */
export async function renderOverlay(
  renderer: Renderer,
  folder: string,
  shown: string,
  key: string,
): Promise<FilesRead> {
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
