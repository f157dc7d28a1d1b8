import assert from "node:assert/strict";
import type { Observation } from "../../../automation/observation/observe";
import { findingsOf } from "../../../automation/preflight/preflight";
import { World } from "../world";

describe("preflight", () => {
  it("names the way out when an active member answers and its controller does not run", () => {
    const controller = { available: false, version: "3.5.0", message: "0 of 2 pods ready" };
    const observation: Observation = {
      at: 0,
      groups: {},
      groupOf: {},
      members: {
        blue: {
          name: "blue",
          clusterName: "dev-blue",
          reachable: true,
          problem: "",
          nodes: null,
          controller,
          services: {},
        },
      },
      probes: {},
      alarms: null,
      problems: [],
    };
    const [finding, ...others] = findingsOf(observation, new World().record);
    assert.deepEqual(others, []);
    assert.deepEqual([finding?.code, finding?.severity], ["EBG-PREFLIGHT", "required"]);
    assert.match(finding?.message ?? "", /controller of blue is not available: 0 of 2 pods ready/);
    assert.match(finding?.remedy ?? "", /eks-blue-green evacuate blue/);
  });

  it("never suggests to evacuate a member that refuses the caller", () => {
    const observation: Observation = {
      at: 0,
      groups: {},
      groupOf: {},
      members: {
        blue: {
          name: "blue",
          clusterName: "dev-blue",
          reachable: false,
          problem: "blue refuses GET /version: 403",
          refusal: "get an access entry",
          nodes: null,
          controller: null,
          services: {},
        },
      },
      probes: {},
      alarms: null,
      problems: [],
    };
    const findings = findingsOf(observation, new World().record);
    assert.deepEqual(
      findings.map(({ code, severity, remedy }) => [code, severity, remedy]),
      [["EBG-KUBERNETES", "recommended", "get an access entry"]],
    );
  });

  it("changes of a member that is only to be destroyed don't keep it from that", async () => {
    const world = new World();
    await world.upgrade({ approveRetire: false });
    const ports = world.ports.bind(world);
    world.ports = () => {
      const { pulumi, ...others } = ports();
      const preview: typeof pulumi.preview = async (stack, context, ...rest) => {
        const update = await pulumi.preview(stack, context, ...rest);
        if (context !== null || stack.kind !== "member" || stack.member !== "blue") return update;
        const patched = { operation: "update", type: "aws:eks/nodeGroup:NodeGroup", urn: "urn:x", paths: ["version"] };
        return { ...update, operations: [...update.operations, { ...patched, custom: true }] };
      };
      return { ...others, pulumi: { ...pulumi, preview } };
    };
    const result = await world.upgrade();
    assert.equal(result.outcome, "done", result.message);
    assert.ok(!world.clusters.has("blue"));
  });
});
