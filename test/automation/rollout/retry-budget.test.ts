import assert from "node:assert/strict";
import { DriverError } from "../../../automation/errors";
import type { PlannedOperation } from "../../../automation/ports";
import { Attempts, mostAttempts, mostInVain } from "../../../automation/rollout/retry-budget";
import { World } from "../world";

/** What an attempt meets: how much its plan leaves to do, or `null` when not even the plan comes about. */
type Update = (attempt: number) => number | null;

/** How many attempts an update gets that never succeeds; more than anybody should make: `Infinity`. */
function spentOn(attempts: Attempts, update: Update): number {
  for (let attempt = 1; attempt <= 1000; attempt += 1) {
    attempts.begin();
    const left = update(attempt);
    if (left !== null && !attempts.planned(left)) return attempt - 1;
    if (!attempts.failed()) return attempt;
  }
  return Number.POSITIVE_INFINITY;
}

const cases: Record<string, { readonly update: Update; readonly attempts: number }> = {
  "the same thing fails every time": { update: () => 7, attempts: mostInVain },
  "no plan comes about": { update: () => null, attempts: mostInVain },
  "something else fails every time, each time later": { update: (attempt) => 1000 - attempt, attempts: mostAttempts },
  "it gets on five times, then never again": {
    update: (attempt) => Math.max(10 - attempt, 4),
    attempts: 5 + mostInVain,
  },
  "one object is cut off, loses its answer, and is then found: three attempts, and the next plan is shorter": {
    update: (attempt) => Math.max(9 - Math.floor((attempt - 1) / 3), 7),
    attempts: 6 + mostInVain,
  },
  "one of four gets on": { update: (attempt) => 100 - Math.floor((attempt - 1) / 4), attempts: mostInVain },
  "what one makes the next takes back": { update: (attempt) => (attempt % 2 === 0 ? 4 : 5), attempts: 1 + mostInVain },
  "it gets longer and longer": { update: (attempt) => attempt, attempts: mostInVain },
  "a plan comes about only now and then, and is no shorter": {
    update: (attempt) => (attempt % 2 === 0 ? 4 : null),
    attempts: 5,
  },
};
const wrongOnes = (make: () => Attempts): string[] =>
  Object.entries(cases)
    .filter(([, { update, attempts }]) => spentOn(make(), update) !== attempts)
    .map(([name]) => name);

/** Rules that look right and are not. */
const planted: Record<string, () => Attempts> = {
  "as it was: three attempts, whatever they do": () =>
    new (class extends Attempts {
      override planned(): boolean {
        return true;
      }
      override failed(): boolean {
        return this.made < 3;
      }
    })(),
  "a plan that is as long counts as shorter": () =>
    new (class extends Attempts {
      override planned(left: number): boolean {
        return super.planned(left - this.made / 1000);
      }
    })(),
  "compared with the last plan instead of the shortest": () =>
    new (class extends Attempts {
      private before = Number.POSITIVE_INFINITY;
      override planned(left: number): boolean {
        const shorter = left < this.before;
        this.before = left;
        return super.planned(shorter ? -this.made : Number.POSITIVE_INFINITY);
      }
    })(),
  "no end while it gets on": () =>
    new (class extends Attempts {
      override failed(): boolean {
        return super.failed() || this.made >= mostAttempts;
      }
    })(),
  "given up before the plan is seen that would tell": () =>
    new (class extends Attempts {
      override failed(): boolean {
        return super.failed() && this.pauseSeconds < 10 * mostInVain;
      }
    })(),
  "an attempt without a plan costs nothing": () =>
    new (class extends Attempts {
      override failed(): boolean {
        return this.made < mostAttempts;
      }
    })(),
};

