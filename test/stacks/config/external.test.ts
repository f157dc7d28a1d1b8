import assert from "node:assert/strict";
import { parseEnvironmentConfig } from "../../../stacks/config";
import { services } from "../../../stacks/config/keys/services";
import { replicasAreTheirs, stopsWorkloads, targetGroupsOf } from "../../../stacks/config/target-groups";
import { initialRecord } from "../../../stacks/record";
import { sharedFieldProblems } from "../../../stacks/record/config-changes";
import { devWith } from "../mock-engine";
import { problemsIn } from "./problems-of";

const web = { name: "web", namespace: "shop", workload: "external", port: 80, targetPort: 8080 };
const managed = { name: "web", namespace: "shop", image: "echo:1", port: 80, targetPort: 8080 };
const parse = (services: readonly object[], more: Readonly<Record<string, unknown>> = {}) =>
  parseEnvironmentConfig(devWith({ services, ...more }), { environment: "dev" });
const problemsOf = (services: readonly object[], more: Readonly<Record<string, unknown>> = {}): string[] =>
  problemsIn(() => parse(services, more));

describe("a service whose workload is external, in the config", () => {
  it("needs a name, a namespace and its ports; images must be equal then", () => {
    const [service] = parse([web]).services;
    assert.equal(service?.workload, "external");
    assert.equal(service?.image, undefined);
    assert.equal(service?.external, undefined);
    assert.equal(
      parse([{ ...web, external: { ready: [{ kind: "Deployment", name: "web" }] } }]).services[0]?.external?.images,
      "equal",
    );
  });

  it("is bound by the Service's name and port, which are its own where they are not said", () => {
    const [plain] = targetGroupsOf(parse([web]));
    assert.deepEqual([plain?.kubernetesService, plain?.servicePort], ["web", 8080]);
    const [named] = targetGroupsOf(parse([{ ...web, servicePort: 80, external: { service: "shop-web" } }]));
    assert.deepEqual([named?.kubernetesService, named?.servicePort], ["shop-web", 80]);
    const ports = [
      { name: "http", port: 80, targetPort: 8080, servicePort: 8000 },
      { name: "grpc", port: 81, targetPort: 8081 },
    ];
    const several = targetGroupsOf(parse([{ ...web, port: undefined, targetPort: undefined, ports }]));
    assert.deepEqual(
      several.map(({ servicePort }) => servicePort),
      [8000, 8081],
    );
  });

  const managedOnly: Readonly<Record<string, unknown>> = {
    image: "echo:1",
    replicas: 3,
    autoscaled: true,
    preStopSeconds: 300,
    terminationGraceSeconds: 360,
    memory: "512Mi",
    cpu: "250m",
    environment: { A: "b" },
    environmentFrom: ["secret"],
    podSecurity: { profile: "restricted" },
    podTemplate: { spec: { priorityClassName: "high" } },
  };
  for (const [key, value] of Object.entries(managedOnly))
    it(`can't have ${key}: that is where the workload is deployed from`, () => {
      assert.deepEqual(problemsOf([{ ...web, [key]: value }]), [
        `services[0].${key}: can't be combined with workload external: nothing of that workload is this package's to set`,
      ]);
    });

  it("may get a role in AWS for its account, and nothing else of an account", () => {
    const roleArn = "arn:aws:iam::111122223333:role/web";
    assert.deepEqual(problemsOf([{ ...web, serviceAccount: { name: "shop-web", roleArn } }]), []);
    assert.deepEqual(problemsOf([{ ...web, serviceAccount: { name: "shop-web" } }]), [
      "services[0].serviceAccount: can't be combined with workload external: who deploys it declares its ServiceAccount, " +
        "and this says no role for that",
    ]);
    assert.deepEqual(problemsOf([{ ...web, serviceAccount: { roleArn, annotations: { a: "b" } } }]), [
      "services[0].serviceAccount.annotations: can't be combined with workload external: who deploys it declares its " +
        "ServiceAccount",
    ]);
  });

  it("is thought of with every key of a service: each is refused, or is of the listener and its targets", () => {
    const ofTargets = [
      ...["name", "namespace", "workload", "external", "manifests", "chart", "serviceAccount"],
      ...["ports", "port", "targetPort", "servicePort"],
      ...[
        "match",
        "http",
        "externalTrafficPolicy",
        "targetType",
        "healthCheckPath",
        "probePath",
        "deregistrationDelaySeconds",
      ],
    ];
    const item = services.item as unknown as { readonly keys: object };
    assert.deepEqual(
      Object.keys(item.keys)
        .filter((key) => !ofTargets.includes(key))
        .sort(),
      [...Object.keys(managedOnly), "existing"].sort(),
    );
  });

  it("can't have what takes in a workload of the primary's alone", () => {
    const existing = { service: "web", deployment: "web" };
    assert.ok(
      problemsOf([{ ...web, existing }]).includes(
        "services[0].existing: can't be combined with workload external: nothing of that workload is this package's to set",
      ),
    );
  });

  it("can't be of instance targets, nor in an environment whose load balancers are Services'", () => {
    assert.match(
      problemsOf([{ ...web, targetType: "instance" }]).join(),
      /^services\[0\]\.targetType: can't be combined/,
    );
    const owner = { loadBalancer: { owner: "service", primary: "blue" } };
    assert.match(
      problemsOf([web], owner).join(),
      /^services\[0\]\.workload: can't be external with loadBalancer\.owner/,
    );
  });

  it("is refused where an object is not named as Kubernetes names objects, or is named twice", () => {
    const ready = (...all: object[]): string[] => problemsOf([{ ...web, external: { ready: all } }]);
    assert.match(ready({ kind: "deployment", name: "web" }).join(), /ready\[0\]\.kind: must be the kind/);
    assert.match(ready({ kind: "Deployment", name: "Web" }).join(), /ready\[0\]\.name: must be the name/);
    assert.match(ready({ kind: "A", name: "web", apiVersion: "a b" }).join(), /apiVersion: must be the API version/);
    const one = { kind: "Deployment", name: "web" };
    assert.match(ready(one, one).join(), /ready\[1\]: is the same object as ready\[0\]/);
    assert.deepEqual(ready(one, { ...one, kind: "StatefulSet" }), []);
  });
});

