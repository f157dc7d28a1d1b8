/** The loop around one service: patience with what does not answer, and nothing done for a world that is gone. */
import assert from "node:assert/strict";
import { perform, type ClusterAction } from "../../../automation/adoption/effects";
import { forgetImports } from "../../../automation/adoption/drop-imports";
import { DriverError } from "../../../automation/errors";
import { adoptionAt } from "./adoption";
import { Scene } from "./scene";

const throttled = (call: string): never => {
  throw new DriverError(
    "EBG-AWS",
    `elasticloadbalancing:${call}: Throttling: Rate exceeded`,
    "run the same command again",
  );
};

describe("handing one service over while AWS does not answer", () => {
  it("looks again, and goes on", async () => {
    const scene = new Scene(adoptionAt("untag"));
    let failures = 3;
    scene.before = (call) => {
      if (call === "tags" && failures > 0) {
        failures -= 1;
        throttled(call);
      }
      if (call === "removeTags") throw new TypeError("seen");
    };
    await assert.rejects(scene.run(), new TypeError("seen"));
    assert.equal(scene.now, 15_000);
  });

  it("stops when it lasts, where it stands, with nothing changed", async () => {
    const scene = new Scene(adoptionAt("untag"));
    scene.before = (call) => void (call === "targets" && throttled(call));
    const outcome = await scene.run();
    assert.deepEqual(outcome, {
      kind: "stopped",
      code: "EBG-DEADLINE",
      message: "'untag' of 'web': elasticloadbalancing:targets: Throttling: Rate exceeded",
      remedy: "repair it, then: eks-blue-green adopt",
    });
    assert.ok(scene.now > 1_800_000 && scene.now < 1_900_000, `${scene.now}`);
    assert.deepEqual(scene.writes, []);
  });
});

describe("a driver that was overtaken while it was asleep", () => {
  it("takes no tag off: another driver may have given the Service back, finalizer and all", async () => {
    const scene = new Scene(adoptionAt("untag"));
    let asked = 0;
    scene.before = (call) => {
      if (call !== "tags") return;
      asked += 1;
      // The first are the look's; it slept after it, and after reading them once more.
      if (asked === 2) scene.overtake();
    };
    const outcome = await scene.run();
    assert.ok(outcome.kind === "stopped" && outcome.code === "EBG-FENCED", JSON.stringify(outcome));
    assert.match(
      outcome.message,
      /'untag' of 'web' failed: somebody else has moved on: the record is at revision 8, this driver knows 7/,
    );
    assert.deepEqual(scene.writes, []);
  });

  it("nor the next one, when it slept between two", async () => {
    const scene = new Scene(adoptionAt("untag"));
    scene.before = (call) => void (call === "removeTags" && scene.overtake());
    const outcome = await scene.run();
    assert.ok(outcome.kind === "stopped" && outcome.code === "EBG-FENCED");
    assert.deepEqual(scene.writes, ["removeTags arn:group"]);
  });

  const actions: readonly ClusterAction[] = [
    "release-service",
    "remove-finalizer",
    "restart-controller",
    "remove-tags",
    "remove-labels",
    "add-labels",
    "add-tags",
    "restart-controller-again",
    "give-service-back",
  ];
  for (const action of actions) {
    it(`writes nothing: ${action}`, async () => {
      const scene = new Scene(adoptionAt("untag"));
      scene.service = { ...scene.service, finalizers: ["service.k8s.aws/resources"] };
      const fenced = new DriverError("EBG-FENCED", "m", "r");
      await assert.rejects(
        perform(scene.ports(), scene.family.primary, scene.adoption, action, async () => {
          throw fenced;
        }),
        fenced,
      );
      assert.deepEqual(scene.writes, []);
      await perform(scene.ports(), scene.family.primary, scene.adoption, action, async () => undefined);
      assert.ok(scene.writes.length > 0);
    });
  }

  it("stops, and turns nothing back, when nobody can say whether it was", async () => {
    const scene = new Scene(adoptionAt("untag"));
    scene.before = (call) => {
      if (call === "readEnvironment") throw new DriverError("EBG-UPDATE-FAILED", "backend away", "wait");
    };
    const outcome = await scene.run();
    assert.ok(outcome.kind === "stopped" && outcome.code === "EBG-UPDATE-FAILED", JSON.stringify(outcome));
    assert.match(outcome.message, /the record could not be read, so nothing was touched/);
    assert.equal(scene.session.record.adoption?.direction, "forward");
    assert.deepEqual(scene.writes, []);
  });
});

describe("forgetting what was imported", () => {
  it("waits for whoever holds the stacks, and is fenced by the state that it would write", async () => {
    const calls: string[] = [];
    const note =
      (call: string) =>
      async (...args: unknown[]): Promise<never> =>
        void calls.push([call, ...args.filter((one) => typeof one !== "object")].join(" ")) as never;
    await forgetImports(
      { settle: note("settle"), backUpState: note("backUpState"), forgetAdopted: note("forgetAdopted") },
      adoptionAt("import-environment"),
      7,
    );
    assert.deepEqual(calls, ["settle", "settle", "backUpState", "backUpState", "forgetAdopted web blue 7"]);
  });
});
