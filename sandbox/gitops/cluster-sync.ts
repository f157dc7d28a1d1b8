/** One cluster of a GitOps controller: objects are applied to it, put back when somebody changed them, and taken away. */
import { ApiClient, ApiError, readKubeconfig } from "../kubernetes/api-client";
import type { Manifest } from "./manifests";

/** Who writes: the name under which the API server keeps whose a field is. */
export const fieldManager = "gitops-stand-in";

interface ResourceList {
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

export class ClusterSync {
  private readonly client: ApiClient;
  private readonly kinds = new Map<string, ResourceList>();

  constructor(kubeconfig: string) {
    this.client = new ApiClient(readKubeconfig(kubeconfig), "gitops-stand-in");
  }

  /**
   * Server-side apply of each, with force: that is the self-heal. One that is as it should be is not changed by it.
   * @throws ApiError
   */
  async apply(manifests: readonly Manifest[]): Promise<void> {
    for (const manifest of manifests) {
      const query = `fieldManager=${fieldManager}&force=true`;
      await this.client.patch(`${await this.pathOf(manifest)}?${query}`, "apply", manifest);
    }
  }

  /**
   * Takes it away, what was applied last first, and a workload only with its pods. Namespaces stay, as those stay that
   * Argo CD makes for its Applications. Answers whether anything is left.
   */
  async prune(manifests: readonly Manifest[]): Promise<boolean> {
    let left = false;
    for (const manifest of [...manifests].reverse()) {
      if (manifest.kind === "Namespace") continue;
      try {
        await this.client.delete(await this.pathOf(manifest), { propagationPolicy: "Foreground" });
        left = true;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        // An API server that is busy, or away for a moment, is asked again in the next round.
        if (error.status === 0 || error.status === 429 || error.status >= 500) left = true;
        else if (error.status !== 404) throw error;
      }
    }
    return left;
  }

  close(): void {
    this.client.close();
  }

  private async pathOf({ apiVersion, kind, metadata }: Manifest): Promise<string> {
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const list = this.kinds.get(root) ?? (await this.client.get<ResourceList>(root));
    this.kinds.set(root, list);
    const resource = list.resources.find((one) => one.kind === kind && !one.name.includes("/"));
    if (resource === undefined) throw new ApiError(404, "NotFound", `there is no kind ${kind} in ${apiVersion}`);
    const within = resource.namespaced ? `/namespaces/${metadata.namespace ?? "default"}` : "";
    return `${root}${within}/${resource.name}/${metadata.name}`;
  }
}
