/** Takes away what a binding put into AWS and the cluster: at its end, and when its Service is gone. */
import type { ApiClient } from "../../kubernetes/api-client";
import { arnOf } from "./binding-object";
import { decideCleanup } from "./decide";
import { isGroupGone } from "../aws/elbv2";
import { log } from "../log";
import type { NetworkManager } from "./network-manager";
import { gateOf, showHealth } from "./readiness-gates";
import type { Store } from "./store";
import type { TargetCache } from "../aws/target-cache";
import type { TargetRecord } from "./target-record";
import { addressOf, type Target, type TargetGroupBinding } from "../types";

export interface CleanerParts {
  readonly client: ApiClient;
  readonly store: Store;
  readonly cache: TargetCache;
  readonly record: TargetRecord;
  readonly network: NetworkManager;
}

export class Cleaner {
  constructor(private readonly parts: CleanerParts) {}

  /** Doesn't wait for draining. */
  async cleanUp(binding: TargetGroupBinding): Promise<void> {
    const { client, store, record, network } = this.parts;
    await this.removeTargets(binding);
    // Without the flag an old record stays behind, orphaned: so does the real controller's.
    if (binding.spec.multiClusterTargetGroup === true) await record.remove(binding);
    else record.forget(binding);
    await network.cleanUp(binding);
    for (const pod of store.podsOf(binding.metadata.namespace ?? ""))
      await showHealth(client, pod, gateOf(binding), {
        state: "healthy",
        description: "Target Group Binding is deleted",
      });
  }

  private async removeTargets(binding: TargetGroupBinding): Promise<void> {
    const { cache, record } = this.parts;
    const multiCluster = binding.spec.multiClusterTargetGroup === true;
    try {
      const targets = await cache.list(arnOf(binding));
      const recorded = multiCluster ? await record.read(binding) : null;
      const own = decideCleanup({ multiCluster, recorded, targets });
      if (own.length > 0) await this.deregister(arnOf(binding), own);
    } catch (error) {
      if (!isGroupGone(error)) throw error;
    }
  }

  async deregister(arn: string, targets: readonly Target[]): Promise<void> {
    log("info", "deRegistering targets", { arn, targets: targets.map(addressOf) });
    await this.parts.cache.deregister(arn, targets);
  }
}
