import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { refuseWithoutPackages, sandboxPackages } from "../../../sandbox/tools/packages";

const root = join(__dirname, "../../..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
};

describe("packages that only the sandbox loads", () => {
  it("are the optional ones, and are there where everything was installed", () => {
    assert.deepEqual(Object.keys(manifest.optionalDependencies).sort(), [...sandboxPackages].sort());
    for (const name of sandboxPackages) assert.ok(!(name in manifest.dependencies), name);
    refuseWithoutPackages();
  });

  it("are named before anything is built or started, when they were left out", () =>
    assert.throws(() => refuseWithoutPackages((name) => name !== "reflect-metadata"), {
      code: "SBX-PACKAGE",
      message: /reflect-metadata$/,
      remedy: /without --omit=optional/,
    }));

  it("are asked for by no source of components, stacks and driver", () => {
    for (const folder of ["components", "stacks", "automation"])
      for (const name of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }))
        if (name.endsWith(".ts"))
          for (const one of sandboxPackages)
            assert.ok(
              !readFileSync(join(root, folder, name), "utf8").includes(`"${one}"`),
              `${folder}/${name}: ${one}`,
            );
  });
});
