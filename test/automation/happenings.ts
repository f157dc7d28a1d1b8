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

/** An upgrade is stopped in the look behind the step of 50 %; nothing befalls the world from then on. */
export async function upgradeHalfWay<Made extends World>(world: Made): Promise<Made> {
  const stop = new AbortController();
  once(world, bakeOf(50), () => stop.abort());
  await world.upgrade({ stop: stop.signal });
  world.listen = () => undefined;
  return world;
}

/** None of its targets is healthy from then on. */
export const sicken = (world: World, name: string): void => {
  const cluster = world.clusters.get(name);
  assert.ok(cluster);
  cluster.sick = true;
};
