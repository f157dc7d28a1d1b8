import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatProblem } from "../../../../components/internal/problems";
import { mergeValues, readValues, type Values } from "../../../../stacks/workload-files/chart/values";

describe("values of a chart", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "values-"))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const read = (texts: readonly string[], over: Values = {}) => {
    const files = texts.map((text, index) => {
      const path = `${index}.yaml`;
      writeFileSync(join(folder, path), text);
      return { path, file: join(folder, path) };
    });
    return readValues(files, over, "services[0].chart.valuesFiles");
  };

  it("are merged as Helm does: maps key by key, the later over the earlier, lists and nulls as they are", () => {
    const cases: readonly (readonly [Values, Values, Values])[] = [
      [{ a: 1, b: 1 }, { b: 2 }, { a: 1, b: 2 }],
      [{ a: { b: 1, c: 1 } }, { a: { c: 2, d: 2 } }, { a: { b: 1, c: 2, d: 2 } }],
      [{ a: [1, 2] }, { a: [3] }, { a: [3] }],
      [{ a: { b: 1 } }, { a: null }, { a: null }],
      [{ a: null }, { a: { b: 1 } }, { a: { b: 1 } }],
      [{ a: 1 }, { a: { b: 1 } }, { a: { b: 1 } }],
    ];
    for (const [under, over, merged] of cases) assert.deepEqual(mergeValues(under, over), merged);
  });

  it("come from the files in their order, and from the config over them", () => {
    const { values, problems } = read(["a: 1\nb: { c: 1 }", "b: { d: 2 }", "# nothing"], { b: { c: 3 } });
    assert.deepEqual([values, problems], [{ a: 1, b: { c: 3, d: 2 } }, []]);
  });

  it("are refused with the file where one can't be read, or is none", () => {
    const { problems } = read(["a: b: c", "- 1", "a: 1\n---\na: 2"]);
    const found = problems.map(formatProblem);
    assert.match(
      found[0] ?? "",
      /^services\[0\]\.chart\.valuesFiles\[0\]: "0\.yaml": is no YAML: .*\. Correct the file$/,
    );
    assert.match(
      found[1] ?? "",
      /^services\[0\]\.chart\.valuesFiles\[1\]: "1\.yaml": must be a file of `key: value` pairs/,
    );
    assert.match(found[2] ?? "", /more than one document/);
    const gone = readValues([{ path: "./gone.yaml", file: join(folder, "gone") }], {}, "key").problems.map(
      formatProblem,
    );
    assert.match(gone.join(), /^key\[0\]: "\.\/gone\.yaml": can't be read: ENOENT/);
  });
});
