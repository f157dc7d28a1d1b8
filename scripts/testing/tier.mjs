// Which tests a run has. `make test` has each kind of thing once, and of a matrix some points, which rotate with a
// seed; `make test-exhaustive` has everything. The tests themselves read the same two variables (test/e2e/tier.ts).

/**
 * Only in the exhaustive tier, because what they cover is covered twice otherwise: `adopt.e2e.ts` hands a load balancer
 * over and ends in a teardown of two members that serve.
 */
const onlyExhaustive = ["scenario-adopt", "scenario-teardown"];

/** Of each row one, another with each seed: they do the same with another kind of fault, target or load balancer. */
const inTurn = [
  ["faults-lost", "faults-silent"],
  ["instance-targets-service", "instance-targets-stack"],
  ["scenario-alb-shared", "scenario-alb-weighted", "scenario-nlb-weighted"],
  ["weighted", "weighted-killed"],
  ["scenario-node-refresh", "scenario-rebuild", "scenario-subnets"],
  ["scenario-extend", "scenario-gitops", "scenario-new-workload"],
];

/** The end-to-end tests of a run, out of all. @throws when a row names a test that is not there */
export function testsOf({ exhaustive, seed }, all) {
  const gone = [...onlyExhaustive, ...inTurn.flat()].filter((name) => !all.includes(name));
  if (gone.length > 0)
    throw new Error(`scripts/testing/tier.mjs names end-to-end tests that are not there: ${gone.join(", ")}`);
  const others = new Set([
    ...onlyExhaustive,
    ...inTurn.flatMap((row) => row.filter((_, at) => at !== seed % row.length)),
  ]);
  return all.filter((name) => exhaustive || !others.has(name));
}

/** Days since 1970: all that run on one day see the same points, and a week sees all of them. */
const today = () => Math.floor(Date.now() / 86_400_000);

/** Reads the tier from the environment and writes it back, complete, for the tests. */
export function readTier(env) {
  const tier = env.EBG_TEST_TIER ?? "usual";
  if (!["usual", "exhaustive"].includes(tier)) return { problem: `EBG_TEST_TIER is '${tier}'; usual or exhaustive` };
  const seed = env.EBG_TEST_SEED === undefined ? today() : Number(env.EBG_TEST_SEED);
  if (!Number.isInteger(seed) || seed < 0)
    return { problem: `EBG_TEST_SEED is '${env.EBG_TEST_SEED}'; a whole number from 0` };
  Object.assign(env, { EBG_TEST_TIER: tier, EBG_TEST_SEED: String(seed) });
  return { exhaustive: tier === "exhaustive", seed };
}
