import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { allUpgrades, upgradesInTurn, type KilledUpgrade } from "../e2e/kill-points";
import { inTurn } from "../e2e/tier";

const root = resolve(__dirname, "../..");
const named = (upgrades: readonly KilledUpgrade[]): string[] =>
  upgrades.flatMap(({ points }) => points.map(({ move, moment }) => `${move} ${moment}`));

describe("the tiers of the tests", () => {
  it("kill a driver at every moment of every move within five seeds in a row, and at each kind of moment with each", () => {
    const all = named(allUpgrades).sort();
    assert.equal(new Set(all).size, 20);
    for (let first = 0; first < 5; first += 1) {
      const five = Array.from({ length: 5 }, (_, turn) => named(upgradesInTurn(20_000 + first + turn)));
      assert.deepEqual([...new Set(five.flat())].sort(), all);
      for (const points of five) {
        assert.equal(points.length, 8);
        for (const moment of ["begin", "act", "act, engine too", "gate"])
          assert.ok(
            points.some((point) => point.endsWith(` ${moment}`)),
            `no ${moment} in ${points.join("; ")}`,
          );
        const acts = points.filter((point) => / act/.test(point)).map((point) => point.split(" ")[0]);
        assert.deepEqual(acts.sort(), ["admit", "drain", "provision", "retire", "scale"]);
      }
    }
  });

  it("kill in the order in which an upgrade comes to the points", () => {
    const order = ["provision", "admit", "drain", "scale", "retire"];
    const moments = ["begin", "act", "act, engine too", "gate"];
    for (const upgrades of [allUpgrades, ...[0, 1, 2, 3, 4].map(upgradesInTurn)])
      for (const { points } of upgrades) {
        const places = points.map(({ move, moment }) => order.indexOf(move) * 10 + moments.indexOf(moment));
        assert.deepEqual(
          places,
          [...places].sort((a, b) => a - b),
        );
      }
  });

  it("take one thing after the other in turn", () => {
    assert.deepEqual(
      [0, 1, 2, 3].map((turn) => inTurn(["a", "b", "c"], turn)),
      ["a", "b", "c", "a"],
    );
  });

  /** What an expression gives in a module of the scripts. */
  function inScripts<T>(imports: string, expression: string): T {
    const code = `${imports}; process.stdout.write(JSON.stringify(${expression}));`;
    const run = spawnSync(process.execPath, ["--input-type=module", "-e", code], { cwd: root, encoding: "utf8" });
    assert.equal(run.status, 0, run.stderr);
    return JSON.parse(run.stdout) as T;
  }

  it("have all end-to-end tests within a week, but for two rehearsals that only the exhaustive one has", () => {
    const all = readdirSync(join(root, "test/e2e"))
      .filter((name) => name.endsWith(".e2e.ts"))
      .map((name) => name.slice(0, -".e2e.ts".length));
    const [exhaustive = [], ...usual] = inScripts<string[][]>(
      'import { testsOf } from "./scripts/testing/tier.mjs"',
      `[testsOf({ exhaustive: true, seed: 1 }, ALL), ...[0, 1, 2, 3, 4, 5, 6].map((more) =>
        testsOf({ exhaustive: false, seed: 20_000 + more }, ALL))]`.replaceAll("ALL", JSON.stringify(all)),
    );
    assert.deepEqual(exhaustive, all);
    const seen = new Set(usual.flat());
    assert.deepEqual(
      all.filter((name) => !seen.has(name)),
      ["scenario-adopt", "scenario-teardown"],
    );
    // One of each kind in every run, whatever its seed.
    for (const one of usual) {
      for (const kind of [
        /^faults-/,
        /^instance-targets-/,
        /^(scenario-(alb|nlb)-)?weighted/,
        /^(kill|half-made)$/,
        /^scenario-(?!(alb|nlb)-weighted)/,
      ])
        assert.equal(one.filter((name) => kind.test(name)).length, 1, `${kind} in ${one.join(", ")}`);
      assert.equal(one.length, all.length - 14, one.join(", "));
    }
  });

  it("run as many end-to-end tests side by side as keep the cores busy and the memory holds", () => {
    const gibibyte = 2 ** 30;
    assert.deepEqual(
      inScripts<number[]>(
        'import { lanesFor } from "./scripts/testing/end-to-end.mjs"',
        `[[1, 16], [2, 16], [8, 64], [2, 7], [2, 2]].map(([cores, memory]) => lanesFor(cores, memory * ${gibibyte}))`,
      ),
      [1, 2, 4, 2, 1],
    );
  });

  it("are told at the beginning with the seed that repeats them, and refused when they can't be meant", () => {
    const run = (env: NodeJS.ProcessEnv) =>
      spawnSync(process.execPath, ["scripts/test.mjs", "nothing"], {
        cwd: root,
        encoding: "utf8",
        env: { ...process.env, ...env },
      });
    for (const [env, told] of [
      [{ EBG_TEST_SEED: "yesterday" }, /EBG_TEST_SEED is 'yesterday'/],
      [{ EBG_TEST_TIER: "all" }, /EBG_TEST_TIER is 'all'; usual or exhaustive/],
      [{ EBG_E2E_LANES: "0" }, /EBG_E2E_LANES is '0'; a whole number from 1/],
      [{ EBG_E2E_LANES: "two" }, /EBG_E2E_LANES is 'two'/],
      [{ ONLY: "kil" }, /ONLY names no end-to-end test: kil; there are: .*kill/],
      [{}, /unknown step 'nothing'; one of: build, /],
    ] as const) {
      const { status, stderr } = run(env);
      assert.equal(status, 2, stderr);
      assert.match(stderr, told);
    }
  });
});

