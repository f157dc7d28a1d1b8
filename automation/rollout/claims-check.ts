/** Before a move: whose the targets are must be known, not a matter of who was asked last. */
import { listing } from "../gates/gate-result";
import { claimKey, contested, describeClaim, settledBy, type Claim } from "../observation/claims";
import type { Observation } from "../observation/observe";
import { kubectl } from "../text/kubectl";
import { typed } from "../text/command-line";
import { Stop } from "./interruptions";
import type { Session } from "./session";

/** Claims that EC2 does not settle, of those that concern the member. What it settles the session remembers. */
export async function unsettledClaims(session: Session, observation: Observation, member: string): Promise<Claim[]> {
  const claims = contested(observation).filter(({ members }) => members.includes(member));
  const port = session.ports.evacuation;
  if (claims.length === 0 || port === undefined) return claims;
  const owners = await port.ownersOf([...new Set(claims.map(({ id }) => id))], session.environment.network.vpcId);
  const left: Claim[] = [];
  for (const claim of claims) {
    const owner = settledBy(claim, owners[claim.id], (name) => session.members[name]?.clusterName);
    if (owner === null) left.push(claim);
    else if (session.settleClaim(claimKey(claim.key, claim.id), owner))
      session.options.emit({
        kind: "finding",
        code: "EBG-CLAIM",
        severity: "recommended",
        message: `${describeClaim(claim)} both claim it; EC2 says that it is ${owner}'s`,
        remedy: remedyOf(session, claim),
      });
  }
  return left;
}

const remedyOf = (session: Session, { members }: Claim): string =>
  "find out which of them lists what is not its own (ConfigMaps aws-lbc-targets-* and EndpointSlices of the service: " +
  `${members.map((name) => `${kubectl(session.members[name]?.clusterName ?? name)} get configmap,endpointslice -A`).join("; ")}), ` +
  "and take it out there";

/** @throws Stop when nobody can say whose a target is that two members claim */
export async function refuseClaims(session: Session, observation: Observation, member: string): Promise<void> {
  const claims = await unsettledClaims(session, observation, member);
  const [first] = claims;
  if (first === undefined) return;
  throw new Stop(
    "EBG-CLAIM",
    `two members claim the same target, and nothing proves whose it is: ${listing(claims.map(describeClaim))}. ` +
      `${member} is left as it is`,
    `${remedyOf(session, first)}; then go on with: ${session.options.commandName}; ` +
      `${typed(session.environment.environment, "status")} shows each member's targets`,
  );
}