describe("attempts at an update", () => {
  it("cost nothing while each leaves less to do, and end after three that don't, or twenty", () => {
    assert.deepEqual(
      wrongOnes(() => new Attempts()),
      [],
    );
  });
  for (const [name, make] of Object.entries(planted))
    it(`a planted bug is caught: ${name}`, () => assert.notDeepEqual(wrongOnes(make), []));

  it("wait longer only while nothing gets on", () => {
    const attempts = new Attempts();
    const pauses = [9, 8, 8, 7].map((left) => {
      attempts.begin();
      attempts.planned(left);
      attempts.failed();
      return attempts.pauseSeconds;
    });
    assert.deepEqual(pauses, [10, 10, 20, 10]);
  });
});

const creation = (index: number): PlannedOperation => ({
  operation: "create",
  type: "kubernetes:core/v1:ConfigMap",
  urn: `urn:pulumi:dev-green::p::t::green-${index}`,
  paths: [],
  custom: true,
});

/** Provisioning has `resources` to make; each attempt makes so many of them and fails, until none is left. */
function provisioning(
  world: World,
  resources: number,
  each: number,
  watch: (attempt: number) => void = () => undefined,
): { attempts: number } {
  const seen = { attempts: 0 };
  let left = resources;
  const inner = world.ports.bind(world);
  world.ports = () => {
    const ports = inner();
    const provisions = (): boolean => world.record.intent?.move.kind === "provision";
    return {
      ...ports,
      pulumi: {
        ...ports.pulumi,
        preview: async (...args) =>
          provisions() && args[0].kind === "member" && args[1] !== null
            ? { operations: Array.from({ length: left }, (_, index) => creation(index)), plan: "plan" }
            : await ports.pulumi.preview(...args),
        apply: async (...args) => {
          if (!provisions()) return await ports.pulumi.apply(...args);
          seen.attempts += 1;
          watch(seen.attempts);
          left = Math.max(0, left - each);
          if (left > 0 || each === 0)
            throw new DriverError("EBG-UPDATE-FAILED", `the connection was cut at ${left}`, "again");
          return await ports.pulumi.apply(...args);
        },
      },
    };
  };
  return seen;
}
const repeated = (world: World): number =>
  world.events.filter((event) => event.kind === "note" && event.message.startsWith("trying again")).length;

describe("an update that is cut off again and again", () => {
  it("is brought to its end by one command when each attempt gets on", async () => {
    const world = new World();
    const seen = provisioning(world, 12, 1);
    const result = await world.upgrade();
    assert.equal(result.outcome, "done", result.message);
    assert.deepEqual([seen.attempts, repeated(world)], [12, 11]);
  });

  it("is given up after three attempts in which nothing gets on, and blue serves", async () => {
    const world = new World();
    const seen = provisioning(world, 12, 0);
    const result = await world.upgrade();
    assert.equal(result.outcome, "failed", result.message);
    assert.match(result.message, /^provision green, after 3 attempts: .*cut at 12.*nothing was moved yet/);
    assert.equal(seen.attempts, mostInVain);
    assert.ok(world.leastHealthy >= 3);
  });

  it("is given up after twenty attempts though each gets on a little, and the same command goes on from there", async () => {
    const world = new World();
    const seen = provisioning(world, 30, 1);
    assert.equal((await world.upgrade()).outcome, "failed");
    assert.equal(seen.attempts, mostAttempts);
    assert.equal((await world.upgrade()).outcome, "done");
    assert.equal(seen.attempts, 30);
    assert.ok(world.leastHealthy >= 3);
  });

  it("is stopped between two attempts when somebody asks, and the same command goes on", async () => {
    const world = new World();
    const stop = new AbortController();
    const seen = provisioning(world, 12, 1, (attempt) => {
      if (attempt === 2) stop.abort();
    });
    const result = await world.upgrade({ stop: stop.signal });
    assert.deepEqual([result.outcome, result.code, seen.attempts], ["stopped", "EBG-STOPPED", 2]);
    assert.equal(world.record.intent?.move.kind, "provision");
    assert.equal((await world.upgrade()).outcome, "done");
    assert.equal(seen.attempts, 12);
  });
});
