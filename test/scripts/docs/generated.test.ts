import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { generated } from "../../../scripts/docs/generated";

describe("generated files", () => {
  // The page of commands by state is compared where its table is made (test/simulation/states).
  for (const [file, make] of Object.entries(generated).filter(([name]) => !name.endsWith("commands-by-state.md")))
    it(`${file} says what the sources say (npm run docs writes it)`, async () =>
      assert.equal(readFileSync(join(resolve(__dirname, "../../.."), file), "utf8"), await make()));
});
