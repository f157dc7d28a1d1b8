/** Kubernetes events on bindings and Services; a repeated one is counted, not written again. */
import type { ApiClient } from "../kubernetes/api-client";
import { log } from "./log";
import { paths } from "./api-paths";
import type { Meta } from "./types";

export type EventReason =
  | "SuccessfullyReconciled"
  | "FailedReconcile"
  | "BackendNotFound"
  | "FailedCleanup"
  | "FailedNetworkReconcile"
  | "FailedAddFinalizer"
  | "FailedRemoveFinalizer"
  | "FailedBuildModel"
  | "FailedDeployModel"
  | "FailedUpdateStatus"
  | "FailedCleanupStatus";

/** What an event is about, and under which name its writer goes. */
const KINDS = {
  binding: { apiVersion: "elbv2.k8s.aws/v1beta1", kind: "TargetGroupBinding", component: "targetGroupBinding" },
  service: { apiVersion: "v1", kind: "Service", component: "service" },
} as const;
type Subject = { readonly metadata: Meta };

const REMEMBERED = 500;

export class EventRecorder {
  private readonly seen = new Map<string, { readonly name: string; count: number }>();
  private last: Promise<unknown> = Promise.resolve();

  private readonly kind: (typeof KINDS)[keyof typeof KINDS];

  constructor(
    private readonly client: ApiClient,
    about: keyof typeof KINDS = "binding",
  ) {
    this.kind = KINDS[about];
  }

  /** Never fails and never waits: an event that can't be written is logged. */
  record(subject: Subject, type: "Normal" | "Warning", reason: EventReason, message: string): void {
    const write = (): Promise<void> => this.write(subject, type, reason, message);
    this.last = this.last
      .then(write)
      .catch((error: Error) => log("error", "event not written", { reason, error: error.message }));
  }

  private async write(subject: Subject, type: string, reason: EventReason, message: string): Promise<void> {
    const { namespace = "", name, uid } = subject.metadata;
    const key = [uid, type, reason, message].join("|");
    const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    const seen = this.seen.get(key);
    if (seen) {
      seen.count += 1;
      try {
        await this.client.patch(`${paths.events(namespace)}/${seen.name}`, "merge", {
          count: seen.count,
          lastTimestamp: now,
        });
        return;
      } catch {
        // Expired or deleted: written anew below.
      }
    }
    const fresh = { name: `${name}.${Date.now().toString(16)}${Math.random().toString(16).slice(2, 8)}`, count: 1 };
    await this.client.create(paths.events(namespace), {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: fresh.name, namespace },
      type,
      reason,
      message,
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      involvedObject: { apiVersion: this.kind.apiVersion, kind: this.kind.kind, namespace, name, uid },
      source: { component: this.kind.component },
    });
    if (this.seen.size >= REMEMBERED) this.seen.clear();
    this.seen.set(key, fresh);
  }
}
