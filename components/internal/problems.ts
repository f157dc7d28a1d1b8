/**
 * What is wrong with an input, in a form that people and programs can read. Validators answer ALL problems; they are
 * thrown once.
 */

export interface Problem {
  /** Where: `services[0].port`. */
  readonly path: string;
  /** The value that was given; `null` when nothing was. */
  readonly value: unknown;
  /** What must hold, with the figure and where it comes from. */
  readonly rule: string;
  /** What to write instead. */
  readonly remedy: string;
}

/** Values longer than this are cut in messages. */
const longestShownValue = 80;

function shown(value: unknown): string {
  if (value === null || value === undefined) return "(missing)";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > longestShownValue ? `${text.slice(0, longestShownValue)}…` : text;
}

/** One line a problem: `path: value: rule. remedy`. */
export function formatProblem(problem: Problem): string {
  return `${problem.path}: ${shown(problem.value)}: ${problem.rule}. ${problem.remedy}`;
}

/** Thrown with every problem at once, before any resource is declared. Same shape as the driver's errors. */
export class ConfigError extends Error {
  readonly code = "EBG-CONFIG" as const;
  readonly remedy: string;
  readonly problems: readonly Problem[];
  constructor(subject: string, problems: readonly Problem[]) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super(`${subject} has ${count}:\n${problems.map((problem) => `  - ${formatProblem(problem)}`).join("\n")}`);
    this.name = "ConfigError";
    this.remedy = problems.map((problem) => `${problem.path}: ${problem.remedy}`).join("; ");
    this.problems = problems;
  }
}

/** Throws one ConfigError with all problems, or does nothing. */
export function throwProblems(subject: string, problems: readonly Problem[]): void {
  if (problems.length > 0) throw new ConfigError(subject, problems);
}

/** A problem when a whole number is missing, not whole, or outside of `least..most`. */
export function wholeNumberProblems(
  path: string,
  value: unknown,
  least: number,
  most: number,
  source: string,
): Problem[] {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return [];
  return [
    {
      path,
      value: value ?? null,
      rule: `must be a whole number from ${least} to ${most} (${source})`,
      remedy: `Choose a value from ${least} to ${most}`,
    },
  ];
}
