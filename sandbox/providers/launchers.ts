/**
 * The executables that the engine starts as plugins. Each asks the provider host for a gRPC server and stays as long as
 * the engine wants it.
 */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { packageRoot } from "../processes/scripts";

export const providerNames = ["aws", "eks"] as const;
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

export interface OfficialKubernetes {
  /** The program. */
  readonly program: string;
  /** Proxy that answers for every chart repository. */
  readonly charts: string;
  /** File with the authority of that proxy's certificates. */
  readonly authorityFile: string;
  /** Where Helm keeps what it has downloaded. */
  readonly helmFolder: string;
}

/**
 * Writes the launcher of the official kubernetes provider. API servers and AWS listen on loopback, which no proxy is
 * asked for; all else that it would fetch is a chart.
 * @throws the system's error when the folder can't be written.
 */
export function installOfficialKubernetes(binDir: string, official: OfficialKubernetes): void {
  const program = path.join(binDir, "plugins", "pulumi-resource-kubernetes");
  mkdirSync(path.dirname(program), { recursive: true });
  // Run by a name in the sandbox's folder: what is left of it when an engine was killed is found by that.
  symlinkSync(official.program, program);
  const variables = {
    HTTP_PROXY: official.charts,
    HTTPS_PROXY: official.charts,
    http_proxy: official.charts,
    https_proxy: official.charts,
    NO_PROXY: "127.0.0.1,localhost",
    no_proxy: "127.0.0.1,localhost",
    SSL_CERT_FILE: official.authorityFile,
    HELM_CACHE_HOME: path.join(official.helmFolder, "cache"),
    HELM_CONFIG_HOME: path.join(official.helmFolder, "config"),
    HELM_DATA_HOME: path.join(official.helmFolder, "data"),
  };
  const file = path.join(binDir, "pulumi-resource-kubernetes");
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${quote(value)}`);
  writeFileSync(file, ["#!/bin/sh", ...lines, `exec ${quote(program)} "$@"`, ""].join("\n"));
  chmodSync(file, 0o755);
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
