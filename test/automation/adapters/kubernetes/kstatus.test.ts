import assert from "node:assert/strict";
import { objectStatus, type StatusObject } from "../../../../automation/adapters/kubernetes/kstatus";

const metadata = { generation: 2 };
const deployment = (change: object = {}, spec: object = { replicas: 2 }): StatusObject => ({
  kind: "Deployment",
  metadata,
  spec,
  status: { observedGeneration: 2, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2, ...change },
});
const set = (change: object = {}, spec: object = { replicas: 2 }): StatusObject => ({
  kind: "StatefulSet",
  metadata,
  spec,
  status: { observedGeneration: 2, readyReplicas: 2, currentRevision: "a", updateRevision: "a", ...change },
});
const daemons = (change: object = {}): StatusObject => ({
  kind: "DaemonSet",
  metadata,
  status: {
    observedGeneration: 2,
    desiredNumberScheduled: 3,
    updatedNumberScheduled: 3,
    numberAvailable: 3,
    numberReady: 3,
    ...change,
  },
});
const ready = (status: string, more: object = {}): StatusObject => ({
  kind: "Kustomization",
  metadata,
  status: { observedGeneration: 2, conditions: [{ type: "Ready", status, message: "why" }], ...more },
});
const argo = (sync: string, health: string): StatusObject => ({
  kind: "Application",
  metadata,
  status: { sync: { status: sync }, health: { status: health } },
});
const progress = (reason: string) => ({
  conditions: [{ type: "Progressing", status: "False", reason, message: "why" }],
});

describe("how an object stands", () => {
  const cases: readonly (readonly [title: string, object: StatusObject | null, status: string, message?: RegExp])[] = [
    ["one that is not there", null, "not-found"],
    ["one that is being deleted", { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } }, "terminating"],
    ["a Deployment whose pods all serve", deployment(), "current"],
    ["one whose controller has not seen the last change", deployment({ observedGeneration: 1 }), "in-progress"],
    ["one that no controller has seen", { kind: "Deployment", metadata, spec: { replicas: 2 } }, "in-progress"],
    ["one with pods of the last revision missing", deployment({ updatedReplicas: 1 }), "in-progress", /older revision/],
    ["one with pods that are not ready", deployment({ readyReplicas: 1 }), "in-progress", /1 of 2 pods are ready/],
    ["one with pods that are not available yet", deployment({ availableReplicas: 1 }), "in-progress", /available/],
    ["one that gave up", deployment(progress("ProgressDeadlineExceeded")), "failed", /why/],
    ["one that is scaled to zero", deployment({}, { replicas: 0 }), "in-progress", /scaled to zero/],
    ["one without replicas in its spec has one", deployment({ replicas: 1, updatedReplicas: 1 }, {}), "current"],
    ["a StatefulSet whose pods are all of one revision", set(), "current"],
    ["one in the middle of an update", set({ updateRevision: "b" }), "in-progress", /last revision/],
    ["one that updates a part on purpose", set({ updateRevision: "b" }, part(1)), "current"],
    ["one with a pod missing", set({ readyReplicas: 1 }), "in-progress", /1 of 2/],
    ["a DaemonSet that is everywhere", daemons(), "current"],
    ["one that is not everywhere yet", daemons({ numberAvailable: 2 }), "in-progress", /2 of 3/],
    ["any object that says that it is ready", ready("True"), "current"],
    ["one that says that it is not", ready("False"), "in-progress", /why/],
    ["one that does not know", ready("Unknown"), "in-progress"],
    ["one that is stalled", ready("True", condition("Stalled")), "failed"],
    ["one that is at it", ready("True", condition("Reconciling")), "in-progress"],
    ["Flux's, suspended, though it looks ready", { ...ready("True"), spec: { suspend: true } }, "suspended"],
    ["an object without a status, as a ConfigMap", { kind: "ConfigMap", metadata: {} }, "current"],
    ["Argo CD's Application, synced and healthy", argo("Synced", "Healthy"), "current"],
    ["one that is out of sync, though healthy", argo("OutOfSync", "Healthy"), "in-progress", /OutOfSync/],
    ["one that goes on", argo("Synced", "Progressing"), "in-progress", /Progressing/],
    ["one that is broken", argo("Synced", "Degraded"), "failed", /Degraded/],
    ["one that Argo CD has not seen", { kind: "Application", metadata }, "in-progress", /not said/],
    ["Argo's Rollout, healthy", rollout("Healthy"), "current"],
    ["one whose canary waits", rollout("Paused"), "in-progress", /Paused/],
    ["one that was given up", rollout("Degraded"), "failed", /Degraded: why/],
    ["one that has no phase yet", { kind: "Rollout", metadata }, "in-progress", /no phase/],
    [
      "one that is scaled to zero, and healthy",
      { ...rollout("Healthy"), spec: { replicas: 0 } },
      "in-progress",
      /zero/,
    ],
    ["a Job that is done", { kind: "Job", metadata, status: condition("Complete") }, "current"],
    ["one that runs", { kind: "Job", metadata, status: {} }, "in-progress", /not completed/],
    ["one that failed", { kind: "Job", metadata, status: condition("Failed") }, "failed", /why/],
    ["a volume's claim", { kind: "PersistentVolumeClaim", metadata, status: { phase: "Bound" } }, "current"],
    [
      "one that waits",
      { kind: "PersistentVolumeClaim", metadata, status: { phase: "Pending" } },
      "in-progress",
      /Pending/,
    ],
    [
      "a kind that is served",
      { kind: "CustomResourceDefinition", metadata, status: condition("Established") },
      "current",
    ],
    ["one that is not served yet", { kind: "CustomResourceDefinition", metadata }, "in-progress", /established/],
    ["a Pod that serves", { kind: "Pod", metadata, status: condition("Ready") }, "current"],
    ["one that is not placed yet", { kind: "Pod", metadata, status: { phase: "Pending" } }, "in-progress", /not ready/],
    ["a resource of somebody's that says nothing", custom(undefined), "in-progress", /not said/],
    ["one with a status of its own kind", custom({}), "in-progress", /no condition Ready/],
    ["one that is available", custom(condition("Available")), "current"],
    ["one of Kubernetes that says nothing", { ...custom({}), apiVersion: "networking.k8s.io/v1" }, "current"],
  ];
  for (const [title, object, expected, message = /^/] of cases)
    it(`${title}: ${expected}`, () => {
      const seen = objectStatus(object);
      assert.equal(seen.status, expected, seen.message);
      assert.match(seen.message, message);
      assert.equal(seen.message === "", expected === "current", "what is not well says why");
    });
});

function rollout(phase: string): StatusObject {
  return {
    kind: "Rollout",
    metadata,
    spec: { replicas: 2 },
    status: { observedGeneration: "2", phase, message: "why" },
  };
}
function custom(status: StatusObject["status"]): StatusObject {
  return { kind: "Widget", apiVersion: "example.com/v1", metadata, ...(status === undefined ? {} : { status }) };
}
function part(partition: number): object {
  return { replicas: 2, updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition } } };
}
function condition(type: string): object {
  return { conditions: [{ type, status: "True", message: "why" }] };
}
