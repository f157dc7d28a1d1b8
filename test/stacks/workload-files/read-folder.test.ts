import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { formatProblem } from "../../../components/internal/problems";
import { parseObjects, readFolder } from "../../../stacks/workload-files/read-folder";

const config = (data: string): string => `{ apiVersion: v1, kind: ConfigMap, metadata: { name: a }, ${data} }`;
const valueOf = (text: string): unknown => parseObjects(text, "a.yaml").objects[0]?.object["value"];

describe("a folder of YAML files", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "folder-"))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const write = (all: Readonly<Record<string, string>>): void => {
    for (const [name, text] of Object.entries(all)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
  };
  const read = (all: Readonly<Record<string, string>>) => {
    write(all);
    return readFolder(folder, "./manifests", "services[0].manifests.path");
  };
  const problems = (all: Readonly<Record<string, string>>): string[] => read(all).problems.map(formatProblem);

  it("is read with all folders below it, in an order of its own, without hidden and other files", () => {
    const { objects } = read({
      "b.yaml": config(""),
      "a/z.yml": `${config("")}\n---\n${config("")}`,
      ".git/x.yaml": "{",
      "notes.txt": "{",
      "empty.yaml": "# nothing\n---\n",
    });
    assert.deepEqual(
      objects.map(({ file }) => file),
      ["manifests/a/z.yml", "manifests/a/z.yml", "manifests/b.yaml"],
    );
  });

  it("may have lists, as kubectl get writes them", () => {
    const list = `apiVersion: v1\nkind: List\nitems: [${config("")}, ${config("")}]`;
    assert.equal(read({ "a.yaml": list }).objects.length, 2);
  });

  for (const [text, value] of [
    ["0644", 420],
    ["0o644", "0o644"],
    ["yes", true],
    ["off", false],
    ["2026-12-01", "2026-12-01"],
    ["12:30:00", "12:30:00"],
    ["1e3", 1000],
    ["~", null],
    ["'0644'", "0644"],
  ] as const)
    it(`is YAML as Kubernetes' tools read it: ${text} is ${JSON.stringify(value)}`, () =>
      assert.deepEqual(valueOf(config(`value: ${text}`)), value));

  it("is refused with the file where one is no YAML, or has something else than Kubernetes objects", () => {
    const found = problems({ "a.yaml": "a: b: c", "b.yaml": "replicas: 2", "c.yaml": "- 1" });
    assert.match(found[0] ?? "", /^manifests\/a\.yaml: "BLOCK_AS_IMPLICIT_KEY": is no YAML: .*\. Correct the file$/);
    assert.match(found[1] ?? "", /^manifests\/b\.yaml: .*must have only Kubernetes objects/);
    assert.equal(found.length, 3);
    assert.match(problems({ "a.yaml": "{ a: 1, a: 2 }" })[0] ?? "", /Map keys must be unique/);
    assert.match(problems({ "a.yaml": "a: *nobody" })[0] ?? "", /^manifests\/a\.yaml: .*is no YAML: .*nobody/);
  });

  it("has what kubectl reads: JSON as well, and files that are linked", () => {
    write({ "../linked.yaml": config("") });
    symlinkSync(join(folder, "../linked.yaml"), join(folder, "l.yaml"));
    const { objects, problems: none } = read({ "a.json": '{"apiVersion":"v1","kind":"A","metadata":{"name":"a"}}' });
    rmSync(join(folder, "../linked.yaml"));
    assert.deepEqual(none, []);
    assert.deepEqual(
      objects.map(({ file }) => file),
      ["manifests/a.json", "manifests/l.yaml"],
    );
  });

  it("leaves nothing out without a word: links to folders, an overlay below, and what can't be kept as it is", () => {
    mkdirSync(join(folder, "real"));
    symlinkSync(join(folder, "real"), join(folder, "link"));
    assert.match(problems({ "a.yaml": config("") }).join(), /can't be read: link is a link to a folder/);
    rmSync(join(folder, "link"));
    symlinkSync(join(folder, "nowhere.yaml"), join(folder, "b.yaml"));
    assert.match(problems({}).join(), /can't be read: ENOENT/);
    rmSync(join(folder, "b.yaml"));
    writeFileSync(join(folder, "c.yaml"), Buffer.from([0x61, 0x3a, 0x20, 0xe9]));
    assert.match(problems({}).join(), /c\.yaml: "bytes": is not in UTF-8/);
    rmSync(join(folder, "c.yaml"));
    assert.match(problems({ "a.yaml": config("v: 9007199254740993") }).join(), /a whole number of more digits/);
    assert.match(problems({ "a.yaml": config("v: !vault x") }).join(), /Unresolved tag: !vault/);
    assert.match(problems({ "a.yaml": config(""), "below/Kustomization": "a: b" }).join(), /Kustomization in a folder/);
  });

  it("is refused without saying what is in an object that is none: it may be a Secret", () => {
    const found = problems({ "a.yaml": "{ apiVersion: v1, kind: Secret, metadata: {}, stringData: { p: hunter2 } }" });
    assert.match(found.join(), /"kind":"Secret"/);
    assert.doesNotMatch(found.join(), /hunter2/);
  });

  it("is refused when it is not there, has no file, or is an overlay", () => {
    assert.match(
      readFolder(join(folder, "gone"), "./gone", "key").problems.map(formatProblem).join(),
      /^key: "\.\/gone": can't be read: ENOENT.*a relative path begins at the folder of Pulumi\.yaml$/,
    );
    assert.match(problems({ "a.txt": "" }).join(), /has no \.yaml or \.json file/);
    assert.match(problems({ "Chart.yaml": "name: a" }).join(), /is a chart of Helm, .*Set workload to chart/);
    rmSync(join(folder, "Chart.yaml"));
    assert.match(
      problems({ "a/kustomization.yaml": "resources: []" }).join(),
      /has a a\/kustomization\.yaml in a folder below/,
    );
  });
});
