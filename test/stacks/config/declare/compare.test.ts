import assert from "node:assert/strict";
import { differences, fixedProblems } from "../../../../stacks/config/declare/compare";
import { text, whole } from "../../../../stacks/config/declare/form";
import { group, groupList, groupPerMember } from "../../../../stacks/config/declare/group";
import { addedLater, filled, leftOut, orNull, required, withDefault } from "../../../../stacks/config/declare/key";

const doc = "A key.";
const size = whole({ least: 1, most: 9, source: "a test" });
const inner = group({ size: withDefault(size, 2, { doc, readBy: ["driver"] }), name: required(text(), { doc }) });
const keys = {
  block: orNull(text(), "none", { doc, change: { kind: "fixed", what: "it would be replaced" } }),
  added: addedLater(withDefault(text(), "old", { doc })),
  nodes: addedLater(filled(group({ least: withDefault(size, 1, { doc }) }), { doc, readBy: ["members"] })),
  pools: required(groupList(inner, { what: "pool", remedy: "Add one" }), { doc, readBy: ["members"] }),
  own: leftOut(groupPerMember(group({ size: withDefault(size, 2, { doc }) }), []), "none", { doc }),
};
const deployed = { block: "a", added: "old", nodes: { least: 1 }, pools: [{ name: "x", size: 2 }] };
const found = (is: object, was: object = deployed) =>
  differences(keys, was as Record<string, unknown>, { ...deployed, ...is } as Record<string, unknown>);

describe("differences between configs", () => {
  it("are none where a key is missing that an older version did not know, and the wanted value is its default", () => {
    assert.deepEqual(found({}, { block: "a", pools: deployed.pools }), []);
    assert.deepEqual(
      found({ added: "new", nodes: { least: 3 } }, { block: "a", pools: deployed.pools }).map(({ path }) => path),
      ["added", "nodes.least"],
    );
  });
  it("are none where only the order of keys, or of named items, differs", () => {
    const two = [
      { name: "x", size: 2 },
      { name: "y", size: 2 },
    ];
    const turned = [...two].reverse().map(({ name, size: n }) => ({ size: n, name }));
    assert.deepEqual(found({ pools: turned }, { ...deployed, pools: two }), []);
  });
  it("of items are told by name and by place, and know who reads the key", () => {
    const pools = [{ name: "new" }, { name: "x", size: 3 }];
    assert.deepEqual(
      found({ pools }).map(({ path, named, was, is, readBy }) => ({ path, named, was, is, readBy })),
      [
        { path: "pools[1].size", named: "pools[x].size", was: 2, is: 3, readBy: ["driver"] },
        { path: "pools[0]", named: "pools[new]", was: undefined, is: { name: "new" }, readBy: ["members"] },
      ],
    );
  });
  it("of members' own settings are told by member", () => {
    assert.deepEqual(
      found({ own: { blue: { size: 3 } } }, { ...deployed, own: { green: { size: 3 } } }).map(({ named }) => named),
      ["own.green", "own.blue"],
    );
  });
});

describe("a fixed key", () => {
  it("may not change, and says what it is and what would happen", () => {
    assert.deepEqual(
      fixedProblems(found({ block: "b", added: "new" })).map(({ path, value, rule }) => ({ path, value, rule })),
      [
        {
          path: "block",
          value: "b",
          rule: 'can\'t change on a deployed environment (it is "a"): it would be replaced',
        },
      ],
    );
    assert.equal(fixedProblems(found({ block: null })).length, 1);
    assert.deepEqual(fixedProblems(found({ added: "new" })), []);
  });
});
