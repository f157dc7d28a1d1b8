import assert from "node:assert/strict";
import { controllerPart } from "../../../stacks/member/program";
import type { Adoption, AdoptionStep } from "../../../stacks/record/adoption";

const during = (step: AdoptionStep, service = "web") => ({ adoption: { service, step } as Adoption });
const calm = { adoption: null };

describe("what a member's controller is permitted", () => {
  it("binding alone, on a member that owns no load balancer", () =>
    assert.deepEqual(controllerPart(calm, [["web", "binds"]]), {}));
  it("load balancers of its own, on a primary", () =>
    assert.deepEqual(controllerPart(calm, [["web", "owns"]]), { loadBalancers: true }));
  it("load balancers as long as one of its services still has its own", () =>
    assert.deepEqual(
      controllerPart(calm, [
        ["web", "owned"],
        ["api", "owns"],
      ]),
      { loadBalancers: true },
    ));
  it("load balancers while a hand-over can still be taken back", () => {
    for (const step of ["release", "untag", "import-primary"] as const)
      assert.deepEqual(controllerPart(during(step), [["web", "owned"]]), { loadBalancers: true }, step);
  });
  it("only its bindings' rules once everything was handed over; the chart's values stay", () => {
    const cut = { bindingNetworking: true, serviceWebhook: true };
    assert.deepEqual(controllerPart(during("annotations"), [["web", "owned"]]), cut);
    assert.deepEqual(controllerPart(calm, [["web", "owned"]]), cut);
  });
});
