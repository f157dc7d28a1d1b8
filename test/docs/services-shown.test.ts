/** Services that pages show are services that the config takes. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { parseEnvironmentConfig } from "../../stacks/config";
import { devValues } from "../stacks/mock-engine";

const folder = resolve(__dirname, "../../docs/how-to");
const shown = readdirSync(folder).flatMap((page) =>
  [...readFileSync(join(folder, page), "utf8").matchAll(/```yaml\n(services:[\s\S]*?)```/g)].map(([, text = ""]) => ({
    page,
    services: (parse(text) as { services: object[] }).services,
  })),
);

describe("services that how-tos show", () => {
  it("are found", () =>
    assert.deepEqual(
      [...new Set(shown.map(({ page }) => page))].filter((page) => page === "pod-template.md"),
      ["pod-template.md"],
    ));

  shown.forEach(({ page, services }, index) =>
    it(`${page}: block ${index + 1} is taken by the config`, () => {
      const config = parseEnvironmentConfig(
        { ...devValues, "eks-blue-green:services": JSON.stringify(services) },
        { environment: "dev" },
      );
      assert.equal(config.services.length, services.length);
    }),
  );
});
