/** The project's own program, loaded once into this process: what `main` of Pulumi.yaml exports. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { DriverContext, StackProgram } from "../../../../stacks/contract";
import { projectFolderVariable, projectPathVariable, wayFrom } from "../../../../stacks/shared/project-way";
import { DriverError } from "../../../errors";
import { isModule, programFile, type Project } from "./project";
import { assertOneCopy, installedCopies, loadedCopies } from "./sdk-copies";
import { keep, recall } from "./remembered";
import { findTranspiler, hookImport, hookRequire, transpile, type Transpiler } from "./typescript";

export { readProject, type Project } from "./project";

/** ts-node's own mark of a process in which it is registered. */
const underTsNode = (): boolean => Symbol.for("ts-node.register.instance") in process;

let hooked = false;

/** esbuild starts a process for each file, and TypeScript thinks long: what they answer is kept. */
function transpiledOnce(transpiler: Transpiler, source: string, file: string, directory: string): string {
  const { kind, version, compilerOptions } = transpiler;
  const memory = { directory, what: file, madeOf: [kind, version, JSON.stringify(compilerOptions), source] };
  let code = recall(memory);
  if (code === null) {
    code = transpile(transpiler, source, file, "commonjs");
    keep(memory, code);
  }
  return code;
}

/** TypeScript can be loaded from here on, both ways. @throws EBG-TOOL-MISSING */
function enableTypeScript(entry: string, directory: string): void {
  if (hooked) return;
  const transpiler = findTranspiler(dirname(entry), [entry, __filename]);
  if (transpiler === null)
    throw new DriverError(
      "EBG-TOOL-MISSING",
      `the program ${entry} is TypeScript, and neither typescript (below 7) nor esbuild is installed`,
      "npm install --save-dev typescript@5",
    );
  if (!underTsNode()) hookRequire((code, file) => transpiledOnce(transpiler, code, file, directory));
  if (isModule(entry)) hookImport(transpiler);
  hooked = true;
}

// A plain `import()` would be made a `require` by the compiler of this file's tests.
const importModule = new Function("url", "return import(url)") as (url: string) => Promise<unknown>;

async function load(entry: string): Promise<unknown> {
  if (!isModule(entry)) return createRequire(entry)(entry) as unknown;
  return await importModule(pathToFileURL(entry).href);
}

/** The first place of the error's stack that is the program's own; empty when its message has it, or nobody knows. */
function placeOf(error: unknown, entry: string): string {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const own = stack.split("\n").find((line) => /^\s+at /.test(line) && line.includes(dirname(entry)));
  return own === undefined || /node_modules/.test(own) ? "" : ` (${own.trim()})`;
}

/** Functions, whichever way a compiler wraps a default export. */
function functionIn(loaded: unknown): unknown {
  for (let value = loaded, depth = 0; depth < 3; depth += 1) {
    if (typeof value === "function") return value;
    value = (value as { default?: unknown } | null)?.default;
  }
  return undefined;
}

/** @throws EBG-NO-PROJECT, EBG-TOOL-MISSING, EBG-CONFIG when the program can't be loaded */
export async function loadProgram(project: Project): Promise<StackProgram> {
  const entry = programFile(project);
  assertOneCopy(installedCopies(project));
  if (/\.[cm]?ts$/.test(entry)) enableTypeScript(entry, project.directory);
  // The engine runs its plugins in the program's folder, whoever runs the program.
  process.env[projectPathVariable] = wayFrom(dirname(entry), project.directory);
  process.env[projectFolderVariable] = project.directory;
  const before = new Set(loadedCopies());
  let loaded: unknown;
  try {
    loaded = await load(entry);
  } catch (error) {
    if (error instanceof DriverError) throw error;
    throw new DriverError(
      "EBG-CONFIG",
      `the program ${entry} can't be loaded: ${error instanceof Error ? error.message : String(error)}${placeOf(error, entry)}`,
      "correct the program; pulumi preview runs it as well, with type checks",
      error,
    );
  }
  const fresh = loadedCopies().filter((path) => !before.has(path));
  assertOneCopy([...installedCopies(project), ...fresh.map((path) => ({ path, of: "loaded by the program" }))]);
  const program = functionIn(loaded);
  if (typeof program !== "function")
    throw new DriverError(
      "EBG-CONFIG",
      `${join(entry)} does not export a function`,
      "export the program of the stacks as the default export, or as module.exports: README.md, Use it in your project",
    );
  return program as StackProgram;
}

/** The engine's kind of program: no argument, and a context only when the driver acts. */
export const inline =
  (program: StackProgram, context: DriverContext | null) => async (): Promise<Record<string, unknown>> =>
    await (context === null ? program() : program(context));