describe("the sum of a run", () => {
  let folder = "";
  before(() => (folder = mkdtempSync(join(tmpdir(), "ebg-"))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Counts suites as scripts/test.mjs does; answers what it would say at its end. */
  function sumOf(suites: readonly { readonly lines: readonly object[]; readonly status: number }[]): string {
    suites.forEach(({ lines }, index) =>
      writeFileSync(join(folder, `${index}.ndjson`), lines.map((line) => `${JSON.stringify(line)}\n`).join("")),
    );
    const script = `
      import { Results } from "./scripts/testing/results.mjs";
      const results = new Results();
      for (const [index, status] of JSON.parse(process.argv[1]).entries())
        results.countUnit("suite " + index, process.argv[2] + "/" + index + ".ndjson", { status, signal: null });
      process.stdout.write(results.summary());`;
    const statuses = JSON.stringify(suites.map(({ status }) => status));
    const run = spawnSync(process.execPath, ["--input-type=module", "-e", script, statuses, folder], {
      cwd: root,
      encoding: "utf8",
    });
    assert.equal(run.status, 0, run.stderr);
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    return run.stdout;
  }

  it("ends with one line of counts, above it what failed; a skipped test is a failed one", () => {
    const bad = [
      { title: "b", why: "2 !== 3" },
      { title: "c", why: "skipped" },
    ];
    const text = sumOf([{ lines: [{ passed: 3, failed: 1, skipped: 1, bad }], status: 1 }]);
    assert.match(text, /FAILED suite 0: b\n {4}2 !== 3\nFAILED suite 0: c\n {4}skipped\n\n3 passed, 2 failed\n$/);
  });

  it("keeps the beginning and the end of a long reason", () => {
    const why = `first\n${"between\n".repeat(1000)}last`;
    const text = sumOf([{ lines: [{ passed: 0, failed: 1, skipped: 0, bad: [{ title: "b", why }] }], status: 1 }]);
    assert.match(text, /FAILED suite 0: b\n {4}first\n( {4}.*\n)+ {4}…\n( {4}.*\n)+ {4}last\n\n0 passed/);
    assert.ok(text.length < 8_000, `${text.length} characters`);
  });

  it("counts a suite that broke off without a failed test as one failure", () => {
    const none = { passed: 2, failed: 0, skipped: 0, bad: [] };
    assert.match(sumOf([{ lines: [none], status: 0 }]), /\n2 passed, 0 failed\n$/);
    assert.match(
      sumOf([{ lines: [none], status: 7 }]),
      /the suite itself\n {4}ended with 7[^]*\n2 passed, 1 failed\n$/,
    );
    assert.match(sumOf([{ lines: [], status: 0 }]), /\n0 passed, 1 failed\n$/);
  });

  it("names the files that took the most CPU seconds, and sums up the others", () => {
    const cpu = (file: string, own: number, children: number) => ({ cpu: { file, own, children } });
    const small = Array.from({ length: 30 }, (_, index) => cpu(`small-${index}`, 0.5, 0));
    const text = sumOf([
      {
        lines: [
          cpu("a.test.ts", 1, 2),
          ...small,
          cpu("b.test.ts", 4, 0),
          { passed: 1, failed: 0, skipped: 0, bad: [] },
        ],
        status: 0,
      },
    ]);
    assert.match(
      text,
      /# CPU seconds\n +6\.0 {2}12 other unit-test files\n +4\.0 {2}b\.test\.ts\n +3\.0 {2}a\.test\.ts\n/,
    );
    assert.match(text, /\n1 passed, 0 failed\n$/);
  });
});
