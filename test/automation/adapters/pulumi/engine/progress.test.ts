import assert from "node:assert/strict";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { ProgressTeller, type UpdateProgress } from "../../../../../automation/adapters/pulumi/engine/progress";

const urn = (name: string): string => `urn:pulumi:dev-blue::project::aws:eks/nodeGroup:NodeGroup::${name}`;
const event = (kind: "resourcePreEvent" | "resOutputsEvent" | "resOpFailedEvent", name: string, op = "create") =>
  ({ [kind]: { metadata: { op, urn: urn(name), type: "aws:eks/nodeGroup:NodeGroup" } } }) as unknown as EngineEvent;

describe("how far an update is", () => {
  /** `events` come `apart` milliseconds after each other. */
  const told = (events: readonly EngineEvent[], apart: number): UpdateProgress[] => {
    const said: UpdateProgress[] = [];
    let now = 0;
    const teller = new ProgressTeller(
      "dev-blue",
      (progress) => said.push(progress),
      () => now,
    );
    for (const one of events) {
      teller.listen(one);
      now += apart;
    }
    return said;
  };

  it("names the resource that is worked on, and counts those that are done or failed", () => {
    const said = told(
      [
        event("resourcePreEvent", "a"),
        event("resourcePreEvent", "b"),
        event("resOutputsEvent", "b"),
        event("resOpFailedEvent", "a"),
      ],
      1000,
    );
    assert.deepEqual(
      said.map(({ done, current }) => [done, current]),
      [
        [0, "aws:eks:NodeGroup a"],
        [0, "aws:eks:NodeGroup b"],
        [1, "aws:eks:NodeGroup a"],
        [2, ""],
      ],
    );
  });
  it("counts what stays as it is, and does not call it work", () => {
    const said = told([event("resourcePreEvent", "a", "same"), event("resOutputsEvent", "a", "same")], 1000);
    assert.deepEqual(said, [{ stack: "dev-blue", done: 1, current: "" }]);
  });
  it("speaks at most once a second", () => {
    const many = Array.from({ length: 50 }, (_, index) => event("resourcePreEvent", `n${index}`));
    assert.equal(told(many, 100).length, 5);
  });
  it("is silent about events that are no resource's", () =>
    assert.deepEqual(told([{ diagnosticEvent: { message: "x" } } as unknown as EngineEvent], 1000), []));
});
