/**
 * `npm run soak -- --confirm 3 [--from 1]`: takes seeds of the simulation whose faults a sandbox can do, gives the same
 * commands in a sandbox
 * of its own, under load, kills and stops the driver at the same places, and compares the ends.
 */
import { parseArgs } from "node:util";
import { isDeepStrictEqual } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { ControlClient } from "../../sandbox/client/control-client";
import type { LoadSummary } from "../../sandbox/contract";
import type { DriverEvent } from "../../automation/events";
import { Stage } from "../e2e/stage";
import { endpointsOf, registeredTargets } from "../e2e/traffic";
import { counterpartOf, type Counterpart } from "./counterparts";
import type { RunSeen } from "./moments";
import { scenarioOf } from "./scenario";
import { simulate, type SimulationResult } from "./simulate";

const timeScale = 60;
const requestsPerSecond = 200;
const mostSeeds = 2000;
/** After the runs that the simulation had: a real machine may need the same command once more. */
const mostMore = 4;
const longestPauseMs = 3000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const argsOf = ({ asked }: Pick<RunSeen, "asked">, approves: boolean): string[] => [
  asked === null ? "upgrade" : asked.name,
  ...(approves || asked !== null ? ["--approve-retire"] : []),
];

/** Gives the command and ends it at its moment. Answers its exit code (null: killed) and whether the moment came. */
async function repeat(
  stage: Stage,
  run: RunSeen,
  approves: boolean,
): Promise<{ readonly code: number | null; readonly met: boolean }> {
  const { ended } = run;
  let step: { readonly index: number; readonly member: string | null } | null = null;
  let met = ended === null;
  let armed = false;
  const { code } = await stage.drive(argsOf(run, approves), (event: DriverEvent, kill) => {
    if (event.kind === "step-started")
      step = { index: event.index, member: event.step.type === "move" ? (event.step.member ?? null) : null };
    if (ended?.moment == null || met) return;
    const { moment, how } = ended;
    const here =
      (event.kind === "phase-started" || event.kind === "phase-finished") &&
      event.index === moment.step &&
      event.phase === moment.phase;
    const strike = (): void => {
      if (met) return;
      met = true;
      if (how === "engine" && step?.member != null) stage.killEngine(`dev-${step.member}`);
      kill(how === "stop" ? "SIGTERM" : "SIGKILL");
    };
    if (!here) return;
    if (event.kind === "phase-finished") return strike();
    if (armed) return;
    armed = true;
    if (how === "before") return strike();
    if (how === "after") return;
    const member = step?.member;
    // In the middle of an operation where there is one.
    if (how === "engine") void whileNothingIsPending(stage, member == null ? "dev" : `dev-${member}`).then(strike);
    else setTimeout(strike, Math.min((moment.secondsInto * 1000) / timeScale, longestPauseMs)).unref();
  });
  return { code, met };
}

async function whileNothingIsPending(stage: Stage, stack: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < longestPauseMs && stage.pendingOperations(stack).length === 0; waitedMs += 20)
    await sleep(20);
}

/** Differences between the two ends; none when they agree. */
function differences(stage: Stage, result: SimulationResult, summary: LoadSummary): string[] {
  const found: string[] = [];
  const record = stage.record();
  if (!isDeepStrictEqual(record.placement, result.placement))
    found.push(`placement: simulated ${JSON.stringify(result.placement)}, real ${JSON.stringify(record.placement)}`);
  if (record.rollout !== null || record.intent !== null) found.push("the real record still has a rollout");
  for (const stack of ["dev", ...result.scenario.members.map((member) => `dev-${member}`)]) {
    if (stage.lockOf(stack) !== null) found.push(`${stack} is locked`);
    if (stage.pendingOperations(stack).length > 0) found.push(`${stack} has pending operations`);
  }
  const active = Object.keys(record.placement).filter((name) => record.placement[name]?.role === "active");
  const endpoints = active.flatMap((name) => endpointsOf(stage, name)).sort();
  if (!isDeepStrictEqual(registeredTargets(stage), endpoints))
    found.push(
      `targets ${registeredTargets(stage).join(", ")}; endpoints of ${active.join(", ")}: ${endpoints.join(", ")}`,
    );
  const present = Object.keys(record.placement)
    .filter((name) => record.placement[name]?.role !== "absent")
    .map((name) => `dev-${name}`);
  const clusters = stage.json<{ clusters: string[] }>("aws", ["eks", "list-clusters", "--output", "json"]).clusters;
  if (!isDeepStrictEqual([...clusters].sort(), present.sort()))
    found.push(`clusters ${clusters.join(", ")}, placed ${present.join(", ")}`);
  if (summary.failed + summary.idleResets > 0)
    found.push(`${summary.failed} requests failed, ${summary.idleResets} idle connections were reset`);
  return found;
}

