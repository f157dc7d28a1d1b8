import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { generated } from "../../../scripts/docs/generated";

describe("generated files", () => {
  for (const [file, make] of Object.entries(generated))
    it(`${file} says what the sources say (npm run docs writes it)`, () =>
      assert.equal(readFileSync(join(resolve(__dirname, "../../.."), file), "utf8"), make()));
});
