/** observe → decide, round after round, until a gate passes, fails, times out, or somebody asks to stop. */
import {
  freshMemory,
  isUnknown,
  untold,
  waiting,
  type Decided,
  type Decision,
  type GateMemory,
  type Waiting,
} from "../gates/gate-result";
import type { Observation, Wants } from "../observation/observe";
import { longestSince, momentOf, type Moment } from "./elapsed";
import { withinDeadline } from "./look-deadline";
import { GoalWatch } from "./goal-dies";
import { repairDrift } from "./repair-drift";
import type { Session } from "./session";
import { GateFailed, Stop, stopRequested } from "./interruptions";

export interface Gate {
  readonly name: string;
  readonly index: number;
  readonly wants: Wants;
  readonly decide: (observation: Observation, memory: GateMemory) => Decided;
  /**
   * Called with each round's observation while the gate waits, for the few gates that also act (deregister leftovers).
   */
  readonly meanwhile?: (observation: Observation) => Promise<void>;
  /** Unscaled; rollout.gateTimeoutSeconds when not given. */
  readonly timeoutSeconds?: number;
  /**
   * Whether the rollout stops where it is when the time is over and nobody could be asked: that says nothing against
   * what was done. Absent: it turns back.
   */
  readonly untoldStops?: true;
}

/**
 * A second of AWS's time for up to five target groups, longer for more: DescribeTargetHealth shares the account's API
 * budget (docs/reference/aws-behaviour.md).
 */
export function pollMs(session: Session): number {
  const groups = Object.keys(session.environment.loadBalancer.services).length;
  return Math.max(session.ports.clock.scaled(Math.max(1, groups / 5)), 250);
}

/**
 * Longer between two looks, and nobody can say what was in between: this process was suspended (a clock that was set
 * forward looks the same).
 */
const blindMs = (session: Session): number => Math.max(session.ports.clock.scaled(120), 20_000);

const blindFor = (gap: number): string =>
  `nothing was seen for ${Math.round(gap / 1000)} s: what must stay good for a time begins anew`;

/** So often a hold or a bake may begin anew before the time that it has lost counts as waiting. */
const mostRestarts = 3;

/** Time that is as it should be, and what was lost of it because it had to begin anew. */
class Holding {
  private heldMs = 0;
  private lostMs = 0;
  private restarts = 0;
  /** What the round before has decided, and how long ago that was. What is not told ends nothing. */
  after(decision: Decision, ms: number): void {
    if (decision.status === "waiting" && decision.expected === true) this.heldMs += ms;
    else if (!isUnknown(decision) && this.heldMs > 0) {
      this.restarts += 1;
      this.lostMs += this.heldMs;
      this.heldMs = 0;
    }
  }
  /** Milliseconds that count as waiting. */
  get countedMs(): number {
    return this.restarts > mostRestarts ? this.lostMs : 0;
  }
  get told(): string {
    return this.countedMs === 0 ? "" : `, began anew ${this.restarts} times`;
  }
}

/**
 * A timeout is counted over waiting proper: a hold, a bake or connections that drain are as they should be. One that
 * begins anew again and again never ends by itself.
 */
export async function waitForGate(session: Session, gate: Gate): Promise<void> {
  const { clock } = session.ports;
  const { emit, stop, commandName } = session.options;
  const timeoutMs = Math.max(clock.scaled(gate.timeoutSeconds ?? session.rules.gateTimeoutSeconds), 10_000);
  let memory = freshMemory;
  let waitedMs = 0;
  const holding = new Holding();
  const goal = new GoalWatch(session);
  let told = "";
  let last = clock.now();
  /** When it last looked, and when what it saw could be judged. */
  let lookedAt = last;
  let seenAt: Moment | null = null;
  let blind = false;
  for (;;) {
    const gap = seenAt === null ? 0 : longestSince(clock, seenAt);
    const isBlind = gap > blindMs(session);
    if (isBlind && !blind) emit({ kind: "note", message: blindFor(gap) });
    blind = isBlind;
    if (blind)
      memory = {
        ...freshMemory,
        ...(memory.drainingSince === undefined ? {} : { drainingSince: memory.drainingSince }),
      };
    // A time in which this process did not run is no waiting.
    if (clock.now() - lookedAt > blindMs(session)) last = clock.now();
    const observation = await withinDeadline(session.look(gate.wants), session.options);
    const decided =
      observation === null
        ? untold(memory, waiting("unknown", "a look at AWS and Kubernetes did not end within its deadline"))
        : gate.decide(observation, memory);
    memory = decided.memory;
    const { decision } = decided;
    if (observation !== null) goal.look(observation);
    const now = (lookedAt = clock.now());
    if (!isUnknown(decision) || seenAt === null) seenAt = momentOf(clock);
    const tell = (
      status: "waiting" | "passed" | "failed",
      reason: string,
      message: string,
      remedy: string | null,
    ): void => {
      const line = `${status} ${reason} ${message}`;
      if (line !== told) emit({ kind: "gate", index: gate.index, gate: gate.name, status, reason, message, remedy });
      told = line;
    };
    switch (decision.status) {
      case "passed":
        return tell("passed", "passed", decision.message, null);
      case "failed":
        tell("failed", decision.reason, decision.message, decision.remedy);
        throw new GateFailed("EBG-GATE", `${gate.name}: ${decision.message}`, decision.remedy, {
          reason: decision.reason,
        });
      case "waiting":
        tell("waiting", decision.reason, decision.message, null);
        break;
      default:
        decision satisfies never;
    }
    waitedMs = decision.expected === true ? waitedMs : waitedMs + (now - last);
    holding.after(decision, now - last);
    last = now;
    const countedMs = waitedMs + holding.countedMs;
    if (countedMs >= timeoutMs) {
      const message = `${gate.name}: ${decision.message} (waited ${Math.round(countedMs / 1000)} s${holding.told})`;
      tell("failed", "timeout", message, "eks-blue-green status shows what is missing");
      throw timedOut(gate, decision, message, commandName);
    }
    if (observation !== null) {
      await repairDrift(session, observation);
      await gate.meanwhile?.(observation);
    }
    if (stop.aborted) throw stopRequested(commandName);
    await clock.sleep(pause(session, decision.retryAt, now), stop);
    if (stop.aborted) throw stopRequested(commandName);
  }
}

function timedOut(gate: Gate, decision: Waiting, message: string, commandName: string): Stop | GateFailed {
  if (gate.untoldStops === true && isUnknown(decision))
    return new Stop("EBG-AWS", message, `wait until it can be seen, then go on with: ${commandName}`);
  return new GateFailed(
    "EBG-GATE",
    message,
    "repair what the message names (eks-blue-green status shows more); rollout.gateTimeoutSeconds is the longest wait",
    { reason: decision.reason },
  );
}

/** Until the next round: jittered, and not past the time at which the gate would pass. */
function pause(session: Session, retryAt: number | null, now: number): number {
  const jittered = pollMs(session) * (0.8 + 0.4 * session.ports.clock.random());
  return retryAt === null ? jittered : Math.max(1, Math.min(jittered, retryAt - now));
}
