/**
 * What a sample of requests says: do they succeed, does every active member answer, is the spread that of the targets?
 */
import { learnOwners, noOwners, targetsOf } from "../../observation/target-owners";
import { bad, ok, skipped, unknown, type Check } from "../catalog";
import { fairness } from "../spread-test";
import { loadBalancerOf } from "../inspect";
import type { Inspection } from "../inspection";
import type { Sample } from "../../ports/readings";
import { counted } from "../../text/sentences";

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const more = "run it with more requests: eks-blue-green verify --requests 5000";

/** Why the share of new connections can't be expected to follow the targets' shares; null when it can. */
function uneven(inspection: Inspection, key: string): string | null {
  const balancer = inspection.loadBalancers[loadBalancerOf(inspection.environment, key)];
  const group = inspection.targetGroups[key];
  if (balancer?.kind !== "seen" || group?.kind !== "seen") return "the load balancer's attributes can't be read";
  const override = group.value.attributes["load_balancing.cross_zone.enabled"];
  const crossZone =
    override === "true" ||
    (override !== "false" && balancer.value.attributes["load_balancing.cross_zone.enabled"] === "true");
  if (!crossZone)
    return "cross-zone load balancing is off: each zone spreads over its own targets alone, and clients choose the zone";
  return group.value.attributes["stickiness.enabled"] === "true"
    ? "source-IP stickiness is on: all requests from here go to one target"
    : null;
}

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
  const owners = learnOwners(noOwners, inspection.observation);
  const cells = names.map((name) => ({
    name,
    healthy: targetsOf(owners, inspection.observation, key, name).filter((target) => target.state === "healthy").length,
    observed: sample.byName[name] ?? 0,
  }));
  const healthy = cells.reduce((sum, cell) => sum + cell.healthy, 0);
  const unexpected = cells.filter((cell) => cell.healthy === 0 && cell.observed > 0);
  const serving = cells.filter((cell) => cell.healthy > 0);
  const shares = serving
    .map(
      (cell) =>
        `${cell.name} ${cell.observed} (${percent(cell.observed / answered)}; ${cell.healthy} of ${healthy} ` +
        `targets: ${percent(cell.healthy / healthy)})`,
    )
    .join(", ");
  const silent = serving.filter((cell) => cell.observed === 0);
  const counts = Object.fromEntries(
    cells
      .filter((cell) => cell.healthy + cell.observed > 0)
      .flatMap((cell) => [
        [`${cell.name}.answers`, cell.observed],
        [`${cell.name}.healthyTargets`, cell.healthy],
      ]),
  );
  const reach =
    silent.length > 0 && uneven(inspection, key) === null
      ? bad(
          "EBG-V-REACH",
          key,
          `${silent.map((cell) => cell.name).join(", ")} answered none of ${answered} requests with ` +
            `${silent.map((cell) => cell.healthy).join(", ")} of ${healthy} healthy targets`,
          "a target that was just registered takes up to 5 minutes; else look at its listener, zones and " +
            "security groups",
          { figures: counts },
        )
      : unexpected.length > 0
        ? bad(
            "EBG-V-REACH",
            key,
            `${unexpected.map((cell) => cell.name).join(", ")} answered, but has no healthy target`,
            "after a drain the load balancer forgets targets only after some minutes; run it again",
            { severity: "recommended", figures: counts },
          )
        : silent.length > 0
          ? unknown(
              "EBG-V-REACH",
              key,
              `${silent.map((cell) => cell.name).join(", ")} answered nothing, but ${uneven(inspection, key)}`,
              more,
              counts,
            )
          : ok("EBG-V-REACH", key, `${serving.map((cell) => cell.name).join(", ")} answered`, counts);
  return [reach, spread(inspection, key, { serving, healthy, shares, answered, counts })];
}

interface Shares {
  readonly serving: readonly { readonly name: string; readonly healthy: number; readonly observed: number }[];
  readonly healthy: number;
  readonly shares: string;
  readonly answered: number;
  readonly counts: Readonly<Record<string, number>>;
}

function spread(inspection: Inspection, key: string, { serving, healthy, shares, answered, counts }: Shares): Check {
  const why = uneven(inspection, key);
  if (serving.length < 2)
    return skipped("EBG-V-SPREAD", key, `one member has all healthy targets: ${shares || "none"}`);
  if (why !== null)
    return unknown("EBG-V-SPREAD", key, `${shares}; ${why}`, "nothing to do, if that is wanted", counts);
  const result = fairness(
    serving.map(({ name, healthy: own, observed }) => ({ name, expectedShare: own / healthy, observed })),
  );
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

export function trafficChecks(inspection: Inspection): Check[] {
  return Object.keys(inspection.environment.loadBalancer.services).flatMap((key) => {
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
  });
}
