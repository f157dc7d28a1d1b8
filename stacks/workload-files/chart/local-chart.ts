/** A chart of Helm on this machine: a folder, or the `.tgz` of one, with the charts that it brings along. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isObject } from "../../../components/internal/plain-object";
import { because } from "../files-read";
import { valueOf } from "../kubernetes-yaml";
import { filesOfArchive } from "./tar";

/** Contents by path in the chart. */
type Files = ReadonlyMap<string, Buffer>;

export interface LocalChart {
  readonly name: string;
  /** Nothing can be rendered of a `library`. */
  readonly type: string;
  /** Names of the charts that it says to depend on. */
  readonly needs: readonly string[];
  /** Those that are in its `charts/`. */
  readonly brings: readonly LocalChart[];
  /** Templates, and its values: `tpl` takes those for templates too. */
  readonly texts: readonly string[];
  /** Of `values.schema.json`; null: it has none. */
  readonly schema: string | null;
}

/** What Helm does not read is not read here: hidden files and folders. */
function filesBelow(folder: string): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const name of readdirSync(folder).filter((one) => !one.startsWith("."))) {
    const inner = join(folder, name);
    const found = statSync(inner);
    if (found.isDirectory()) for (const [below, content] of filesBelow(inner)) files.set(`${name}/${below}`, content);
    else if (found.isFile()) files.set(name, readFileSync(inner));
  }
  return files;
}

/** Files of one folder, named from there on. */
function inFolder(files: Files, folder: string): Map<string, Buffer> {
  const within = [...files].filter(([name]) => name.startsWith(`${folder}/`));
  return new Map(within.map(([name, content]) => [name.slice(folder.length + 1), content]));
}

/** An archive has one folder at its top, of any name. */
function inArchive(archive: Buffer): Files {
  const files = filesOfArchive(archive);
  const top = [...files.keys()].find((name) => /^[^/]+\/Chart\.yaml$/.test(name));
  return top === undefined ? files : inFolder(files, top.slice(0, -"/Chart.yaml".length));
}

function objectIn(files: Files, name: string): Readonly<Record<string, unknown>> | null {
  const content = files.get(name);
  if (content === undefined) return null;
  let value: unknown;
  try {
    value = valueOf(content.toString("utf8"));
  } catch (error) {
    throw new Error(`${name} is no YAML: ${because(error)}`);
  }
  if (!isObject(value)) throw new Error(`${name} has no \`key: value\` pairs`);
  return value;
}

/** Charts of version 1 keep them in a file of their own. */
function needsOf(files: Files, description: Readonly<Record<string, unknown>>): string[] {
  const listed = description["dependencies"] ?? objectIn(files, "requirements.yaml")?.["dependencies"];
  return (Array.isArray(listed) ? listed : []).map((one: unknown) => String(isObject(one) ? one["name"] : one));
}

/** As Helm finds them: archives and folders, but none whose name begins with a dot or an underscore. */
function broughtBy(files: Files): LocalChart[] {
  const inCharts = inFolder(files, "charts");
  const names = [...new Set([...inCharts.keys()].map((name) => name.split("/")[0] ?? ""))];
  return names
    .filter((name) => !/^[._]/.test(name))
    .flatMap((name) => {
      const archive = inCharts.get(name);
      if (archive !== undefined && !name.endsWith(".tgz")) return [];
      return [within(`charts/${name}`, () => chartOf(archive ? inArchive(archive) : inFolder(inCharts, name)))];
    });
}

/** Says of an error where it was. */
function within<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`${place}: ${because(error)}`);
  }
}

function chartOf(files: Files): LocalChart {
  const description = objectIn(files, "Chart.yaml");
  if (description === null) throw new Error("there is no Chart.yaml in it");
  const named = description["name"];
  if (typeof named !== "string") throw new Error("Chart.yaml has no name");
  return {
    name: named,
    type: description["type"] === "library" ? "library" : "application",
    needs: needsOf(files, description),
    brings: broughtBy(files),
    texts: [...files]
      .filter(([file]) => file === "values.yaml" || file.startsWith("templates/"))
      .map(([, content]) => content.toString("utf8")),
    schema: files.get("values.schema.json")?.toString("utf8") ?? null,
  };
}

/** `path`: absolute. @throws Error that says what is wrong with it */
export const readLocalChart = (path: string): LocalChart =>
  chartOf(statSync(path).isDirectory() ? filesBelow(path) : inArchive(readFileSync(path)));

/** A chart and all that it brings along. */
export const withBrought = (chart: LocalChart): readonly LocalChart[] => [
  chart,
  ...chart.brings.flatMap((one) => withBrought(one)),
];
