/**
 * Overlays of Kustomize, built by Pulumi's kubernetes provider. It needs no cluster for that, but the engine asks no
 * provider whose settings are not known: so one of its own does it, whose kubeconfig leads nowhere.
 */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type FilesRead } from "./read-folder";
import { isKubernetesObject, withoutLists } from "./objects";

/** Of a cluster that there is not: nothing listens there. */
const nowhere = JSON.stringify({
  apiVersion: "v1",
  kind: "Config",
  clusters: [{ name: "none", cluster: { server: "https://127.0.0.1:1" } }],
  contexts: [{ name: "none", context: { cluster: "none", user: "none" } }],
  "current-context": "none",
  users: [{ name: "none", user: {} }],
});

export class Renderer {
  private made: { readonly component: pulumi.ComponentResource; readonly provider: pulumi.ProviderResource } | null =
    null;

  constructor(private readonly member: string) {}

  /** Resources that rendering took; none where there was no overlay. */
  declared(): readonly pulumi.Resource[] {
    return this.made === null ? [] : [this.made.component];
  }

  private get provider(): pulumi.ProviderResource {
    if (this.made === null) {
      const component = new pulumi.ComponentResource("eks-blue-green:index:WorkloadFiles", `${this.member}-files`);
      const provider = new kubernetes.Provider(`${this.member}-files`, { kubeconfig: nowhere }, { parent: component });
      this.made = { component, provider };
    }
    return this.made.provider;
  }

  /** `folder`: absolute. `shown`: as the config has it. `key`: the config's. */
  async render(folder: string, shown: string, key: string): Promise<FilesRead> {
    try {
      const { result } = (await pulumi.runtime.invoke(
        "kubernetes:kustomize:directory",
        { directory: folder },
        { provider: this.provider },
      )) as { result?: unknown[] };
      const objects = (result ?? []).flatMap(withoutLists).filter(isKubernetesObject);
      if (objects.length > 0) return { objects: objects.map((object) => ({ file: shown, object })), problems: [] };
      return refuse(key, shown, "makes no Kubernetes object", "Name the objects as resources of kustomization.yaml");
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return refuse(
        key,
        shown,
        `can't be built by Kustomize: ${why}`,
        `Correct it; kubectl kustomize ${shown} builds it too`,
      );
    }
  }
}

const refuse = (path: string, value: string, rule: string, remedy: string): FilesRead => ({
  objects: [],
  problems: [{ path, value, rule, remedy }],
});
