import assert from "node:assert/strict";
import { forgetAdoption, resumeAdoption, turnAdoptionBack } from "../../../automation/adoption/record-transitions";
import { adoptionSteps, undoSteps, type AdoptionStep } from "../../../stacks/record/adoption";
import { asOneWrite, type EnvironmentRecord } from "../../../stacks/record";

const balancer = { arn: "arn:lb" };
const open = (step: AdoptionStep, direction: "forward" | "back", declared: boolean): EnvironmentRecord =>
  ({
    schemaVersion: 1,
    revision: 7,
    placement: {},
    rollout: null,
    intent: null,
    ownership: {
      owner: "service",
      primary: "blue",
      adopted: declared ? { web: balancer, api: balancer } : { api: balancer },
    },
    adoption: {
      service: "web",
      member: "blue",
      step,
      direction,
      reason: null,
      startedAt: "2026-11-21T10:00:00Z",
      by: "ann@host 1",
      before: {},
    },
  }) as unknown as EnvironmentRecord;

describe("going on with an adoption", () => {
  for (const step of adoptionSteps) {
    it(`forward at '${step}': fenced, at the same step`, () => {
      const declared = step === "import-primary" || step === "annotations";
      const { record, forget } = resumeAdoption(open(step, "forward", declared), { by: "bob@host 2" });
      assert.deepEqual(
        [record.revision, record.adoption?.by, record.adoption?.step, record.adoption?.direction],
        [8, "bob@host 2", step, "forward"],
      );
      assert.equal(forget, step === "import-environment", "only an import that was cut short is begun anew");
    });
  }
  it("an import that the record has already is not undone", () =>
    assert.equal(resumeAdoption(open("import-environment", "forward", true), { by: "bob" }).forget, false));

  for (const step of undoSteps) {
    it(
      "back at " +
        `'${step}'${step === "forget" ? ": the forgetting is done to its end, whether or not the record has the load balancer" : ""}`,
      () => {
        for (const declared of step === "forget" ? [true, false] : [false]) {
          const before = open(step, "back", declared);
          const { record, forget } = resumeAdoption(before, { by: "bob" });
          assert.equal(forget, step === "forget");
          assert.equal(record.adoption?.step, step === "forget" ? "relabel" : step);
          assert.equal(record.adoption?.by, "bob");
          assert.deepEqual(record.ownership?.adopted, { api: balancer });
          assert.equal(asOneWrite(before, record).revision, 8);
        }
      },
    );
  }
  it("forgetting the only one leaves none", () => {
    const record = {
      ...open("import-environment", "forward", false),
      ownership: { owner: "service", primary: "blue", adopted: { web: balancer } },
    } as unknown as EnvironmentRecord;
    assert.equal(forgetAdoption(turnAdoptionBack(record, "why", "forget")).ownership?.adopted, null);
  });
});
