import assert from "node:assert/strict";
import { parseEnvironmentConfig } from "../../../stacks/config";
import { replicasAreTheirs, stopsWorkloads, targetGroupsOf } from "../../../stacks/config/target-groups";
import { initialRecord } from "../../../stacks/record";
import { sharedFieldProblems } from "../../../stacks/record/config-changes";
import { devWith } from "../mock-engine";
import { problemsIn } from "./problems-of";

const manifests = { path: "./manifests/web" };
const web = { name: "web", namespace: "shop", workload: "manifests", manifests, port: 80, targetPort: 8080 };
const managed = { name: "own", namespace: "shop", image: "echo:1", port: 81, targetPort: 8080 };
const parse = (services: readonly object[], more: Readonly<Record<string, unknown>> = {}) =>
  parseEnvironmentConfig(devWith({ services, ...more }), { environment: "dev" });
const problemsOf = (services: readonly object[], more: Readonly<Record<string, unknown>> = {}): string[] =>
  problemsIn(() => parse(services, more));

describe("a service whose workload comes from files, in the config", () => {
  it("needs a folder; images must be equal then, and the Service has the service's name", () => {
    const [service] = parse([web]).services;
    assert.deepEqual(service?.manifests, { path: "./manifests/web", images: "equal" });
    assert.deepEqual(
      targetGroupsOf(parse([web])).map(({ kubernetesService, servicePort }) => [kubernetesService, servicePort]),
      [["web", 8080]],
    );
    const named = parse([{ ...web, servicePort: 80, manifests: { ...manifests, service: "shop-web" } }]);
    assert.deepEqual(
      targetGroupsOf(named).map(({ kubernetesService, servicePort }) => [kubernetesService, servicePort]),
      [["shop-web", 80]],
    );
  });

  it("is refused without a folder, or with an address", () => {
    assert.deepEqual(problemsOf([{ ...web, manifests: undefined }]), [
      "services[0].manifests: is required with workload manifests",
    ]);
    assert.match(problemsOf([{ ...web, manifests: {} }]).join(), /manifests\.path: is required/);
    for (const path of ["", " a", "https://example.com/a", "oci://a/b", "a\0b"])
      assert.match(problemsOf([{ ...web, manifests: { path } }]).join(), /path: must be the path of a folder/, path);
    for (const path of [".", "..", "manifests", "/srv/manifests", "./über/a b"])
      assert.deepEqual(problemsOf([{ ...web, manifests: { path } }]), [], path);
  });

  it("can't have what a managed workload has: that belongs into the files", () => {
    for (const [key, value] of Object.entries({ image: "echo:1", replicas: 3, podTemplate: { spec: {} } }))
      assert.deepEqual(problemsOf([{ ...web, [key]: value }]), [
        `services[0].${key}: can't be combined with workload manifests: its files say all of that workload`,
      ]);
  });

  it("can't have what goes with another kind, and no other kind has its key", () => {
    assert.match(problemsOf([{ ...web, external: {} }]).join(), /external: goes with workload external only/);
    assert.match(problemsOf([{ ...managed, manifests }]).join(), /manifests: goes with workload manifests only/);
    const external = { ...web, workload: "external" };
    assert.match(problemsOf([external]).join(), /manifests: goes with workload manifests only/);
  });

  it("can't be of instance targets, nor in an environment whose load balancers are Services'", () => {
    assert.match(problemsOf([{ ...web, targetType: "instance" }]).join(), /targetType: can't be combined/);
    const owner = { loadBalancer: { owner: "service", primary: "blue" } };
    assert.match(problemsOf([web], owner).join(), /workload: can't be manifests with loadBalancer\.owner/);
  });

  it("keeps kind, Service and port once it is deployed; the folder may change", () => {
    const paths = (is: object): string[] => sharedFieldProblems(parse([web]), parse([is])).map(({ path }) => path);
    assert.deepEqual(paths({ ...web, workload: "external", manifests: undefined }), ["services[0].workload"]);
    assert.deepEqual(paths({ ...web, manifests: { ...manifests, service: "b" } }), ["services[0].manifests.service"]);
    assert.deepEqual(paths({ ...web, servicePort: 80 }), ["services[0].servicePort"]);
    assert.deepEqual(paths({ ...web, manifests: { path: "./other", images: "any" } }), []);
  });

  it("serves from the first deployment on, is counted as it is, and is stopped by no move", () => {
    const roles = Object.values(initialRecord({ ...parse([web]), rollout: { strategy: "replace" } }).placement);
    assert.deepEqual(
      roles.map(({ role }) => role),
      ["active", "absent"],
    );
    const [service] = parse([web]).services;
    assert.equal(service === undefined ? null : replicasAreTheirs(service), true);
    assert.equal(stopsWorkloads(parse([web])), false);
    assert.equal(stopsWorkloads(parse([web, managed])), true);
  });
});
