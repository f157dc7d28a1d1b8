import assert from "node:assert/strict";
import fc from "fast-check";
import { wrap } from "../../../automation/text/wrap";

describe("text in lines of a width", () => {
  it("ends lines between words, and indents those after the first", () => {
    assert.deepEqual(wrap("one two three four five", 10), ["one two", "  three", "  four", "  five"]);
  });
  it("keeps the indent that the text has", () =>
    assert.deepEqual(wrap("    one two", 9, "    "), ["    one", "    two"]));
  it("never breaks a command, whoever's it is: half of it would run", () => {
    const ours = "eks-blue-green scale green --percent 100 --stack dev";
    assert.deepEqual(wrap(`when all serve: ${ours}; then look`, 30), ["when all serve:", `  ${ours};`, "  then look"]);
    assert.deepEqual(wrap("look at `kubectl --context dev-blue get pods -A` for the reason", 20), [
      "look at",
      "  `kubectl --context dev-blue get pods -A`",
      "  for the reason",
    ]);
  });
  it("leaves out nothing and adds nothing but line ends and the indent", () => {
    const word = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => !/[\s\u00a0`]/.test(text));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), fc.integer({ min: 5, max: 60 }), (words, width) => {
        const lines = wrap(words.join(" "), width);
        assert.deepEqual(lines.map((line) => line.trim()).join(" "), words.join(" "));
        for (const line of lines) assert.ok(line.length <= width || !line.trim().includes(" "), line);
      }),
    );
  });
});
