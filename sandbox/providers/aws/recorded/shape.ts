/**
 * What the SDK of the official provider says of a resource type: the stand-in has no schema of the 1,600 types that it
 * does not play, but each is a class of `@pulumi/aws`, whose source and declaration name inputs and outputs.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export type PropertyKind = "text" | "number" | "boolean" | "list" | "object";
export interface Property {
  readonly kind: PropertyKind;
  /** AWS or the provider always tells it, also when the program says nothing. */
  readonly always: boolean;
  /** The SDK's documentation says that another value needs another resource. */
  readonly replaces: boolean;
}
export interface Shape {
  /** Properties that a program may set. */
  readonly inputs: ReadonlySet<string>;
  readonly properties: Readonly<Record<string, Property>>;
}

const sdkFolder = (): string => dirname(createRequire(__filename).resolve("@pulumi/aws/package.json"));

/** `aws:sqs/queue:Queue` is the class in `sqs/queue.js`. */
const token = /^aws:([a-z0-9]+\/[A-Za-z0-9]+):([A-Za-z0-9]+)$/;

const known = new Map<string, Shape | null>();

/** null: this version of the provider has no such type. */
export function shapeOf(type: string, folder = sdkFolder()): Shape | null {
  const key = `${folder} ${type}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const shape = readShape(type, folder);
  known.set(key, shape);
  return shape;
}

function readShape(type: string, folder: string): Shape | null {
  const [, module = "", className = ""] = token.exec(type) ?? [];
  if (module === "") return null;
  try {
    const source = readFileSync(join(folder, `${module}.js`), "utf8");
    // An alias of a type that was renamed has the new one's token, and a function has none.
    if (!source.includes(`__pulumiType = '${type}'`)) return null;
    const declaration = readFileSync(join(folder, `${module}.d.ts`), "utf8");
    return { inputs: new Set(inputsIn(source)), properties: propertiesIn(declaration, className) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** The constructor sets what the program gives, plain or as a secret, and clears what only the provider tells. */
const inputsIn = (source: string): string[] =>
  [...source.matchAll(/resourceInputs\["(\w+)"\] = [^;]*\bargs\?\./g)].map(([, name = ""]) => name);

function propertiesIn(declaration: string, className: string): Record<string, Property> {
  const body = declaration.slice(
    declaration.indexOf(`export declare class ${className} `),
    declaration.indexOf("\n    constructor("),
  );
  const found = body.matchAll(/(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)?\s*readonly (\w+): pulumi\.Output<([\s\S]*?)>;\n/g);
  return Object.fromEntries(
    [...found].map(([, comment = "", name = "", text = ""]) => [
      name,
      { kind: kindOf(text), always: !/\|\s*undefined\s*$/.test(text), replaces: forcesNew.test(comment) },
    ]),
  );
}

const forcesNew = /\bforces?\b[^.]*\b(new|replacement|re-?creat)/i;

function kindOf(text: string): PropertyKind {
  const plain = text.replace(/\|\s*undefined\s*$/, "").trim();
  if (plain.endsWith("[]")) return "list";
  if (plain.startsWith("number")) return "number";
  if (plain.startsWith("boolean")) return "boolean";
  // Enumerations and ARNs are text; what is left are the SDK's types of nested objects, and maps.
  return plain.startsWith("{") || plain.startsWith("outputs.") ? "object" : "text";
}