async function confirm(result: SimulationResult, faults: (Counterpart & { kind: "yes" })["faults"]): Promise<boolean> {
  const { scenario, runs } = result;
  const began = Date.now();
  const stage = await Stage.open({ timeScale, version: "1.34" });
  try {
    const up = await stage.drive(["up"]);
    if (up.code !== 0) throw new Error(`'up' ended with ${up.code}:\n${up.stderr}`);
    stage.want(scenario.wanted);
    const load = await stage.load(requestsPerSecond);
    let summary: LoadSummary;
    let more = 0;
    const missed: number[] = [];
    try {
      for (const fault of faults) await new ControlClient(stage.info).addFault(fault);
      let code: number | null = null;
      for (const [index, run] of runs.entries()) {
        const real = await repeat(stage, run, scenario.approves);
        code = real.code;
        say(
          `  ${argsOf(run, scenario.approves).join(" ")}: ` +
            `${run.ended === null ? `simulated ${run.outcome}` : `${run.ended.how} in ${run.ended.moment?.kind}.${run.ended.moment?.phase}`}; ` +
            "real: " +
            `${real.code === null ? "killed" : `exit code ${real.code}`}${real.met ? "" : ", but the place was not met"}`,
        );
        if (!real.met) missed.push(index);
      }
      const last = runs.at(-1) as RunSeen;
      for (; code !== 0 && more < mostMore; more += 1)
        code = (await repeat(stage, { ...last, ended: null }, scenario.approves)).code;
    } finally {
      summary = await load.stop();
    }
    const found = [
      ...differences(stage, result, summary),
      ...missed.map((index) => `the place of run ${index + 1} was not met`),
    ];
    say(
      `  ${summary.sent} requests in ${Math.round(summary.seconds)} s, ${summary.failed} failed, ` +
        `${summary.idleResets} idle resets${summary.void ? " (void: the load client starved)" : ""}; ${more} runs ` +
        `more than simulated; ${Math.round((Date.now() - began) / 1000)} s`,
    );
    for (const line of found) say(`  DIFFERENT: ${line}`);
    if (found.length === 0)
      say(
        `  same end: ${Object.entries(result.placement)
          .map(([name, { role, version }]) => `${name} ${role}${version === null ? "" : ` ${version}`}`)
          .join(", ")}`,
      );
    return found.length === 0 && !summary.void;
  } finally {
    await stage.close();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { confirm: { type: "string", default: "3" }, from: { type: "string", default: "1" } },
  });
  const passedOver = new Map<string, number>();
  const seen = new Set<string>();
  let confirmed = 0;
  let tried = 0;
  for (
    let seed = Number(values.from);
    tried < Number(values.confirm) && seed < Number(values.from) + mostSeeds;
    seed += 1
  ) {
    const result = await simulate(scenarioOf(seed));
    const counterpart = counterpartOf(result);
    const why =
      counterpart.kind === "no"
        ? counterpart.why
        : seen.has(counterpart.signature)
          ? "the like of it was taken already"
          : null;
    if (why !== null || counterpart.kind === "no") {
      passedOver.set(why ?? "", (passedOver.get(why ?? "") ?? 0) + 1);
      continue;
    }
    seen.add(counterpart.signature);
    tried += 1;
    say(
      `seed ${seed}: ` +
        `${counterpart.signature}${counterpart.faults.map((fault) => `; ${fault.kind} of ${fault.operation} ×${fault.count ?? 1}`).join("")}`,
    );
    if (await confirm(result, counterpart.faults)) confirmed += 1;
  }
  for (const [why, count] of passedOver) say(`${count} seeds were passed over: ${why}`);
  say(`${confirmed} of ${tried} seeds end in the sandbox as they do in the simulation`);
  process.exitCode = confirmed === tried && tried > 0 ? 0 : 1;
}

void main();
