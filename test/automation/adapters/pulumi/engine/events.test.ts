import assert from "node:assert/strict";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { EventCollector } from "../../../../../automation/adapters/pulumi/engine/events";

type Metadata = NonNullable<EngineEvent["resourcePreEvent"]>["metadata"];
const type = "kubernetes:apps/v1:Deployment";
const urn = `urn:pulumi:dev-blue::p::${type}::blue-web`;
const planned = (metadata: Partial<Metadata>) => {
  const collector = new EventCollector();
  collector.listen({
    sequence: 1,
    timestamp: 0,
    resourcePreEvent: { planning: true, metadata: { op: "update", urn, type, provider: "", ...metadata } as Metadata },
  });
  return collector.operations;
};
const state = (more: object = {}) => ({
  type,
  urn,
  custom: true,
  id: "web/web",
  parent: "",
  provider: "",
  inputs: {},
  outputs: {},
  ...more,
});

describe("operations from the engine's events", () => {
  const cases: readonly { readonly name: string; readonly metadata: object; readonly expect: object | null }[] = [
    {
      name: "changed paths",
      metadata: { old: state(), detailedDiff: { "spec.replicas": { kind: "update", inputDiff: true } } },
      expect: { paths: ["spec.replicas"] },
    },
    { name: "only the changed roots", metadata: { old: state(), diffs: ["spec"] }, expect: { paths: ["spec"] } },
    {
      name: "an update that an earlier one left incomplete, with nothing changed",
      metadata: { old: state({ initErrors: ["timed out"] }) },
      expect: { paths: [], incomplete: true },
    },
    { name: "nothing to do", metadata: { op: "same", old: state() }, expect: null },
  ];
  for (const { name, metadata, expect } of cases)
    it(name, () => {
      assert.deepEqual(
        planned(metadata),
        expect === null ? [] : [{ operation: "update", type, urn, custom: true, ...expect }],
      );
    });

  it("are told with each error's resource, which says whose words it holds", () => {
    const collector = new EventCollector();
    const error = { prefix: "", message: "<{%reset%}>it ended<{%reset%}>\n", color: "never", ephemeral: false };
    const diagnosticEvent = { ...error, severity: "error" as const };
    collector.listen({ sequence: 1, timestamp: 0, diagnosticEvent: { ...diagnosticEvent, urn } } as EngineEvent);
    collector.listen({ sequence: 2, timestamp: 0, diagnosticEvent } as EngineEvent);
    assert.deepEqual(collector.diagnostics, [
      { text: "it ended", urn },
      { text: "it ended", urn: "" },
    ]);
  });
});
