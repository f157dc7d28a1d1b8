import assert from "node:assert/strict";
import { ownAround } from "../../../automation/planning/own-resources";
import { ownLines } from "../../../automation/report/own-resources";
import type { Step } from "../../../stacks/record";

const at = (role: "absent" | "standby" | "active") => ({ role, version: "1.35", workload: "running" as const });
const steps: readonly Step[] = [
  { type: "move", kind: "provision", member: "green", from: at("absent"), to: at("standby") },
  { type: "move", kind: "admit", member: "green", from: at("standby"), to: at("active") },
  { type: "move", kind: "drain", member: "blue", from: at("active"), to: at("standby") },
  { type: "move", kind: "retire", member: "blue", from: at("standby"), to: at("absent") },
];
const urn = (type: string, name: string): string => `urn:pulumi:dev-blue::p::${type}::${name}`;
const blue = {
  extension: {
    resources: [
      urn("aws:sqs/queue:Queue", "a"),
      urn("eks-blue-green:index:Cluster$aws:sqs/queue:Queue", "b"),
      urn("kubernetes:core/v1:Namespace", "platform"),
      urn("pulumi:providers:aws", "elsewhere"),
    ],
    beforeAdmission: [
      { apiVersion: "v1", kind: "Namespace", name: "platform" },
      { apiVersion: "apps/v1", kind: "Deployment", name: "agent", namespace: "platform" },
    ],
  },
};
const counts = ["2 × aws:sqs/queue:Queue", "1 × kubernetes:core/v1:Namespace"];
const marked = ["Namespace platform", "Deployment platform/agent"];

describe("what steps do with what the user's own program declares", () => {
  it("is nothing where it declares nothing", () => {
    assert.deepEqual(ownAround(steps, { blue: {}, green: undefined }), []);
    assert.deepEqual(ownLines({ steps }, 80), []);
  });
  it("is told of a new member by those that are there, and of others by their own", () =>
    assert.deepEqual(ownAround(steps, { blue }), [
      { step: 0, does: "declares", what: counts, as: "blue" },
      { step: 1, does: "waits", what: marked, as: "blue" },
      { step: 3, does: "destroys", what: counts },
    ]));
  it("is told of a member that is there by its own, and not where that is nothing", () => {
    const green = { extension: { resources: [urn("aws:sns/topic:Topic", "t")] } };
    assert.deepEqual(ownAround(steps.slice(1), { blue, green }), [{ step: 2, does: "destroys", what: counts }]);
  });
  it("is printed by the steps' numbers", () =>
    assert.deepEqual(ownLines({ steps, own: ownAround(steps, { blue }) }, 200), [
      "",
      "What your own program declares (other steps leave it as it is):",
      "   1. provision green makes 2 × aws:sqs/queue:Queue, 1 × kubernetes:core/v1:Namespace (as on blue)",
      "   2. admit green waits until these are well: Namespace platform, Deployment platform/agent (as on blue)",
      "   4. retire blue destroys, before the cluster, 2 × aws:sqs/queue:Queue, 1 × kubernetes:core/v1:Namespace",
    ]));
});
