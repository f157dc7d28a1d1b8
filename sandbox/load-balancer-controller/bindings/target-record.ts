/**
 * Which targets this cluster registered: a ConfigMap per binding. The copy in memory wins over the object, as with the
 * real controller.
 */
import { type ApiClient, ApiError } from "../../kubernetes/api-client";
import { orGone } from "../../kubernetes/retry";
import { paths } from "../api-paths";
import { keyOf, type TargetGroupBinding } from "../types";

export class TargetRecord {
  private readonly memory = new Map<string, ReadonlySet<string>>();

  constructor(private readonly client: ApiClient) {}

  remembers(binding: TargetGroupBinding): boolean {
    return this.memory.has(keyOf(binding));
  }

  /** Null when nothing was ever recorded. */
  async read(binding: TargetGroupBinding): Promise<ReadonlySet<string> | null> {
    const known = this.memory.get(keyOf(binding));
    if (known) return known;
    const found = await orGone(this.client.get<{ readonly data?: { readonly targets?: string } }>(pathOf(binding)));
    if (!found) return null;
    const recorded = new Set((found.data?.targets ?? "").split(",").filter((one) => one !== ""));
    this.memory.set(keyOf(binding), recorded);
    return recorded;
  }

  async write(binding: TargetGroupBinding, addresses: readonly string[]): Promise<void> {
    const { namespace = "", name } = binding.metadata;
    const configMap = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: `aws-lbc-targets-${name}`, namespace },
      data: { targets: addresses.join(",") },
    };
    try {
      // Not patched: the real chart's role has no such verb.
      await this.client.replace(pathOf(binding), configMap);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      await this.client.create(paths.configMaps(namespace), configMap);
    }
    this.memory.set(keyOf(binding), new Set(addresses));
  }

  async remove(binding: TargetGroupBinding): Promise<void> {
    await orGone(this.client.delete(pathOf(binding)));
    this.forget(binding);
  }

  /** For a binding that is gone: one made later under its name must read the object. */
  forget(binding: TargetGroupBinding): void {
    this.memory.delete(keyOf(binding));
  }
}

function pathOf(binding: TargetGroupBinding): string {
  return paths.configMap(binding.metadata.namespace ?? "", `aws-lbc-targets-${binding.metadata.name}`);
}
