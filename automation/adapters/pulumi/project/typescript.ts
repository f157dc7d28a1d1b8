/**
 * TypeScript as it is loaded: transpiled, not checked, with what the project has installed. This file is also what Node
 * loads into its thread for the hooks of ES modules, so it needs nothing but Node's own modules.
 */
import { existsSync, readFileSync } from "node:fs";
import Module, { createRequire, register } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Absolute path of the package that transpiles, and how it is called. */
export interface Transpiler {
  readonly kind: "esbuild" | "typescript";
  readonly path: string;
  readonly version: string;
  /** Of tsconfig.json, what says how code is made; TypeScript's own names and values. */
  readonly compilerOptions: Readonly<Record<string, unknown>>;
}

interface Esbuild {
  transformSync(code: string, options: object): { readonly code: string };
}
interface Diagnostic {
  readonly messageText: unknown;
  readonly start?: number;
  readonly file?: { getLineAndCharacterOfPosition(at: number): { readonly line: number; readonly character: number } };
}
interface TypeScript {
  readonly ModuleKind: Readonly<Record<string, number>>;
  readonly ScriptTarget: Readonly<Record<string, number>>;
  readonly sys: object;
  transpileModule(
    code: string,
    options: object,
  ): { readonly outputText: string; readonly diagnostics?: readonly Diagnostic[] };
  flattenDiagnosticMessageText(text: unknown, newLine: string): string;
  findConfigFile(folder: string, exists: (path: string) => boolean): string | undefined;
  readConfigFile(file: string, read: (path: string) => string | undefined): { readonly config?: unknown };
  parseJsonConfigFileContent(config: unknown, host: object, folder: string): { readonly options: object };
}

/** Options that say where and whether to write, or how to check: nothing that loading knows. */
const notForLoading =
  /^(out|outDir|outFile|rootDirs?|declaration.*|composite|incremental|tsBuildInfoFile|noEmit.*|sourceMap|inlineS.*|mapRoot|sourceRoot|module|moduleResolution|moduleDetection|target|lib|types|typeRoots|paths|baseUrl|isolated.*|emitDeclarationOnly|configFilePath|customConditions|allowImportingTsExtensions|rewriteRelativeImportExtensions|resolve.*|no[A-Z].*|strict.*|skip.*|plugins|erasableSyntaxOnly)$/;

function emitOptions(typescript: TypeScript, folder: string): Readonly<Record<string, unknown>> {
  const file = typescript.findConfigFile(folder, existsSync);
  if (file === undefined) return {};
  const { config } = typescript.readConfigFile(file, (path) => readFileSync(path, "utf8"));
  const host = { ...typescript.sys, readDirectory: () => [] };
  const { options } = typescript.parseJsonConfigFileContent(config ?? {}, host, dirname(file));
  return Object.fromEntries(Object.entries(options).filter(([name]) => !notForLoading.test(name)));
}

const resolved = (from: string, name: string): string | null => {
  try {
    return createRequire(from).resolve(name);
  } catch {
    return null;
  }
};

const versionOf = (loaded: unknown): string => String((loaded as { readonly version?: unknown }).version);

function typescriptAt(path: string, folder: string): Transpiler | null {
  const typescript = createRequire(path)(path) as Partial<TypeScript>;
  // The next major version has no such function.
  if (typeof typescript.transpileModule !== "function") return null;
  return {
    kind: "typescript",
    path,
    version: versionOf(typescript),
    compilerOptions: emitOptions(typescript as TypeScript, folder),
  };
}

/**
 * What transpiles: esbuild (it is fastest) or TypeScript, as the first of these files that has one of them finds it;
 * last the old TypeScript that comes with Pulumi's SDK. Null when there is none.
 */
export function findTranspiler(folder: string, from: readonly string[]): Transpiler | null {
  for (const file of from) {
    const esbuild = resolved(file, "esbuild");
    if (esbuild !== null)
      return {
        kind: "esbuild",
        path: esbuild,
        version: versionOf(createRequire(esbuild)(esbuild)),
        compilerOptions: {},
      };
    const path = resolved(file, "typescript");
    const found = path === null ? null : typescriptAt(path, folder);
    if (found !== null) return found;
  }
  for (const file of from) {
    const sdk = resolved(file, "@pulumi/pulumi/package.json");
    const path = sdk === null ? "" : join(dirname(sdk), "vendor", "typescript@3.8.3", "typescript.js");
    if (existsSync(path)) return typescriptAt(path, folder);
  }
  return null;
}

