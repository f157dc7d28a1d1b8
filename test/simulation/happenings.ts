/** What happens to the world without the driver: faults that befall clusters, and what a person repairs in the end. */
import type { ClusterEvent, DeadCluster } from "./scenario";
import { replicasAt } from "../../stacks/record";
import { DriverError } from "../../automation/errors";
import { Engine } from "./engine";
import { replicas, type World } from "./world";

export function befall(world: World, event: ClusterEvent): void {
  const { now } = world;
  const cluster = world.clusters.get(event.member);
  if (cluster === undefined) return;
  const target = [...world.balancer.targets.values()].find(
    (one) => world.ownerOf(one.id) === event.member && one.drainingSince === null,
  );
  world.outage.excuse("seconds" in event ? event.seconds : 0);
  if (event.what === "api-down" || event.what === "controller-down" || event.what === "targets-forgotten")
    cluster.hinderedAt = now;
  switch (event.what) {
    case "api-down":
      cluster.apiDownUntil = Math.max(cluster.apiDownUntil, now + event.seconds * 1000);
      return;
    case "controller-down":
      cluster.controllerDownUntil = Math.max(cluster.controllerDownUntil, now + event.seconds * 1000);
      return cluster.restartController();
    case "flag-dropped":
      if (!cluster.apiUp(now) || cluster.binding === null || cluster.binding.deleting) return;
      cluster.binding.multiCluster = false;
      world.oneSidedSince.set(event.member, now);
      return;
    case "targets-forgotten":
      if (!cluster.apiUp(now)) return;
      cluster.recorded = null;
      return cluster.restartController();
    case "target-removed":
      if (target === undefined) return;
      world.damage(target.id, "is deregistered behind everybody's back");
      return world.balancer.deregister(target.id, now);
    case "pod-crash": {
      const pod = [...cluster.pods.values()].find((one) => !one.terminating);
      if (pod === undefined) return;
      pod.crashedUntil = now + event.seconds * 1000;
      return world.damage(pod.id, "crashes");
    }
    case "gets-bad":
      return getBad(world, event.member, event.how);
    case "scaled-by-hand":
      return scaleByHand(world, event.member, event.replicas);
    default:
      event satisfies never;
  }
}

function getBad(world: World, member: string, how: "unhealthy" | "errors" | "dead"): void {
  if (how === "dead")
    return die(world, { member, what: "api", podsToo: true, returnsAfterSeconds: Number.POSITIVE_INFINITY });
  const cluster = world.clusterOf(member);
  cluster.sickness = how;
  cluster.badSince = world.now;
  for (const id of cluster.pods.keys()) world.damage(id, `gets ${how}`);
}

/** The person's pods go in their own time, and what is missing then is the person's doing. */
function scaleByHand(world: World, member: string, count: number): void {
  const cluster = world.clusterOf(member);
  if (!cluster.apiUp(world.now) || cluster.wanted === 0 || cluster.wanted === count) return;
  cluster.hinderedAt = world.now;
  cluster.scaledByHand = true;
  world.missingByHand += Math.max(0, cluster.wanted - count);
  cluster.wanted = count;
}

/** The replicas are the stack's again, as `PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up --refresh` makes them. */
export function takeBack(world: World, member: string): void {
  const cluster = world.clusters.get(member);
  if (cluster === undefined || !cluster.scaledByHand || !cluster.apiUp(world.now)) return;
  const known = world.stackOf(member).known;
  cluster.scaledByHand = false;
  // Pods that are too many go as they do by hand.
  cluster.hinderedAt = Math.max(cluster.hinderedAt, world.now);
  cluster.wanted = known?.running === true ? replicasAt(replicas, known.percent) : 0;
  world.touch();
}

/** Its API server or its controller is gone, and with the nodes perhaps all its pods. */
export function die(world: World, { member, what, podsToo }: DeadCluster): void {
  const cluster = world.clusterOf(member);
  world.tell(`${member} is dead: ${what}${podsToo ? " and pods" : ""}`);
  cluster.hinderedAt = Number.POSITIVE_INFINITY;
  if (what === "api") cluster.apiDownUntil = Number.POSITIVE_INFINITY;
  else cluster.controllerDownUntil = Number.POSITIVE_INFINITY;
  cluster.restartController();
  if (podsToo) {
    for (const pod of cluster.pods.values()) {
      pod.crashedUntil = Number.POSITIVE_INFINITY;
      world.damage(pod.id, "is dead");
    }
  }
  world.touch();
}

/** It is there again as if nothing had been, and looks at all that it has to register. */
export function comeBack(world: World, member: string): void {
  const cluster = world.clusters.get(member);
  if (cluster === undefined || cluster.hinderedAt !== Number.POSITIVE_INFINITY) return;
  world.tell(`${member} comes back`);
  cluster.hinderedAt = world.now;
  cluster.apiDownUntil = 0;
  cluster.controllerDownUntil = 0;
  for (const pod of cluster.pods.values()) pod.crashedUntil = 0;
  cluster.restartController();
  cluster.forgetCheckpoint();
  world.touch();
}

/**
 * What a person does once the tool has said what is wrong: everything runs again, flags are back, drift is repaired as
 * the remedies say.
 */
export function repair(world: World, strategy: "replace" | "cycle"): void {
  world.tell("no more faults: what is down comes back, flags and drift are repaired as the remedies say");
  world.oneSidedSince.clear();
  world.sickPods.clear();
  world.untold.end();
  world.neighbour = null;
  world.touch();
  for (const [name, cluster] of world.clusters) {
    comeBack(world, name);
    cluster.apiDownUntil = 0;
    cluster.controllerDownUntil = 0;
    for (const pod of cluster.pods.values()) pod.crashedUntil = 0;
    if (cluster.binding !== null) cluster.binding.multiCluster = true;
    cluster.restartController();
    cluster.forgetCheckpoint();
    // A version is never lowered: pods that an upgrade in place broke are a person's to mend. A bad new member of a
    // replace is turned back instead.
    if (strategy === "cycle" || name !== "green") cluster.sickness = "none";
    cluster.badSince = null;
    takeBack(world, name);
  }
  for (const stack of world.stacks.values()) if (stack.lock !== null && !stack.lock.alive) stack.lock = null;
}

/** `pulumi up --refresh` of the environment's stack, as the remedy of changed weights says. */
export async function putWeightsBack(world: World): Promise<void> {
  world.tell("somebody follows the remedy: pulumi up --refresh --stack dev");
  await new Engine(world).applyWeights("somebody", null, null).catch((error: unknown) => {
    if (!(error instanceof DriverError)) throw error;
  });
}
