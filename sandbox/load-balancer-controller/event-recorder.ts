/** Kubernetes events on bindings; a repeated one is counted, not written again. */
import type { ApiClient } from "../node-agent/api-client";
import { log } from "./log";
import { paths } from "./api-paths";
import type { TargetGroupBinding } from "./types";

export type EventReason = "SuccessfullyReconciled" | "FailedReconcile" | "BackendNotFound" | "FailedCleanup" | "FailedNetworkReconcile" | "FailedAddFinalizer";

const REMEMBERED = 500;

export class EventRecorder {
  private readonly seen = new Map<string, { readonly name: string; count: number }>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly client: ApiClient) {}

  /** Never fails and never waits: an event that can't be written is logged. */
  record(binding: TargetGroupBinding, type: "Normal" | "Warning", reason: EventReason, message: string): void {
    const write = (): Promise<void> => this.write(binding, type, reason, message);
    this.last = this.last.then(write).catch((error: Error) => log("error", "event not written", { reason, error: error.message }));
  }

  private async write(binding: TargetGroupBinding, type: string, reason: EventReason, message: string): Promise<void> {
    const { namespace = "", name, uid } = binding.metadata;
    const key = [uid, type, reason, message].join("|");
    const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    const seen = this.seen.get(key);
    if (seen) {
      seen.count += 1;
      try {
        await this.client.patch(`${paths.events(namespace)}/${seen.name}`, "merge", { count: seen.count, lastTimestamp: now });
        return;
      } catch {
        // Expired or deleted: written anew below.
      }
    }
    const fresh = { name: `${name}.${Date.now().toString(16)}${Math.random().toString(16).slice(2, 8)}`, count: 1 };
    await this.client.create(paths.events(namespace), {
      apiVersion: "v1", kind: "Event", metadata: { name: fresh.name, namespace }, type, reason, message, count: 1, firstTimestamp: now, lastTimestamp: now,
      involvedObject: { apiVersion: "elbv2.k8s.aws/v1beta1", kind: "TargetGroupBinding", namespace, name, uid },
      source: { component: "targetGroupBinding" },
    });
    if (this.seen.size >= REMEMBERED) this.seen.clear();
    this.seen.set(key, fresh);
  }
}
