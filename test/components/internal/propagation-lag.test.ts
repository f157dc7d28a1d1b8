/** How long a stopping pod must serve on, by the type of the load balancer, wherever that is asked. */
import assert from "node:assert/strict";
import { podTemplateProblems } from "../../../components/internal/pod-template-problems";
import { workloadProblems } from "../../../components/workload";
import { parseEnvironmentConfig } from "../../../stacks/config";
import { problemsIn } from "../../stacks/config/problems-of";
import { devWith } from "../../stacks/mock-engine";

type Type = "network" | "application";
const whys: Readonly<Record<Type, string>> = {
  network:
    "must be at least 180: a Network Load Balancer goes on sending new connections to a deregistered pod for 180 to 300 s",
  application:
    "must be at least 90: an Application Load Balancer goes on sending new requests to a deregistered pod for 90 to 120 s",
};

const sleeping = (name: string, seconds: number) => ({
  spec: { containers: [{ name, image: "echo:1", lifecycle: { preStop: { sleep: { seconds } } } }] },
});
const web = { name: "web", namespace: "web", image: "echo:1", port: 80, targetPort: 8080, replicas: 3 };
const config = (type: Type, service: object, rollout: object = {}) =>
  problemsIn(() =>
    parseEnvironmentConfig(devWith({ loadBalancer: { type }, services: [{ ...web, ...service }], rollout }), {
      environment: "dev",
    }),
  );
const rules = (problems: readonly { readonly path: string; readonly rule: string }[]) =>
  problems.map(({ path, rule }) => `${path}: ${rule}`);
const workload = (loadBalancerType: Type, preStopSeconds: number) =>
  rules(
    workloadProblems({
      workloadName: "web",
      namespace: "web",
      image: "echo:1",
      containerPort: 8080,
      memberName: "blue",
      loadBalancerType,
      preStopSeconds,
    }),
  );
const template = (loadBalancerType: Type, seconds: number) =>
  rules(
    podTemplateProblems(sleeping("proxy", seconds) as never, {
      name: "web",
      ports: [{ targetPort: 8080 }],
      loadBalancerType,
      called: { preStop: "preStopSeconds", grace: "terminationGraceSeconds", variables: "environment" },
    }),
  );

describe("the least time that a stopping pod serves on", () => {
  for (const [type, least] of [
    ["network", 180],
    ["application", 90],
  ] as const) {
    const why = whys[type];
    const sleep = "spec.containers[0].lifecycle.preStop.sleep.seconds";
    it(`is ${least} s behind a load balancer of type ${type}, in config, pod template and component`, () => {
      assert.deepEqual(config(type, { preStopSeconds: least }, { propagationHoldSeconds: least }), []);
      assert.deepEqual(workload(type, least), []);
      assert.deepEqual(template(type, least), []);
      assert.deepEqual(config(type, { podTemplate: sleeping("proxy", least) }), []);
    });

    it(`is refused below that with that type's reason (${type})`, () => {
      const short = least - 1;
      const [ofPod, ofHold] = [
        config(type, { preStopSeconds: short }),
        config(type, {}, { propagationHoldSeconds: short }),
      ];
      assert.deepEqual(ofPod, [`services[0].preStopSeconds: ${why}`]);
      const reason = why.replace(/^must be at least \d+: /, "");
      assert.deepEqual(ofHold, [
        `rollout.propagationHoldSeconds: must be a whole number from ${least} to 3600 (${reason})`,
      ]);
      assert.deepEqual(workload(type, short), [`preStopSeconds: ${why}`]);
      assert.deepEqual(template(type, short), [`${sleep}: ${why}`]);
      assert.deepEqual(config(type, { podTemplate: sleeping("proxy", short) }), [
        `services[0].podTemplate.${sleep}: ${why}`,
      ]);
    });
  }

  it("is an NLB's where no type is given", () => {
    const at = (preStopSeconds: number) =>
      workloadProblems({
        workloadName: "web",
        namespace: "web",
        image: "echo:1",
        containerPort: 8080,
        memberName: "blue",
        preStopSeconds,
      });
    assert.deepEqual(at(180), []);
    assert.deepEqual(rules(at(179)), [`preStopSeconds: ${whys.network}`]);
  });
});
