/**
 * In a sandbox the engine works on a copy of the stacks' settings: it writes the secrets provider of its backend into
 * them, and the sandbox's is none that the real environment could use. The program stays where it is.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join, relative, resolve } from "node:path";
import { type Document, isMap, isSeq, parseDocument, visit } from "yaml";
import { DriverError } from "../../../errors";
import { programFile, readProject, type Project } from "./project";

/** What names and opens a backend's secrets; each backend has its own. */
const secretsProvider = ["secretsprovider", "encryptedkey", "encryptionsalt"];
/** What stands for a value that only the real environment can decrypt. */
const standIn = "not-known-in-a-sandbox";

/**
 * A stack's settings without its backend's secrets, for another folder than the project's. `kept`: settings whose own
 * provider they get.
 */
export function settingsForSandbox(text: string, kept: string | null, projectDirectory: string): string {
  const settings = parseDocument(text);
  const own = kept === null ? null : parseDocument(kept);
  for (const key of secretsProvider) {
    settings.delete(key);
    const value: unknown = own?.get(key);
    if (value !== undefined) settings.set(key, value);
  }
  const config: unknown = settings.get("config");
  if (isMap(config)) {
    // Keys of the account are the sandbox's own, from its variables.
    for (const { key, value } of [...config.items])
      if (/^aws:/.test(String(key)) && isMap(value) && value.has("secure")) config.delete(key);
    visit(config, { Map: (_, map) => (map.has("secure") ? settings.createNode(standIn) : undefined) });
  }
  const chart: unknown = settings.getIn(chartPath);
  if (typeof chart === "string" && /^\.\.?(\/|$)/.test(chart))
    settings.setIn(chartPath, resolve(projectDirectory, chart));
  for (const path of filePaths(settings)) {
    const file: unknown = settings.getIn(path);
    if (typeof file === "string") settings.setIn(path, resolve(projectDirectory, file));
  }
  return settings.toString({ lineWidth: 0 });
}

/** Values that may be paths: only one that begins like a path is one. */
const chartPath = ["config", "eks-blue-green:controller", "chart"];

/** Values that are paths: a relative one begins at the project's folder. */
function filePaths(settings: Document): (string | number)[][] {
  const services: unknown = settings.getIn(servicesPath);
  return (isSeq(services) ? services.items : []).flatMap((_, index) => {
    const chart = [...servicesPath, index, "chart"];
    const values: unknown = settings.getIn([...chart, "valuesFiles"]);
    return [
      [...servicesPath, index, "manifests", "path"],
      [...chart, "path"],
      ...(isSeq(values) ? values.items : []).map((_value, at) => [...chart, "valuesFiles", at]),
    ];
  });
}
const servicesPath = ["config", "eks-blue-green:services"];

const isStackSettings = (name: string): boolean => /^Pulumi\..+\.ya?ml$/.test(name);

function write(file: string, text: string): void {
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeFileSync(file, text, { mode: 0o600 });
}

/** A program that is missing is told by whoever loads it. */
function mainOf(project: Project): string {
  try {
    return programFile(project);
  } catch {
    return project.main;
  }
}

/** Pulumi.yaml with the program's absolute path. */
export function projectFileFor(text: string, project: Project): string {
  const document = parseDocument(text);
  document.set("main", mainOf(project));
  return document.toString({ lineWidth: 0 });
}

/** Each project has a folder of its own; the second of a name gets a longer one. */
function folderFor(sandboxDir: string, project: Project): string {
  const plain = join(sandboxDir, "projects", project.name.replaceAll(/[^\w.-]/g, "_"));
  const source = join(plain, ".source");
  if (!existsSync(source) || readFileSync(source, "utf8") === project.directory) return plain;
  return `${plain}-${createHash("sha256").update(project.directory).digest("hex").slice(0, 8)}`;
}

/**
 * The folder in which the engine works: the project's own when it is the sandbox's already, else its copy, brought up
 * to date. @throws EBG-NO-PROJECT
 */
export function workDirectoryIn(sandboxDir: string, projectDirectory: string): string {
  const project = readProject(projectDirectory);
  if (!relative(realpathSync(sandboxDir), realpathSync(projectDirectory)).startsWith("..")) return projectDirectory;
  const into = folderFor(sandboxDir, project);
  try {
    mkdirSync(into, { recursive: true, mode: 0o700 });
    write(join(into, ".source"), projectDirectory);
    const file = existsSync(join(projectDirectory, "Pulumi.yaml")) ? "Pulumi.yaml" : "Pulumi.yml";
    write(join(into, "Pulumi.yaml"), projectFileFor(readFileSync(join(projectDirectory, file), "utf8"), project));
    for (const name of readdirSync(projectDirectory).filter(isStackSettings)) {
      const copy = join(into, name);
      const kept = existsSync(copy) ? readFileSync(copy, "utf8") : null;
      write(copy, settingsForSandbox(readFileSync(join(projectDirectory, name), "utf8"), kept, projectDirectory));
    }
  } catch (error) {
    if (error instanceof DriverError) throw error;
    throw new DriverError(
      "EBG-NO-PROJECT",
      `the settings in ${projectDirectory} can't be copied to ${into}: ${error instanceof Error ? error.message : String(error)}`,
      "correct the file that the message names",
      error,
    );
  }
  return into;
}
