import assert from "node:assert/strict";
import fc from "fast-check";
import { differences, merge, plain, UNKNOWN } from "../../../../sandbox/providers/rpc/values";

describe("differences", () => {
  it("has none between a value and its copy", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        assert.deepEqual(
          differences(value, structuredClone(value), () => true),
          [],
        );
      }),
    );
  });
  it("has one wherever a property was set, unset or changed", () => {
    assert.deepEqual(
      differences({ a: { b: 1, "c.d": 2 }, e: [1] }, { a: { b: 2 }, e: [1, 2] }, (path) => path === "a.b"),
      [
        { path: "a.b", kind: "update", replaces: true },
        { path: 'a["c.d"]', kind: "delete", replaces: false },
        { path: "e[1]", kind: "add", replaces: false },
      ],
    );
  });
  it("takes an unknown value for a change", () =>
    assert.equal(differences({ a: 1 }, { a: UNKNOWN }, () => false).length, 1));
});

describe("plain", () => {
  it("unwraps secrets, outputs and references", () => {
    const sig = "4dabf18193072939515e22adb298388d";
    assert.deepEqual(
      plain({
        a: { [sig]: "1b47061264138c4ac30d75fd1eb44270", value: "s" },
        b: { [sig]: "d0e6a833031e9bbcd3f4e8bde6ca49a4" },
        c: { [sig]: "5cf8f73096256a8f31e491e813e4eb8e", urn: "u", id: "i" },
        d: null,
      }),
      { a: "s", b: UNKNOWN, c: "i" },
    );
  });
});

describe("merge", () =>
  it("goes into objects and replaces lists", () =>
    assert.deepEqual(merge({ a: { b: 1, c: 2 }, d: [1] }, { a: { b: 3 }, d: [2] }), { a: { b: 3, c: 2 }, d: [2] })));
