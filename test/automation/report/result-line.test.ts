import assert from "node:assert/strict";
import { tellEnding } from "../../../automation/report/result-line";

function written(json: boolean, kind: string | null): { readonly out: string; readonly err: string } {
  const said = { out: "", err: "" };
  const { stdout, stderr } = process;
  const [out, err] = [stdout.write, stderr.write];
  stdout.write = ((text: string) => ((said.out += text), true)) as typeof stdout.write;
  stderr.write = ((text: string) => ((said.err += text), true)) as typeof stderr.write;
  try {
    tellEnding(json, kind, {
      outcome: "stopped",
      message: "green does not answer",
      remedy: "eks-blue-green evacuate green",
    });
  } finally {
    stdout.write = out;
    stderr.write = err;
  }
  return said;
}

describe("how a command ended", () => {
  const words = "\nstopped: green does not answer\n→ eks-blue-green evacuate green\n";
  it("is said in words on stdout", () => assert.deepEqual(written(false, "teardown"), { out: words, err: "" }));
  it("is a line of JSON for a program, and words for who reads its log", () => {
    const { out, err } = written(true, "teardown");
    const { at, ...rest } = JSON.parse(out) as { at: string };
    assert.ok(Date.now() - Date.parse(at) < 60_000);
    assert.deepEqual(rest, {
      kind: "teardown",
      outcome: "stopped",
      message: "green does not answer",
      remedy: "eks-blue-green evacuate green",
    });
    assert.equal(err, words);
  });
  it("is not said twice where the events have said it", () =>
    assert.deepEqual(written(true, null), { out: "", err: "" }));
});
