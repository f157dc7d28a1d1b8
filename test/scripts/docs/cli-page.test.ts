import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cliPage, variables } from "../../../scripts/docs/cli-page";

const root = join(__dirname, "../../..");

describe("the page of commands", () => {
  it("has every command with its options", () => {
    const page = cliPage();
    for (const heading of ["## eks-blue-green upgrade", "## eks-blue-green sandbox", "### eks-blue-green sandbox up"])
      assert.ok(page.includes(heading), heading);
    assert.match(page, /`--approve-retire`/);
  });

  it("lists every variable of ours that the sources read", () => {
    const sources = ["automation", "stacks", "components", "sandbox"].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => join(root, folder, name)),
    );
    const read = new Set(
      sources.flatMap((file) => readFileSync(file, "utf8").match(/\bEKS_BLUE_GREEN_[A-Z_]*[A-Z]\b/g) ?? []),
    );
    assert.ok(read.size > 3);
    assert.deepEqual([...read].sort(), variables.map(({ name }) => name).sort());
  });
});
