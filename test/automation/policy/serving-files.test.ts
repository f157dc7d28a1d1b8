import assert from "node:assert/strict";
import { describeAway, wouldBeAway } from "../../../automation/policy/serving-files";
import type { PlannedOperation } from "../../../automation/ports";

const of = (operation: string, type: string, above = "eks-blue-green:index:WorkloadObjects"): PlannedOperation => ({
  operation,
  type,
  urn: `urn:pulumi:dev-blue::p::${above}$${type}::blue-web-shop/web`,
  paths: ["spec.selector"],
  parent: `urn:pulumi:dev-blue::p::${above}::blue-web`,
  custom: true,
});
const kinds = (operations: readonly PlannedOperation[]): string[] => wouldBeAway(operations).map(({ type }) => type);

describe("an update of a member in traffic whose workloads come from files", () => {
  for (const type of [
    "kubernetes:apps/v1:Deployment",
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:core/v1:Service",
    "kubernetes:core/v1:PersistentVolumeClaim",
    // Those that are `immutable`; others are changed in place.
    "kubernetes:core/v1:ConfigMap",
    "kubernetes:core/v1:Secret",
    "kubernetes:argoproj.io/v1alpha1:Rollout",
  ])
    it(`may not make a ${type.split(":").at(-1)} anew: it would be deleted first`, () => {
      // As the engine plans it.
      const all = ["create-replacement", "replace", "delete-replaced"].map((operation) => of(operation, type));
      assert.deepEqual(kinds(all), [type]);
      assert.match(describeAway(wouldBeAway(all)), /blue-web-shop\/web' \(spec\.selector\)$/);
    });

  it("may change them in place, add some, and take some out", () =>
    assert.deepEqual(
      kinds(["update", "create", "delete", "same"].map((operation) => of(operation, "kubernetes:apps/v1:Deployment"))),
      [],
    ));

  it("may not delete what the same update writes: another service's files have it, or another version of its kind", () => {
    const named = (operation: string, type: string, service: string): PlannedOperation => ({
      ...of(operation, type),
      urn: `urn:pulumi:dev-blue::p::eks-blue-green:index:WorkloadObjects$${type}::blue-${service}-shop/redis`,
      parent: `urn:pulumi:dev-blue::p::eks-blue-green:index:WorkloadObjects::blue-${service}`,
    });
    const map = "kubernetes:core/v1:ConfigMap";
    assert.deepEqual(kinds([named("create", map, "api"), named("delete", map, "web")]), [map]);
    const [old, next] = ["v1beta1", "v1"].map((one) => `kubernetes:external-secrets.io/${one}:ExternalSecret`);
    assert.deepEqual(kinds([named("create", next ?? "", "web"), named("delete", old ?? "", "web")]), [old]);
    // Another kind, or nobody writes it.
    assert.deepEqual(kinds([named("create", "kubernetes:core/v1:Secret", "api"), named("delete", map, "web")]), []);
  });

  it("may make anew what pods that run don't need", () =>
    assert.deepEqual(
      kinds([of("replace", "kubernetes:core/v1:ServiceAccount"), of("replace", "kubernetes:batch/v1:Job")]),
      [],
    ));

  it("is judged by its files alone: what the user's own program declares is the user's", () =>
    assert.deepEqual(kinds([of("replace", "kubernetes:apps/v1:Deployment", "my:index:Own")]), []));
});
