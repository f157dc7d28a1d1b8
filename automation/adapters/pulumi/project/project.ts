/** The project: its Pulumi.yaml, and the file that plain `pulumi` would run. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { parse } from "yaml";
import { DriverError } from "../../../errors";

export interface Project {
  readonly name: string;
  readonly directory: string;
  /** Absolute path of the program's file or folder. */
  readonly main: string;
}

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile();
const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/** @throws EBG-NO-PROJECT */
export function readProject(directory: string): Project {
  const file = ["Pulumi.yaml", "Pulumi.yml"].map((name) => join(directory, name)).find((path) => existsSync(path));
  if (file === undefined)
    throw new DriverError(
      "EBG-NO-PROJECT",
      `there is no Pulumi.yaml in ${directory}`,
      "run the command in the project's folder, or name it with --cwd",
    );
  const settings = readYaml(file) as { name?: unknown; main?: unknown } | null;
  if (typeof settings?.name !== "string")
    throw new DriverError("EBG-NO-PROJECT", `${file} has no project name`, "write `name: …` into it");
  if (settings.main !== undefined && typeof settings.main !== "string")
    throw new DriverError(
      "EBG-NO-PROJECT",
      `${file}: main is no text`,
      "write the program's file or folder, `main: index.ts`, or leave it out",
    );
  return {
    name: settings.name,
    directory,
    main: settings.main === undefined ? withoutMain(directory) : resolve(directory, settings.main),
  };
}

function readYaml(file: string): unknown {
  try {
    return parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new DriverError(
      "EBG-NO-PROJECT",
      `${file} can't be read: ${error instanceof Error ? error.message : String(error)}`,
      "correct it",
      error,
    );
  }
}

interface Manifest {
  readonly type?: unknown;
  readonly main?: unknown;
}

function readManifest(file: string): Manifest {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as Manifest | null) ?? {};
  } catch {
    return {};
  }
}

/** Pulumi.yaml without `main`, as `pulumi new` writes it: what package.json calls main, when it is there. */
function withoutMain(directory: string): string {
  const { main } = readManifest(join(directory, "package.json"));
  const named = typeof main === "string" ? resolve(directory, main) : directory;
  return existsSync(named) ? named : directory;
}

const names = ["index.js", "index.ts", "index.mjs", "index.mts", "index.cjs", "index.cts"];

/** The file itself; of a folder its index, JavaScript first, as plain `pulumi` does. @throws EBG-NO-PROJECT */
export function programFile({ main }: Pick<Project, "main">): string {
  const candidates = isFolder(main) ? names.map((name) => join(main, name)) : [main, `${main}.ts`, `${main}.js`];
  const found = candidates.find(isFile);
  if (found === undefined)
    throw new DriverError(
      "EBG-NO-PROJECT",
      isFolder(main)
        ? `${main} holds no program: none of ${names.join(", ")}`
        : `the program that Pulumi.yaml's main names is missing: ${main}`,
      "name the program's file in Pulumi.yaml: `main: index.ts`",
    );
  return found;
}

/** Whether Node takes the file for an ES module: by its name, else by the nearest package.json's `type`. */
export function isModule(file: string): boolean {
  const kind = extname(file);
  if (kind.startsWith(".m")) return true;
  if (kind.startsWith(".c")) return false;
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (isFile(manifest)) return readManifest(manifest).type === "module";
    if (dirname(folder) === folder) return false;
  }
}
