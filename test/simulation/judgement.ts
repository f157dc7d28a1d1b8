/** What must hold when a command says that it is done, and where a run may end. */
import type { RolloutResult } from "../../automation/rollout/rollout";
import { capacityOf, isBound, isServing } from "../../stacks/record";
import type { Asked, Scenario } from "./scenario";
import { started, type World } from "./world";

/** An update that somebody began before the record said so may end after it. */
const plainUpdateMs = 60_000;
const lateMs = 600_000;

/** A command that says "done" must be right. */
export function judge(
  world: World,
  scenario: Scenario,
  { outcome, code }: RolloutResult,
  { rolledBack }: { readonly rolledBack: boolean },
): void {
  if (outcome !== "done" && outcome !== "nothing-to-do") return;
  // Only who stays out, or fails, is a reason to stay larger than before.
  const { green, faults } = scenario;
  const hurt =
    green.sickness !== "none" ||
    faults.some((fault) => fault.kind === "event" && "member" in fault.event) ||
    Object.values(world.record.placement).some((one) => one.role !== "active");
  const elsewhere = rolledBack && outcome === "done" && !hurt ? misplaced(world, scenario) : null;
  if (elsewhere !== null) world.violate("placement", `rolled back: ${elsewhere}`);
  const problem = world.now - world.plainUpdateAt < plainUpdateMs ? null : world.settled();
  // Weights that somebody changed are told by the code.
  if (problem !== null && code !== "EBG-DRIFT")
    world.violate("said-done", `the command said '${outcome}', but ${problem}`);
  // What got bad by itself may be seen late, by a command that had other things to look at; and one that ends while
  // requests fail as before says so by its code, and is no success.
  const told = code !== null;
  const seen = ({ badSince }: { badSince: number | null }): boolean =>
    badSince === null
      ? green.afterSeconds < 300 && !told
      : scenario.commands[0] === null && badSince < world.now - lateMs && !told;
  const sick = [...world.clusters.values()].filter(
    (cluster) =>
      cluster.binding !== null &&
      // One that is bound with a share of 0 serves nobody.
      world.weights?.gives(cluster.name) !== false &&
      cluster.sickness !== "none" &&
      seen(cluster),
  );
  if (outcome === "done" && sick.length > 0)
    world.violate("said-done", `the command said 'done', and ${sick[0]?.name}'s pods are ${sick[0]?.sickness}`);
}

/**
 * Every run ends in the old or the new placement; in a cycle everybody is back in traffic, at its size. Null when it
 * does.
 */
export function misplaced(world: World, scenario: Scenario): string | null {
  const { placement } = world.record;
  const active = world.members.filter((name) => placement[name]?.role === "active");
  const stand = world.members
    .map((name) => `${name} ${placement[name]?.role} ${placement[name]?.version} at ${capacityOf(placement[name])} %`)
    .join(", ");
  if (scenario.strategy === "replace") {
    const old = active.length === 1 && active[0] === "blue" && placement["blue"]?.version === started;
    const next = active.length === 1 && active[0] === "green" && placement["green"]?.version === scenario.wanted;
    return old || next ? null : `neither the old nor the new placement: ${stand}`;
  }
  if (scenario.commands[0] !== null) return null;
  const asBefore =
    active.length === world.members.length && active.every((name) => capacityOf(placement[name]) === 100);
  return asBefore ? null : `not everybody serves at the size that it had: ${stand}`;
}

/** An evacuation that is refused is over when it is done already, or when the cluster is well by now. */
export function evacuatedOrWell({ record, clusters, now }: World, { dead }: Scenario): boolean {
  const member = dead?.member ?? "";
  return (
    record.evacuation == null &&
    (record.placement[member]?.evacuated !== undefined || clusters.get(member)?.controllerUp(now) === true)
  );
}

/** What a person types when both have a part of weighted traffic in the end, or one is in for nothing. Else undefined. */
export function afterUndone(world: World, scenario: Scenario): Asked | undefined {
  if (world.weights === null || scenario.strategy !== "replace" || misplaced(world, scenario) === null)
    return undefined;
  const bad = scenario.green.sickness !== "none" && world.clusters.get("green")?.sickness !== "none";
  // A version that is held is not tried again by itself.
  if (!bad) return world.record.hold == null ? null : { name: "rollback", member: null, percent: null };
  // The last one that serves can't leave, whatever it answers: another one comes in first.
  const blue = world.record.placement["blue"];
  return isBound(blue) && !isServing(blue)
    ? { name: "admit", member: "blue", percent: null }
    : { name: "drain", member: "green", percent: null };
}
