/** With the real engine: a member's outputs may hold secrets, and a stack that is destroyed half-way keeps its outputs. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Bench } from "../real-engine/bench";

describe("a member's stack with a secret among its outputs", function () {
  this.timeout(120_000);
  let bench: Bench;
  before(async function () {
    const opened = await Bench.open(`
      if (pulumi.getStack() === "dev") return { record: { revision: 1 } };
      new Resource("kubernetes:fake:Cluster", "one", { size: 1 });
      return { environment: "dev", member: "blue", kubeconfig: pulumi.secret("token-in-clear") };`);
    if (opened === null) return this.skip();
    bench = opened;
  });
  after(() => bench?.close());

  /** Files of the backend that hold the text. */
  const holding = (text: string): string[] =>
    readdirSync(join(bench.folder, "backend"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => readFileSync(file, "utf8").includes(text));

  it("is destroyed without writing it in clear", async () => {
    const member = { kind: "member", member: "blue" } as const;
    await bench.adapter.ensureEnvironmentStack();
    await bench.adapter.update({ kind: "environment" });
    await bench.adapter.ensureMemberStack("blue");
    await bench.adapter.update(member);
    assert.deepEqual(holding("token-in-clear"), []);
    const { plan } = await bench.adapter.previewDestroy("blue", 1);
    await bench.adapter.destroy("blue", 1, plan);
    assert.equal((await bench.adapter.readMember("blue")).resources, 0);
    assert.deepEqual(holding("token-in-clear"), []);
  });
});
