import assert from "node:assert/strict";
import { holdsAll, holds } from "../../../../../automation/adapters/pulumi/state/import-collisions";
import { EventCollector } from "../../../../../automation/adapters/pulumi/engine/events";

describe("an object that is there already", () => {
  const declared = {
    kind: "Service",
    metadata: { name: "web", labels: { app: "web" } },
    spec: { ports: [{ port: 80 }] },
  };
  const live = {
    ...declared,
    metadata: { ...declared.metadata, uid: "1" },
    spec: { ports: [{ port: 80, protocol: "TCP" }], clusterIP: "127.96.0.1" },
  };

  it("is taken for ours only when it holds all that was declared", () => {
    assert.ok(holds(live, declared));
    assert.ok(!holds({ ...live, metadata: { name: "web" } }, declared));
    assert.ok(!holds({ ...live, spec: { ports: [{ port: 81 }] } }, declared));
    assert.ok(!holds({ ...live, spec: { ports: [] } }, declared));
    assert.ok(!holds(undefined, declared));
  });

  it("is the release that is declared, by what Helm keeps of it: an import tells neither time-out nor repository", () => {
    const kept = { name: "lbc", namespace: "kube-system", version: "3.5.0", values: { clusterName: "dev-blue" } };
    const asked = { ...kept, chart: "lbc", timeout: 600, repositoryOpts: { repo: "https://charts.example.com" } };
    const type = "kubernetes:helm.sh/v3:Release";
    const live = { ...kept, chart: "other-name", status: { status: "pending-install" } };
    assert.ok(holdsAll(live, { type, inputs: asked }));
    assert.ok(!holdsAll({ ...live, version: "3.4.0" }, { type, inputs: asked }));
    assert.ok(!holdsAll({ ...live, values: { clusterName: "dev-green" } }, { type, inputs: asked }));
  });

  it("of AWS is ours whatever the order of its lists, the spacing of its policies, and the engine's own notes", () => {
    const role = "arn:aws:iam::1:role/dev-green-eksRole-6036de8";
    const inputs = {
      __defaults: ["name"],
      name: "dev-green",
      roleArn: role,
      version: "1.35",
      vpcConfig: { __defaults: [], subnetIds: ["subnet-1", "subnet-2"] },
      assumeRolePolicy: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]}',
    };
    const answer = {
      name: "dev-green",
      roleArn: role,
      version: "1.35",
      arn: "arn",
      vpcConfig: { subnetIds: ["subnet-2", "subnet-1"], vpcId: "vpc-1" },
      assumeRolePolicy: '{ "Statement": [{ "Effect": "Allow" }], "Version": "2012-10-17" }',
    };
    assert.ok(holds(answer, inputs, "sets"));
    assert.ok(!holds(answer, inputs), "of Kubernetes the order counts: arguments of a command are a list too");
    assert.ok(!holds({ ...answer, roleArn: "arn:aws:iam::1:role/somebody-else" }, inputs, "sets"));
    assert.ok(!holds({ ...answer, vpcConfig: { subnetIds: ["subnet-2", "subnet-3"] } }, inputs, "sets"));
    assert.ok(
      !holds(
        { ...answer, assumeRolePolicy: '{"Version":"2012-10-17","Statement":[{"Effect":"Deny"}]}' },
        inputs,
        "sets",
      ),
    );
    assert.ok(!holds({ ...answer, assumeRolePolicy: "no document" }, inputs, "sets"));
  });

  it("is recognised in the engine's events", () => {
    const events = new EventCollector();
    const urn = "urn:pulumi:dev-blue::p::kubernetes:core/v1:Service::web";
    const metadata = {
      op: "create",
      urn,
      type: "kubernetes:core/v1:Service",
      new: { inputs: declared, parent: "urn:parent", provider: "urn:provider::1" },
    };
    events.listen({ resourcePreEvent: { metadata } } as never);
    events.listen({
      diagnosticEvent: { severity: "error", urn: `${urn}-other`, message: 'Service "web" already exists' },
    } as never);
    assert.deepEqual(events.collisions, []);
    events.listen({ diagnosticEvent: { severity: "error", urn, message: 'Service "web" already exists' } } as never);
    assert.deepEqual(events.collisions, [
      { urn, type: metadata.type, inputs: declared, parent: "urn:parent", provider: "urn:provider::1" },
    ]);
  });
});
