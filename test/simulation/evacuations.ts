/** What IAM and EC2 are to an evacuation, and what must hold while a member is out without its cluster's help. */
import type { EvacuationPort } from "../../automation/ports";
import { isServing, type EnvironmentRecord } from "../../stacks/record";
import { emptiedBy } from "../../automation/planning/shares";
import type { World } from "./world";

export const roleOf = (member: string): string => `role-${member}`;
/** IAM is eventually consistent. */
const slowestPolicySeconds = 25;

export class Evacuations {
  /**
   * Members that a person gave up, or that had lost all their requests when none of their pods served any more: their
   * targets are no part of the floor until they serve again, whenever the pods are well.
   */
  readonly givenUp = new Set<string>();
  /** Role by role, from when on the denial is felt. */
  private readonly denied = new Map<string, number>();
  constructor(private readonly world: World) {}

  recorded({ evacuation, placement, rollout, intent }: EnvironmentRecord): void {
    if (evacuation != null) this.givenUp.add(evacuation.member);
    // Where traffic is weighted its share goes first.
    const { command, id } = rollout ?? {};
    if (id?.endsWith("-evacuate") === true && command?.member != null) this.givenUp.add(command.member);
    if (intent?.move.kind === "shift")
      for (const name of emptiedBy([intent.move])) if (this.servesNobody(name)) this.givenUp.add(name);
    for (const name of this.givenUp)
      if (evacuation?.member !== name && isServing(placement[name]) && rollout === null) this.givenUp.delete(name);
  }
  private servesNobody(name: string): boolean {
    const pods = [...(this.world.clusters.get(name)?.pods.keys() ?? [])];
    return pods.every((id) => !this.world.answers(id));
  }
  /** Whether its controller may register targets. */
  mayRegister(member: string): boolean {
    return (this.denied.get(roleOf(member)) ?? Number.POSITIVE_INFINITY) > this.world.now;
  }
  registered(member: string, ids: readonly string[]): void {
    const { world } = this;
    if (world.record.placement[member]?.evacuated !== undefined)
      world.violate("came-back", `${member} was evacuated, and its controller has registered ${ids.join(", ")} again`);
  }
  /**
   * The driver takes targets away from a member that is being evacuated: its controller must not be able to put them
   * back. Answers whether it is so.
   */
  leaves(member: string, ids: readonly string[]): boolean {
    const { world } = this;
    if (world.record.evacuation?.member !== member) return false;
    if (this.mayRegister(member))
      world.violate(
        "unfenced",
        `${ids.join(", ")} were deregistered, and nothing keeps ${member}'s controller from registering them again`,
      );
    return true;
  }

  deny(role: string): void {
    if (!this.denied.has(role))
      this.denied.set(role, this.world.now + this.world.random.whole(0, slowestPolicySeconds) * 1000);
  }
  allow(role: string): void {
    this.denied.delete(role);
  }
  isDenied(role: string): boolean {
    return this.denied.has(role);
  }
  ownersOf(targets: readonly string[]): Awaited<ReturnType<EvacuationPort["ownersOf"]>> {
    return Object.fromEntries(targets.map((id) => [id, { clusters: [`dev-${this.world.ownerOf(id)}`], via: "eni-1" }]));
  }
}
