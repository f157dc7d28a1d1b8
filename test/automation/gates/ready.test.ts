import assert from "node:assert/strict";
import { sharedGroups } from "../group-refs";
import { lackingOf } from "../../../automation/gates/ready";
import type { Observation } from "../../../automation/observation/observe";
import type { DeploymentState } from "../../../automation/ports";

/** What green lacks whose Deployment is like this, and all else of it well. */
function lacks(deployment: DeploymentState): string | null {
  const observation: Observation = {
    at: 0,
    groups: { web: [] },
    groupOf: sharedGroups("web"),
    members: {
      green: {
        name: "green",
        role: "standby",
        reachable: true,
        problem: null,
        version: "1.35",
        nodes: { ready: 2, total: 2, minors: ["1.35"] },
        controller: { available: true, version: "3.5.0", message: "" },
        services: { web: { deployment, endpoints: ["10.0.0.1:8080"], binding: null, pods: [] } },
      } as unknown as Observation["members"][string],
    },
    probes: {},
    alarms: null,
    problems: [],
  };
  const decision = lackingOf(observation, "green");
  return decision === null ? null : decision.message;
}

describe("a member that is not ready", () => {
  it("says how many of its pods are", () =>
    assert.equal(lacks({ wanted: 3, ready: 1, available: false }), "web on green: 1 of 3 pods ready"));

  it("says what keeps Kubernetes from making the others", () =>
    assert.equal(
      lacks({ wanted: 3, ready: 1, available: false, refused: 'exceeded quota: "few"' }),
      'web on green: 1 of 3 pods ready; no further pod is made: exceeded quota: "few"',
    ));

  it("is none whose pods are all ready", () => assert.equal(lacks({ wanted: 3, ready: 3, available: true }), null));
});
