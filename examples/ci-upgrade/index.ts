/**
 * A CI job that upgrades an environment through the driver's library API: it prints one JSON event a line, stops at the
 * next safe point
 * when the job is cancelled, and fails unless the environment is where its config wants it. Run again, it goes on where
 * it stopped.
 *
 *   ENVIRONMENT=dev PROJECT_DIRECTORY=. APPROVE_RETIRE=yes npx ts-node -T examples/ci-upgrade/index.ts
 */
import { DriverError, upgrade } from "../../index";

/** Exit codes of the job. A walked-back rollout left the old version serving, and wants a person's look. */
const exitCodes = { done: 0, "nothing-to-do": 0, "walked-back": 2, stopped: 3, failed: 1 } as const;

async function main(): Promise<number> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  try {
    const result = await upgrade({
      projectDirectory: process.env["PROJECT_DIRECTORY"] ?? process.cwd(),
      environment: process.env["ENVIRONMENT"] ?? "dev",
      approveRetire: process.env["APPROVE_RETIRE"] === "yes",
      onEvent: (event) => process.stdout.write(`${JSON.stringify(event)}\n`),
      signal: stop.signal,
    });
    return exitCodes[result.outcome];
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    process.stderr.write(`${error.code}: ${error.message}\n${error.remedy}\n`);
    return 1;
  }
}

if (require.main === module) {
  main().then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exitCode = 1;
    },
  );
}
