import assert from "node:assert/strict";
import { parse } from "yaml";
import { formatProblem } from "../../../components/internal/problems";
import { parseEnvironmentConfig } from "../../../stacks/config";
import { inNamespaces, type KubernetesObject } from "../../../stacks/workload-files/objects";
import { objectProblems } from "../../../stacks/workload-files/refusals";
import { devWith } from "../mock-engine";

const web = { name: "web", namespace: "shop", workload: "manifests", manifests: { path: "./m" }, port: 80 };
const services = [{ ...web, targetPort: 8080 }];
const service =
  "{ apiVersion: v1, kind: Service, metadata: { name: web }, spec: { selector: { a: b }, ports: [{ port: 8080 }] } }";

function problemsOf(strategy: string, texts: readonly string[]): string[] {
  const config = parseEnvironmentConfig(devWith({ services, rollout: { strategy } }), { environment: "dev" });
  const files = [service, ...texts].map((text) => ({ file: "m/a.yaml", object: parse(text) as KubernetesObject }));
  const [entry] = config.services;
  assert.ok(entry);
  const objects = inNamespaces(files, "shop");
  return objectProblems(config, [{ service: entry, key: "services[0].manifests", objects }]).map(formatProblem);
}
function deployment(graceSeconds: number, preStop: string): string {
  const container = `{ name: c, lifecycle: { preStop: ${preStop} } }`;
  const pod = `{ terminationGracePeriodSeconds: ${graceSeconds}, containers: [${container}] }`;
  const template = `{ metadata: { labels: { a: b } }, spec: ${pod} }`;
  return `{ apiVersion: apps/v1, kind: Deployment, metadata: { name: web }, spec: { template: ${template} } }`;
}
const budget = (spec: string, label = "a: b"): string =>
  `{ apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: { name: web }, ` +
  `spec: { selector: { matchLabels: { ${label} } }, ${spec} } }`;
const quick = deployment(200, "{ sleep: { seconds: 180 } }");

describe("objects from files, where members are upgraded in place", () => {
  for (const [how, preStop] of [
    ["its own field", "{ sleep: { seconds: 1000 } }"],
    ["a command", "{ exec: { command: [sleep, '1000'] } }"],
    ["a shell", "{ exec: { command: [sh, -c, 'nginx -s quit; sleep 1000'] } }"],
  ] as const)
    it(`have no pods whose preStop is longer than EKS waits for a node: by ${how}`, () => {
      const slow = deployment(1100, preStop);
      assert.match(problemsOf("cycle", [slow]).join(), /Deployment shop\/web.*preStop of 1000 s.*780 s at most/s);
      assert.deepEqual(problemsOf("replace", [slow]), []);
    });
  it("may have a long preStop that a short grace period ends", () => {
    assert.deepEqual(problemsOf("cycle", [deployment(780, "{ sleep: { seconds: 1000 } }")]), []);
    assert.equal(problemsOf("cycle", [deployment(781, "{ sleep: { seconds: 1000 } }")]).length, 1);
  });
  for (const spec of ["maxUnavailable: 0", "maxUnavailable: '0%'", "minAvailable: '100%'"])
    it(`have no budget that lets no pod go: ${spec}`, () => {
      const said = problemsOf("cycle", [quick, budget(spec)]).join();
      assert.match(said, /PodDisruptionBudget shop\/web.*PodEvictionFailure.*maxUnavailable: 1/s);
      assert.deepEqual(problemsOf("replace", [quick, budget(spec)]), []);
    });
  it("may have budgets that let pods go, and any budget for pods that are not there", () => {
    for (const spec of ["maxUnavailable: 1", "minAvailable: 1", "maxUnavailable: '10%'"])
      assert.deepEqual(problemsOf("cycle", [quick, budget(spec)]), []);
    assert.deepEqual(problemsOf("cycle", [quick, budget("maxUnavailable: 0", "a: other")]), []);
  });
});
