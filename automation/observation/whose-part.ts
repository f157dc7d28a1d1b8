/**
 * Which of several members fails its requests, where traffic is weighted: nobody can ask one of them through the load
 * balancer, but as many requests fail as its part is. Pure.
 */
import { partByShares, type Shares } from "../../stacks/record";
import type { Observation } from "./observe";
import { type Answers, exceeds, fallsShort, nearlyAll } from "./whose-failures";

/** How much more likely one member must be why than each other one before it alone is named. */
const timesAsLikely = 20;
/** Members seldom fail all of their requests, or exactly their part of a round. */
const least = 0.001;

/** Of so many failures when this part of the requests fails; the same factor for every member is left out. */
function logLikelihood({ sent, failed }: { readonly sent: number; readonly failed: number }, part: number): number {
  const p = Math.min(1 - least, Math.max(least, part));
  return failed * Math.log(p) + (sent - failed) * Math.log(1 - p);
}

/**
 * Whether it alone can be why: no more fail than it gets, hardly fewer, and what the others get is answered. What all
 * members share may fail any other number of everybody's.
 */
const explains = (asked: Answers, part: number): boolean =>
  !exceeds(asked, part) && !fallsShort(asked, nearlyAll * part) && (part >= 1 || asked.failed < asked.sent);

/**
 * The member whose part of the requests fits those that fail; null: none fails, several fit as well, or nobody's part is
 * what fails.
 */
export function whoseFailures(
  { probes }: Pick<Observation, "probes">,
  shares: Shares,
  members: readonly string[],
): string | null {
  const failing = Object.values(probes).filter(({ failed }) => failed > 0);
  if (failing.length === 0 || members.length < 2) return null;
  const fits = members
    .map((name) => ({
      name,
      fit: failing.reduce((sum, asked) => sum + logLikelihood(asked, partByShares(shares, name)), 0),
    }))
    .sort((a, b) => b.fit - a.fit);
  const [best, next] = fits;
  if (best === undefined || next === undefined || best.fit - next.fit < Math.log(timesAsLikely)) return null;
  return failing.every((asked) => explains(asked, partByShares(shares, best.name))) ? best.name : null;
}
