/** `rollout`: how traffic is moved. The driver alone reads it. */
import { weightLagSeconds } from "../../../components/internal/aws-limits";
import {
  defaultLagSeconds,
  lagOf,
  lagSources,
  leastLagSeconds,
  leastLagWords,
} from "../../../components/internal/propagation-lag";
import { type Form, list, oneOf, text, whole, wholes } from "../declare/form";
import { group, type Rule } from "../declare/group";
import { leftOut, type ValueOf, withDefault } from "../declare/key";

const aDay = 86_400;
const seconds = (least: number, most: number, source: string) => whole({ least, most, source });

/** By the type of the load balancer; the least of both is what the JSON Schema knows. */
const hold: Form<number> = {
  ...seconds(leastLagSeconds, 3600, "seconds"),
  read: (value, place) => {
    const { usual, why } = lagOf(place.earlier.loadBalancer?.type);
    return seconds(usual, 3600, why).read(value, place);
  },
};

const rolloutKeys = {
  strategy: withDefault(oneOf("replace", "cycle"), "replace", {
    doc:
      "`replace`: an upgrade makes a new cluster, moves traffic to it and destroys the old one. `cycle`: it upgrades " +
      "members in place, one after the other.",
  }),
  minActive: withDefault(
    whole({
      least: 1,
      most: { of: ({ members }) => Math.max(1, (members?.length ?? 0) - 1), words: "one less than there are members" },
      source: "one member of all must be free to move",
    }),
    1,
    { doc: "How many members must take traffic at every point." },
  ),
  minCapacityPercent: withDefault(seconds(0, 100, "percent of the steady capacity"), 100, {
    doc:
      "Least capacity that stays in traffic while a member is out, in percent of what all active members have together. " +
      "At 100 the others are scaled up before a member is drained. Replicas and nodes that an autoscaler owns are left " +
      "to it: of such a service those that leave are counted, and those that stay must have this percentage of them. " +
      "With `traffic: weighted` a part of the requests needs that part of it.",
  }),
  bakeSeconds: withDefault(seconds(0, aDay, "seconds, at most a day"), 600, {
    doc: "How long a rollout looks on, in seconds, after traffic was moved, before it goes on.",
  }),
  propagationHoldSeconds: withDefault(hold, defaultLagSeconds, {
    doc:
      "How long, in seconds, the load balancer may still route the old way after a target was registered or " +
      `deregistered; at least ${leastLagWords}. Every gate holds for so long.`,
    source: lagSources,
  }),
  steps: leftOut(
    wholes(whole({ least: 1, most: 100, source: "percent" }), {
      fewest: 1,
      remedy: "Write it like [10, 50, 100]",
      range: "ascending percents, the last is 100",
    }),
    "`[10, 50, 100]`",
    {
      doc:
        "Only with `traffic: weighted`: shares of the traffic, in percent of all that moves, that the member that comes " +
        "in has step by step.",
    },
  ),
  stepSeconds: leftOut(seconds(0, aDay, "seconds, at most a day"), "`300`", {
    doc:
      "Only with `traffic: weighted`: how long, in seconds, a rollout looks on after each step but the last, for which " +
      "`bakeSeconds` holds.",
  }),
  weightHoldSeconds: leftOut(seconds(60, 3600, "seconds, at most an hour"), "`600`; `120` with an Application one", {
    doc:
      "Only with `traffic: weighted`: how long, in seconds, the load balancer may still route by its former weights " +
      "after it shows the new ones. Every shift holds for so long.",
    source: weightLagSeconds.source,
  }),
  gateTimeoutSeconds: withDefault(seconds(60, aDay, "seconds, at most a day"), 1800, {
    doc: "Longest wait of one gate, in seconds. A gate that has not passed by then fails.",
  }),
  alarms: withDefault(
    list(text({ rule: "must be the name of a CloudWatch alarm", remedy: "Write the alarm's name" }), {
      fewest: 0,
      remedy: "Write the alarms' names",
    }),
    [],
    {
      doc:
        "Names of CloudWatch alarms that must not be in the state ALARM during a bake, nor while a shift that gives a " +
        "member more of the requests holds; `INSUFFICIENT_DATA` is no alarm.",
    },
  ),
  retire: withDefault(oneOf("ask", "automatic"), "ask", {
    doc:
      "How the destruction of the old cluster is approved. `ask`: only with `--approve-retire`; a rollout without it " +
      "stops before, with exit code 6. `automatic`: at once, but for a cluster where pods of a `workload: external` " +
      "still run: that needs `--approve-retire` too.",
  }),
};

/** How traffic is moved: `rollout` of the config. The driver alone reads it. */
export interface RolloutConfig extends ValueOf<typeof rolloutKeys> {}

const longerThanHold: Rule<RolloutConfig> = ({ gateTimeoutSeconds, propagationHoldSeconds }, place) => {
  if (gateTimeoutSeconds <= propagationHoldSeconds)
    place.add(
      "gateTimeoutSeconds",
      gateTimeoutSeconds,
      `must be longer than propagationHoldSeconds (${propagationHoldSeconds}), which every gate waits for`,
      `Choose at least ${propagationHoldSeconds + 60}`,
    );
};

const stepsAscend: Rule<RolloutConfig> = ({ steps }, place) => {
  if (steps === undefined) return;
  const ascending = steps.every((percent, index) => index === 0 || percent > (steps[index - 1] ?? 0));
  if (!ascending || steps.at(-1) !== 100)
    place.add("steps", steps, "must ascend, and the last must be 100", "Write it like [10, 50, 100]");
};

const needsWeights: Rule<RolloutConfig> = (_config, place, given) => {
  if (place.earlier.traffic === "weighted") return;
  for (const key of ["steps", "stepSeconds", "weightHoldSeconds"] as const)
    if (given(key))
      place.add(
        key,
        _config[key],
        "needs traffic: weighted; with shared traffic a member comes in with all its targets",
        "Remove it; or set traffic to weighted in a new environment",
      );
};

export const rollout = group(rolloutKeys, [longerThanHold, stepsAscend, needsWeights]);
