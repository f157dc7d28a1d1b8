/** After the weights were changed: AWS has them, twice; the load balancer has had the time to follow; users are served. */
import {
  holding,
  incomplete,
  isUnknown,
  listing,
  notYet,
  passed,
  untold,
  waiting,
  type Decided,
  type Decision,
  type GateMemory,
} from "./gate-result";
import { ringing } from "./alarms";
import { lacksHealthy } from "../observation/weight-drift";
import type { Observation } from "../observation/observe";
import { differences, type WeightsByPort } from "../observation/route-weights";
import type { TargetOwners } from "../observation/target-owners";
import { isProbe, notServing, servingProblem, type Snapshot, type Tolerance } from "./peers";

export interface ShiftedRules extends Tolerance {
  /** In every rule and listener. */
  readonly weights: WeightsByPort;
  /** `green 10 %, blue 90 %`, for people. */
  readonly what: string;
  /** Members that get requests from now on. */
  readonly serving: readonly string[];
  readonly peersBefore: Readonly<Record<string, Snapshot>>;
  /** Between two readings that both must say so. */
  readonly confirmMs: number;
  /** How long the load balancer may route the old way after its API has the new weights (docs/reference/aws-behaviour.md). */
  readonly holdMs: number;
  /** Requests tell something only after the hold: until then whoever leaves may still be answering them. Absent: no. */
  readonly requestsTellLate?: boolean;
  /**
   * Who loses a part of the requests to a member that comes in: alarms are judged then, as long as all of these have
   * healthy targets, because one that dies makes them ring by itself. Absent: alarms are not judged.
   */
  readonly alarmsUnlessDead?: readonly string[];
  /** A teardown: nobody has to serve, so only the weights are looked at. Absent: no. */
  readonly endsService?: boolean;
}

/** A weight that the API shows is not a weight that routes: nothing is scaled or deregistered before the hold is over. */
export function decideShifted(
  observation: Observation,
  owners: TargetOwners,
  rules: ShiftedRules,
  memory: GateMemory,
): Decided {
  const { at } = observation;
  const alarm = alarmOf(observation, rules);
  if (alarm !== null) return notYet(alarm);
  const wrong = wrongWeights(observation, rules.weights);
  const kept = wrong === null || isUnknown(wrong) ? memory : withoutWeights(memory);
  const since = wrong === null ? (memory.weightsSince ?? at) : null;
  const known: GateMemory = since === null ? kept : { ...kept, weightsSince: since };
  const until = since === null ? null : since + rules.confirmMs + rules.holdMs;
  const early = until === null || at < until;
  const serving =
    rules.endsService === true
      ? null
      : servingProblem(observation, owners, rules.serving, { ...rules, before: rules.peersBefore });
  const excusesRequests = early && rules.requestsTellLate === true && isProbe(serving);
  if (serving !== null && !isUnknown(serving) && !excusesRequests)
    return notServing(serving, observation, rules, known);
  if (wrong !== null) return isUnknown(wrong) ? untold(known, wrong) : incomplete(known, at, wrong);
  if (isUnknown(serving)) return untold(known, serving as Decision);
  if (until !== null && at < until) return incomplete(known, at, held(rules, until, at));
  // A member with a small share fails few requests: that the last round met none of them says little.
  const good = incomplete(known, at, lately(rules));
  if (good.memory.badSince !== null && Number.isFinite(known.forgivenAfterMs ?? 0)) return good;
  return { decision: passed(`${rules.what}: so in every rule and listener, and requests succeed`), memory: known };
}

/** The sooner an alarm is seen, the fewer requests a bad newcomer gets: the hold is the longest part of a small step. */
const alarmOf = (observation: Observation, { alarmsUnlessDead, excused }: ShiftedRules): Decision | null =>
  alarmsUnlessDead === undefined || alarmsUnlessDead.some((member) => lacksHealthy(observation, member))
    ? null
    : ringing(observation, excused);

const lately = ({ what }: ShiftedRules): Decision => ({
  ...waiting("hold", `${what}: so in AWS; something was bad a moment ago, and has to stay good for a while`),
  expected: true,
});

const withoutWeights = ({ weightsSince: _since, ...rest }: GateMemory): GateMemory => rest;

/** Null: all routes are as they should be. */
function wrongWeights({ weights, problems }: Observation, wanted: WeightsByPort): Decision | null {
  if (Object.keys(wanted).length === 0) return waiting("unknown", "no listener or rule with weights was found");
  if (weights == null) return waiting("unknown", `AWS did not tell the weights: ${listing(problems, 1)}`);
  const wrong = differences(wanted, weights);
  return wrong.length === 0 ? null : waiting("weights", `AWS does not have the weights yet: ${listing(wrong)}`);
}

function held({ holdMs, what }: ShiftedRules, until: number, at: number): Decision {
  return at < until - holdMs
    ? holding("hold", `AWS has ${what}; it is asked once more`, until, at)
    : holding("hold", `AWS has ${what}; the load balancer may still route the old way`, until, at);
}
