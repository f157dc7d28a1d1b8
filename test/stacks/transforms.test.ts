/** With the real engine, which is who runs transforms (the SDK's mocks do not): plain updates and the record's writes. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { initialRecord } from "../../stacks/record";
import type { EnvironmentConfig } from "../../stacks/config";
import { Bench } from "../automation/adapters/pulumi/real-engine/bench";
import { devValues } from "./mock-engine";

const environment = { kind: "environment" } as const;
const root = resolve(__dirname, "../..");
const first = initialRecord({ members: ["blue", "green"], kubernetesVersion: "1.35" } as unknown as EnvironmentConfig);

describe("transforms of a user's own program", function () {
  this.timeout(300_000);
  let bench: Bench;
  before(async function () {
    const define = JSON.stringify(join(root, "stacks/extension/define"));
    const opened = await Bench.open(`
      const { existsSync, readFileSync } = require("node:fs");
      pulumi.runtime.setAllConfig(JSON.parse(readFileSync(__dirname + "/values.json", "utf8")));
      const team = existsSync(process.env.BENCH_TEAM ?? "/none") ? "b" : "a";
      const { defineEnvironment } = require(${define});
      const program = defineEnvironment({
        transforms: [({ type, props, opts }) =>
          type === "aws:ec2/vpc:Vpc" ? { props: { ...props, tags: { ...props.tags, team } }, opts } : undefined],
      });
      return await program(context);`);
    if (opened === null) return this.skip();
    bench = opened;
    writeFileSync(join(bench.project, "values.json"), JSON.stringify(devValues));
    process.env["BENCH_TEAM"] = join(bench.folder, "team-b");
    await bench.adapter.ensureEnvironmentStack();
    await bench.adapter.update(environment);
  });
  after(() => {
    delete process.env["BENCH_TEAM"];
    bench?.close();
  });
  const teamOf = async (): Promise<unknown> => {
    const { deployment } = await bench.export("dev");
    const vpc = deployment.resources?.find(({ type }) => type === "aws:ec2/vpc:Vpc");
    return (vpc?.inputs?.["tags"] as { team?: string } | undefined)?.team;
  };
  const planned = async (): Promise<string[]> =>
    (await bench.adapter.preview(environment, null)).operations.map(({ operation, type, paths }) =>
      `${operation} ${type.split(":").at(-1)} ${paths.join()}`.trim(),
    );

  it("change what this package declares, and the next update has nothing to do", async () => {
    assert.equal(await teamOf(), "a");
    assert.deepEqual(await planned(), []);
  });

  it("show as a change when they answer otherwise, which the record's writes leave alone and an update deploys", async () => {
    writeFileSync(join(bench.folder, "team-b"), "");
    assert.match((await planned()).join(), /^update Vpc/);
    const { outputs } = await bench.adapter.readEnvironment();
    const revision = outputs?.record.revision ?? first.revision;
    await bench.adapter.writeRecord(revision, { ...first, revision: revision + 1 });
    assert.equal((await bench.adapter.readEnvironment()).outputs?.record.revision, revision + 1);
    assert.equal(await teamOf(), "a");
    await bench.adapter.update(environment);
    assert.equal(await teamOf(), "b");
    rmSync(join(bench.folder, "team-b"));
    await bench.adapter.update(environment);
    assert.equal(await teamOf(), "a");
  });
});
