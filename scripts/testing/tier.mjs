// Which tests a run has. `make test` has each kind of thing once, and of a matrix some points, which rotate with a
// seed; `make test-exhaustive` has everything. The tests themselves read the same two variables (test/e2e/tier.ts).

/**
 * Only in the exhaustive tier, because what they cover is covered twice otherwise: `adopt.e2e.ts` hands a load balancer
 * over and ends in a teardown of two members that serve.
 */
const onlyExhaustive = ["scenario-adopt", "scenario-teardown"];

/**
 * Of each row one, another with each seed: they judge the same kind of thing at another fault, target, load balancer or
 * change. The simulation and the unit tests have all of each row in every run.
 */
const inTurn = [
  // What an API answers instead of what was asked for.
  ["faults-lost", "faults-silent"],
  // Instance targets, by who owns the load balancer.
  ["instance-targets-service", "instance-targets-stack"],
  // Traffic by weights under load, with kills, at either type of load balancer.
  ["scenario-nlb-weighted", "weighted", "scenario-alb-weighted", "weighted-killed"],
  // Kills: in the moves of an upgrade, or inside the creation of one resource.
  ["kill", "half-made"],
  // Rehearsals that `eks-blue-green rehearse --scenario` offers, beside the one of an upgrade.
  [
    "scenario-node-refresh",
    "scenario-gitops",
    "scenario-alb-shared",
    "scenario-extend",
    "scenario-rebuild",
    "scenario-new-workload",
    "scenario-subnets",
  ],
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
