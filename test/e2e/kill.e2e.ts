/**
 * kill -9 of the driver in every move, then the same command again, under load: it ends where it should, and nobody
 * notices.
 * One sandbox; two upgrades (three in the exhaustive tier), blue → green → blue; kills in moves' begin, act and gate, and
 * of driver and engine together.
 */
import assert from "node:assert/strict";
import type { DriverEvent } from "../../automation/events";
import { allUpgrades, upgradesInTurn, type KillPoint } from "./kill-points";
import { Stage } from "./stage";
import { exhaustive, seed } from "./tier";
import { assertNobodyNoticed, lightLoad, underLoad } from "./traffic";

interface Row extends KillPoint {
  readonly version: string;
  readonly engine: string;
  readonly resumed: string;
}

const upgrade = ["upgrade", "--approve-retire"];
const rows: Row[] = [];

describe("a driver that is killed", function () {
  // Ten kills and eleven starts of the driver in one upgrade: minutes on a calm machine, more on a busy one.
  this.timeout(30 * 60_000);
  let stage: Stage;
  before(async () => {
    stage = await Stage.open({ version: "1.33" });
    const run = await stage.drive(["up"]);
    assert.equal(run.code, 0, run.stderr);
  });
  after(async () => {
    for (const row of rows)
      console.log(
        `      ${row.version}  ${row.move.padEnd(9)}  ${row.moment.padEnd(15)}  ${row.engine.padEnd(44)}  ` +
          `${row.resumed}`,
      );
    await stage?.close();
  });

  /** Runs the upgrade until the point, and kills the driver there. */
  async function killAt(point: KillPoint): Promise<string> {
    const phase = point.moment === "act, engine too" ? "act" : point.moment;
    let engine = "no engine ran";
    let member: string | null = null;
    let timer: NodeJS.Timeout | undefined;
    const run = await stage.drive(upgrade, (event: DriverEvent, kill) => {
      if (event.kind === "step-started")
        member = event.step.type === "move" && event.step.kind === point.move ? (event.step.member ?? null) : null;
      if (member === null || timer !== undefined || event.kind !== "phase-started" || event.phase !== phase) return;
      const stack = phase === "act" ? `dev-${member}` : "dev";
      const until = Date.now() + (phase === "act" ? 6000 : phase === "begin" ? 1500 : 0);
      // In the middle of an operation where there is one; of the update otherwise.
      timer = setInterval(() => {
        const operations = stage.pendingOperations(stack);
        const pid = stage.lockOf(stack);
        const caught = operations.length > 0 || (phase === "begin" && pid !== null);
        if (!caught && Date.now() < until) return;
        clearInterval(timer);
        kill("SIGKILL");
        engine =
          operations.length > 0
            ? operations.slice(0, 2).join(", ")
            : pid === null
              ? "no engine ran"
              : "engine between operations";
        if (point.moment === "act, engine too" && pid !== null) process.kill(-pid, "SIGKILL");
      }, 15);
    });
    clearInterval(timer);
    assert.equal(
      run.code,
      null,
      `not killed at ${point.move} ${point.moment}, but ended with ${run.code}:\n${run.stderr}`,
    );
    return engine.slice(0, 44);
  }

  function nothingIsLeft(old: string, serving: string, version: string): void {
    const record = stage.record();
    assert.deepEqual(record.placement[serving], { role: "active", version, workload: "running" });
    assert.equal(record.placement[old]?.role, "absent");
    assert.equal(record.rollout, null);
    assert.equal(record.intent, null);
    for (const stack of ["dev", "dev-blue", "dev-green"]) {
      assert.equal(stage.lockOf(stack), null, `${stack} is still locked`);
      assert.deepEqual(stage.pendingOperations(stack), [], `${stack} has pending operations`);
    }
    const { deployment } = stage.json<{ deployment: { resources?: { type: string }[] } }>("pulumi", [
      "stack",
      "export",
      "-s",
      `dev-${old}`,
    ]);
    assert.deepEqual(
      (deployment.resources ?? []).filter((one) => one.type !== "pulumi:pulumi:Stack"),
      [],
    );
    assert.deepEqual(stage.json<{ clusters: string[] }>("aws", ["eks", "list-clusters", "--output", "json"]).clusters, [
      `dev-${serving}`,
    ]);
  }

  async function upgradeWithKills(
    version: string,
    old: string,
    serving: string,
    points: readonly KillPoint[],
  ): Promise<void> {
    stage.want(version);
    const work = async (): Promise<void> => {
      for (const point of points) rows.push({ version, ...point, engine: await killAt(point), resumed: "went on" });
      const last = await stage.drive(upgrade);
      assert.equal(last.code, 0, last.stderr);
    };
    await underLoad(stage, work, assertNobodyNoticed, lightLoad);
    nothingIsLeft(old, serving, version);
  }

  const upgrades = exhaustive ? allUpgrades : upgradesInTurn(seed);
  for (const [index, { title, points }] of upgrades.entries()) {
    const [old, serving] = index % 2 === 0 ? (["blue", "green"] as const) : (["green", "blue"] as const);
    it(title, () => upgradeWithKills(`1.${34 + index}`, old, serving, points));
  }
});
