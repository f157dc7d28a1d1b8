/**
 * Whether a value fits a type of Kubernetes' API, by the models of the official client
 * (`@kubernetes/client-node` 1.4, generated from Kubernetes 1.34's OpenAPI description).
 */
import { isObject } from "../../../components/internal/plain-object";
import type { Place } from "../declare/place";

interface Field {
  /** As it stands in an object of the API. */
  readonly baseName: string;
  /** `string`, `Array<V1EnvVar>`, `{ [key: string]: string; }` … */
  readonly type: string;
}

const known = new Map<string, readonly Field[] | null>();

/** null: no model has this name. A file each, so that a config without such values loads nothing. */
function fieldsOf(model: string): readonly Field[] | null {
  let fields = known.get(model);
  if (fields === undefined) {
    fields = /^\w+$/.test(model) ? load(model) : null;
    known.set(model, fields);
  }
  return fields;
}

function load(model: string): readonly Field[] | null {
  try {
    const file = require(`@kubernetes/client-node/dist/gen/models/${model}.js`) as Readonly<
      Record<string, { getAttributeTypeMap(): readonly Field[] }>
    >;
    return file[model]?.getAttributeTypeMap() ?? null;
  } catch (error) {
    if ((error as { code?: string }).code === "MODULE_NOT_FOUND") return null;
    throw error;
  }
}

/** Amounts may be numbers in YAML (`cpu: 2`); Kubernetes takes both. */
function checkMap(value: unknown, item: string, place: Place): void {
  if (!isObject(value)) return void place.refuse(value, "must be an object", "Write `key: value` pairs");
  for (const [key, one] of Object.entries(value)) {
    if (key.startsWith("$"))
      place.add(key, one, "is a directive of a patch, and none is taken here", "Remove it; null takes a value away");
    const amount = typeof one === "number" && (place.path.endsWith("requests") || place.path.endsWith("limits"));
    if (one !== null && !amount) checkFields(one, item, place.inner(key));
  }
}

function checkList(value: unknown, item: string, place: Place): void {
  if (!Array.isArray(value)) return void place.refuse(value, "must be a list", "Write a list: one `- …` per entry");
  value.forEach((one: unknown, index) => checkFields(one, item, place.inner(`[${index}]`)));
}

function checkPlain(value: unknown, type: string, place: Place): void {
  const fits =
    type === "IntOrString"
      ? typeof value === "string" || Number.isInteger(value)
      : type === "number"
        ? typeof value === "number"
        : type === "boolean"
          ? typeof value === "boolean"
          : typeof value === "string";
  const words: Readonly<Record<string, string>> = {
    IntOrString: "a whole number or a text",
    number: "a number, without quotes",
    boolean: "true or false, without quotes",
  };
  const word = words[type] ?? "a text";
  if (!fits)
    place.refuse(
      value,
      `must be ${word}`,
      word === "a text" ? "Put it in quotes" : `Write ${word.replace(/^an? /, "a ")}`,
    );
}

const plain = new Set(["string", "number", "boolean", "IntOrString", "Date"]);

/** Adds every problem: keys that the type has not, and values of another kind. null stands for a value taken away. */
export function checkFields(value: unknown, type: string, place: Place): void {
  const list = /^Array<(.+)>$/.exec(type)?.[1];
  if (list !== undefined) return checkList(value, list, place);
  const map = /^\{ \[key: string\]: (.+?);? \}$/.exec(type)?.[1];
  if (map !== undefined) return checkMap(value, map.replace(/;$/, ""), place);
  if (plain.has(type)) return checkPlain(value, type, place);
  const fields = fieldsOf(type);
  // `any`: Kubernetes itself does not say.
  if (fields === null) return;
  if (!isObject(value)) return void place.refuse(value, "must be an object", "Write `key: value` pairs");
  for (const [key, one] of Object.entries(value)) {
    const field = fields.find(({ baseName }) => baseName === key);
    if (field === undefined)
      place.add(
        key,
        one,
        `is not a field of Kubernetes' ${type.replace(/^(Core)?V1/, "")}`,
        `Remove it, or use one of: ${fields.map(({ baseName }) => baseName).join(", ")}`,
      );
    else if (one !== null) checkFields(one, field.type, place.inner(key));
  }
}

/** Of a JSON schema for editors: deep as the API is, it names the first level alone. */
export const fieldNames = (model: string): readonly string[] => (fieldsOf(model) ?? []).map(({ baseName }) => baseName);
