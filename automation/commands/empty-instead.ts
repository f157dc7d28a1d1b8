/**
 * Where traffic is weighted, a member that serves nobody keeps its part of the requests until a shift takes it. What is
 * under way ends there: it was planned with that member.
 */
import {
  isWeighted,
  startRollout,
  type EnvironmentRecord,
  type Rollout,
  type RolloutCommand,
  type Step,
} from "../../stacks/record";
import { baselineOf } from "../observation/baseline";
import { DriverError } from "../errors";
import { isDeadIn } from "../observation/dead-member";
import { mayBeEmptied } from "../observation/may-be-emptied";
import { plainLook, type Observation } from "../observation/observe";
import { healthOf } from "../observation/target-owners";
import { canTakeOver, emptying, getsSome } from "../planning/emptying";
import { capacityFloor, coverAsFar } from "../planning/capacity";
import { limitsOf, Steps } from "../planning/step-builder";
import { placementBefore } from "../planning/walk-back";
import { betweenLooks, Stop } from "../rollout/interruptions";
import type { Session } from "../rollout/session";
import { toldLook } from "../rollout/told-look";
import { doing } from "../text/sentences";

/** How the id of a rollout ends that an evacuation has begun. */
export const evacuationId = "evacuate";

/** An evacuation of this member has begun with it; null: it is no evacuation's. */
export const evacuatedBy = ({ id, command }: Pick<Rollout, "id" | "command">): string | null =>
  id.endsWith(`-${evacuationId}`) ? (command?.member ?? null) : null;

/** Of a look: enough to tell a part that fails. */
const requests = 32;

interface Instead {
  readonly member: string;
  readonly id: string;
  /** Unscaled, behind the shift. Absent: none. */
  readonly bakeSeconds?: number;
  /** Only where somebody who serves then is well. Absent: also where nobody is. */
  readonly needsWell?: true;
}

/** Those that stay carry what served when the rollout began, as far as there is room. */
function growTo({ record, environment: { config } }: Session, steps: Steps, without: readonly string[]): void {
  const limits = limitsOf(config);
  coverAsFar(steps, { without }, capacityFloor(placementBefore(record), limits), limits);
}

/** Writes it over whatever is under way, without a flush. Null: nobody else is well, or what is open has to end first. */
export function emptyInstead(
  session: Session,
  observation: Observation,
  { member, id, bakeSeconds = 0, needsWell }: Instead,
): EnvironmentRecord | null {
  const { record } = session;
  const isWell = (name: string): boolean => healthOf(session.owners, observation, name) === "healthy";
  const way = emptying(record, member, isWell);
  if (way === null || (needsWell === true && !way.well)) return null;
  if (record.rollout !== null)
    session.options.emit({
      kind: "note",
      message: `rollout ${record.rollout.id} ends here: it was planned with ${member}`,
    });
  const rest = new Steps(way.after, true);
  if (needsWell === true) growTo(session, rest, [member]);
  rest.bake(bakeSeconds, `${doing(rest.serving(), "serve")} without ${member}`);
  rest.drain(member);
  const steps: readonly Step[] = [...way.steps, ...rest.list];
  const startedAt = session.isoNow();
  const started = startRollout(
    { ...record, rollout: null, intent: null },
    {
      id: `${startedAt.replace(/[-:]|\.\d+/g, "")}-${id}`,
      command: { name: "drain", member, percent: null },
      strategy: session.rules.strategy,
      wantedVersion: session.environment.config.kubernetesVersion,
      steps,
      startedAt,
      baseline: baselineOf(observation, session.owners, session.active()),
    },
  );
  const { intent } = record;
  session.record =
    intent === null || way.open === null
      ? started
      : { ...started, intent: { ...session.caller.signed(intent), move: way.open, step: 0 } };
  return session.record;
}

/** What may be cut short by `drain`, once it is seen that the member serves nobody. */
export const mayCutShort = (record: EnvironmentRecord, asked: RolloutCommand | null): boolean =>
  asked?.name === "drain" &&
  asked.member !== null &&
  record.rollout !== null &&
  record.rollout.command?.name !== "teardown" &&
  isWeighted(record.placement) &&
  getsSome(record, asked.member) &&
  canTakeOver(record.intent?.move ?? null, asked.member);

/** `drain` of a member that serves nobody while others do. False: it is not so, and what is under way goes first. */
export async function cutShort(session: Session, { member }: RolloutCommand): Promise<boolean> {
  if (member === null) return false;
  const { clock } = session.ports;
  const sure = clock.now() + session.waits.shortMs;
  for (;;) {
    const observation = await told(session, member);
    if (!isDeadIn(observation, session.owners, member)) return false;
    // Somebody without a share may get it: nobody knows yet how that one answers.
    const untried = session.active().some((name) => name !== member && session.record.placement[name]?.share === 0);
    if (!mayBeEmptied(observation, session.owners, member, { untried })) return false;
    const { bakeSeconds } = session.rules;
    if (clock.now() < sure) await betweenLooks(session);
    else return emptyInstead(session, observation, { member, id: "drain", bakeSeconds, needsWell: true }) !== null;
  }
}
/** What AWS does not tell is neither dead nor well. @throws EBG-AWS when it does not for minutes */
async function told(session: Session, member: string): Promise<Observation> {
  try {
    return await toldLook(session, { ...plainLook, probes: requests }, `${member} was not drained`);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    throw new DriverError(error.code, error.message, error.remedy);
  }
}
