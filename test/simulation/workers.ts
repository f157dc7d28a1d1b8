/** Seeds are independent of each other, so every processor runs some: one child process each, fed in batches. */
import { fork, type ChildProcess } from "node:child_process";
import { scenarioOf, weightedScenarioOf, type Scenario } from "./scenario";
import { simulate } from "./simulate";

export interface SeedDone {
  readonly seed: number;
  /** The last outcome of the command, or the code of its error; `VIOLATION` when a rule was broken. */
  readonly outcome: string;
  readonly violations: number;
  readonly virtualSeconds: number;
  readonly cpuSeconds: number;
}
export interface SeedRange {
  readonly from: number;
  /** How many; infinity: until `endAt`. */
  readonly seeds: number;
  readonly workers: number;
  /** On `performance.now()`; null: no limit. */
  readonly endAt: number | null;
  /** Traffic is weighted in all of them. */
  readonly weighted: boolean;
}
interface Batch {
  readonly weighted: boolean;
  readonly from: number;
  readonly count: number;
}

/** Small enough that all workers end at about the same time. */
const batchSize = 10;

export const scenarioFor = (seed: number, weighted: boolean): Scenario =>
  weighted ? weightedScenarioOf(seed) : scenarioOf(seed);

async function runOne(seed: number, weighted: boolean): Promise<SeedDone> {
  const before = process.cpuUsage();
  const { violations: broken, outcomes, virtualSeconds } = await simulate(scenarioFor(seed, weighted));
  // The same faults once more, with a robot that only types what the last remedy says.
  const robot = broken.length > 0 ? null : await simulate(scenarioFor(seed, weighted), { robot: true });
  const violations = [...broken, ...(robot?.violations ?? [])];
  const { user, system } = process.cpuUsage(before);
  const outcome =
    violations.length > 0 ? "VIOLATION" : (outcomes.filter((one) => !one.startsWith("(")).at(-1) ?? "none");
  return { seed, outcome, violations: violations.length, virtualSeconds, cpuSeconds: (user + system) / 1e6 };
}

/** A worker's life: a batch comes, its results go; it ends when its parent lets go of it. */
export function workSeeds(): void {
  process.on("message", (batch: Batch) => {
    void (async () => {
      const results: SeedDone[] = [];
      for (let seed = batch.from; seed < batch.from + batch.count; seed += 1)
        results.push(await runOne(seed, batch.weighted));
      process.send?.(results);
    })();
  });
}

/** Calls `done` with each result; ends early when that answers false. @throws when a worker dies */
export async function runSeeds(
  { from, seeds, workers, endAt, weighted }: SeedRange,
  done: (result: SeedDone) => boolean,
): Promise<void> {
  let next = from;
  let goesOn = true;
  const batch = (): Batch | null => {
    const count = Math.min(batchSize, from + seeds - next);
    if (!goesOn || count <= 0 || (endAt !== null && performance.now() >= endAt)) return null;
    next += count;
    return { from: next - count, count, weighted };
  };
  const feed = (child: ChildProcess): Promise<void> =>
    new Promise((resolve, reject) => {
      let over = false;
      const send = (): void => {
        const work = batch();
        if (work !== null) return void child.send(work);
        over = true;
        child.disconnect();
      };
      child.on("message", (results: readonly SeedDone[]) => {
        for (const result of results) goesOn = done(result) && goesOn;
        send();
      });
      child.on("error", reject);
      child.on("exit", (code) => (over ? resolve() : reject(new Error(`a worker died (${code ?? "killed"})`))));
      send();
    });
  const children = Array.from({ length: workers }, () =>
    fork(process.argv[1] ?? "", [], { execArgv: ["--enable-source-maps"] }),
  );
  try {
    await Promise.all(children.map(feed));
  } finally {
    for (const child of children) child.kill();
  }
}
