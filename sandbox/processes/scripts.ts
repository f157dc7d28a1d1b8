/** Where the compiled scripts of the sandbox's processes are. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { SandboxError } from "../shared/errors";

/** The folder of this package: the nearest one above with a package.json. */
export function packageRoot(from: string = __dirname): string {
  for (let dir = from; ; dir = dirname(dir)) {
    if (existsSync(join(dir, "package.json"))) return dir;
    if (dirname(dir) === dir)
      throw new SandboxError(
        "SBX-PACKAGE",
        `found no package.json above ${from}`,
        "Install the package anew; its files were moved.",
      );
  }
}

/**
 * The compiled file of `sandbox/<name>.js`: beside this file when that is compiled too, else (under ts-node) in the
 * package's
 * `dist`. Null when it is not there.
 */
export function findScript(name: string): string | null {
  const candidates = [join(__dirname, "..", `${name}.js`), join(packageRoot(), "dist", "sandbox", `${name}.js`)];
  return candidates.find((file) => existsSync(file)) ?? null;
}

export function script(name: string): string {
  const file = findScript(name);
  if (file === null) throw new SandboxError("SBX-NOT-BUILT", `sandbox/${name}.js is missing`, "Run `npm run build`.");
  return file;
}
