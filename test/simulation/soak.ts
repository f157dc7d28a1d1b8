/**
 * `npm run soak -- [--seeds 2000] [--from 1] [--seed N] [--minutes M] [--workers W] [--weighted]`: many seeded
 * runs, with shared or with weighted traffic; each that breaks a rule is replayed, shrunk and printed.
 */
import { parseArgs } from "node:util";
import { availableParallelism } from "node:os";
import { describeFault, describeAsked } from "./scenario";
import { shrink } from "./shrink";
import { simulate, type SimulationResult } from "./simulate";
import { runSeeds, scenarioFor, workSeeds } from "./workers";

const mostFailures = 10;

function print(result: SimulationResult, trace: boolean): void {
  const { scenario, violations, outcomes } = result;
  process.stdout.write(
    `\nseed ${scenario.seed}: ${outcomes.join(", ")}\n  ${scenario.strategy} of ${scenario.members.join(", ")}: ` +
      `${scenario.commands.map(describeAsked).join(", then ")}\n  green: ${scenario.green.sickness} after ` +
      `${scenario.green.afterSeconds} s; bake ${scenario.bakeSeconds} s\n`,
  );
  for (const fault of scenario.faults) process.stdout.write(`  fault ${describeFault(fault)}\n`);
  if (trace) for (const line of result.trace) process.stdout.write(`  ${line}\n`);
  for (const violation of violations) process.stdout.write(`  VIOLATION ${violation.rule}: ${violation.message}\n`);
}

async function replay(seed: number, weighted: boolean): Promise<number> {
  const result = await simulate(scenarioFor(seed, weighted), { trace: true });
  const robot =
    result.violations.length > 0 ? null : await simulate(scenarioFor(seed, weighted), { trace: true, robot: true });
  print(robot !== null && robot.violations.length > 0 ? robot : result, true);
  return result.violations.length + (robot?.violations.length ?? 0);
}

async function soak(
  from: number,
  seeds: number,
  minutes: number | null,
  workers: number,
  weighted: boolean,
): Promise<number> {
  const began = performance.now();
  const outcomes = new Map<string, number>();
  const failing: number[] = [];
  let runs = 0;
  let virtualSeconds = 0;
  let cpuSeconds = 0;
  await runSeeds(
    { from, seeds, workers, endAt: minutes === null ? null : began + minutes * 60_000, weighted },
    (done) => {
      runs += 1;
      virtualSeconds += done.virtualSeconds;
      cpuSeconds += done.cpuSeconds;
      outcomes.set(done.outcome, (outcomes.get(done.outcome) ?? 0) + 1);
      if (done.violations > 0) failing.push(done.seed);
      return failing.length < mostFailures;
    },
  );
  const seconds = (performance.now() - began) / 1000;
  for (const seed of failing.sort((a, b) => a - b)) {
    const result = await simulate(scenarioFor(seed, weighted), { trace: true });
    // Only the robot broke a rule: its run is printed as it was.
    if (result.violations.length > 0) print(await shrink(result), true);
    else print(await simulate(scenarioFor(seed, weighted), { trace: true, robot: true }), true);
    process.stdout.write(`  replay: npm run soak -- ${weighted ? "--weighted " : ""}--seed ${seed}\n`);
  }
  process.stdout.write(`\n${[...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(", ")}\n`);
  process.stdout.write(
    `${runs} seeds from ${from} in ${seconds.toFixed(1)} s (${Math.round((runs / seconds) * 60)} a minute, ` +
      `${((1000 * cpuSeconds) / runs).toFixed(0)} ms of processor time each, ` +
      `${(virtualSeconds / 86_400).toFixed(1)} days of virtual time): ${failing.length} violations\n`,
  );
  return failing.length;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "2000" },
      from: { type: "string", default: "1" },
      seed: { type: "string" },
      minutes: { type: "string" },
      workers: { type: "string", default: String(availableParallelism()) },
      weighted: { type: "boolean", default: false },
    },
  });
  const minutes = values.minutes === undefined ? null : Number(values.minutes);
  // With --minutes, time is the limit, not the number.
  const failures =
    values.seed !== undefined
      ? await replay(Number(values.seed), values.weighted)
      : await soak(
          Number(values.from),
          minutes === null ? Number(values.seeds) : Number.POSITIVE_INFINITY,
          minutes,
          Number(values.workers),
          values.weighted,
        );
  process.exitCode = failures === 0 ? 0 : 1;
}

void (process.send === undefined ? main() : workSeeds());
