import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { follow } from "./follow";
import { pageOf } from "./page";
import { befallen, recordStates, worldStates } from "./states";
import { commands, deadEnd, nextOf, refusalOf, rows, type Cell, type Row } from "./table";

const refused = (remedy: string): Cell => ({ kind: "refused", code: "EBG-X", message: "no", remedy });
const row = (cells: Row["cells"]): Row => ({ world: "w", record: "r", cells });

describe("commands by state", function () {
  this.timeout(600_000);
  let table: readonly Row[] = [];
  before(async () => {
    table = await rows();
  });

  it("docs/reference/commands-by-state.md says what the driver does (npm run docs writes it)", () => {
    const page = join(resolve(__dirname, "../../.."), "docs/reference/commands-by-state.md");
    assert.equal(readFileSync(page, "utf8"), pageOf(table));
  });

  it("has every state of the record, and of the world where it can be so, and every command in it", () => {
    for (const record of Object.keys(recordStates)) {
      const worlds = table.filter((one) => one.record === record);
      assert.ok(worlds.length >= 7, `${record}: ${worlds.map(({ world }) => world).join(", ")}`);
      for (const { cells } of worlds) assert.deepEqual(Object.keys(cells), Object.keys(commands));
    }
    assert.deepEqual([...new Set(table.map(({ world }) => world))].sort(), Object.keys(worldStates).sort());
  });

  it("has no dead end: every remedy leads to a command that goes on, or to what a person repairs", () => {
    const dead = table.flatMap((one) =>
      Object.keys(commands).flatMap((command) => {
        const end = deadEnd(one, command);
        return end === null ? [] : [`${one.world}; ${one.record}: ${end}`];
      }),
    );
    assert.deepEqual(dead, []);
  });

  it("in every state something goes on, unless a cluster that can't be asked has to be brought back first", () => {
    const silent = /API server is unreachable|is dead/;
    for (const { world, record, cells } of table.filter((one) => !silent.test(one.world)))
      assert.ok(
        Object.values(cells).some(({ kind }) => kind === "goes on"),
        `${world}; ${record}: ${Object.values(cells).map(refusalOf).join("; ")}`,
      );
  });

  it("nobody destroys the way back while what stays does not serve", () => {
    const waits = table.filter(({ record }) => record === "green serves, blue waits for the approval");
    for (const world of ["green is sick", "green answers requests with errors", "green is dead"]) {
      const cell = waits.find((one) => one.world === world)?.cells["upgrade --approve-retire"];
      assert.match(refusalOf(cell), /blue is not destroyed while those that stay don't serve.*rollback/, world);
    }
    const well = waits.find((one) => one.world === "all is well")?.cells["upgrade --approve-retire"];
    assert.equal(well?.kind, "goes on");
  });

  it("knows a dead end when there is one", () => {
    const cases: [Row["cells"], string][] = [
      [{ upgrade: refused("eks-blue-green rollback"), rollback: refused("eks-blue-green upgrade") }, "a circle"],
      [{ upgrade: refused("eks-blue-green upgrade --stack dev") }, "itself"],
      [{ upgrade: refused("eks-blue-green status --stack dev") }, "a look, and nothing to do"],
      [{ upgrade: refused("run it again") }, "no command"],
      [{ upgrade: refused("eks-blue-green admit MEMBER --stack dev") }, "a name that nobody has"],
    ];
    for (const [cells, why] of cases) assert.notEqual(deadEnd(row(cells), "upgrade"), null, why);
    const ways: Row["cells"][] = [
      { upgrade: refused("eks-blue-green rollback"), rollback: { kind: "goes on" } },
      { upgrade: refused("bring blue's API server back (aws eks describe-cluster), then eks-blue-green upgrade") },
    ];
    for (const cells of ways) assert.equal(deadEnd(row(cells), "upgrade"), null);
    assert.deepEqual(nextOf("eks-blue-green scale blue --percent 200 --stack dev").commands, [
      "scale blue --percent 200",
    ]);
  });

  for (const [record, reach] of Object.entries(recordStates))
    it(`whoever follows the remedies arrives, whatever the world: ${record}`, async () => {
      for (const [world, state] of Object.entries(worldStates)) {
        const stage = await reach();
        if (state.applies?.(stage) === false) continue;
        await befallen(stage, state);
        const first = record.startsWith("teardown") ? "teardown" : "upgrade";
        assert.equal(await follow(stage, first), null, world);
      }
    });
});
