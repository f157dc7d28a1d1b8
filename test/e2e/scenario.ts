/**
 * A rehearsal beside the default one, as a person runs it: nothing lost, every verification held, nothing left behind.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { DriverEvent } from "../../automation/events";
import type { Move } from "../../stacks/record";
import { leftFolders, leftProcesses } from "./left-behind";

const root = resolve(__dirname, "../..");

/** `admit green`; `shift blue 90, green 10`: the shares that it leads to. */
function moveText(move: Move): string {
  if (move.kind !== "shift") return `${move.kind} ${move.member}`;
  const shares = Object.entries(move.changes).map(([member, { to }]) => `${member} ${to.share ?? 0}`);
  return `shift ${shares.sort().join(", ")}`;
}

/** The expected steps, with those of the optional ones (`?shift …`) that were made. */
function withOptional(steps: readonly string[], made: readonly string[]): string[] {
  return steps.flatMap((step) =>
    !step.startsWith("?") ? [step] : made.includes(step.slice(1)) ? [step.slice(1)] : [],
  );
}

/** Where the time went: printed, never judged. */
function tellTimes(events: readonly DriverEvent[]): void {
  for (const event of events) {
    if (event.kind === "stage" && event.status === "finished" && (event.seconds ?? 0) >= 2)
      console.log(`      ${(event.seconds ?? 0).toFixed(1).padStart(6)} s  ${event.name}`);
    if (event.kind === "step-finished")
      console.log(
        `      ${event.seconds.toFixed(1).padStart(6)} s    ` +
          `${event.step.type === "move" ? moveText(event.step) : "bake"}`,
      );
  }
}

/** `steps`: the moves that it makes, those with a question mark perhaps; `claims`: how many verifications it tells of at least. */
export interface Told {
  readonly title: string;
  readonly claims: number;
  readonly steps: readonly string[];
}

export function rehearsesScenario(name: string, { title, claims, steps }: Told): void {
  describe("rehearse --scenario", () => {
    it(`${name}: loses nothing, and what it claims was seen`, () => {
      const before = leftFolders();
      const run = spawnSync(
        process.execPath,
        [join(root, "bin/eks-blue-green.js"), "rehearse", "--scenario", name, "--json", "--rate", "100"],
        { cwd: root, encoding: "utf8", timeout: 1_200_000, maxBuffer: 1 << 28 },
      );
      const text = stripVTControlCharacters(run.stderr);
      assert.equal(run.status, 0, text.slice(-4000));
      const events = run.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as DriverEvent);
      tellTimes(events);
      const made = events.flatMap((event) =>
        event.kind === "step-finished" && event.step.type === "move" ? [moveText(event.step)] : [],
      );
      assert.deepEqual(made, withOptional(steps, made));
      const told = events.filter(
        (event): event is Extract<DriverEvent, { kind: "stage" }> =>
          event.kind === "stage" &&
          event.name.startsWith("verify: ") &&
          (event.status === "finished" || event.status === "failed"),
      );
      assert.deepEqual(
        told.filter((event) => event.status === "failed"),
        [],
      );
      assert.ok(told.length >= claims, `${told.length} verifications`);
      assert.ok(text.includes(`✔ ${title}`), text.slice(-4000));
      assert.match(text, /sent in .*, 0 failed\n/);
      assert.deepEqual(
        leftFolders().filter((folder) => !before.includes(folder)),
        [],
      );
      assert.deepEqual(leftProcesses(), []);
    }).timeout(1_300_000);
  });
}
