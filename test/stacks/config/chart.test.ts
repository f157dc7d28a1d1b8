import assert from "node:assert/strict";
import { parseEnvironmentConfig } from "../../../stacks/config";
import { replicasAreTheirs, stopsWorkloads, targetGroupsOf } from "../../../stacks/config/target-groups";
import { sharedFieldProblems } from "../../../stacks/record/config-changes";
import { devWith } from "../mock-engine";
import { problemsIn } from "./problems-of";

const chart = { path: "./charts/web" };
const web = { name: "web", namespace: "shop", workload: "chart", chart, port: 80, targetPort: 8080 };
const parse = (service: object) => parseEnvironmentConfig(devWith({ services: [service] }), { environment: "dev" });
const problemsOf = (service: object): string[] => problemsIn(() => parse(service));
const withChart = (more: object) => ({ ...web, chart: { ...chart, ...more } });

describe("a service whose workload comes from a chart, in the config", () => {
  it("needs a chart's path; images must be equal, hooks are refused, and the Service has the service's name", () => {
    assert.deepEqual(parse(web).services[0]?.chart, { path: "./charts/web", images: "equal", hooks: "refuse" });
    const named = parse({ ...withChart({ service: "shop-web" }), servicePort: 80 });
    assert.deepEqual(
      targetGroupsOf(named).map(({ kubernetesService, servicePort }) => [kubernetesService, servicePort]),
      [["shop-web", 80]],
    );
  });

  it("keeps values as they are, nulls too", () => {
    const values = { a: null, b: [{ c: 1 }], d: { e: true } };
    assert.deepEqual(parse(withChart({ values })).services[0]?.chart?.values, values);
  });

  it("is refused without a chart, or with one that is to be fetched", () => {
    assert.deepEqual(problemsOf({ ...web, chart: undefined }), ["services[0].chart: is required with workload chart"]);
    for (const path of ["https://charts.example.com/web.tgz", "oci://registry.example.com/web", ""])
      assert.match(problemsOf(withChart({ path })).join(), /chart\.path: must be the path of a chart/, path);
    for (const path of [".", "charts/web-1.0.0.tgz", "/srv/charts/web"])
      assert.deepEqual(problemsOf(withChart({ path })), [], path);
  });

  const wrong = [
    [{ values: "a=1" }, /chart\.values: must be an object/],
    [{ valuesFiles: "a.yaml" }, /chart\.valuesFiles: must be a list of at least 1/],
    [{ valuesFiles: ["a.yaml", "https://a/b"] }, /valuesFiles\[1\]: must be the path of a file/],
    [{ releaseName: "Shop" }, /releaseName: must be a name of a Helm release/],
    [{ releaseName: "a".repeat(54) }, /at most 53 characters/],
    [{ apiVersions: ["monitoring.coreos.com"] }, /apiVersions\[0\]: must be an API version/],
    [{ hooks: "run" }, /hooks: must be one of refuse, skip/],
    [{ repository: "https://charts.example.com" }, /chart\.repository: is not a known key/],
  ] as const;
  for (const [more, said] of wrong)
    it(`is refused with ${JSON.stringify(more).slice(0, 60)}`, () =>
      assert.match(problemsOf(withChart(more)).join(), said));

  it("may ask for versions of definitions, with or without a kind", () => {
    for (const one of ["v1", "monitoring.coreos.com/v1", "monitoring.coreos.com/v1/ServiceMonitor", "a.io/v1alpha1"])
      assert.deepEqual(problemsOf(withChart({ apiVersions: [one] })), [], one);
  });

  it("can't have what a managed workload has, nor another kind's keys; and no other kind has its key", () => {
    for (const [key, value] of Object.entries({ image: "echo:1", replicas: 3, podTemplate: { spec: {} } }))
      assert.deepEqual(problemsOf({ ...web, [key]: value }), [
        `services[0].${key}: can't be combined with workload chart: its chart says all of that workload`,
      ]);
    const manifests = { path: "./m" };
    assert.match(problemsOf({ ...web, manifests }).join(), /manifests: goes with workload manifests only/);
    assert.match(
      problemsOf({ ...web, workload: "manifests", manifests }).join(),
      /chart: goes with workload chart only/,
    );
  });

  it("keeps kind, Service and release once it is deployed; chart and values may change", () => {
    const paths = (is: object): string[] => sharedFieldProblems(parse(web), parse(is)).map(({ path }) => path);
    assert.deepEqual(paths({ ...web, workload: "manifests", chart: undefined, manifests: { path: "./m" } }), [
      "services[0].workload",
    ]);
    assert.deepEqual(paths(withChart({ service: "b" })), ["services[0].chart.service"]);
    assert.deepEqual(paths(withChart({ releaseName: "b" })), ["services[0].chart.releaseName"]);
    assert.deepEqual(paths(withChart({ releaseName: "web" })), [], "it is what it was by default");
    assert.deepEqual(
      paths(withChart({ path: "./b", values: { a: 1 }, valuesFiles: ["c"], hooks: "skip", images: "any" })),
      [],
    );
  });

  it("is counted as it is, and stopped by no move", () => {
    const [service] = parse(web).services;
    assert.equal(service === undefined ? null : replicasAreTheirs(service), true);
    assert.equal(stopsWorkloads(parse(web)), false);
  });
});
