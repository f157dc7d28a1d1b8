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

interface Made {
  readonly component: pulumi.ComponentResource;
  readonly provider: pulumi.ProviderResource;
}

export class Renderer {
  /** `kubernetesVersion`: the minor of the cluster that the objects are for, like `1.35`. */
  constructor(
    private readonly member: string,
    readonly kubernetesVersion: string,
    private readonly shared: { made: Made | null } = { made: null },
  ) {}

  /** For a cluster of another minor, with the same provider. */
  at(kubernetesVersion: string): Renderer {
    return new Renderer(this.member, kubernetesVersion, this.shared);
  }

  /** Resources that rendering took; none where nothing was rendered. */
  declared(): readonly pulumi.Resource[] {
    return this.shared.made === null ? [] : [this.shared.made.component];
  }

  private get provider(): pulumi.ProviderResource {
    if (this.shared.made === null) {
      const component = new pulumi.ComponentResource("eks-blue-green:index:WorkloadFiles", `${this.member}-files`);
      const provider = new kubernetes.Provider(`${this.member}-files`, { kubeconfig: nowhere }, { parent: component });
      this.shared.made = { component, provider };
    }
    return this.shared.made.provider;
  }

  /** What a function of the provider answers. @throws Error with the provider's words */
  async ask(token: string, args: Record<string, string>): Promise<readonly unknown[]> {
    const { result } = (await pulumi.runtime.invoke(token, args, { provider: this.provider })) as {
      result?: unknown[];
    };
    return result ?? [];
  }
}
