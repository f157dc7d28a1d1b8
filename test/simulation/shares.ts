/** Weights of the simulated world as AWS is told them, and what must hold of them. */
import { unseenMs, type World } from "./world";
import { same, services, type Service } from "./weights";

export class SharesOf {
  constructor(private readonly world: World) {}

  /**
   * An empty group answers its part of the requests with errors, but for what faults, or people, did. Where nobody
   * answers any, nothing is lost: whoever is well gets them as soon as it can.
   */
  check(when: string): void {
    const { world } = this;
    if (world.weights === null || world.weights.byHandAt >= world.intentAt - unseenMs) return;
    const answered = world.balancer.routed(world.now).some((id) => world.answers(id));
    for (const name of this.withoutTargets()) {
      if (!answered) return;
      const cluster = world.clusters.get(name);
      const broken =
        cluster !== undefined &&
        (cluster.sickness !== "none" ||
          cluster.hinderedAt >= world.intentAt - unseenMs ||
          [...cluster.pods.keys()].some((id) => world.damaged.has(id)));
      if (!broken)
        world.violate(
          "lost-share",
          `some node sends ${name} requests, and it has no target that gets them (${when}): ` +
            services
              .map((service) => `${service} ${JSON.stringify(world.weights?.routes[service].routing)}`)
              .join(", "),
        );
    }
  }
  /** AWS is told: who gets nothing any more has left traffic, whenever it is deregistered. */
  change(service: Service, shares: Readonly<Record<string, number>>): void {
    const { world } = this;
    const route = world.weights?.routes[service];
    if (route === undefined || same(route.api, shares)) return;
    world.tell(`${service}: ${JSON.stringify(shares)}`);
    for (const [name, weight] of Object.entries(route.api))
      if (weight > 0 && (shares[name] ?? 0) === 0) this.emptied(name, shares);
    route.change(shares, world.now);
    world.touch();
  }
  private emptied(name: string, shares: Readonly<Record<string, number>>): void {
    const { world } = this;
    const leaving = [...(world.clusters.get(name)?.pods.keys() ?? [])];
    const stays = world.balancer
      .routed(world.now)
      .filter((id) => (shares[world.ownerOf(id)] ?? 0) > 0 && world.balancer.isRegistered(id) && world.answers(id));
    world.left("emptied", leaving, stays);
  }
  /** Somebody gives a rule the weights that it had before, if each member that gets some by them serves. */
  weightsByHand(): void {
    const { world } = this;
    const able = new Set(world.serving().map((id) => world.ownerOf(id)));
    const hit = services.find((service) => {
      const former = world.weights?.routes[service].former;
      return former != null && Object.entries(former).every(([name, weight]) => weight === 0 || able.has(name));
    });
    if (world.weights === null || hit === undefined) return;
    const { former } = world.weights.routes[hit];
    if (former === null) return;
    world.tell(`somebody gives ${hit} ${JSON.stringify(former)}`);
    world.weights.byHandAt = world.now;
    world.weights.routes[hit].change(former, world.now);
    world.touch();
  }

  /** Members that some node sends a part of the requests, and that have no target that gets them. */
  withoutTargets(): string[] {
    const { world } = this;
    const routed = new Set(world.balancer.routed(world.now).map((id) => world.ownerOf(id)));
    return (world.weights?.given() ?? []).filter((name) => !routed.has(name));
  }
}
