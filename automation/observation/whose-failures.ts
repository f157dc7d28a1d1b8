/**
 * Whose requests fail, where traffic is weighted: nobody can ask one member alone through the load balancer, but the
 * share of requests that fail can't be larger than the part of those whose they are. Pure.
 */
import { partByShares, type Shares } from "../../stacks/record";

/** Requests of one service in one look. */
export interface Answers {
  readonly sent: number;
  readonly failed: number;
}

/** With what was known of them when the rollout began. */
export interface News extends Answers {
  /** None failed then. */
  readonly isNews: boolean;
}

/** So unlikely a count must be before it is no chance. */
const mostChance = 0.01;

/** How likely at least so many of these requests fail when each fails with this probability. */
function atLeast({ sent, failed }: Answers, probability: number): number {
  if (failed <= 0 || probability >= 1) return 1;
  if (probability <= 0) return 0;
  let term = (1 - probability) ** sent;
  let below = term;
  for (let count = 1; count < failed; count += 1) {
    term *= ((sent - count + 1) / count) * (probability / (1 - probability));
    below += term;
  }
  return Math.max(0, 1 - below);
}

/** Whether fewer fail than this probability lets expect. */
export const fallsShort = ({ sent, failed }: Answers, probability: number): boolean =>
  atLeast({ sent, failed: sent - failed }, 1 - probability) < mostChance;

/** Whether more fail than the part of the requests that these members get explains, whatever they answer. */
export const exceeds = (answers: Answers, part: number): boolean => atLeast(answers, part) < mostChance;

/** The largest part that these members get by any of the shares: some node may still go by those of before. */
export const largestPart = (vectors: readonly Shares[], members: readonly string[]): number =>
  Math.max(0, ...vectors.map((shares) => members.reduce((sum, name) => sum + partByShares(shares, name), 0)));

/** Who may be why, and shares by which some node may route now. */
export interface Suspects {
  /** They come in. */
  readonly newcomers: readonly string[];
  /** They serve beside those. */
  readonly others: readonly string[];
  readonly vectors: readonly Shares[];
}

/** So many of somebody's requests are nearly all. */
export const nearlyAll = 0.95;

/**
 * Whether the others fail nearly all of their requests, and those alone: as many fail as go to the others, no more and
 * hardly fewer, and some are answered. Any smaller share says nothing: what all members share (a database, a login
 * service) may fail so many of everybody's, and then it is wrong to give everything to a newcomer. Of several others
 * each must: when one of them explains what fails, nobody is taken out for it.
 * While those get nothing, only what is news tells something: what always failed may be the probe's own path.
 */
export function othersFail(asked: readonly News[], { newcomers, others, vectors }: Suspects): boolean {
  if (others.length === 0 || newcomers.length === 0) return false;
  const [theirs, newcomersPart] = [largestPart(vectors, others), largestPart(vectors, newcomers)];
  const leastPart = (members: readonly string[]): number =>
    Math.min(...vectors.map((shares) => largestPart([shares], members)));
  // Where some node may send the newcomers nothing yet, all may fail and none be theirs.
  const mustAnswer = leastPart(newcomers) > 0;
  const most = ({ isNews, ...answers }: News): boolean =>
    answers.sent > 0 &&
    (isNews || newcomersPart > 0) &&
    (!mustAnswer || answers.failed < answers.sent) &&
    !fallsShort(answers, nearlyAll * leastPart(others));
  const without = (name: string): number =>
    largestPart(vectors, [...newcomers, ...others.filter((other) => other !== name)]);
  const least = Math.max(...others.map(without));
  return (
    asked.some((answers) => most(answers) && exceeds(answers, least)) &&
    asked.every((answers) => !exceeds(answers, theirs))
  );
}

/** What was asked when a way back began, and by which shares. */
export interface Before {
  readonly requests: Readonly<Record<string, Answers>>;
  readonly shares: Shares;
}

/** So much less of their requests must fail: a round asks only some. */
const noise = 0.25;

/**
 * Whether those that lost their share answer more of their requests than those that have everything now. What fails now
 * is all of the latter; what failed more when both had their parts was of the former. When less failed then, the latter
 * got worse since, and nobody can say how the former do: nothing can be lost by them only where not one is answered.
 */
export function answeredMore(
  asked: Readonly<Record<string, Answers>>,
  { requests, shares }: Before,
  { lost, have }: { readonly lost: readonly string[]; readonly have: readonly string[] },
): boolean {
  const [theirs, own] = [largestPart([shares], lost), largestPart([shares], have)];
  if (theirs === 0 || own === 0) return false;
  const rates = Object.entries(asked).flatMap(([key, { sent, failed }]) => {
    const before = requests[key];
    if (sent === 0 || before === undefined || before.sent === 0) return [];
    const now = failed / sent;
    if (fallsShort(before, own * now)) return [{ now, former: failed === sent ? 0 : 1 }];
    return [{ now, former: Math.max(0, before.failed / before.sent - own * now) / theirs }];
  });
  return (
    rates.some(({ now, former }) => former + noise < now) && rates.every(({ now, former }) => former <= now + noise)
  );
}
