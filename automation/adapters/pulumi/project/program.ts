/** The project's own program, loaded once into this process: what `main` of Pulumi.yaml exports. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join, resolve } from "node:path";
import { parse } from "yaml";
import type { DriverContext, StackProgram } from "../../../../stacks/contract";
import { projectPathVariable, wayFrom } from "../../../../stacks/shared/project-way";
import { DriverError } from "../../../errors";
import { keep, recall } from "./remembered";

export interface Project {
  readonly name: string;
  readonly directory: string;
  /** Absolute path of the program's file or folder. */ readonly main: string;
}

/** @throws EBG-NO-PROJECT */
export function readProject(directory: string): Project {
  const file = ["Pulumi.yaml", "Pulumi.yml"].map((name) => join(directory, name)).find((path) => existsSync(path));
  if (file === undefined)
    throw new DriverError(
      "EBG-NO-PROJECT",
      `there is no Pulumi.yaml in ${directory}`,
      "run the command in the project's folder, or name it with --cwd",
    );
  const settings = parse(readFileSync(file, "utf8")) as { name?: unknown; main?: unknown } | null;
  if (typeof settings?.name !== "string")
    throw new DriverError("EBG-NO-PROJECT", `${file} has no project name`, "write `name: …` into it");
  return {
    name: settings.name,
    directory,
    main: resolve(directory, typeof settings.main === "string" ? settings.main : "."),
  };
}

function entryOf(main: string): string {
  const candidates =
    existsSync(main) && statSync(main).isDirectory()
      ? ["index.ts", "index.js", "index.cjs"].map((name) => join(main, name))
      : [main, `${main}.ts`, `${main}.js`];
  const found = candidates.find((path) => existsSync(path) && statSync(path).isFile());
  if (found === undefined)
    throw new DriverError(
      "EBG-NO-PROJECT",
      `the program that Pulumi.yaml's main names is missing: ${main}`,
      "correct `main` in Pulumi.yaml",
    );
  return found;
}

interface Esbuild {
  readonly version: string;
  transformSync(code: string, options: object): { readonly code: string };
}
type Compilable = NodeJS.Module & { _compile(code: string, file: string): void };

/**
 * esbuild, where it is installed, is five seconds faster than ts-node for a program of this size (measured: 1.5 s
 * against 6.3 s). It starts a process for each file, so its output is kept.
 */
function useEsbuild(load: NodeJS.Require, directory: string): boolean {
  let esbuild: Esbuild;
  try {
    esbuild = load("esbuild") as Esbuild;
  } catch {
    return false;
  }
  require.extensions[".ts"] = (module, file) => {
    const source = readFileSync(file, "utf8");
    const options = { loader: "ts", format: "cjs", platform: "node", target: "node20", sourcemap: "inline" };
    const memory = { directory, what: file, madeOf: [esbuild.version, JSON.stringify(options), source] };
    let code = recall(memory);
    if (code === null) {
      code = esbuild.transformSync(source, { ...options, sourcefile: file }).code;
      keep(memory, code);
    }
    (module as Compilable)._compile(code, file);
  };
  return true;
}

/** TypeScript is transpiled, not checked, as it is loaded; a process that already runs under ts-node needs nothing. */
function enableTypeScript(project: Project): void {
  if (require.extensions[".ts"] !== undefined) return;
  const own = createRequire(__filename);
  const theirs = createRequire(join(project.main, "package.json"));
  if (useEsbuild(theirs, project.directory) || useEsbuild(own, project.directory)) return;
  for (const load of [theirs, own]) {
    try {
      const tsNode = load("ts-node") as { register(options: object): unknown };
      tsNode.register({ transpileOnly: true, projectSearchDir: dirname(project.main), cwd: dirname(project.main) });
      return;
    } catch (error) {
      if ((error as { code?: unknown }).code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  throw new DriverError(
    "EBG-TOOL-MISSING",
    "the program is TypeScript and ts-node is not installed",
    "npm install --save-dev ts-node typescript",
  );
}

/** @throws EBG-NO-PROJECT, EBG-TOOL-MISSING, EBG-CONFIG when the program can't be loaded */
export function loadProgram(project: Project): StackProgram {
  const entry = entryOf(project.main);
  if (extname(entry) === ".ts") enableTypeScript(project);
  // The engine runs its plugins in the program's folder, whoever runs the program.
  process.env[projectPathVariable] = wayFrom(dirname(entry), project.directory);
  let loaded: unknown;
  try {
    loaded = createRequire(entry)(entry);
  } catch (error) {
    if (error instanceof DriverError) throw error;
    throw new DriverError(
      "EBG-CONFIG",
      `the program ${entry} can't be loaded: ${error instanceof Error ? error.message : String(error)}`,
      "pulumi preview shows the same error with its place",
      error,
    );
  }
  const program = typeof loaded === "function" ? loaded : (loaded as { default?: unknown } | null)?.default;
  if (typeof program !== "function")
    throw new DriverError(
      "EBG-CONFIG",
      `${entry} does not export a function`,
      "export the program of the stacks, as stacks/index.ts of this package does",
    );
  return program as StackProgram;
}

/** The engine's kind of program: no argument, and a context only when the driver acts. */
export const inline =
  (program: StackProgram, context: DriverContext | null) => async (): Promise<Record<string, unknown>> =>
    await (context === null ? program() : program(context));
