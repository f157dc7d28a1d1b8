/** Which secrets provider a stack gets when the driver makes it. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Bench } from "./real-engine/bench";

describe("a stack that the driver makes", function () {
  this.timeout(180_000);
  let bench: Bench;
  before(async function () {
    const opened = await Bench.open("return { done: true };");
    if (opened === null) this.skip();
    bench = opened;
  });
  after(() => bench?.close());
  const settings = (stack: string): string => readFileSync(join(bench.project, `Pulumi.${stack}.yaml`), "utf8");

  it("is asked for with the secrets provider of its own file, else the environment's", async () => {
    const provider = "awskms://alias/state?region=eu-central-1";
    writeFileSync(join(bench.project, "Pulumi.dev.yaml"), `secretsprovider: ${provider}\nconfig: {}\n`);
    const own = "awskms://alias/own?region=eu-central-1";
    writeFileSync(join(bench.project, "Pulumi.dev-own.yaml"), `secretsprovider: ${own}\nconfig: {}\n`);
    const { engine } = bench.adapter as unknown as {
      engine: { command: (stack: string, args: readonly string[]) => Promise<string> };
    };
    const real = engine.command.bind(engine);
    const made: string[] = [];
    // A key of AWS can't be had here: what would ask for one is only written down.
    engine.command = async (stack, args) => {
      if (args[1] !== "init") return args[0] === "config" ? "" : await real(stack, args);
      made.push(args.join(" "));
      return "";
    };
    try {
      await bench.adapter.ensureEnvironmentStack();
      await bench.adapter.ensureMemberStack("blue");
      await bench.adapter.ensureMemberStack("own");
    } finally {
      engine.command = real;
    }
    assert.deepEqual(made, [
      `stack init dev --no-select --secrets-provider ${provider}`,
      `stack init dev-blue --no-select --secrets-provider ${provider}`,
      `stack init dev-own --no-select --secrets-provider ${own}`,
    ]);
  });

  it("has the backend's own when none is named", async () => {
    writeFileSync(join(bench.project, "Pulumi.dev.yaml"), "config: {}\n");
    await bench.adapter.ensureMemberStack("green");
    assert.doesNotMatch(settings("dev-green"), /secretsprovider/);
    assert.match(settings("dev-green"), /eks-blue-green:member: green/);
  });
});
