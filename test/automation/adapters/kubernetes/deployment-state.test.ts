import assert from "node:assert/strict";
import { controllerStateOf, deploymentStateOf } from "../../../../automation/adapters/kubernetes/deployment-state";
import { controllerRuns } from "../../../../automation/observation/controller";

describe("a load balancer controller's Deployment", () => {
  const cases = [
    { what: "all pods ready", ready: 2, available: "True", observed: 3, expected: { available: true, running: true } },
    {
      what: "one of two restarts",
      ready: 1,
      available: "False",
      observed: 3,
      expected: { available: false, running: true },
    },
    {
      what: "none is ready",
      ready: 0,
      available: "False",
      observed: 3,
      expected: { available: false, running: false },
    },
    {
      what: "scaled to zero",
      ready: 0,
      available: "True",
      observed: 3,
      expected: { available: false, running: false },
    },
    {
      what: "its status is old",
      ready: 2,
      available: "True",
      observed: 2,
      expected: { available: false, running: true },
    },
  ];
  for (const { what, ready, available, observed, expected } of cases)
    it(`${what}: ${JSON.stringify(expected)}`, () => {
      const state = controllerStateOf({
        metadata: { generation: 3 },
        spec: { replicas: 2, template: { spec: { containers: [{ image: "public.ecr.aws/eks/lbc:v3.5.0" }] } } },
        status: {
          observedGeneration: observed,
          readyReplicas: ready,
          conditions: [{ type: "Available", status: available }],
        },
      });
      assert.deepEqual(state, { ...expected, version: "3.5.0", message: `${ready} of 2 pods ready` });
      assert.equal(controllerRuns(state), expected.running);
    });

  it("counts as running by `available` where nothing else is said", () => {
    for (const available of [true, false])
      assert.equal(controllerRuns({ available, version: null, message: "" }), available);
  });
});

describe("a workload's Deployment", () => {
  const wrote = (manager: string, time: string, spec: object): object => ({
    manager,
    time,
    fieldsV1: { "f:spec": spec },
  });
  const replicas = { "f:replicas": {} };

  it("whoever wrote its replicas last is known", () => {
    const { replicasBy } = deploymentStateOf({
      metadata: {
        managedFields: [
          wrote("pulumi-kubernetes-1", "2026-11-30T12:00:00Z", { ...replicas, "f:template": {} }),
          wrote("keda", "2026-11-30T12:03:00Z", replicas),
          wrote("kubectl-edit", "2026-11-30T12:09:00Z", { "f:template": {} }),
          { manager: "kube-controller-manager", time: "2026-11-30T12:10:00Z" },
        ],
      },
      spec: { replicas: 2 },
    });
    assert.deepEqual(replicasBy, { manager: "keda", at: "2026-11-30T12:03:00Z" });
  });

  it("what keeps Kubernetes from making its pods is known while it does", () => {
    const failure = (status: string) =>
      deploymentStateOf({
        metadata: {},
        status: { conditions: [{ type: "ReplicaFailure", status, message: 'failed calling webhook "mpod"' }] },
      }).refused;
    assert.equal(failure("True"), 'failed calling webhook "mpod"');
    assert.equal(failure("False"), undefined);
  });

  it("nobody is named when the API server does not tell", () => {
    assert.equal(deploymentStateOf({ metadata: {} }).replicasBy, undefined);
  });
});