describe("a managed service, in the config", () => {
  it("still needs an image, and is told so as before", () => {
    assert.deepEqual(problemsOf([{ ...managed, image: undefined }]), [
      "services[0].image: is required; must be a container image",
    ]);
  });
  it("can't have what goes with an external workload", () => {
    assert.match(
      problemsOf([{ ...managed, external: {} }]).join(),
      /^services\[0\]\.external: goes with workload external/,
    );
    assert.match(problemsOf([{ ...managed, servicePort: 80 }]).join(), /^services\[0\]\.servicePort: goes with/);
    const ports = [{ name: "http", port: 80, targetPort: 8080, servicePort: 80 }];
    const several = { ...managed, port: undefined, targetPort: undefined, ports };
    assert.match(problemsOf([several]).join(), /^services\[0\]\.ports\[0\]\.servicePort: goes with/);
  });
});

describe("an environment with external workloads", () => {
  const paths = (was: readonly object[], is: readonly object[]): string[] =>
    sharedFieldProblems(parse(was), parse(is)).map(({ path }) => path);

  it("keeps the kind of a deployed workload, its Service and its Service's port", () => {
    assert.deepEqual(paths([managed], [web]), ["services[0].workload"]);
    assert.deepEqual(paths([web], [managed]), ["services[0].workload"]);
    assert.deepEqual(paths([web], [{ ...web, servicePort: 80 }]), ["services[0].servicePort"]);
    assert.deepEqual(paths([web], [{ ...web, external: { service: "other" } }]), ["services[0].external.service"]);
  });
  it("takes what says the same in other words, and what only the driver reads", () => {
    assert.deepEqual(paths([web], [{ ...web, servicePort: 8080, external: { service: "web" } }]), []);
    assert.deepEqual(paths([web], [{ ...web, external: { images: "any", ready: [{ kind: "Job", name: "a" }] } }]), []);
  });

  it("begins with a member that stands by: on a new cluster nothing is deployed yet", () => {
    const roles = (services: readonly object[], strategy: "replace" | "cycle"): unknown[] =>
      Object.values(initialRecord({ ...parse(services), rollout: { strategy } }).placement).map(({ role }) => role);
    assert.deepEqual(roles([web], "replace"), ["standby", "absent"]);
    assert.deepEqual(roles([web], "cycle"), ["standby", "standby"]);
    assert.deepEqual(roles([managed], "replace"), ["active", "absent"]);
    assert.deepEqual(roles([{ ...managed, name: "own", port: 81 }, web], "replace"), ["standby", "absent"]);
  });

  it("counts its pods as they are, and stops workloads only where one is its own", () => {
    const [external] = parse([web]).services;
    assert.equal(external === undefined ? null : replicasAreTheirs(external), true);
    assert.equal(stopsWorkloads(parse([web])), false);
    assert.equal(stopsWorkloads(parse([{ ...managed, name: "own", port: 81 }, web])), true);
  });
});
