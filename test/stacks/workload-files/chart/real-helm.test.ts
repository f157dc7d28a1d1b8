/** What Helm itself makes of a chart, by the plugin that renders it in an update. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatProblem } from "../../../../components/internal/problems";
import { type ChartSource, readChart } from "../../../../stacks/workload-files/chart/render";
import { packed, type Texts, writeChart } from "./chart-folder";
import { RealPlugin } from "./real-plugin";

const description = "apiVersion: v2\nname: web\nversion: 1.0.0\n";
const configMap = (data: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: "{{ .Release.Name }}" }\ndata:\n${data}`;

describe("a chart, rendered by Pulumi's own plugin", function () {
  this.timeout(60_000);
  let plugin: RealPlugin;
  let folder: string;
  before(async function () {
    const started = await RealPlugin.start();
    if (started === null) return this.skip();
    plugin = started;
  });
  after(async () => plugin?.close());
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "helm-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const read = async (more: Partial<ChartSource> = {}) =>
    await readChart(
      {
        ...{ path: "./web", file: join(folder, "web"), valuesFiles: [], values: {}, releaseName: "shop-web" },
        ...{ namespace: "shop", apiVersions: [], hooks: "refuse", ...more },
      },
      "services[0].chart",
      { kubernetesVersion: "1.35", ask: async (token, args) => await plugin.ask(token, args) },
    );
  const rendered = async (files: Texts, more: Partial<ChartSource> = {}) => {
    writeChart(join(folder, "web"), { "Chart.yaml": description, ...files });
    const { objects, problems } = await read(more);
    return { objects: objects.map(({ object }) => object), problems: problems.map(formatProblem) };
  };

  it("has its values merged, a default taken away by null, the release's name, and the member's version", async () => {
    const { objects, problems } = await rendered(
      {
        "values.yaml": "a: chart\nb: { c: chart, d: chart }\n",
        "templates/a.yaml": configMap(
          "  of: {{ toJson .Values | quote }}\n  at: {{ .Capabilities.KubeVersion.Version }}\n  in: {{ .Release.Namespace }}\n",
        ),
      },
      { values: { a: "config", b: { d: null } } },
    );
    assert.deepEqual(problems, []);
    const [{ metadata, data } = { metadata: {}, data: {} }] = objects;
    assert.deepEqual(metadata, { name: "shop-web", namespace: "shop" });
    assert.deepEqual(data, { of: '{"a":"config","b":{"c":"chart"}}', at: "v1.35.0", in: "shop" });
  });

  it("finds kinds that every cluster has, and those that the config names, and no others", async () => {
    const has = (one: string): string => `{{ .Capabilities.APIVersions.Has "${one}" | quote }}`;
    const { objects } = await rendered(
      {
        "templates/a.yaml": configMap(
          `  a: ${has("policy/v1/PodDisruptionBudget")}\n  b: ${has("a.example/v1")}\n  c: ${has("b.example/v1")}\n`,
        ),
      },
      { apiVersions: ["a.example/v1"] },
    );
    assert.deepEqual(objects[0]?.["data"], { a: "true", b: "true", c: "false" });
  });

  it("is read from an archive too", async () => {
    const file = join(folder, "web.tgz");
    writeFileSync(file, packed("web", { "Chart.yaml": description, "templates/a.yaml": configMap("  a: b\n") }));
    const { objects, problems } = await read({ file });
    assert.deepEqual([objects.map(({ object }) => object["data"]), problems], [[{ a: "b" }], []]);
  });

  it("keeps hooks apart by their annotation, also where a comment speaks of a test", async () => {
    const hook = (name: string, value: string): string =>
      `apiVersion: v1\nkind: Pod\nmetadata:\n  name: ${name}\n  annotations:\n    helm.sh/hook: ${value}\n`;
    const files = {
      "templates/a.yaml": configMap("  a: b\n"),
      "templates/b.yaml": hook("migrate", "pre-install # the latest"),
      "templates/tests/c.yaml": hook("ask", "test"),
    };
    const { problems } = await rendered(files);
    assert.equal(problems.length, 1, problems.join());
    assert.match(problems[0] ?? "", /^\.\/web, Pod shop\/migrate: "helm\.sh\/hook: pre-install"/);
    const skipped = await rendered(files, { hooks: "skip" });
    assert.deepEqual(
      skipped.objects.map(({ kind }) => kind),
      ["ConfigMap"],
    );
  });

  it("is refused for what is random, and for what is made of the time", async () => {
    for (const value of ["randAlphaNum 8", 'now | date "15:04:05"', 'genCA "a" 1 | toJson', "uuidv4"]) {
      const { problems } = await rendered({ "templates/a.yaml": configMap(`  a: {{ ${value} | quote }}\n`) });
      assert.match(problems.join(), /^\.\/web, ConfigMap shop\/shop-web: "data\.a": is made anew/, value);
    }
  });

  it("is refused with Helm's own words where it fails, or fits another Kubernetes", async () => {
    const failing = await rendered({ "templates/a.yaml": configMap('  a: {{ required "say .a" .Values.a }}\n') });
    assert.match(
      failing.problems.join(),
      /can't be rendered: .*say \.a.*helm template shop-web \.\/web --kube-version 1\.35 shows it$/s,
    );
    rmSync(join(folder, "web"), { recursive: true });
    const old = { "Chart.yaml": `${description}kubeVersion: "<1.30"\n`, "templates/a.yaml": configMap("  a: b\n") };
    assert.match((await rendered(old)).problems.join(), /incompatible with Kubernetes v1\.35\.0/);
  });

  it("would lack the objects of a chart that it depends on and that is missing, so it is refused before", async () => {
    const { problems } = await rendered({
      "Chart.yaml": `${description}dependencies: [{ name: redis, version: 1.x, repository: "https://a.example" }]\n`,
      "templates/a.yaml": configMap("  a: b\n"),
    });
    assert.match(problems.join(), /depends on redis/);
  });
});
