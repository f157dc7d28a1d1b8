/** The Service's state after a hand-over was undone. */
import assert from "node:assert/strict";
import { writeServiceAgain } from "../../../automation/adoption/service-again";
import { DriverError } from "../../../automation/errors";
import type { PlannedOperation } from "../../../automation/ports";

const planned = (over: Partial<PlannedOperation>): PlannedOperation => ({
  operation: "update",
  type: "kubernetes:core/v1:Service",
  urn: "urn:pulumi:dev-blue::p::kubernetes:core/v1:Service::blue-nginx-lb",
  custom: true,
  paths: ['metadata.annotations["service.beta.kubernetes.io/aws-load-balancer-type"]', "spec.loadBalancerClass"],
  ...over,
});
const same = planned({ operation: "same", type: "kubernetes:apps/v1:Deployment", paths: [] });

async function calls(operations: readonly PlannedOperation[] | DriverError): Promise<readonly string[]> {
  const made: string[] = [];
  await writeServiceAgain(
    {
      preview: async (stack, context) => {
        assert.deepEqual(
          [stack, context],
          [
            { kind: "member", member: "blue" },
            { kind: "act", expectedRevision: 7 },
          ],
        );
        if (operations instanceof DriverError) throw operations;
        return { operations, plan: "the plan" };
      },
      backUpState: async () => {
        made.push("backUpState");
        return "a file";
      },
      apply: async (_stack, _context, plan) => {
        made.push(`apply ${plan}`);
        return { changes: { update: 1 }, seconds: 1 };
      },
    },
    "blue",
    7,
    new AbortController().signal,
  );
  return made;
}

describe("a Service that was given back", () => {
  it("is written once more, so that no later command meets a change", async () => {
    assert.deepEqual(await calls([same, planned({})]), ["backUpState", "apply the plan"]);
  });

  for (const [what, operations] of [
    ["nothing of it changes", [same]],
    ["its ports would change", [planned({ paths: ["spec.ports[0].port"] })]],
    ["it would be replaced", [planned({ operation: "replace" })]],
    ["something else would change too", [planned({}), planned({ type: "kubernetes:apps/v1:Deployment" })]],
    ["the provider does not say what changes", [planned({ paths: [] })]],
    ["nobody can tell", new DriverError("EBG-STACK-LOCKED", "locked", "wait")],
  ] as const)
    it(`is left alone when ${what}`, async () => {
      assert.deepEqual(await calls(operations), []);
    });
});
