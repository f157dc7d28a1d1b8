import assert from "node:assert/strict";
import type { Problem } from "../../../../components/internal/problems";
import { list, oneOf, text, whole, yesOrNo } from "../../../../stacks/config/declare/form";
import { group, groupList, type Rule } from "../../../../stacks/config/declare/group";
import {
  derived,
  filled,
  leftOut,
  orNull,
  required,
  type ValueOf,
  withDefault,
} from "../../../../stacks/config/declare/key";
import { type Earlier, Place } from "../../../../stacks/config/declare/place";

const doc = "A key.";
const size = whole({ least: 1, most: 9, source: "a test" });
const poolKeys = {
  name: required(text({ pattern: /^[a-z]+$/, rule: "must be letters", remedy: "Write letters" }), { doc }),
  least: withDefault(size, 2, { doc }),
  most: withDefault(
    size,
    derived(({ least }: { least: number }) => least + 2, "`least` + 2"),
    { doc },
  ),
  kind: withDefault(oneOf("spot", "on-demand"), "spot", { doc }),
  zone: orNull(text(), "any", { doc }),
  drained: leftOut(yesOrNo(), "no", { doc }),
};
interface Pool extends ValueOf<typeof poolKeys> {}
const inOrder: Rule<Pool> = ({ least, most }, place) => {
  if (least > most) place.add("least", least, `must be at most ${most}`, "Choose less");
};
const pool = group(poolKeys, [inOrder]);
const pools = groupList(pool, { what: "pool", remedy: "Add one" });

const read = <T>(form: { read(value: unknown, place: Place): T }, value: unknown, earlier: Earlier = {}) => {
  const problems: Problem[] = [];
  return { value: form.read(value, new Place(problems, "it", earlier)), problems };
};
const told = (problems: readonly Problem[]): string[] => problems.map(({ path, rule }) => `${path}: ${rule}`);

describe("a group of declared keys", () => {
  it("fills defaults, those that follow from keys above as well, and leaves out what is left out", () => {
    const { value, problems } = read(pool, { name: "a", least: 4 });
    assert.deepEqual(problems, []);
    assert.deepEqual(value, { name: "a", least: 4, most: 6, kind: "spot", zone: null });
  });

  it("takes null for a key that is not given, as YAML writes it", () => {
    assert.deepEqual(read(pool, { name: "a", least: null, drained: null }).value?.least, 2);
    assert.deepEqual(told(read(pool, { name: null }).problems), ["it.name: is required; must be letters"]);
  });

  it("finds all problems at once: of fields, of rules between them, and of keys that are not known", () => {
    const { problems } = read(pool, { name: "A", least: 9, most: 1, kind: "x", zones: 1 });
    assert.deepEqual(told(problems), [
      "it.name: must be letters",
      "it.kind: must be one of spot, on-demand",
      "it.least: must be at most 1",
      "it.zones: is not a known key",
    ]);
    assert.deepEqual(
      problems.map(({ value, remedy }) => [value, remedy]),
      [
        ["A", "Write letters"],
        ["x", "Write spot or on-demand"],
        [9, "Choose less"],
        [1, "Remove it, or use one of: drained, kind, least, most, name, zone"],
      ],
    );
  });

  it("goes on with the default in place of a wrong value, so that rules can be checked", () => {
    assert.deepEqual(told(read(pool, { name: "a", least: 0, most: 1 }).problems), [
      "it.least: must be a whole number from 1 to 9 (a test)",
      "it.least: must be at most 1",
    ]);
  });

  it("is read as if it was there and empty when it is missing and all its keys have defaults", () => {
    const outer = group({ inner: filled(group({ least: poolKeys.least }), { doc }) });
    assert.deepEqual(read(outer, {}).value, { inner: { least: 2 } });
    assert.deepEqual(told(read(outer, { inner: 3 }).problems), ["it.inner: must be an object"]);
  });

  it("names what the prototype of objects has as an unknown key, not as a known one", () => {
    assert.deepEqual(told(read(pool, { name: "a", constructor: 1 }).problems), ["it.constructor: is not a known key"]);
  });
});

describe("a list of declared groups", () => {
  it("says the place of each problem", () => {
    assert.deepEqual(told(read(pools, [{ name: "a" }, { name: "1" }]).problems), ["it[1].name: must be letters"]);
  });
  it("must have an item", () => {
    assert.deepEqual(told(read(pools, []).problems), ["it: must be a list of at least one pool"]);
    assert.deepEqual(told(read(pools, { name: "a" }).problems), ["it: must be a list of at least one pool"]);
  });
});

describe("a list of texts", () => {
  const names = list(poolKeys.name.form, { fewest: 2, remedy: "Name two" });
  it("has no repeats, and keeps the place of an item that is wrong", () => {
    const { value, problems } = read(names, ["a", "A", "a"]);
    assert.deepEqual(told(problems), ["it[1]: must be letters", "it[2]: is listed twice"]);
    assert.deepEqual(value, ["a", "A", "a"]);
  });
  it("is a list, of so many", () => {
    assert.deepEqual(told(read(names, ["a"]).problems), ["it: must be a list of at least 2"]);
    assert.deepEqual(told(read(list(names as never, { fewest: 0, remedy: "x" }), "a").problems), [
      "it: must be a list",
    ]);
  });
});

describe("a whole number", () => {
  it("may have a limit that follows from what was read before", () => {
    const active = whole({
      least: 1,
      most: { of: ({ members }) => (members?.length ?? 2) - 1, words: "members - 1" },
      source: "one is free",
    });
    const earlier = { members: ["a", "b", "c"] };
    assert.equal(read(active, 2, earlier).value, 2);
    assert.deepEqual(told(read(active, 3, earlier).problems), ["it: must be a whole number from 1 to 2 (one is free)"]);
  });
  it("is no text, no fraction and no infinity", () => {
    for (const value of ["2", 1.5, Number.POSITIVE_INFINITY, true, [2]])
      assert.equal(read(size, value).problems.length, 1, String(value));
  });
});
