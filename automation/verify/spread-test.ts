/** Is traffic spread as targets are? Pearson's chi-square test of goodness of fit, with its exact tail. Pure. */

export interface Cell {
  readonly name: string;
  readonly expectedShare: number;
  readonly observed: number;
}
export interface Fairness {
  readonly test: "chi-square goodness of fit";
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  /** How likely a fair spread is at least this far from even. */
  readonly pValue: number;
  readonly alpha: number;
  readonly verdict: "fair" | "unfair" | "too-few";
}

/** One false alarm in a thousand runs of `verify`. */
export const alpha = 0.001;
/** Below it the statistic is not distributed as chi-square (the usual rule of Cochran's). */
const leastExpected = 5;

/** ln Γ(x) for x > 0, by Stirling's series after shifting x up: good to 1e-12. */
function lnGamma(x: number): number {
  let shift = 0;
  let at = x;
  for (; at < 10; at += 1) shift += Math.log(at);
  const r = 1 / (at * at);
  return (
    (at - 0.5) * Math.log(at) -
    at +
    0.5 * Math.log(2 * Math.PI) +
    (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r / 1680))) / at -
    shift
  );
}

/** The regularized upper incomplete gamma function Q(a, x): the series below a + 1, the continued fraction above. */
export function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const scale = Math.exp(a * Math.log(x) - x - lnGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; n < 1000 && term > sum * 1e-15; n += 1) sum += term *= x / (a + n);
    return Math.max(0, 1 - scale * sum);
  }
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < 1000; n += 1) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / (Math.abs(an * d + b) < tiny ? tiny : an * d + b);
    c = Math.abs(b + an / c) < tiny ? tiny : b + an / c;
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return scale * fraction;
}

/** Cells with a positive share each; shares sum to 1. */
export function fairness(cells: readonly Cell[]): Fairness {
  const total = cells.reduce((sum, cell) => sum + cell.observed, 0);
  const statistic = cells.reduce(
    (sum, { expectedShare, observed }) => sum + (observed - total * expectedShare) ** 2 / (total * expectedShare || 1),
    0,
  );
  const degreesOfFreedom = cells.length - 1;
  const pValue = degreesOfFreedom === 0 ? 1 : upperGamma(degreesOfFreedom / 2, statistic / 2);
  const tooFew = cells.some(({ expectedShare }) => total * expectedShare < leastExpected);
  return {
    test: "chi-square goodness of fit",
    statistic,
    degreesOfFreedom,
    pValue,
    alpha,
    verdict: tooFew ? "too-few" : pValue < alpha ? "unfair" : "fair",
  };
}
