/** States of the record, each reached by the driver itself; and states of the world. */
import type { MoveKind } from "../../../stacks/record";
import { Stage, type Typed } from "./stage";

const upgrade: Typed = { name: "upgrade" };
const approved: Typed = { name: "upgrade", approves: true };

/** After the update of this move: the driver died in its gate. */
const open =
  (stage: Stage, kind: MoveKind, member: string, call = "apply") =>
  (at: string): boolean => {
    const move = stage.world.record.intent?.move;
    return at === call && move?.kind === kind && move.member === member;
  };
/** Before the nth bake. */
const bake =
  (stage: Stage, nth: number) =>
  (at: string): boolean => {
    const { rollout, intent } = stage.world.record;
    if (at !== "write" || intent !== null || rollout?.steps[rollout.done]?.type !== "bake") return false;
    return rollout.steps.slice(0, rollout.done).filter(({ type }) => type === "bake").length === nth - 1;
  };

async function opened(kind: MoveKind, member: string, typed: Typed = upgrade, halfway = false): Promise<Stage> {
  const stage = new Stage(kind === "upgrade" ? "cycle" : "replace");
  await stage.run(typed, { until: open(stage, kind, member, halfway ? "engine" : "apply"), halfway });
  return stage;
}
async function waiting(): Promise<Stage> {
  const stage = new Stage();
  await stage.run(upgrade);
  return stage;
}
async function backTo(kind: MoveKind, member: string): Promise<Stage> {
  const stage = await waiting();
  await stage.run({ name: "rollback" }, { until: open(stage, kind, member) });
  return stage;
}
async function evacuating(until?: "denied"): Promise<Stage> {
  const stage = new Stage();
  await stage.run(upgrade, { until: bake(stage, 1) });
  stage.die("blue", true);
  await stage.wait(120);
  await stage.run(
    { name: "evacuate", member: "blue" },
    until === undefined ? {} : { until: (at) => at === "write" && stage.world.record.evacuation != null },
  );
  return stage;
}

export const recordStates: Readonly<Record<string, () => Promise<Stage>>> = {
  "at rest: blue serves, green is absent": async () => new Stage(),
  "at rest: both serve": async () => {
    const stage = new Stage();
    await stage.run({ name: "admit", member: "green" });
    return stage;
  },
  "green is half made (`provision` open)": () => opened("provision", "green", upgrade, true),
  "`admit green` open": () => opened("admit", "green"),
  "both serve, in the bake": async () => {
    const stage = new Stage();
    await stage.run(upgrade, { until: bake(stage, 1) });
    return stage;
  },
  "`drain blue` open": () => opened("drain", "blue"),
  "green serves, in the second bake": async () => {
    const stage = new Stage();
    await stage.run(upgrade, { until: bake(stage, 2) });
    return stage;
  },
  "`scale blue` (stopping) open": () => opened("scale", "blue"),
  "green serves, blue waits for the approval": waiting,
  "`retire blue` open, half destroyed": () => opened("retire", "blue", approved, true),
  "on the way back: `admit blue` open": () => backTo("admit", "blue"),
  "on the way back: `drain green` open": () => backTo("drain", "green"),
  "rolled back, 1.35 is held": async () => {
    const stage = await waiting();
    await stage.run({ name: "rollback" });
    return stage;
  },
  "`upgrade blue` in place open": () => opened("upgrade", "blue"),
  "planned work: `drain blue` open": async () => {
    const stage = new Stage("cycle");
    await stage.run({ name: "drain", member: "blue" }, { until: open(stage, "drain", "blue") });
    return stage;
  },
  "blue is being evacuated": () => evacuating("denied"),
  "blue was evacuated": () => evacuating(),
  "nobody is in traffic: blue was evacuated, green stands by": async () => {
    const stage = await evacuating();
    const { world } = stage;
    const green = world.record.placement["green"];
    const cluster = world.clusters.get("green");
    // No command of the driver leads here; a person who deletes by hand does.
    if (green !== undefined && cluster !== undefined) {
      const placement = { ...world.record.placement, green: { ...green, role: "standby" as const } };
      world.record = { ...world.record, placement };
      cluster.binding = null;
      cluster.recorded = null;
      for (const id of cluster.pods.keys()) world.balancer.deregister(id, world.now);
      Object.assign(world.stackOf("green").known ?? {}, { bound: false, protectedBinding: false });
    }
    return stage;
  },
  "teardown: `drain blue` open": async () => {
    const stage = new Stage("cycle");
    await stage.run({ name: "teardown" }, { until: open(stage, "drain", "blue") });
    return stage;
  },
};

export interface WorldState {
  readonly befall: (stage: Stage) => void;
  /** Whether it can be so in this state of the record. Absent: always. */
  readonly applies?: (stage: Stage) => boolean;
}
const has =
  (...names: readonly string[]) =>
  ({ world }: Stage): boolean =>
    names.every((name) => world.clusters.has(name));
const sick = (stage: Stage, member: string, sickness: "unhealthy" | "errors"): void => {
  const cluster = stage.world.clusters.get(member);
  if (cluster !== undefined) cluster.sickness = sickness;
};

export const worldStates: Readonly<Record<string, WorldState>> = {
  "all is well": { befall: () => undefined },
  "one target of blue is sick": {
    applies: has("blue"),
    befall: ({ world }) => {
      const pod = [...(world.clusters.get("blue")?.pods.keys() ?? [])][0];
      if (pod !== undefined) world.sickPods.add(pod);
    },
  },
  "blue is sick": { applies: has("blue"), befall: (stage) => sick(stage, "blue", "unhealthy") },
  "blue answers requests with errors": { applies: has("blue"), befall: (stage) => sick(stage, "blue", "errors") },
  "green is sick": { applies: has("green"), befall: (stage) => sick(stage, "green", "unhealthy") },
  "green answers requests with errors": { applies: has("green"), befall: (stage) => sick(stage, "green", "errors") },
  "blue's API server is unreachable, its pods serve": {
    applies: has("blue"),
    befall: (stage) => stage.die("blue", false),
  },
  "blue is dead": { applies: has("blue"), befall: (stage) => stage.die("blue", true) },
  "green is dead": { applies: has("green"), befall: (stage) => stage.die("green", true) },
  "everybody is dead": {
    applies: has("blue", "green"),
    befall: (stage) => {
      stage.die("blue", true);
      stage.die("green", true);
    },
  },
  "green's stack is another environment's": {
    applies: (stage) => !stage.world.clusters.has("green"),
    befall: (stage) => {
      stage.foreign = true;
    },
  },
};

/** The world as it is in that state, some minutes after. */
export async function befallen(stage: Stage, { befall }: WorldState): Promise<void> {
  stage.recover();
  await stage.wait(600);
  befall(stage);
  await stage.wait(600);
}
