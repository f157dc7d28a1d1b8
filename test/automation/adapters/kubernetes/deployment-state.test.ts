import assert from "node:assert/strict";
import { controllerStateOf } from "../../../../automation/adapters/kubernetes/deployment-state";
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
