/** What befalls a world in a test, and what people ask for. */
import assert from "node:assert/strict";
import type { DriverEventBody } from "../../automation/events";
import type { RolloutCommand } from "../../stacks/record";
import type { World } from "./world";

export const asked = (name: RolloutCommand["name"], member: string | null = null): RolloutCommand => ({
  name,
  member,
  percent: null,
});

/** At the first event that is so. */
export function once(world: World, test: (event: DriverEventBody) => boolean, what: () => void): void {
  let hit = false;
  world.listen = (event) => {
    if (hit || !test(event)) return;
    hit = true;
    what();
  };
}

/** The look behind the step that gave a member this part. */
export const bakeOf = (percent: number) => (event: DriverEventBody) =>
  event.kind === "step-started" && event.step.type === "bake" && event.step.why.includes(`${percent} %`);

/** None of its targets is healthy from then on. */
export const sicken = (world: World, name: string): void => {
  const cluster = world.clusters.get(name);
  assert.ok(cluster);
  cluster.sick = true;
};
