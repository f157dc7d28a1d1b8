/**
 * What makes objects of overlays and charts: Pulumi's kubernetes provider. It needs no cluster for that, but the engine
 * asks no provider whose settings are not known: so one of its own does it, whose kubeconfig leads nowhere.
 */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

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

  /** `kubernetesVersion`: the minor that the member's cluster is to have, like `1.35`. */
  constructor(
    private readonly member: string,
    readonly kubernetesVersion: string,
  ) {}

  /** Resources that rendering took; none where nothing was rendered. */
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

  /** What a function of the provider answers. @throws Error with the provider's words */
  async ask(token: string, args: Record<string, string>): Promise<readonly unknown[]> {
    const { result } = (await pulumi.runtime.invoke(token, args, { provider: this.provider })) as {
      result?: unknown[];
    };
    return result ?? [];
  }
}
