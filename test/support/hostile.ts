/** Text of somebody who wants to steer the terminal or the CI system that shows it. */
import assert from "node:assert/strict";

export const hostile =
  "::add-mask::x\u001b]0;title\u0007\u001b[2J\u009b8m\n::error::forged\n" +
  "##vso[task.setvariable variable=PATH]/x\r##[error]a\n##teamcity[x]\u202e";
const steers = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/;
/** GitHub, Azure, TeamCity. */
const command = /^\s*::|##\[|##vso\[|##teamcity\[/im;

/** What decides which branch a renderer takes; everything else is poisoned. */
const kept = new Set([
  "kind",
  "status",
  "outcome",
  "severity",
  "role",
  "workload",
  "type",
  "direction",
  "strategy",
  "at",
  "code",
  "verdict",
  "phase",
]);
/** The value with every text in it hostile. */
export function poisoned<T>(value: T, key = ""): T {
  if (typeof value === "string") return (kept.has(key) ? value : hostile) as T;
  if (Array.isArray(value)) return value.map((one: unknown) => poisoned(one, key)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, poisoned<unknown>(one, name)])) as T;
}

/** `shown`: it has to be there all the same, so that somebody sees it. */
export function assertHarmless(text: string, what: string, shown = true): void {
  const bare = text.replace(/\u001b\[\d+m/g, "");
  assert.doesNotMatch(bare, steers, what);
  assert.doesNotMatch(bare, command, what);
  if (shown) assert.match(bare, /add-mask|forged/, `${what} does not show the text at all`);
}
