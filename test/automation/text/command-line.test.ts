import assert from "node:assert/strict";
import { commandsIn, typed, withStack } from "../../../automation/text/command-line";

describe("commands in a text", () => {
  it("are found with their member, stack and options; words behind them are prose", () => {
    const text =
      "repair blue (eks-blue-green status shows each target), then eks-blue-green scale blue --percent 100 --stack dev; " +
      "or: eks-blue-green upgrade --approve-retire --stack=dev. `eks-blue-green evacuate blue` takes it out";
    assert.deepEqual(commandsIn(text), [
      { name: "status", member: null, stack: null, options: {} },
      { name: "scale", member: "blue", stack: "dev", options: { "--percent": "100" } },
      { name: "upgrade", member: null, stack: "dev", options: { "--approve-retire": "" } },
      { name: "evacuate", member: "blue", stack: null, options: {} },
    ]);
    assert.deepEqual(
      commandsIn("docs of eks-blue-green's commands; set eks-blue-green:members; eks-blue-green up-to-date"),
      [],
    );
  });

  it("get the stack that they lack, once, where it can be pasted", () => {
    const table: [string, string][] = [
      ["eks-blue-green status shows it", "eks-blue-green status --stack dev shows it"],
      ["run: eks-blue-green admit green; then more", "run: eks-blue-green admit green --stack dev; then more"],
      ["eks-blue-green scale blue --percent 100", "eks-blue-green scale blue --percent 100 --stack dev"],
      ["eks-blue-green up", "eks-blue-green up --stack dev"],
      ["'eks-blue-green upgrade'.", "'eks-blue-green upgrade --stack dev'."],
      ["eks-blue-green rollback --approve-retire", "eks-blue-green rollback --approve-retire --stack dev"],
      ["eks-blue-green drain blue --stack shop", "eks-blue-green drain blue --stack shop"],
      ["set eks-blue-green:members", "set eks-blue-green:members"],
    ];
    for (const [text, expected] of table) {
      assert.equal(withStack(text, "dev"), expected);
      assert.equal(withStack(expected, "dev"), expected, "and once only");
    }
    assert.deepEqual(commandsIn(typed("dev", "drain blue"))[0]?.stack, "dev");
  });
});
