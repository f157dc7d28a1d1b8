/** Paths of the config: they begin at the project's folder, but the engine's plugins run in the program's. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { projectFolderVariable, projectPathVariable, wayFrom } from "./project-way";

const isRelative = (path: string): boolean => path === "." || path === ".." || /^\.\.?[/\\]/.test(path);

/** The nearest folder above with a Pulumi.yaml; null: none. */
function projectAbove(folder: string): string | null {
  if (["Pulumi.yaml", "Pulumi.yml"].some((name) => existsSync(join(folder, name)))) return folder;
  const above = dirname(folder);
  return above === folder ? null : projectAbove(above);
}

/** In a plain update, which runs in the program's folder. null: nobody knows. */
function projectOfUpdate(): string | null {
  // Older language hosts don't name the project's folder.
  const named = pulumi.getRootDirectory();
  return named !== "" && existsSync(named) ? named : projectAbove(process.cwd());
}

/** The project's folder on this machine: never an input of a resource. */
export const projectFolder = (): string => process.env[projectFolderVariable] ?? projectOfUpdate() ?? process.cwd();

/** From the folder in which the program runs to the project's: empty when they are one. */
function wayToProject(): string {
  const told = process.env[projectPathVariable];
  if (told !== undefined) return told;
  const project = projectOfUpdate();
  return project === null ? "" : wayFrom(process.cwd(), project);
}

/** A relative path (`./…`, `../…`) of the config as the engine's plugins see it; anything else stays as it is. */
export function fromProgram(path: string, told?: string): string {
  if (!isRelative(path)) return path;
  const way = told ?? wayToProject();
  if (way === "") return path;
  const joined = join(way, path).replace(/\\/g, "/");
  return isRelative(joined) ? joined : `./${joined}`;
}
