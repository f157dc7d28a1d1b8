/** `rollout`: how traffic is moved. The driver alone reads it. */
import { propagationLagSeconds } from "../../../components/internal/aws-limits";
import { list, oneOf, text, whole } from "../declare/form";
import { group, type Rule } from "../declare/group";
import { type ValueOf, withDefault } from "../declare/key";

const aDay = 86_400;
const seconds = (least: number, most: number, source: string) => whole({ least, most, source });

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
      "to it: of such a service those that leave are counted, and those that stay must have this percentage of them.",
  }),
  bakeSeconds: withDefault(seconds(0, aDay, "seconds, at most a day"), 600, {
    doc: "How long a rollout looks on, in seconds, after traffic was moved, before it goes on.",
  }),
  propagationHoldSeconds: withDefault(
    seconds(
      propagationLagSeconds.usual,
      3600,
      `an NLB's lag is ${propagationLagSeconds.usual} to ${propagationLagSeconds.longest} s`,
    ),
    propagationLagSeconds.longest,
    {
      doc:
        "How long, in seconds, the load balancer may still route the old way after a target was registered or " +
        "deregistered. Every gate holds for so long.",
      source: propagationLagSeconds.source,
    },
  ),
  gateTimeoutSeconds: withDefault(seconds(60, aDay, "seconds, at most a day"), 1800, {
    doc: "Longest wait of one gate, in seconds. A gate that has not passed by then fails.",
  }),
  alarms: withDefault(
    list(text({ rule: "must be the name of a CloudWatch alarm", remedy: "Write the alarm's name" }), {
      fewest: 0,
      remedy: "Write the alarms' names",
    }),
    [],
    { doc: "Names of CloudWatch alarms that must stay OK during a bake." },
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

export const rollout = group(rolloutKeys, [longerThanHold]);
