import assert from "node:assert/strict";
import fc from "fast-check";
import { decideAdoption } from "../../../automation/adoption/next-step";
import { AdoptWorld, times } from "./world";

const order = [
  "release-service",
  "restart-controller",
  "remove-tags",
  "remove-labels",
  "import-environment",
  "import-primary",
  "drop-annotations",
];
const whole = 40;

describe("the order of an adoption", () => {
  it("is the one that a real controller survives", () => {
    const world = new AdoptWorld();
    const end = world.drive(whole);
    assert.equal(end !== "killed" && end.kind, "done");
    assert.deepEqual(world.actions, order);
    assert.deepEqual(world.harm, []);
  });

  it("takes the finalizer away again when a reconcile under way has put it back", () => {
    const world = new AdoptWorld();
    world.inFlightUntil = 20_000;
    world.drive(whole);
    assert.equal(world.actions[1], "remove-finalizer");
    assert.deepEqual(world.harm, []);
    assert.equal(world.balancer, "there");
  });

  it("resumes at every kill point, several in a row, wherever the controller is", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 12 }),
        fc.option(fc.integer({ min: 1, max: 90_000 }), { nil: null }),
        (lives, inFlight) => {
          const world = new AdoptWorld();
          world.inFlightUntil = inFlight;
          for (const effects of lives) world.drive(effects);
          const end = world.drive(whole);
          assert.ok(end !== "killed" && (end.kind === "done" || end.kind === "undone"), JSON.stringify(end));
          assert.deepEqual(world.harm, []);
          assert.equal(world.balancer, "there");
          if (end.kind === "done")
            assert.ok(
              world.environmentOwns && world.primaryOwns && !world.tagged && !world.labelled && !world.finalizer,
            );
        },
      ),
      { numRuns: 500 },
    );
  });

  it(
    "gives everything back when targets leave before the primary's stack owns its bindings, from any step, killed " +
      "anywhere on the way",
    () => {
      fc.assert(
        fc.property(
          fc.integer({ min: 0, max: 10 }),
          fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 6 }),
          (forward, lives) => {
            const world = new AdoptWorld();
            if (world.drive(forward) !== "killed" || world.primaryOwns) return;
            world.lost = ["10.0.0.1:8080"];
            for (const effects of lives) world.drive(effects);
            const end = world.drive(whole);
            assert.ok(end !== "killed" && end.kind === "undone", JSON.stringify(end));
            assert.deepEqual(world.harm, []);
            assert.ok(
              !world.environmentOwns &&
                !world.imported &&
                world.tagged &&
                world.labelled &&
                world.finalizer &&
                world.type === "LoadBalancer" &&
                world.class !== null &&
                world.protectAnnotation,
            );
          },
        ),
        { numRuns: 500 },
      );
    },
  );

  it("gives back when somebody makes the Service a load balancer's again, whatever had been taken off", () => {
    for (const forward of [3, 4, 5, 6, 7, 8]) {
      const world = new AdoptWorld();
      assert.equal(world.drive(forward), "killed");
      if (!world.tagged) continue;
      Object.assign(world, { type: "LoadBalancer", class: "service.k8s.aws/nlb" });
      const end = world.drive(whole);
      assert.ok(end !== "killed" && end.kind === "undone", `after ${forward}: ${JSON.stringify(end)}`);
      assert.deepEqual(world.harm, []);
    }
  });

  it("stops without a step when the primary's API server does not answer, and goes on afterwards", () => {
    for (let effects = 0; effects < 12; effects += 1) {
      const world = new AdoptWorld();
      world.drive(effects);
      world.reachable = false;
      const before = world.actions.length;
      const stopped = world.drive(whole);
      assert.ok(stopped !== "killed" && stopped.kind === "stop" && stopped.code === "EBG-MEMBER-UNREACHABLE");
      assert.match(stopped.message, new RegExp(world.adoption.step));
      assert.equal(world.actions.length, before);
      world.reachable = true;
      const end = world.drive(whole);
      assert.equal(end !== "killed" && end.kind, "done");
      assert.deepEqual(world.harm, []);
    }
  });

  it("neither acts nor turns back on a look that was not answered, at any step", () => {
    for (let effects = 0; effects < 12; effects += 1) {
      const world = new AdoptWorld();
      world.drive(effects);
      const memory = { step: world.adoption.step, heldSince: 0, badSince: 0 };
      // What a look does not know it leaves empty: no tags, no lost targets, nothing owned.
      const look = {
        ...world.look(),
        at: 600_000,
        unseen: "Throttling: Rate exceeded",
        tags: { left: 0, missing: 0 },
        lostTargets: ["10.0.0.1:8080"],
        primaryOwns: false,
      };
      assert.deepEqual(decideAdoption(world.adoption, look, memory, times), {
        kind: "wait",
        message: "Throttling: Rate exceeded",
        memory,
      });
    }
  });

  it("does not undo once the primary's stack has its bindings: it stops, and goes on when the targets are back", () => {
    const world = new AdoptWorld();
    while (!world.primaryOwns) world.drive(1);
    world.lost = ["10.0.0.1:8080"];
    const stopped = world.drive(whole);
    assert.ok(stopped !== "killed" && stopped.kind === "stop" && stopped.code === "EBG-GATE");
    world.lost = [];
    const end = world.drive(whole);
    assert.equal(end !== "killed" && end.kind, "done");
  });
});
