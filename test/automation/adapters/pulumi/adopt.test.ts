import assert from "node:assert/strict";
import { holds } from "../../../../automation/adapters/pulumi/adopt";
import { EventCollector } from "../../../../automation/adapters/pulumi/engine-events";

describe("an object that is there already", () => {
  const declared = { kind: "Service", metadata: { name: "web", labels: { app: "web" } }, spec: { ports: [{ port: 80 }] } };
  const live = { ...declared, metadata: { ...declared.metadata, uid: "1" }, spec: { ports: [{ port: 80, protocol: "TCP" }], clusterIP: "127.96.0.1" } };

  it("is taken for ours only when it holds all that was declared", () => {
    assert.ok(holds(live, declared));
    assert.ok(!holds({ ...live, metadata: { name: "web" } }, declared));
    assert.ok(!holds({ ...live, spec: { ports: [{ port: 81 }] } }, declared));
    assert.ok(!holds({ ...live, spec: { ports: [] } }, declared));
    assert.ok(!holds(undefined, declared));
  });

  it("is recognised in the engine's events", () => {
    const events = new EventCollector();
    const urn = "urn:pulumi:dev-blue::p::kubernetes:core/v1:Service::web";
    const metadata = { op: "create", urn, type: "kubernetes:core/v1:Service", new: { inputs: declared, parent: "urn:parent", provider: "urn:provider::1" } };
    events.listen({ resourcePreEvent: { metadata } } as never);
    events.listen({ diagnosticEvent: { severity: "error", urn: `${urn}-other`, message: "Service \"web\" already exists" } } as never);
    assert.deepEqual(events.collisions, []);
    events.listen({ diagnosticEvent: { severity: "error", urn, message: "Service \"web\" already exists" } } as never);
    assert.deepEqual(events.collisions, [{ urn, type: metadata.type, inputs: declared, parent: "urn:parent", provider: "urn:provider::1" }]);
  });
});
