import assert from "node:assert/strict";
import { exitCodeOfError, exitCodeOfResult } from "../../../automation/cli/exit-codes";
import { DriverError } from "../../../automation/errors";
import { lookedAt, refusedAfter, stoppedBy } from "../../../automation/commands/adopt";
import type { ServiceConfig } from "../../../stacks/config";
import { adoptionAt } from "../adoption/adoption";
import { Scene } from "../adoption/scene";

describe("a load balancer that can't be handed over now", () => {
  const refusal = new DriverError("EBG-ADOPT", "the Service web/web-lb is not calm", "look at its events");

  it("before anything was done: refused (4)", () => {
    assert.throws(() => refusedAfter([], "web", refusal, "eks-blue-green adopt"), refusal);
    assert.equal(exitCodeOfError(refusal), 4);
  });
  it("after others: stopped (6), with what is done and how to go on", () => {
    const result = refusedAfter(["shop"], "web", refusal, "eks-blue-green adopt");
    assert.deepEqual(result, {
      outcome: "stopped",
      adopted: ["shop"],
      code: "EBG-ADOPT",
      message: "shop: the stack's now. 'web': the Service web/web-lb is not calm",
      remedy: "look at its events; then: eks-blue-green adopt",
    });
    assert.equal(exitCodeOfResult(result), 6);
  });
  it("the same for what may pass: AWS that does not answer while the next one is looked at", () => {
    for (const code of ["EBG-AWS", "EBG-DEADLINE"] as const) {
      const failure = new DriverError(code, "Throttling: Rate exceeded", "run the same command again");
      assert.equal(refusedAfter(["shop"], "web", failure, "c").outcome, "stopped");
      assert.throws(() => refusedAfter([], "web", failure, "c"), failure);
    }
  });
  it("anything else goes on up", () => {
    const other = new DriverError("EBG-FENCED", "m", "r");
    assert.throws(() => refusedAfter(["shop"], "web", other, "c"), other);
    assert.throws(() => refusedAfter(["shop"], "web", new TypeError("defect"), "c"), TypeError);
  });
});

describe("a hand-over half-way, and the record can't be written or read", () => {
  const { record } = new Scene(adoptionAt("untag"));
  const failure = new DriverError("EBG-UPDATE-FAILED", "backend away", "run the same command again");

  it("stops (6) where the record says", () => {
    assert.deepEqual(stoppedBy(failure, record, "eks-blue-green adopt"), {
      kind: "stopped",
      code: "EBG-UPDATE-FAILED",
      message: "'untag' of 'web': backend away",
      remedy: "run the same command again; then: eks-blue-green adopt",
    });
  });
  it("anything else goes on up: who was overtaken is told so, and defects are", () => {
    for (const error of [
      new DriverError("EBG-FENCED", "m", "r"),
      new DriverError("EBG-CREDENTIALS", "m", "r"),
      new TypeError("defect"),
    ])
      assert.throws(() => stoppedBy(error, record, "c"), error);
  });
});

describe("looking at a service before it is begun", () => {
  const service = { name: "web", namespace: "web", port: 80, targetPort: 8080, healthCheckPath: "/" } as ServiceConfig;
  const throttledFor = (times: number): Scene => {
    const scene = new Scene(adoptionAt("untag"));
    let left = times;
    const { ports } = scene.session;
    Object.assign(ports.kubernetes, { events: async () => [] });
    Object.assign(ports.aws, {
      findServiceLoadBalancers: async () => {
        left -= 1;
        if (left >= 0)
          throw new DriverError(
            "EBG-AWS",
            "elasticloadbalancing:DescribeTags: Throttling: Rate exceeded",
            "run the same command again",
          );
        return { services: {}, missing: {}, backendSecurityGroupId: null };
      },
    });
    return scene;
  };

  it("is repeated while AWS does not answer", async () => {
    const scene = throttledFor(4);
    const seen = await lookedAt(scene.session, scene.family, service);
    assert.deepEqual([seen.primary, seen.role, scene.now], ["blue", "active", 20_000]);
  });
  it("ends after five minutes, refused (4)", async () => {
    const scene = throttledFor(Infinity);
    await assert.rejects(lookedAt(scene.session, scene.family, service), {
      code: "EBG-ADOPT",
      message:
        "what 'web' is like could not be looked at: elasticloadbalancing:DescribeTags: Throttling: Rate exceeded",
    });
    assert.ok(scene.now > 300_000 && scene.now < 310_000, `${scene.now}`);
  });
});
