/**
 * What people are told to type when not all is well: only what is not refused then. An upgrade is, while requests fail
 * or a member that serves is sick.
 */
import { heldBack, isWeighted, type Hold, type RolloutCommand } from "../../stacks/record";
import type { Decision } from "../gates/gate-result";
import { servingProblem } from "../gates/peers";
import { plainLook, type Observation } from "../observation/observe";
import { healthOf } from "../observation/target-owners";
import { whomToTakeOut as whomOf } from "../observation/whom-to-take-out";
import { outdatedMembers, settingsWanted } from "../planning/outdated";
import { bringIn } from "../planning/step-builder";
import { typed } from "../text/command-line";
import { heldRemedy } from "../text/held";
import type { Session } from "./session";

const requests = 16;

/**
 * Who is sick leaves when others are well, also one that lost its share for it; where nobody is well, somebody else comes
 * in. Null: nobody is sick.
 */
export function outOfTheSick(session: Session, observation: Observation): string | null {
  const serving = session.serving();
  const health = (name: string): string => healthOf(session.owners, observation, name);
  const sick = session.active().filter((name) => health(name) === "unhealthy");
  const [first] = sick;
  if (first === undefined) return null;
  return serving.some((name) => health(name) === "healthy")
    ? `take it out: ${sick.map((name) => typed(session.environment.environment, `drain ${name}`)).join("; ")}`
    : bringIn(session.record.placement, [first]);
}

/** Whoever was there before an admit comes first. Empty: nobody could be taken out. */
export const whomToTakeOut = (session: Session, asked: RolloutCommand | null, observation: Observation): string =>
  whomOf(session.record.placement, observation, {
    last: asked?.name === "admit" ? asked.member : null,
    drain: (member) => typed(session.environment.environment, `drain ${member}`),
  });

/** The hold that an upgrade to what the config wants would meet; null: none. */
function holdAhead(session: Session): Hold | null {
  const { environment, members, record } = session;
  const settings = settingsWanted(outdatedMembers(environment.config, environment, members));
  return heldBack(record, { version: environment.config.kubernetesVersion, settings });
}

export interface LeadsOut {
  /** What comes first; null: nothing has to. */
  readonly first: string | null;
  /** The upgrade as it can be typed now; null: it would be refused. */
  readonly upgrade: string | null;
  /** Whose requests fail, of several in weighted traffic. Empty: none fails, or one serves alone. */
  readonly whom: string;
}

/** A look at those that serve, and what is wrong with them; nothing is tolerated. */
export async function lookAtServing(
  session: Session,
): Promise<{ readonly observation: Observation; readonly problem: Decision | null }> {
  const observation = await session.look({ ...plainLook, probes: requests });
  const rules = { before: {}, toleratedMs: 0 };
  return { observation, problem: servingProblem(observation, session.owners, session.serving(), rules) };
}

/** As it is seen now, behind a rollout that has ended. */
export async function leadsOut(session: Session): Promise<LeadsOut> {
  const { observation, problem } = await lookAtServing(session);
  const { environment } = session.environment;
  const hold = holdAhead(session);
  const failing = Object.values(observation.probes).some(({ failed }) => failed > 0);
  return {
    first: outOfTheSick(session, observation),
    whom: isWeighted(session.record.placement) && failing ? whomToTakeOut(session, null, observation) : "",
    upgrade: problem !== null ? null : hold === null ? typed(environment, "upgrade") : heldRemedy(environment, hold),
  };
}

/** Gates don't know what is seen when the rollout has ended: the upgrade that they name is left out where it is refused. */
export const withoutUpgrade = (remedy: string): string =>
  remedy
    .split(/; |, then /)
    .filter((part) => !/run the upgrade again: eks-blue-green upgrade$/.test(part))
    .join("; ");
