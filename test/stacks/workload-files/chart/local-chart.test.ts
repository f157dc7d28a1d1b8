import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatProblem } from "../../../../components/internal/problems";
import { chartProblems, readsClock } from "../../../../stacks/workload-files/chart/checks";
import { type LocalChart, readLocalChart } from "../../../../stacks/workload-files/chart/local-chart";
import type { Values } from "../../../../stacks/workload-files/chart/values";
import { packed, type Texts, writeChart } from "./chart-folder";

const named = (name: string, more = ""): string => `apiVersion: v2\nname: ${name}\nversion: 1.0.0\n${more}`;
const needing = named("web", "dependencies: [{ name: redis }, { name: common }]\n");

describe("a chart on this machine", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "chart-"))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const of = (files: Texts): LocalChart => readLocalChart(writeChart(join(folder, "web"), files));
  const ofArchive = (files: Readonly<Record<string, string | Buffer>>): LocalChart => {
    writeFileSync(join(folder, "web.tgz"), packed("any-name", files));
    return readLocalChart(join(folder, "web.tgz"));
  };
  const problems = (chart: LocalChart, shown = "./charts/web"): string[] =>
    chartProblems(chart, shown, "services[0].chart.path").map(formatProblem);

  it("is read alike from a folder and from its archive", () => {
    const files = { "Chart.yaml": named("web"), "templates/a.yaml": "{{ .Values.a }}", "values.schema.json": "{}" };
    const read = { name: "web", type: "application", needs: [], brings: [], schema: "{}" };
    assert.deepEqual(of(files), { ...read, texts: ["{{ .Values.a }}"] });
    assert.deepEqual(ofArchive(files), of(files));
  });

  it("is good with all charts that it depends on in its charts folder, as folders or archives", () => {
    const inCharts = {
      "charts/any/Chart.yaml": named("redis"),
      "charts/common-1.0.0.tgz": packed("c", { "Chart.yaml": named("common") }),
    };
    assert.deepEqual(problems(ofArchive({ "Chart.yaml": needing, ...inCharts })), []);
    const chart = of({ "Chart.yaml": needing, "charts/any/Chart.yaml": named("redis") });
    writeFileSync(join(folder, "web/charts/common-1.0.0.tgz"), inCharts["charts/common-1.0.0.tgz"]);
    assert.deepEqual(problems(readLocalChart(join(folder, "web"))), []);
    assert.equal(chart.brings.length, 1);
  });

  it("is refused without them: Helm's renderer would leave their objects out without a word", () => {
    assert.deepEqual(problems(of({ "Chart.yaml": needing, "charts/_common/Chart.yaml": named("common") })), [
      'services[0].chart.path: "./charts/web": depends on redis, common, and its charts folder has no such chart: its ' +
        "objects would be missing without a word. helm dependency update ./charts/web, and keep ./charts/web/charts in " +
        "the repository",
    ]);
    assert.match(
      problems(ofArchive({ "Chart.yaml": needing }), "./web.tgz").join(),
      /helm dependency update in the chart's source, helm package, and name the new archive$/,
    );
    const old = { "Chart.yaml": named("web"), "requirements.yaml": "dependencies: [{ name: mysql }]" };
    assert.match(problems(of(old)).join(), /depends on mysql,/);
  });

  it("is refused when it is a library, or when its schema is to be fetched", () => {
    assert.match(problems(of({ "Chart.yaml": named("web", "type: library\n") })).join(), /is a library chart/);
    const schema =
      '{ "$schema": "https://json-schema.org/draft-07/schema#", "properties": { "a": { "$ref": "https://example.com/a.json" } } }';
    const found = problems(
      of({
        "Chart.yaml": named("web"),
        "charts/sub/Chart.yaml": named("sub"),
        "charts/sub/values.schema.json": schema,
      }),
    );
    assert.match(
      found.join(),
      /\(of chart sub\) that refers to https:\/\/example\.com\/a\.json: an upgrade would stop/,
    );
    const own = schema.replace("https://example.com/a.json", "#/$defs/a");
    assert.deepEqual(problems(of({ "Chart.yaml": named("web"), "charts/sub/values.schema.json": own })), []);
  });

  it("says what can't be read of it, and where", () => {
    assert.throws(() => readLocalChart(join(folder, "gone")), /ENOENT/);
    assert.throws(() => of({ "values.yaml": "" }), /^Error: there is no Chart\.yaml in it$/);
    assert.throws(() => of({ "Chart.yaml": "a: b: c" }), /^Error: Chart\.yaml is no YAML: /);
    assert.throws(() => of({ "Chart.yaml": "- a" }), /Chart\.yaml has no `key: value` pairs/);
    assert.throws(() => of({ "Chart.yaml": "version: 1" }), /Chart\.yaml has no name/);
    assert.throws(
      () => of({ "Chart.yaml": named("web"), "charts/sub/values.yaml": "" }),
      /^Error: charts\/sub: there is no Chart\.yaml in it$/,
    );
  });

  it("may ask what time it is: in a template, in values that are one, and in a chart that it brings", () => {
    const asks = (text: string, values: Values = {}): boolean =>
      readsClock(
        of({ "Chart.yaml": named("web"), "charts/sub/Chart.yaml": named("sub"), "charts/sub/templates/a": text }),
        values,
      );
    assert.equal(asks('a: {{ now | date "2006" }}'), true);
    assert.equal(asks("a: {{- if .a }}{{ ago .Values.since }}{{ end }}"), true);
    assert.equal(asks("a: b", { annotations: { rolled: "{{ now }}" } }), true);
    assert.equal(asks("# as of now\na: {{ .Values.nowhere }}"), false);
  });
});
