/**
 * Copies of @pulumi/pulumi. The program runs in this process and speaks with the engine through one connection, whose
 * messages are objects of one copy's classes: those of another are refused with words that nobody can read.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import { DriverError } from "../../../errors";
import type { Project } from "./project";

export interface SdkCopy {
  /** Folder of the package, links resolved. */
  readonly path: string;
  /** Whose it is, for people. */
  readonly of: string;
}

const sdk = "@pulumi/pulumi";
const thisPackage = "eks-blue-green";

function folderOf(name: string, from: string): string | null {
  try {
    return dirname(createRequire(from).resolve(`${name}/package.json`));
  } catch {
    return null;
  }
}

/** What the program gets, and what this package gets as the program finds it. */
export function installedCopies(project: Pick<Project, "main">): readonly SdkCopy[] {
  const from = join(project.main, "package.json");
  const theirs = folderOf(sdk, from);
  const library = folderOf(thisPackage, from);
  const ours = library === null ? null : folderOf(sdk, join(library, "package.json"));
  return [
    ...(theirs === null ? [] : [{ path: theirs, of: "the program's" }]),
    ...(ours === null ? [] : [{ path: ours, of: `${thisPackage}'s` }]),
  ];
}

const entry = `${sep}${sdk.replace("/", sep)}${sep}index.js`;

/** Folders of the copies that this process has loaded. */
export const loadedCopies = (): readonly string[] =>
  Object.keys(require.cache)
    .filter((file) => file.endsWith(entry))
    .map((file) => dirname(file));

function versionOf(folder: string): string {
  try {
    return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string }).version;
  } catch {
    return "of an unknown version";
  }
}

/** @throws EBG-CONFIG when there is more than one */
export function assertOneCopy(copies: readonly SdkCopy[]): void {
  const different = copies.filter(({ path }, index) => copies.findIndex((other) => other.path === path) === index);
  if (different.length < 2) return;
  throw new DriverError(
    "EBG-CONFIG",
    `there are ${different.length} copies of ${sdk}, and the engine can speak with one only: ` +
      different.map(({ path, of }) => `${versionOf(path)} in ${path} (${of})`).join(", "),
    `npm dedupe; when two are left, write "overrides": {"${sdk}": "$${sdk}"} into package.json (pnpm: pnpm.overrides) ` +
      `and install again. npm ls ${sdk} shows who wants which`,
  );
}
