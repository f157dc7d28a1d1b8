/** Targets that an evacuation has to take away, and that another member claims meanwhile: EC2 says whose they are. */
import type { Evacuation } from "../../stacks/record";
import { DriverError } from "../errors";
import { leftovers } from "../gates/drained";
import { claimants, claimKey, settledBy, type Claim } from "../observation/claims";
import type { Observation } from "../observation/observe";
import { isRegistered } from "../observation/target-owners";
import type { EvacuationPort } from "../ports";
import type { Session } from "../rollout/session";

/** Asked again in each round: an address may be given to another cluster, and what a member lists proves nothing. */
export class ReusedAddresses {
  private readonly asked = new Set<string>();

  constructor(
    private readonly session: Session,
    private readonly evacuation: EvacuationPort,
    private readonly member: string,
    private readonly targets: Readonly<Record<string, readonly string[]>>,
  ) {}

  /** Whether who claims it may be believed; not before EC2 was asked. Where EC2 knows nothing there is nothing better. */
  mayBeTaken(key: string, id: string): boolean {
    const one = claimKey(key, id);
    return this.asked.has(one) && this.session.memory.settledClaims.get(one) !== this.member;
  }

  async ask(seen: Observation): Promise<void> {
    const { session } = this;
    const claims = this.claims(seen);
    if (claims.length === 0) return;
    const ids = [...new Set(claims.map(({ id }) => id))];
    try {
      const owners = await this.evacuation.ownersOf(ids, session.environment.network.vpcId);
      for (const claim of claims) {
        const one = claimKey(claim.key, claim.id);
        const owner = settledBy(claim, owners[claim.id], (name) => session.members[name]?.clusterName);
        if (owner !== null) session.settleClaim(one, owner);
        else session.memory.settledClaims.delete(one);
        this.asked.add(one);
      }
    } catch (error) {
      if (!(error instanceof DriverError)) throw error;
      session.options.emit({
        kind: "note",
        message: `EC2 does not tell whose ${ids.join(", ")} are, asking again: ${error.message.split("\n")[0] ?? ""}`,
      });
      // What was true a round ago may not be deregistered by: nobody knows.
      for (const { key, id } of claims) {
        session.memory.settledClaims.delete(claimKey(key, id));
        this.asked.delete(claimKey(key, id));
      }
    }
  }

  private claims(seen: Observation): Claim[] {
    const all = claimants(seen);
    return Object.entries(this.targets).flatMap(([key, ids]) =>
      (seen.groups[key] ?? [])
        .filter((target) => isRegistered(target) && ids.includes(target.id))
        .flatMap(({ id }): Claim[] => {
          const others = (all.get(claimKey(key, id)) ?? []).filter((name) => name !== this.member);
          return others.length === 0 ? [] : [{ key, id, members: [this.member, ...others] }];
        }),
    );
  }
}

/** What of the member may be deregistered now: nobody else claims it, or EC2 has said that it is the member's. */
export function takeable(session: Session, seen: Observation): { free: Record<string, string[]>; claimed: string[] } {
  const { targets, member, teardown } = session.record.evacuation as Evacuation;
  const { free, claimed } = leftovers(seen, { member, before: targets, silentGo: teardown === true });
  const settled = Object.entries(targets).flatMap(([key, ids]) =>
    (seen.groups[key] ?? [])
      .filter((target) => isRegistered(target) && ids.includes(target.id))
      .filter(({ id }) => session.memory.settledClaims.get(claimKey(key, id)) === member)
      .map(({ id }) => [key, id] as const),
  );
  for (const [key, id] of settled) if (!(free[key] ??= []).includes(id)) free[key].push(id);
  return { free, claimed: claimed.filter((text) => !settled.some(([, id]) => text.startsWith(`${id} `))) };
}
