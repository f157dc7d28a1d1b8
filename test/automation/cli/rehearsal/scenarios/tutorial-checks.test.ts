/**
 * Verifications are judged from what kubectl and the AWS CLI answer; a rehearsal must not be able to pass on an empty
 * answer.
 */
import assert from "node:assert/strict";
import {
  configMapsListPods,
  crdHasField,
  flagIsOn,
  targetsAreHealthy,
  verifyIsGood,
  workloadRuns,
} from "../../../../../automation/cli/rehearsal/scenarios/tutorial-checks";
import type { RehearsalStage } from "../../../../../automation/cli/rehearsal/stage";

/** Answers by words of the command line; the first that are all there. */
const stageOf = (answers: readonly (readonly [string, unknown])[]): RehearsalStage => {
  const find = (name: string, args: readonly string[]): unknown => {
    const line = [name, ...args].join(" ");
    const found = answers.find(([words]) => words.split(" ").every((word) => line.includes(word)));
    if (found === undefined) throw new Error(`nobody answers ${line}`);
    return found[1];
  };
  return {
    command: (name: string, args: readonly string[]) => Promise.resolve(String(find(name, args))),
    json: (name: string, args: readonly string[]) => Promise.resolve(find(name, args)),
    verify: () => Promise.resolve(find("verify", [])),
  } as unknown as RehearsalStage;
};

const pods = (...list: readonly (readonly [string, boolean])[]) => ({
  items: list.map(([podIP, ready]) => ({
    status: { podIP, conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  })),
});
const primary = { context: "blue", namespace: "web", service: "web" };
const binding = (flag?: boolean) => ({
  metadata: { name: "k8s-web" },
  spec: { targetGroupARN: "arn", ...(flag === undefined ? {} : { multiClusterTargetGroup: flag }) },
});
const health = (...list: readonly (readonly [string, string])[]) => ({
  TargetHealthDescriptions: list.map(([Id, State]) => ({ Target: { Id, Port: 80 }, TargetHealth: { State } })),
});

describe("the seeds' verifications", () => {
  for (const [what, text, holds] of [
    ["there", "GROUP: elbv2.k8s.aws\nFIELD: multiClusterTargetGroup <boolean>\n", true],
    ["missing", 'error: field "multiClusterTargetGroup" does not exist', false],
  ] as const) {
    it(`the CRD's field is ${what}`, async () =>
      assert.equal((await crdHasField(stageOf([["explain", text]]), "blue")).holds, holds));
  }

  for (const [what, items, holds] of [
    ["on", [binding(true)], true],
    ["off", [binding(false)], false],
    ["absent", [binding()], false],
    ["on for one of two", [binding(true), binding(false)], false],
    ["nobody's", [], false],
  ] as const) {
    it(`the flag is ${what}`, async () =>
      assert.equal((await flagIsOn(stageOf([["get targetgroupbinding", { items }]]), primary)).holds, holds));
  }

  const two = pods(["10.0.0.1", true], ["10.0.0.2", true], ["10.0.0.3", false]);
  for (const [what, targets, ready, holds] of [
    ["lists the ready pods, in any order", "10.0.0.2:80,10.0.0.1:80", two, true],
    ["lacks one", "10.0.0.2:80", two, false],
    ["has one too much", "10.0.0.1:80,10.0.0.2:80,10.0.0.9:80", two, false],
    ["is empty, and so is the cluster", "", pods(), false],
  ] as const) {
    it(`a ConfigMap that ${what}`, async () =>
      assert.equal(
        (
          await configMapsListPods(
            stageOf([
              ["get pods", ready],
              ["configmap aws-lbc-targets-web", { data: { targets } }],
            ]),
            { context: "blue", namespace: "web", bindings: ["web"] },
          )
        ).holds,
        holds,
      ));
  }
  it("no binding has no ConfigMap, which proves nothing", async () =>
    assert.equal(
      (await configMapsListPods(stageOf([["get pods", two]]), { context: "blue", namespace: "web", bindings: [] }))
        .holds,
      false,
    ));

  for (const [what, targets, holds] of [
    [
      "all healthy",
      [
        ["10.0.0.1", "healthy"],
        ["10.1.0.1", "healthy"],
      ],
      true,
    ],
    [
      "and one that drains",
      [
        ["10.0.0.1", "healthy"],
        ["10.1.0.1", "healthy"],
        ["10.9.0.1", "draining"],
      ],
      true,
    ],
    [
      "one still initial",
      [
        ["10.0.0.1", "healthy"],
        ["10.1.0.1", "initial"],
      ],
      false,
    ],
    ["a cluster is missing", [["10.0.0.1", "healthy"]], false],
    [
      "a stranger is there",
      [
        ["10.0.0.1", "healthy"],
        ["10.1.0.1", "healthy"],
        ["10.9.0.1", "healthy"],
      ],
      false,
    ],
  ] as const) {
    it(`targets of both clusters: ${what}`, async () => {
      const stage = stageOf([
        ["blue get pods", pods(["10.0.0.1", true])],
        ["green get pods", pods(["10.1.0.1", true])],
        ["describe-target-health", health(...targets)],
      ]);
      assert.equal(
        (
          await targetsAreHealthy(
            stage,
            ["arn"],
            [
              { context: "blue", namespace: "web" },
              { context: "green", namespace: "web" },
            ],
          )
        ).holds,
        holds,
      );
    });
  }
  it("no target group proves nothing", async () =>
    assert.equal(
      (await targetsAreHealthy(stageOf([["get pods", two]]), [], [{ context: "blue", namespace: "web" }])).holds,
      false,
    ));

  for (const [ready, type, holds] of [
    [2, "ClusterIP", true],
    [1, "ClusterIP", false],
    [2, "LoadBalancer", false],
    [undefined, "ClusterIP", false],
  ] as const) {
    it(`a workload with ${ready ?? "no"} of 2 pods ready, behind ${type}`, async () => {
      const stage = stageOf([
        ["get deployment", { spec: { replicas: 2 }, status: { readyReplicas: ready } }],
        ["get service", { spec: { type } }],
      ]);
      assert.equal(
        (
          await workloadRuns(
            stage,
            { context: "green", namespace: "web", deployment: "web", service: "web" },
            "ClusterIP",
          )
        ).holds,
        holds,
      );
    });
  }

  for (const [verdict, holds] of [
    ["good", true],
    ["findings", false],
    ["unknown", false],
  ] as const) {
    it(`verify's verdict '${verdict}'`, async () =>
      assert.equal(
        (await verifyIsGood(stageOf([["verify", { verdict, checks: [], findings: [], traffic: [] }]]))).holds,
        holds,
      ));
  }
});
