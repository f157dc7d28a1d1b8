import assert from "node:assert/strict";
import fc from "fast-check";
import type { DataPlaneRouting } from "../../../sandbox/contract";
import { NodeViews, NODES } from "../../../sandbox/data-plane/node-views";
import { seeded } from "../../../sandbox/data-plane/random";

const LONGEST = 1_000;
const nodes = [...Array(NODES).keys()];
const vector = (blue: number, green: number): DataPlaneRouting => ({
  action: {
    type: "forward",
    targetGroups: [
      { arn: "blue", weight: blue },
      { arn: "green", weight: green },
    ],
    sticky: null,
  },
  rules: [],
});
const greens = (views: NodeViews, now: number): (number | undefined)[] =>
  nodes.map((node) => {
    const { action } = views.see(node, now);
    return action.type === "forward" ? action.targetGroups[1]?.weight : undefined;
  });

describe("the views of a load balancer's nodes", () => {
  it("begin with what the listener was made with", () => {
    assert.deepEqual(greens(new NodeViews(vector(100, 0), seeded(1)), 0), [0, 0, 0]);
  });

  it("follow a change one after the other: none at once, all within the longest lag, the last not before two thirds", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const views = new NodeViews(vector(100, 0), seeded(seed));
        views.change(vector(50, 50), 10_000, LONGEST);
        assert.deepEqual(greens(views, 10_000), [0, 0, 0]);
        const third = greens(views, 10_000 + LONGEST / 3);
        assert.deepEqual([...third].sort(), [0, 0, 50]);
        const late = greens(views, 10_000 + (LONGEST * 2) / 3);
        assert.deepEqual([...late].sort(), [0, 50, 50]);
        assert.deepEqual(greens(views, 10_000 + LONGEST), [50, 50, 50]);
      }),
    );
  });

  it("see changes in their order, and end with the newest whatever its lags were", () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.nat(500), { minLength: 1, maxLength: 8 }), (seed, gaps) => {
        const views = new NodeViews(vector(100, 0), seeded(seed));
        let now = 0;
        const seen = nodes.map(() => [0]);
        const look = (): void =>
          greens(views, now).forEach((weight, node) => {
            if (seen[node]!.at(-1) !== weight) seen[node]!.push(weight!);
          });
        gaps.forEach((gap, index) => {
          views.change(vector(100, index + 1), now, LONGEST);
          for (let ms = 0; ms < gap; ms += 50) {
            now += 50;
            look();
          }
        });
        now += LONGEST * (gaps.length + 1);
        look();
        for (const weights of seen) {
          assert.deepEqual(
            weights,
            [...weights].sort((a, b) => a - b),
          );
          assert.equal(weights.at(-1), gaps.length);
        }
      }),
    );
  });

  it("have the same lags for the same seed", () => {
    const run = (seed: number): unknown => {
      const views = new NodeViews(vector(100, 0), seeded(seed));
      views.change(vector(0, 100), 0, LONGEST);
      return [...Array(20).keys()].map((step) => greens(views, step * 50));
    };
    assert.deepEqual(run(7), run(7));
    assert.notDeepEqual(run(7), run(8));
  });

  it("keep a group that was taken out of the action until the last node has left it", () => {
    const views = new NodeViews(vector(100, 0), seeded(3));
    views.change(
      { action: { type: "forward", targetGroups: [{ arn: "green", weight: 1 }], sticky: null }, rules: [] },
      0,
      LONGEST,
    );
    assert.ok(views.groups(LONGEST / 2).has("blue"));
    assert.deepEqual([...views.groups(LONGEST)], ["green"]);
  });
});
