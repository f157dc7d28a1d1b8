/**
 * The executables that the engine starts as plugins. Each asks the provider host for a gRPC server and stays as long as
 * the engine wants it.
 */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import * as path from "node:path";

export const providerNames = ["aws", "eks", "kubernetes"] as const;
export type ProviderName = (typeof providerNames)[number];

/**
 * Writes `pulumi-resource-NAME` for each name into `binDir`, which must come first on the engine's PATH.
 * @param socketPath Unix socket of the provider host.
 * @throws the system's error when the folder can't be written.
 */
export function installLaunchers(binDir: string, socketPath: string, names: readonly ProviderName[]): void {
  mkdirSync(binDir, { recursive: true });
  for (const name of names) {
    const file = path.join(binDir, `pulumi-resource-${name}`);
    writeFileSync(file, launcherSource(name, socketPath));
    chmodSync(file, 0o755);
  }
}

/** Plain JavaScript without any package: it must start in some 40 ms, once per provider resource and update. */
function launcherSource(name: ProviderName, socketPath: string): string {
  return `#!${process.execPath}
"use strict";
const net = require("node:net");
const socketPath = ${JSON.stringify(socketPath)};
const args = process.argv.slice(2).filter((a, i, all) => !a.startsWith("-") && all[i - 1] !== "--tracing");
const fail = (message) => { process.stderr.write("pulumi-resource-${name}: " + message + "\\n"); process.exit(1); };
const socket = net.connect(socketPath);
socket.on("error", (error) => fail("the sandbox's provider host does not answer at " + socketPath + " (" + error.message + "). Is the sandbox up? Try: eks-blue-green sandbox status"));
socket.on("close", () => process.exit(0));
socket.setEncoding("utf8");
let text = "";
let answered = false;
socket.on("data", (chunk) => {
  text += chunk;
  if (answered || !text.includes("\\n")) return;
  answered = true;
  const answer = JSON.parse(text.slice(0, text.indexOf("\\n")));
  if (answer.error) fail(answer.error);
  process.stdout.write(answer.port + "\\n");
});
socket.write(JSON.stringify({ name: ${JSON.stringify(name)}, engineAddress: args[0] ?? "" }) + "\\n");
// The engine may be killed without a chance to end its plugins; then this process has another parent.
const parent = process.ppid;
setInterval(() => { if (process.ppid !== parent) process.exit(0); }, 500);
// The engine ends a plugin with SIGINT and waits five seconds for it. When the terminal's Ctrl-C could reach it too (same process group as the
// engine), the engine still needs it for the operations that are under way.
let ownGroup = true;
try { ownGroup = Number(require("node:fs").readFileSync("/proc/self/stat", "utf8").split(") ")[1].split(" ")[2]) === process.pid; } catch {}
process.on("SIGINT", () => { if (ownGroup) process.exit(0); });
`;
}