/** JavaScript of the wanted kind, with its source map inside. @throws Error that names the place of a mistake */
export function transpile(transpiler: Transpiler, code: string, file: string, kind: "module" | "commonjs"): string {
  const loaded: unknown = createRequire(transpiler.path)(transpiler.path);
  if (transpiler.kind === "esbuild")
    return (loaded as Esbuild).transformSync(code, {
      loader: "ts",
      format: kind === "module" ? "esm" : "cjs",
      platform: "node",
      target: "node20",
      sourcefile: file,
      sourcemap: "inline",
    }).code;
  const typescript = loaded as TypeScript;
  const { outputText, diagnostics = [] } = typescript.transpileModule(code, {
    fileName: file,
    reportDiagnostics: true,
    compilerOptions: {
      ...transpiler.compilerOptions,
      ...(kind === "module" ? {} : { verbatimModuleSyntax: undefined, preserveValueImports: undefined }),
      module: kind === "module" ? typescript.ModuleKind.ESNext : typescript.ModuleKind.CommonJS,
      target: typescript.ScriptTarget.ES2022 ?? typescript.ScriptTarget.ES2020,
      esModuleInterop: true,
      inlineSourceMap: true,
      inlineSources: true,
    },
  });
  const [first] = diagnostics;
  if (first === undefined) return outputText;
  const place = first.file?.getLineAndCharacterOfPosition(first.start ?? 0);
  throw new SyntaxError(
    `${file}${place === undefined ? "" : `:${place.line + 1}:${place.character + 1}`}: ` +
      typescript.flattenDiagnosticMessageText(first.messageText, "\n"),
  );
}

/** `./extra.js` names extra.ts, as TypeScript's own resolution has it; null when the name is none of that kind. */
const typescriptNameOf = (specifier: string): string | null =>
  /^\.{1,2}\//.test(specifier) && /\.[cm]?js$/.test(specifier) ? specifier.replace(/js$/, "ts") : null;

const isTypeScript = (name: string): boolean => /\.[cm]?ts$/.test(name);

type Compilable = NodeJS.Module & { _compile(code: string, file: string): void };
type Resolve = (request: string, parent: { readonly filename?: string } | undefined, ...more: unknown[]) => string;

/** `require` of TypeScript. */
export function hookRequire(transpiled: (code: string, file: string) => string): void {
  const load = (module: NodeJS.Module, file: string): void =>
    (module as Compilable)._compile(transpiled(readFileSync(file, "utf8"), file), file);
  require.extensions[".ts"] = load;
  require.extensions[".cts"] = load;
  const internals = Module as unknown as { _resolveFilename: Resolve };
  const resolveFilename = internals._resolveFilename;
  internals._resolveFilename = function (this: unknown, request, parent, ...more) {
    try {
      return resolveFilename.call(this, request, parent, ...more);
    } catch (error) {
      const other = isTypeScript(parent?.filename ?? "") ? typescriptNameOf(request) : null;
      if (other === null) throw error;
      try {
        return resolveFilename.call(this, other, parent, ...more);
      } catch {
        throw error;
      }
    }
  };
}

/** `import` of TypeScript: Node takes the hooks below into a thread of their own. */
export function hookImport(transpiler: Transpiler): void {
  // Run from its source (tests), this file is TypeScript itself, which the thread could not load.
  const url = isTypeScript(__filename)
    ? `data:text/javascript,${encodeURIComponent(transpile(transpiler, readFileSync(__filename, "utf8"), __filename, "module"))}`
    : pathToFileURL(__filename).href;
  register(url, pathToFileURL(__filename), { data: transpiler });
}

// ---------------------------------------------------------------------------------------- hooks, in Node's own thread

let chosen: Transpiler | null = null;

export function initialize(transpiler: Transpiler): void {
  chosen = transpiler;
}

type Next<Context, Result> = (subject: string, context: Context) => Promise<Result>;

export async function resolve<Context, Result>(
  specifier: string,
  context: Context,
  next: Next<Context, Result>,
): Promise<Result> {
  try {
    return await next(specifier, context);
  } catch (error) {
    const other = typescriptNameOf(specifier);
    if (other === null || (error as { code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw error;
    return await next(other, context).catch(() => Promise.reject(error));
  }
}

interface Loaded {
  readonly format: string;
  readonly source?: unknown;
  readonly shortCircuit?: boolean;
}

/** As `isModule` of project.ts, which is not at hand in this thread. */
function kindOf(file: string): "module" | "commonjs" {
  const ending = extname(file);
  if (ending !== ".ts") return ending === ".mts" ? "module" : "commonjs";
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest))
      return (JSON.parse(readFileSync(manifest, "utf8")) as { type?: unknown }).type === "module"
        ? "module"
        : "commonjs";
    if (dirname(folder) === folder) return "commonjs";
  }
}

export async function load<Context>(url: string, context: Context, next: Next<Context, Loaded>): Promise<Loaded> {
  if (chosen === null || !url.startsWith("file:") || !isTypeScript(new URL(url).pathname)) return next(url, context);
  const file = fileURLToPath(url);
  const format = kindOf(file);
  const source = transpile(chosen, readFileSync(file, "utf8"), file, format);
  return { format, source, shortCircuit: true };
}
