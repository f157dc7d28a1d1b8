/** Keys that stand together: an object of the config, a list of such objects, or one for each member. */
import { isObject } from "../../../components/internal/plain-object";
import type { Form, JsonSchema } from "./form";
import type { Key, Keys, ValueOf } from "./key";
import type { Place } from "./place";

/** What must hold between keys of a group. It runs after all of them were read, also when some of them are wrong. */
export type Rule<T> = (value: T, place: Place, given: (key: string) => boolean) => void;

export interface Group<T> extends Form<T> {
  readonly keys: Keys;
}

export interface GroupList<T> extends Form<readonly T[]> {
  readonly item: Group<T>;
}

export interface GroupPerMember<T> extends Form<Readonly<Record<string, T>>> {
  readonly perMember: Group<T>;
}

function readKey<T>(key: Key<T>, raw: unknown, siblings: object, place: Place): T | null | undefined {
  const { absent, form } = key;
  if (raw === undefined || raw === null) {
    const value = absentValue(key, siblings, place);
    if (value !== undefined || absent.kind === "left out") return value;
    return form.read(absent.kind === "filled" ? {} : undefined, place) ?? form.empty;
  }
  const value = form.read(raw, place);
  if (value !== undefined || absent.kind === "left out") return value;
  const otherwise = absentValue(key, siblings, place);
  return otherwise === undefined ? form.empty : otherwise;
}

function absentValue<T>({ absent }: Key<T>, siblings: object, { earlier }: Place): T | null | undefined {
  if (absent.kind === "value") return absent.value;
  if (absent.kind === "derived") return absent.value.of(siblings as never, earlier);
  return absent.kind === "null" ? null : undefined;
}

/** Reads the values of `keys` out of an object, in the order of their declaration, into `into`. */
export function readKeys<F extends Keys>(
  keys: F,
  object: Readonly<Record<string, unknown>>,
  place: Place,
  into: object = {},
): ValueOf<F> {
  const values = into as Record<string, unknown>;
  for (const [name, key] of Object.entries(keys)) {
    const value = readKey(key, object[name], values, place.inner(name));
    if (value !== undefined) values[name] = value;
  }
  return values as ValueOf<F>;
}

/** Names every key that is given and not declared. `source` stands behind the rule. */
export function refuseUnknown(
  keys: object,
  object: Readonly<Record<string, unknown>>,
  place: Place,
  source = "",
): void {
  for (const [name, value] of Object.entries(object)) {
    if (Object.hasOwn(keys, name)) continue;
    place.add(
      name,
      value,
      `is not a known key${source}`,
      `Remove it, or use one of: ${Object.keys(keys).sort().join(", ")}`,
    );
  }
}

export const schemaOfKeys = (keys: Keys): JsonSchema => ({
  type: "object",
  properties: Object.fromEntries(
    Object.entries(keys).map(([name, { doc, form, absent }]) => [
      name,
      { description: doc, ...form.schema, ...(absent.kind === "value" ? { default: absent.value } : {}) },
    ]),
  ),
  required: Object.entries(keys)
    .filter(([, { absent }]) => absent.kind === "required")
    .map(([name]) => name),
  additionalProperties: false,
});

export function group<F extends Keys>(keys: F, rules: readonly Rule<ValueOf<F>>[] = []): Group<ValueOf<F>> {
  const read = (value: unknown, place: Place): ValueOf<F> => {
    if (!isObject(value)) place.refuse(value, "must be an object", "Write `key: value` pairs");
    const object = isObject(value) ? value : {};
    const values = readKeys(keys, object, place);
    for (const rule of rules) rule(values, place, (key) => object[key] !== undefined && object[key] !== null);
    refuseUnknown(keys, object, place);
    return values;
  };
  return {
    keys,
    read,
    empty: {} as ValueOf<F>,
    type: "group",
    range: "",
    schema: schemaOfKeys(keys),
    structured: true,
  };
}

/** A list of groups, each of which has a `name`, by which it is known when the list is compared with the deployed one. */
export function groupList<T extends { readonly name: string }>(
  item: Group<T>,
  options: { readonly what: string; readonly remedy: string; readonly rules?: readonly Rule<readonly T[]>[] },
): GroupList<T> {
  return {
    item,
    read: (value, place) => {
      if (!Array.isArray(value) || value.length === 0)
        return place.refuse(value, `must be a list of at least one ${options.what}`, options.remedy);
      const values = value.map((one: unknown, index) => item.read(one, place.inner(`[${index}]`)) as T);
      for (const rule of options.rules ?? []) rule(values, place, () => true);
      return values;
    },
    empty: [],
    type: `list of ${options.what}s`,
    range: "at least 1",
    schema: { type: "array", items: item.schema, minItems: 1 },
    structured: true,
  };
}

/** A group for each of some members, under the member's name. */
export function groupPerMember<T>(
  perMember: Group<T>,
  rules: readonly Rule<Readonly<Record<string, T>>>[],
): GroupPerMember<T> {
  return {
    perMember,
    read: (value, place) => {
      if (!isObject(value)) return place.refuse(value, "must be an object", "Write `key: value` pairs");
      const members = Object.fromEntries((place.earlier.members ?? []).map((member) => [member, null]));
      const values = Object.fromEntries(
        Object.keys(members)
          .filter((member) => value[member] !== undefined && value[member] !== null)
          .map((member) => [member, perMember.read(value[member], place.inner(member)) as T]),
      );
      for (const rule of rules) rule(values, place, () => true);
      refuseUnknown(members, value, place);
      return Object.keys(values).length === 0 ? undefined : values;
    },
    empty: {},
    type: "group per member",
    range: "names of members",
    schema: { type: "object", additionalProperties: perMember.schema },
    structured: true,
  };
}
