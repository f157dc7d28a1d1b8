/** Plain values, unknown ones, and how two sets of inputs differ. */
import { createHash } from "node:crypto";

export type Value = string | number | boolean | null | readonly Value[] | Props;
/**
 * Objects of the wire: their shapes are decided by the engine, an API server or AWS, and looked at where they are used.
 */
export interface Props {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- protobuf Structs have no types
  readonly [key: string]: any;
}
/** One value of such an object. */
export type Dynamic = Props[string];

/** Stands for a value that is only known during the update (the engine's own sentinel). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const outputSignature = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const resourceSignature = "5cf8f73096256a8f31e491e813e4eb8e";

export interface Failure {
  readonly property: string;
  readonly reason: string;
}
export interface Check {
  readonly inputs: Props;
  readonly failures: readonly Failure[];
}

export type DiffKind = "add" | "update" | "delete";
export interface PropertyChange {
  readonly path: string;
  readonly kind: DiffKind;
  readonly replaces: boolean;
}
export interface Diff {
  readonly changes: readonly PropertyChange[];
  readonly deleteBeforeReplace: boolean;
}

export function isObject(value: unknown): value is Record<string, Dynamic> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Takes the engine's wrappings off: secrets and outputs become their value, a resource reference its id. Nulls in
 * objects go.
 */
export function plain(value: unknown): Dynamic {
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  switch (value[signatureKey]) {
    case secretSignature:
      return plain(value["value"]);
    case outputSignature:
      return "value" in value ? plain(value["value"]) : UNKNOWN;
    case resourceSignature:
      return value["id"] === undefined || value["id"] === "" ? value["urn"] : plain(value["id"]);
    default: {
      const result: Record<string, unknown> = {};
      for (const [key, item] of Object.entries(value))
        if (item !== null && item !== undefined) result[key] = plain(item);
      return result;
    }
  }
}

export function hasUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  return isObject(value) && Object.values(value).some(hasUnknown);
}

export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => equal(item, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => equal(a[key], b[key]));
}

function child(path: string, key: string): string {
  if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `${path}["${key.replaceAll('"', '\\"')}"]`;
  return path === "" ? key : `${path}.${key}`;
}

/**
 * All paths at which the new inputs differ from the old ones; an unknown value counts as a change.
 * @param replaces says of a path whether a change there needs another object.
 */
export function differences(
  olds: unknown,
  news: unknown,
  replaces: (path: string) => boolean,
  path = "",
): PropertyChange[] {
  if (equal(olds, news) && !hasUnknown(news)) return [];
  if (isObject(olds) && isObject(news)) {
    const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])].sort();
    return keys.flatMap((key) => differences(olds[key], news[key], replaces, child(path, key)));
  }
  if (Array.isArray(olds) && Array.isArray(news)) {
    const length = Math.max(olds.length, news.length);
    return Array.from({ length }, (_, index) => index).flatMap((index) =>
      differences(olds[index], news[index], replaces, `${path}[${index}]`),
    );
  }
  const kind: DiffKind = olds === undefined ? "add" : news === undefined ? "delete" : "update";
  return [{ path, kind, replaces: replaces(path) }];
}

/** True when `path` is one of the properties or lies below one. */
export function under(properties: readonly string[]): (path: string) => boolean {
  return (path) =>
    properties.some(
      (property) => path === property || path.startsWith(`${property}.`) || path.startsWith(`${property}[`),
    );
}

/**
 * As the official providers name things: the resource's name, a dash, and seven (aws) or eight (kubernetes) hex digits
 * drawn from the seed.
 */
export function autoName(name: string, seed: Uint8Array, urn: string, digits = 7): string {
  // Without a seed (older engines) the URN decides: still the same in preview and update.
  const hash = createHash("sha256")
    .update(seed.length > 0 ? seed : Buffer.from(urn))
    .digest("hex");
  return `${name}-${hash.slice(0, digits)}`;
}

/** Nested objects are merged, everything else is replaced by what comes second. */
export function merge(under_: Props, over: Props): Props {
  const result: Record<string, unknown> = { ...under_ };
  for (const [key, value] of Object.entries(over)) {
    const before = result[key];
    result[key] = isObject(before) && isObject(value) ? merge(before, value) : value;
  }
  return result;
}
