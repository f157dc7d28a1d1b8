/**
 * What a sample of requests says: do they succeed, does every active member answer, is the spread that of the targets, or of the weights?
 */
import { groupOfMember, groupsOfPort, onePerPort, type GroupRef } from "../../../stacks/config/group-refs";
import { partByShares, servingMembers, sharesIn, sumOf, type Shares as WeightShares } from "../../../stacks/record";
import { listing } from "../../gates/gate-result";
import { expectedWeights, isWeighted } from "../../observation/route-weights";
import { learnOwners, noOwners, targetsOf } from "../../observation/target-owners";
import { driftAdvice } from "../../preflight/weights";
import { bad, ok, skipped, unknown, type Check } from "../catalog";
import { fairness } from "../spread-test";
import { loadBalancerOf } from "../inspect";
import type { Inspection } from "../inspection";
import type { Sample } from "../../ports/readings";
import { counted } from "../../text/sentences";

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const more = "run it with more requests: eks-blue-green verify --requests 5000";

const attributesOf = (inspection: Inspection, port: string): Readonly<Record<string, string>> | null => {
  const group = inspection.targetGroups[groupsOfPort(inspection.observation.groupOf, port)[0] ?? port];
  return group?.kind === "seen" ? group.value.attributes : null;
};

/** Whether each zone spreads over all targets: an Application Load Balancer's own setting is always on. */
function crossesZones(inspection: Inspection, port: string, override: string | undefined): boolean {
  const { environment } = inspection;
  const balancer = inspection.loadBalancers[loadBalancerOf(environment, port)];
  const own =
    environment.loadBalancer.type === "application" ||
    (balancer?.kind === "seen" && balancer.value.attributes["load_balancing.cross_zone.enabled"] === "true");
  return override === "true" || (override !== "false" && own);
}

/** Why requests can't be expected to follow the targets' shares, or the weights; null when they can. */
function uneven(inspection: Inspection, port: string): string | null {
  const { environment, observation } = inspection;
  const balancer = inspection.loadBalancers[loadBalancerOf(environment, port)];
  const attributes = attributesOf(inspection, port);
  if (balancer?.kind !== "seen" || attributes === null) return "the load balancer's attributes can't be read";
  // Which group a request goes to is decided before any zone comes into it.
  const crossZone =
    isWeighted(observation.groupOf) || crossesZones(inspection, port, attributes["load_balancing.cross_zone.enabled"]);
  if (!crossZone)
    return "cross-zone load balancing is off: each zone spreads over its own targets alone, and clients choose the zone";
  return attributes["stickiness.enabled"] === "true"
    ? "source-IP stickiness is on: all requests from here go to one target"
    : null;
}

interface Cell {
  readonly name: string;
  readonly healthy: number;
  readonly observed: number;
  /** Of all requests, 0 to 1. */
  readonly expected: number;
  /** `6 of 12 targets`, `weight 90 of 100`. */
  readonly by: string;
}

/** A member's part: that of its healthy targets, or of its weight. */
function cellsOf(inspection: Inspection, port: string, sample: Sample): readonly Cell[] {
  const { observation, placement } = inspection;
  const owners = learnOwners(noOwners, observation);
  const healthyOf = (name: string): number =>
    targetsOf(owners, observation, groupOfMember(observation.groupOf, port, name), name).filter(
      ({ state }) => state === "healthy",
    ).length;
  const names = Object.keys(placement);
  const all = names.reduce((sum, name) => sum + healthyOf(name), 0);
  const shares = sharesIn(placement);
  const weighted = isWeighted(observation.groupOf);
  return names.map((name) => {
    const healthy = healthyOf(name);
    return {
      name,
      healthy,
      observed: sample.byName[name] ?? 0,
      expected: weighted ? partByShares(shares, name) : all === 0 ? 0 : healthy / all,
      by: weighted ? `weight ${shares[name] ?? 0} of ${sumOf(shares)}` : `${healthy} of ${all} targets`,
    };
  });
}

