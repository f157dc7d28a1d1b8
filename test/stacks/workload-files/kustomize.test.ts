import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { formatProblem } from "../../../components/internal/problems";
import { renderOverlay } from "../../../stacks/workload-files/kustomize";
import type { Renderer } from "../../../stacks/workload-files/renderer";

describe("an overlay of Kustomize", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "overlay-"))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** What is wrong with it, and whether Kustomize was asked. */
  async function read(files: Readonly<Record<string, string>>): Promise<{ problems: string[]; asked: boolean }> {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    let asked = false;
    const ask = async (): Promise<readonly unknown[]> => {
      asked = true;
      return [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } }];
    };
    const { problems } = await renderOverlay({ ask } as unknown as Renderer, folder, "./o", "key");
    return { problems: problems.map(formatProblem), asked };
  }

  for (const [title, files] of [
    ["an address", { "kustomization.yaml": "resources: [https://example.com/base.yaml]" }],
    ["a repository", { "kustomization.yml": "bases: ['github.com/somebody/base?ref=v1']" }],
    ["a component by ssh", { Kustomization: "components: ['git@example.com:a/b.git']" }],
    ["a patch", { "kustomization.yaml": "patches: [{ path: 'https://example.com/patch.yaml' }]" }],
    ["a file that is not there", { "kustomization.yaml": "resources: [gone.yaml]" }],
  ] as const)
    it(`is refused with ${title}, before Kustomize is asked: it would fetch it`, async () => {
      const { problems, asked } = await read(files);
      assert.equal(problems.length, 1);
      assert.match(
        problems[0] ?? "",
        /^o\/\w+(\.ya?ml)?: ".*": is nothing on this machine, and Kustomize would fetch it/,
      );
      assert.equal(asked, false);
    });

  it("is refused for what a base of it would fetch", async () => {
    const { problems } = await read({
      "kustomization.yaml": "resources: [base]",
      "base/kustomization.yaml": "resources: [https://example.com/a.yaml, ..]",
    });
    assert.match(problems.join(), /^o\/base\/kustomization\.yaml: "https:/);
  });

  it("is built of what is on this machine, with generators in the kustomization itself", async () => {
    const { problems, asked } = await read({
      "kustomization.yaml":
        "resources: [base, a.yaml]\npatches: [{ path: gone.yaml }, { patch: '[]' }]\n" +
        "generators:\n- |-\n  kind: ConfigMapGenerator\n  a: b\n",
      "base/kustomization.yaml": "resources: [b.yaml]",
      "base/b.yaml": "",
      "a.yaml": "",
    });
    assert.deepEqual(problems, []);
    assert.equal(asked, true);
  });
});
