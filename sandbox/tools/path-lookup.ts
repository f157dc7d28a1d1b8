/** Tools that are on PATH already, if their versions will do. */
import { accessSync, closeSync, constants, openSync, readSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { catalog, together, type Tool, type ToolName } from "./catalog";
import { outputOf } from "./run";

/** All executables of that name on PATH, in order. */
export function which(name: string, path: string): string[] {
  const found: string[] = [];
  for (const dir of path.split(delimiter)) {
    if (!isAbsolute(dir)) continue;
    const file = join(dir, name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) found.push(file);
    } catch {
      // not here
    }
  }
  return found;
}

/** The first `1.36.3` in a text, as numbers. */
export function parseVersion(text: string): number[] | null {
  const match = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  return match ? match.slice(1, 4).map((part) => Number(part ?? 0)) : null;
}

/** Whether it is a program and no script. */
function isProgram(file: string): boolean {
  const start = Buffer.alloc(2);
  const open = openSync(file, "r");
  try {
    readSync(open, start, 0, 2, 0);
  } finally {
    closeSync(open);
  }
  return start.toString("latin1") !== "#!";
}

interface Found {
  readonly file: string;
  readonly version: string;
}

async function findOne(tool: Tool, path: string): Promise<Found | null> {
  // A shell that is pointed at a sandbox has that sandbox's launchers on its PATH: they end with it.
  const file = which(tool.name, path).find((one) => !tool.name.startsWith("pulumi-resource-") || isProgram(one));
  if (file === undefined) return null;
  if (tool.versionArgs === null) return { file, version: "" };
  // Asking for a version must neither look for news of Pulumi's nor write anywhere.
  const text = await outputOf(file, tool.versionArgs, {
    PATH: path,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    HOME: process.env["HOME"],
  });
  const version = text === null ? null : parseVersion(text.replace(/^[\s\S]*?"gitVersion"/, ""));
  return version !== null && tool.accepts(version) ? { file, version: version.join(".") } : null;
}

/** Absolute paths of the tools that PATH has in acceptable versions. */
export async function findOnPath(path: string, wanted: readonly Tool[] = catalog): Promise<Map<ToolName, string>> {
  const found = new Map<ToolName, Found>();
  await Promise.all(
    wanted.map(async (tool) => {
      const one = await findOne(tool, path);
      if (one) found.set(tool.name, one);
    }),
  );
  const group = together.map((name) => found.get(name)?.version);
  if (group.some((version) => version === undefined || version !== group[0]))
    for (const name of together) found.delete(name);
  return new Map([...found].map(([name, { file }]) => [name, file]));
}
