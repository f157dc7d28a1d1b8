/** `npm run soak -- [--seeds 2000] [--from 1] [--seed N] [--minutes M]`: many seeded runs; each that breaks a rule is replayed, shrunk and printed. */
import { parseArgs } from "node:util";
import { scenarioOf, describeFault } from "./scenario";
import { shrink } from "./shrink";
import { simulate, type SimulationResult } from "./simulate";

const mostFailures = 10;

function print(result: SimulationResult, trace: boolean): void {
  const { scenario, violations, outcomes } = result;
  process.stdout.write(`\nseed ${scenario.seed}: ${outcomes.join(", ")}\n  ${scenario.strategy} of ${scenario.members.join(", ")}: ${scenario.commands.map((asked) => (asked === null ? "upgrade" : [asked.name, asked.member, ...(asked.percent === null ? [] : [`to ${asked.percent} %`])].join(" "))).join(", then ")}\n  green: ${scenario.green.sickness} after ${scenario.green.afterSeconds} s; bake ${scenario.bakeSeconds} s\n`);
  for (const fault of scenario.faults) process.stdout.write(`  fault ${describeFault(fault)}\n`);
  if (trace) for (const line of result.trace) process.stdout.write(`  ${line}\n`);
  for (const violation of violations) process.stdout.write(`  VIOLATION ${violation.rule}: ${violation.message}\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { seeds: { type: "string", default: "2000" }, from: { type: "string", default: "1" }, seed: { type: "string" }, minutes: { type: "string" } } });
  if (values.seed !== undefined) {
    const result = await simulate(scenarioOf(Number(values.seed)), { trace: true });
    print(result, true);
    process.exitCode = result.violations.length === 0 ? 0 : 1;
    return;
  }
  const began = performance.now();
  const endAt = values.minutes === undefined ? Number.POSITIVE_INFINITY : began + Number(values.minutes) * 60_000;
  const outcomes = new Map<string, number>();
  const from = Number(values.from);
  let runs = 0;
  let failures = 0;
  let virtualSeconds = 0;
  // With --minutes, time is the limit, not the number.
  while ((values.minutes === undefined ? runs < Number(values.seeds) : true) && performance.now() < endAt && failures < mostFailures) {
    const seed = from + runs;
    const result = await simulate(scenarioOf(seed));
    runs += 1;
    virtualSeconds += result.virtualSeconds;
    const last = result.violations.length > 0 ? "VIOLATION" : result.outcomes.filter((outcome) => !outcome.startsWith("(")).at(-1) ?? "none";
    outcomes.set(last, (outcomes.get(last) ?? 0) + 1);
    if (result.violations.length === 0) continue;
    failures += 1;
    print(await shrink(await simulate(scenarioOf(seed), { trace: true })), true);
    process.stdout.write(`  replay: npm run soak -- --seed ${seed}\n`);
  }
  const seconds = (performance.now() - began) / 1000;
  process.stdout.write(`\n${[...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(", ")}\n`);
  process.stdout.write(`${runs} seeds from ${from} in ${seconds.toFixed(1)} s (${Math.round((runs / seconds) * 60)} a minute, ${(virtualSeconds / 86_400).toFixed(1)} days of virtual time): ${failures} violations\n`);
  process.exitCode = failures === 0 ? 0 : 1;
}

void main();
