import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { filesOfArchive } from "../../../../stacks/workload-files/chart/tar";
import { archive, writeChart } from "./chart-folder";

const read = (packed: Buffer): Record<string, string> =>
  Object.fromEntries([...filesOfArchive(packed)].map(([name, content]) => [name, content.toString()]));
const long = `${"folder/".repeat(20)}a.yaml`;

describe("an archive of a chart", () => {
  it("has its files by path, and no folders and links", () => {
    const files = read(
      archive([
        ["web/", "", "5"],
        ["web/Chart.yaml", "name: web"],
        ["web/link", "", "2"],
        ["./web/big", "x".repeat(1000)],
      ]),
    );
    assert.deepEqual(files, { "web/Chart.yaml": "name: web", "web/big": "x".repeat(1000) });
  });

  it("may have names longer than a header takes, as both kinds of tar write them", () => {
    const record = ` path=${long}\n`;
    const extended = `${record.length + 3}${record}`;
    assert.deepEqual(
      read(
        archive([
          ["PaxHeaders", extended, "x"],
          ["folder/a", "by pax"],
          ["web/b", "next"],
        ]),
      ),
      { [long]: "by pax", "web/b": "next" },
    );
    assert.deepEqual(
      read(
        archive([
          ["././@LongLink", `${long}\0`, "L"],
          ["folder/a", "by gnu"],
        ]),
      ),
      { [long]: "by gnu" },
    );
  });

  for (const format of ["gnu", "pax", "ustar"])
    it(`is read as tar itself writes it: ${format}`, () => {
      const folder = mkdtempSync(join(tmpdir(), "tar-"));
      try {
        const name = `web/templates/${"n".repeat(80)}/${"m".repeat(40)}.yaml`;
        writeChart(folder, { "web/Chart.yaml": "name: web", [name]: "text" });
        const run = spawnSync("tar", [`--format=${format}`, "-czf", "a.tgz", "web"], { cwd: folder, encoding: "utf8" });
        assert.equal(run.status, 0, run.stderr);
        const files = read(readFileSync(join(folder, "a.tgz")));
        assert.deepEqual(files, { "web/Chart.yaml": "name: web", [name]: "text" });
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

  it("is refused where it is none, or is cut off", () => {
    assert.throws(() => filesOfArchive(Buffer.from("no archive")), /incorrect header check/);
    assert.throws(() => filesOfArchive(gzipSync("x".repeat(600))), /no archive of tar/);
    const whole = archive([["web/a", "x".repeat(1500)]]);
    assert.throws(() => filesOfArchive(whole.subarray(0, whole.length - 12)), /unexpected end of file/);
  });
});
