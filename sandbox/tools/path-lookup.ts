/** Tools that are on PATH already, if their versions will do. */
import { accessSync, constants, statSync } from "node:fs";
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

interface Found {
  readonly file: string;
  readonly version: string;
}

async function findOne(tool: Tool, path: string): Promise<Found | null> {
  const file = which(tool.name, path)[0];
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
export async function findOnPath(path: string): Promise<Map<ToolName, string>> {
  const found = new Map<ToolName, Found>();
  await Promise.all(
    catalog.map(async (tool) => {
      const one = await findOne(tool, path);
      if (one) found.set(tool.name, one);
    }),
  );
  const group = together.map((name) => found.get(name)?.version);
  if (group.some((version) => version === undefined || version !== group[0]))
    for (const name of together) found.delete(name);
  return new Map([...found].map(([name, { file }]) => [name, file]));
}
