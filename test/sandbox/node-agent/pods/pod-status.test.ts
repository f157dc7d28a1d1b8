import assert from "node:assert/strict";
import type { ContainerState, ContainerStatus, Pod } from "../../../../sandbox/kubernetes/types";
import { podStatus, type PodObservation, saysAll } from "../../../../sandbox/node-agent/pods/pod-status";
import { AddressPool } from "../../../../sandbox/node-agent/pods/address-pool";

const running: ContainerState = { running: { startedAt: "t" } };
const exited = (exitCode: number): ContainerState => ({
  terminated: { exitCode, reason: "x", startedAt: "t", finishedAt: "t" },
});
const container = (ready: boolean, state: ContainerState): ContainerStatus => ({
  name: "c",
  image: "i",
  imageID: "",
  ready,
  started: ready,
  restartCount: 0,
  state,
  lastState: {},
});
const seen = (more: Partial<PodObservation>): PodObservation => ({
  init: [],
  main: [container(true, running)],
  initialized: true,
  podAddress: "10.0.0.1",
  hostAddress: "10.0.0.2",
  startedAt: "t",
  ended: false,
  ...more,
});
const pod = (
  more: Partial<Pod["spec"]> = {},
  conditions: { type: string; status: string; lastTransitionTime?: string }[] = [],
): Pod => ({ metadata: { name: "p" }, spec: { containers: [{ name: "c" }], ...more }, status: { conditions } });
const summary = (p: Pod, s: PodObservation): string => {
  const status = podStatus(p, s, "now");
  const ready = status.conditions?.find((c) => c.type === "Ready");
  return `${status.phase} ${ready?.status} ${ready?.reason ?? "-"}`;
};

describe("pod status", () => {
  const gate = { readinessGates: [{ conditionType: "g" }] };
  const cases: [name: string, pod: Pod, seen: PodObservation, expected: string][] = [
    ["running and ready", pod(), seen({}), "Running True -"],
    [
      "not yet started",
      pod(),
      seen({ main: [container(false, { waiting: { reason: "ContainerCreating" } })] }),
      "Pending False ContainersNotReady",
    ],
    [
      "in its init containers",
      pod(),
      seen({ initialized: false, main: [container(false, { waiting: { reason: "PodInitializing" } })] }),
      "Pending False ContainersNotReady",
    ],
    [
      "a sidecar that is not ready",
      pod({ initContainers: [{ name: "c", restartPolicy: "Always" }] }),
      seen({ init: [container(false, running)] }),
      "Running False ContainersNotReady",
    ],
    [
      "an init container that has done its work",
      pod({ initContainers: [{ name: "c" }] }),
      seen({ init: [{ ...container(false, exited(0)), name: "c" }] }),
      "Running True -",
    ],
    ["readiness probe fails", pod(), seen({ main: [container(false, running)] }), "Running False ContainersNotReady"],
    ["gate without a condition", pod(gate), seen({}), "Running False ReadinessGatesNotReady"],
    ["gate false", pod(gate, [{ type: "g", status: "False" }]), seen({}), "Running False ReadinessGatesNotReady"],
    ["gate true", pod(gate, [{ type: "g", status: "True" }]), seen({}), "Running True -"],
    [
      "job done",
      pod({ restartPolicy: "Never" }),
      seen({ main: [container(false, exited(0))] }),
      "Succeeded False PodCompleted",
    ],
    [
      "job failed",
      pod({ restartPolicy: "Never" }),
      seen({ main: [container(false, exited(1))] }),
      "Failed False PodFailed",
    ],
    [
      "deleted, ended in order",
      pod(),
      seen({ ended: true, main: [container(false, exited(0))] }),
      "Succeeded False PodCompleted",
    ],
    ["deleted, killed", pod(), seen({ ended: true, main: [container(false, exited(137))] }), "Failed False PodFailed"],
  ];
  for (const [name, p, s, expected] of cases) it(name, () => assert.equal(summary(p, s), expected));

  it("keeps the time of the last transition while the status stays", () => {
    const before = pod({}, [{ type: "Ready", status: "True", lastTransitionTime: "then" }]);
    const time = (s: PodObservation): string | undefined =>
      podStatus(before, s, "now").conditions?.find((c) => c.type === "Ready")?.lastTransitionTime;
    assert.equal(time(seen({})), "then");
    assert.equal(time(seen({ main: [container(false, running)] })), "now");
  });

  it("is not patched again when the API says it already, and is when something differs", () => {
    const wanted = podStatus(pod(), seen({}), "now");
    const observed = {
      ...wanted,
      qosClass: "BestEffort",
      conditions: [{ type: "g", status: "True" }, ...(wanted.conditions ?? [])],
    };
    assert.ok(saysAll(observed, wanted));
    assert.ok(
      !saysAll(
        {
          ...observed,
          conditions: observed.conditions.map((c) => (c.type === "Ready" ? { ...c, status: "False" } : c)),
        },
        wanted,
      ),
    );
    assert.ok(!saysAll({ ...observed, containerStatuses: [container(true, exited(0))] }, wanted));
  });
});

describe("pod addresses", () => {
  it("are unique, kept by their owner, and reused as late as possible", () => {
    const pool = new AddressPool(["a", "b", "c"]);
    assert.deepEqual([pool.take("1"), pool.take("2", "c"), pool.take("1")], ["a", "c", "a"]);
    pool.give("1");
    assert.deepEqual([pool.take("3"), pool.take("4"), pool.take("5")], ["b", "a", null]);
  });
});
