/**
 * The executables that the engine starts as plugins. Each asks the provider host for a gRPC server and stays as long as
 * the engine wants it.
 */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { packageRoot } from "../processes/scripts";

export const providerNames = ["aws", "eks", "kubernetes"] as const;
export type ProviderName = (typeof providerNames)[number];

/**
 * Writes `pulumi-resource-NAME` for each name into `binDir`, which must come first on the engine's PATH. The engine
 * starts one for every provider resource in every update, so it is a Python script: Node takes three times as long.
 * @param socketPath Unix socket of the provider host.
 * @param python The interpreter, by its absolute path: the engine's PATH need not name it.
 * @throws the system's error when the folder can't be written.
 */
export function installLaunchers(
  binDir: string,
  socketPath: string,
  python: string,
  names: readonly ProviderName[],
): void {
  mkdirSync(binDir, { recursive: true });
  const source = path.join(packageRoot(), "sandbox", "tools", "python", "plugin_launcher.py");
  for (const name of names) {
    const file = path.join(binDir, `pulumi-resource-${name}`);
    // -I, -S: nothing of a user's own packages or variables takes part, and the start is short.
    const words = [python, "-IS", source, name, socketPath].map(quote).join(" ");
    writeFileSync(file, `#!/bin/sh\nexec ${words} "$@"\n`);
    chmodSync(file, 0o755);
  }
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
