/** What there was before, to compare with: how many targets were healthy, how requests were answered. Pure. */
import type { Baseline } from "../../stacks/record";
import type { ProbeResult } from "../ports";
import { groupsOfMember, type Observation } from "./observe";
import { isRegistered, targetsOf, type TargetOwners } from "./target-owners";

/**
 * What a look saw of the members in traffic; groups that AWS did not tell, and services that nobody asked, are left out.
 */
export function baselineOf(observation: Observation, owners: TargetOwners, active: readonly string[]): Baseline {
  const counted = (member: string): Baseline["targets"][string] =>
    Object.fromEntries(
      groupsOfMember(observation, member).flatMap((key) => {
        if (observation.groups[key] === null) return [];
        const registered = targetsOf(owners, observation, key, member).filter(isRegistered);
        const healthy = registered.filter(({ state }) => state === "healthy").length;
        return [[key, { registered: registered.length, healthy }] as const];
      }),
    );
  return {
    targets: Object.fromEntries(active.map((name) => [name, counted(name)])),
    requests: Object.fromEntries(
      Object.entries(observation.probes).map(([key, { sent, failed, statuses }]) => [
        key,
        { sent, failed, ...(statuses === undefined ? {} : { statuses }) },
      ]),
    ),
    alarms: Object.entries(observation.alarms ?? {})
      .filter(([, state]) => state === "alarm")
      .map(([name]) => name)
      .sort(),
  };
}

/** What a gate does not blame a move for, because it was so before. */
export interface Excused {
  /** Registered targets of a member that were not healthy. */
  sick(member: string, key: string): number;
  /** Healthy targets that it had first; null: not known. */
  had(member: string, key: string): number | null;
  /** The member had no healthy target there. */
  dead(member: string, key: string): boolean;
  /** The share of requests that failed, 0 to 1. */
  failing(key: string): number;
  /** Status codes of the answers; null: not known. */
  statuses(key: string): readonly number[] | null;
  rang(alarm: string): boolean;
}

export const nothingExcused: Excused = {
  sick: () => 0,
  had: () => null,
  dead: () => false,
  failing: () => 0,
  statuses: () => null,
  rang: () => false,
};

/**
 * What was so at any of these times. Answers are compared with those of the first of them. `failing`: requests that
 * failed later, before the move.
 */
export function excusedBy(times: readonly Baseline[], failing: Baseline["requests"] = {}): Excused {
  const counts = (member: string, key: string) => times.flatMap(({ targets }) => targets[member]?.[key] ?? []);
  const share = ({ sent, failed }: Baseline["requests"][string]): number => (sent === 0 ? 0 : failed / sent);
  return {
    sick: (member, key) => Math.max(0, ...counts(member, key).map(({ registered, healthy }) => registered - healthy)),
    had: (member, key) => times[0]?.targets[member]?.[key]?.healthy ?? null,
    dead: (member, key) => counts(member, key).some(({ healthy }) => healthy === 0),
    failing: (key) => {
      const last = failing[key] ?? times.at(-1)?.requests[key];
      return last === undefined ? 0 : share(last);
    },
    statuses: (key) => times[0]?.requests[key]?.statuses ?? null,
    rang: (alarm) => times.some(({ alarms }) => alarms.includes(alarm)),
  };
}

/** So much more of the requests must fail than before: a round asks only some. */
const noise = 0.25;

/** So seldom may a whole round fail by chance, where a part of the requests failed before. */
const mostChance = 0.05;

/** The most requests of a round: each is a connection of its own. */
const mostRequests = 64;

/**
 * So many requests tell that more of them fail than this share, 0 to 1; also that the few which were answered are not
 * any more.
 */
export const requestsBeside = (failing: number): number =>
  failing >= 1 ? 32 : Math.max(32, Math.min(mostRequests, Math.ceil(Math.log(mostChance) / Math.log(failing))));

/** Some requests were answered before, so many that this would hardly be chance. */
const nothingAnswersNow = ({ sent, failed }: ProbeResult, before: number): boolean =>
  sent > 0 && failed === sent && before < 1 && before ** sent < mostChance;

/**
 * What is worse than before about the answers, or null: more of them fail, none is answered any more, or users are
 * refused (401, 403, 404, …) who were not.
 */
export function worseAnswers(key: string, probe: ProbeResult, excused: Excused): string | null {
  const before = excused.failing(key);
  const more = probe.failed > 0 && (before === 0 || probe.failed / probe.sent > before + noise);
  if (more || nothingAnswersNow(probe, before))
    return `${probe.failed} of ${probe.sent} requests to '${key}' failed: ${probe.firstFailure ?? "no answer"}`;
  const known = excused.statuses(key);
  const refusals = (probe.statuses ?? []).filter((code) => code >= 400 && code < 500);
  const news = known === null || before > 0 ? [] : refusals.filter((code) => !known.includes(code));
  return news.length === 0
    ? null
    : `requests to '${key}' are answered with status ${news.join(", ")}, which they were not before (${known?.join(", ")})`;
}
