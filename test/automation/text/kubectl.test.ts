import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { kubectl } from "../../../automation/text/kubectl";

describe("kubectl in remedies", () => {
  it("names the cluster's context", () => assert.equal(kubectl("dev-blue"), "kubectl --context dev-blue"));

  it("has its context from here everywhere: a member's name is no context", () => {
    // Scenarios of `rehearse` run kubectl themselves; the chart's help shows a name of its own.
    const sources = readdirSync(join(__dirname, "../../../automation"), { recursive: true, encoding: "utf8" }).filter(
      (name) => name.endsWith(".ts") && !name.startsWith(join("cli", "")) && name !== join("text", "kubectl.ts"),
    );
    assert.ok(sources.length > 50);
    assert.deepEqual(
      sources.filter((name) =>
        readFileSync(join(__dirname, "../../../automation", name), "utf8").includes("kubectl --context"),
      ),
      [],
    );
  });
});