/** So likely may it be at most that a member answered nothing by chance. */
const mostChance = 0.001;

function reachAndSpread(inspection: Inspection, key: string, sample: Sample): Check[] {
  const names = Object.keys(inspection.placement);
  const strangers = Object.keys(sample.byName).filter((name) => !names.includes(name));
  const untold = sample.unnamed + strangers.reduce((sum, name) => sum + (sample.byName[name] ?? 0), 0);
  const answered = sample.sent - sample.failed;
  const tell =
    "answer with the member's name (the container's variable MEMBER), or its cluster's, in the header x-member or as `member` of a " +
    "JSON body";
  if (answered === 0)
    return [
      unknown("EBG-V-REACH", key, "no request was answered", "repair the service first"),
      unknown("EBG-V-SPREAD", key, "no request was answered", "repair the service first"),
    ];
  if (untold > 0) {
    const why =
      `${untold} of ${answered} answers don't tell which member gave ` +
      `them${strangers.length > 0 ? ` (names that are no members': ${strangers.slice(0, 4).join(", ")})` : ""}`;
    return [unknown("EBG-V-REACH", key, why, tell), unknown("EBG-V-SPREAD", key, why, tell)];
  }
  const cells = cellsOf(inspection, key, sample);
  const unexpected = cells.filter((cell) => (cell.expected === 0 || cell.healthy === 0) && cell.observed > 0);
  const serving = cells.filter((cell) => cell.expected > 0);
  const shares = serving
    .map(
      (cell) =>
        `${cell.name} ${cell.observed} (${percent(cell.observed / answered)}; ${cell.by}: ${percent(cell.expected)})`,
    )
    .join(", ");
  const silent = serving.filter((cell) => cell.observed === 0);
  const byChance = silent.every(({ expected }) => (1 - expected) ** answered > mostChance);
  const counts = Object.fromEntries(
    cells
      .filter((cell) => cell.healthy + cell.observed > 0)
      .flatMap((cell) => [
        [`${cell.name}.answers`, cell.observed],
        [`${cell.name}.healthyTargets`, cell.healthy],
      ]),
  );
  const why = uneven(inspection, key);
  const reach =
    silent.length > 0 && why === null && !byChance
      ? bad(
          "EBG-V-REACH",
          key,
          `${silent.map((cell) => cell.name).join(", ")} answered none of ${answered} requests with ` +
            silent.map((cell) => cell.by).join(", "),
          "a target that was just registered takes up to 5 minutes; else look at its listener, zones and " +
            "security groups",
          { figures: counts },
        )
      : unexpected.length > 0
        ? bad(
            "EBG-V-REACH",
            key,
            `${unexpected.map((cell) => cell.name).join(", ")} answered, but has ` +
              unexpected.map((cell) => (cell.healthy === 0 ? "no healthy target" : cell.by)).join(", "),
            "after a drain, or a change of weights, the load balancer goes on for some minutes; run it again",
            { severity: "recommended", figures: counts },
          )
        : silent.length > 0
          ? unknown(
              "EBG-V-REACH",
              key,
              `${silent.map((cell) => cell.name).join(", ")} answered nothing, but ` +
                (why ?? `its part of ${answered} requests is so small that this may be chance`),
              more,
              counts,
            )
          : ok("EBG-V-REACH", key, `${serving.map((cell) => cell.name).join(", ")} answered`, counts);
  return [reach, spread(inspection, key, { serving, shares, answered, counts })];
}

interface Shares {
  readonly serving: readonly Cell[];
  readonly shares: string;
  readonly answered: number;
  readonly counts: Readonly<Record<string, number>>;
}

function spread(inspection: Inspection, key: string, { serving, shares, answered, counts }: Shares): Check {
  const why = uneven(inspection, key);
  const all = isWeighted(inspection.observation.groupOf) ? "all requests" : "all healthy targets";
  if (serving.length < 2) return skipped("EBG-V-SPREAD", key, `one member has ${all}: ${shares || "none"}`);
  if (why !== null)
    return unknown("EBG-V-SPREAD", key, `${shares}; ${why}`, "nothing to do, if that is wanted", counts);
  const result = fairness(serving.map(({ name, expected, observed }) => ({ name, expectedShare: expected, observed })));
  const figures = {
    ...counts,
    requests: answered,
    test: result.test,
    chiSquare: Number(result.statistic.toFixed(3)),
    degreesOfFreedom: result.degreesOfFreedom,
    pValue: Number(result.pValue.toPrecision(3)),
    alpha: result.alpha,
  };
  const said =
    `${shares}; chi-square ${figures.chiSquare} with ${counted(figures.degreesOfFreedom, "degree")} of freedom, p ` +
    `= ${figures.pValue}, alpha = ${figures.alpha}`;
  switch (result.verdict) {
    case "fair":
      return ok("EBG-V-SPREAD", key, said, figures);
    case "too-few":
      return unknown(
        "EBG-V-SPREAD",
        key,
        `${said}; too few requests for the test (each member needs 5 expected ones)`,
        more,
        figures,
      );
    case "unfair":
      return bad(
        "EBG-V-SPREAD",
        key,
        said,
        "run it again after 5 minutes (targets that just came or went are not spread over yet); if it stays, " +
          "look at zones, stickiness and clients that keep connections",
        { figures },
      );
    default:
      return result.verdict satisfies never;
  }
}

/** What the routes of an environment with weights have; null where traffic has none. */
function weightsCheck({ environment, placement, observation, wrongWeights }: Inspection): Check[] {
  if (!isWeighted(observation.groupOf)) return [];
  const name = environment.environment;
  const shares = sharesIn(placement);
  if (observation.weights == null)
    return [
      unknown(
        "EBG-V-WEIGHTS",
        name,
        `AWS did not tell them: ${listing(observation.problems, 1)}`,
        "run it again; else look at the permissions (docs/reference/permissions.md)",
      ),
    ];
  if (sumOf(shares) === 0) return [skipped("EBG-V-WEIGHTS", name, "no member gets requests")];
  const wanted = expectedWeights(observation.groupOf, shares);
  const { spares, remedy } = driftAdvice(observation, wanted, servingMembers(placement), name);
  return [
    wrongWeights.length === 0
      ? ok("EBG-V-WEIGHTS", name, `${described(shares)}, in every rule and listener`)
      : bad("EBG-V-WEIGHTS", name, `${listing(wrongWeights)}${spares}`, remedy),
  ];
}

const described = (shares: WeightShares): string =>
  Object.entries(shares)
    .map(([member, share]) => `${member} ${share}`)
    .join(", ");

export function trafficChecks(inspection: Inspection): Check[] {
  return [...weightsCheck(inspection), ...onePerPort(inspection.observation.groupOf).flatMap(portChecks(inspection))];
}

const portChecks =
  (inspection: Inspection) =>
  ({ port: key }: GroupRef): Check[] => {
    const reading = inspection.samples[key] ?? { kind: "unknown", why: "no request was sent" };
    if (reading.kind === "unknown")
      return (["EBG-V-REQUESTS", "EBG-V-REACH", "EBG-V-SPREAD"] as const).map((code) =>
        unknown(
          code,
          key,
          reading.why,
          "run it from where the load balancer can be reached (docs/reference/permissions.md)",
        ),
      );
    const { value: sample } = reading;
    const rate = `${sample.sent} requests in ${sample.seconds.toFixed(1)} s`;
    const requests =
      sample.failed === 0
        ? ok("EBG-V-REQUESTS", key, `${rate}, none failed`, { requests: sample.sent, failed: 0 })
        : bad(
            "EBG-V-REQUESTS",
            key,
            `${sample.failed} of ${rate} failed: ${sample.firstFailure}`,
            "look at the checks of targets and security groups",
            { figures: { requests: sample.sent, failed: sample.failed } },
          );
    return [requests, ...reachAndSpread(inspection, key, sample)];
  };
