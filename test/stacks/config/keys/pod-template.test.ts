import assert from "node:assert/strict";
import { parseEnvironmentConfig, type ServiceConfig } from "../../../../stacks/config";
import { configDifferences } from "../../../../stacks/config/differences";
import { devValues } from "../../mock-engine";
import { problemsIn } from "../problems-of";

const web = { name: "web", namespace: "web", image: "echo:1", port: 80, targetPort: 8080, replicas: 3 };
const parse = (change: object) =>
  parseEnvironmentConfig(
    { ...devValues, "eks-blue-green:services": JSON.stringify([{ ...web, ...change }]) },
    { environment: "dev" },
  );
const read = (change: object): ServiceConfig => {
  const [service] = parse(change).services;
  assert.ok(service !== undefined);
  return service;
};
const problemsOf = (change: object): string[] => problemsIn(() => read(change));
const own = (change: object) => ({ podTemplate: { spec: { containers: [{ name: "web", ...change }] } } });
const sleep = (seconds: number) => own({ lifecycle: { preStop: { sleep: { seconds } } } });

describe("a pod template in the config", () => {
  it("is nothing where it is not given, and is kept as it is written", () => {
    assert.equal(read({}).podTemplate, undefined);
    const podTemplate = { metadata: { labels: { team: "shop" } }, spec: { priorityClassName: "critical" } };
    assert.deepEqual(read({ podTemplate }).podTemplate, podTemplate);
  });

  it("sets the times that gates and steps count with, and refuses two that differ", () => {
    const timesOf = (change: object): number[] => {
      const { preStopSeconds, terminationGraceSeconds } = read(change);
      return [preStopSeconds, terminationGraceSeconds];
    };
    assert.deepEqual(timesOf({}), [300, 360]);
    assert.deepEqual(timesOf(sleep(200)), [200, 260]);
    assert.deepEqual(timesOf({ ...sleep(200), preStopSeconds: 200 }), [200, 260]);
    assert.deepEqual(timesOf({ podTemplate: { spec: { terminationGracePeriodSeconds: 900 } } }), [300, 900]);
    assert.deepEqual(problemsOf({ ...sleep(200), preStopSeconds: 300 }), [
      "services[0].podTemplate.spec.containers.web.lifecycle.preStop.sleep.seconds: is 300 by preStopSeconds",
    ]);
    assert.match(problemsOf(sleep(100)).join("\n"), /^services\[0\]\.podTemplate\.spec\.containers\[0\]\S+ must be at/);
    assert.match(
      problemsOf({ podTemplate: { spec: { terminationGracePeriodSeconds: 305 } } }).join("\n"),
      /^services\[0\]\.podTemplate\.spec\.terminationGracePeriodSeconds: must be at least 10 s longer/,
    );
  });

  const wrong: readonly [unknown, RegExp][] = [
    ["text", /podTemplate: must be a part of Kubernetes' PodTemplateSpec/],
    [{ spec: [] }, /podTemplate\.spec: must be an object/],
    [{ sepc: {} }, /podTemplate\.sepc: is not a field of Kubernetes' PodTemplateSpec/],
    [{ spec: { toleration: [] } }, /spec\.toleration: is not a field of Kubernetes' PodSpec/],
    [{ spec: { tolerations: {} } }, /spec\.tolerations: must be a list/],
    [{ spec: { tolerations: [{ key: "a", efect: "x" }] } }, /tolerations\[0\]\.efect: is not a field of .* Toleration/],
    [{ spec: { nodeSelector: { a: 1 } } }, /nodeSelector\.a: must be a text/],
    [{ spec: { nodeSelector: { $patch: "replace" } } }, /nodeSelector\.\$patch: is a directive of a patch/],
    [{ spec: { priority: "1" } }, /spec\.priority: must be a number/],
    [{ spec: { volumes: [{ name: "v", configmap: {} }] } }, /volumes\[0\]\.configmap: is not a field/],
    [{ spec: { shareProcessNamespace: "yes" } }, /shareProcessNamespace: must be true or false/],
    [{ spec: { containers: [{ name: "web", readinessProbe: { tcpSocket: { port: {} } } }] } }, /port: must be a whole/],
    [{ metadata: { labels: { a: true } } }, /metadata\.labels\.a: must be a text/],
  ];
  for (const [podTemplate, message] of wrong)
    it(`refuses ${JSON.stringify(podTemplate)} by Kubernetes' own description`, () => {
      const problems = problemsOf({ podTemplate });
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(problems[0] ?? "", message);
    });

  it("takes amounts with and without quotes, ports by name and number, and null", () =>
    assert.deepEqual(
      problemsOf(
        own({
          resources: { requests: { cpu: 2, memory: "1Gi" } },
          readinessProbe: { tcpSocket: { port: "http" } },
          livenessProbe: null,
          startupProbe: { grpc: { port: 8080 } },
        }),
      ),
      [],
    ));

  it("goes with a workload of this package alone", () =>
    assert.match(
      problemsOf({ image: undefined, workload: "external", podTemplate: { spec: {} }, replicas: undefined }).join("\n"),
      /podTemplate: can't be combined with workload external/,
    ));

  it("is a change that `up` deploys to members, and no other", () => {
    const [one, ...others] = configDifferences(parse({}), parse({ podTemplate: { spec: { priority: 1 } } }));
    assert.deepEqual(others, []);
    assert.deepEqual([one?.named, one?.change.kind, one?.readBy], ["services[web].podTemplate", "up", ["members"]]);
  });
});
