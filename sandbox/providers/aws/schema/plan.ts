/**
 * What the official provider would change: the program's inputs against what AWS tells (the state), by the schema of
 * the type. Pure.
 */
import {
  differences,
  hasUnknown,
  isObject,
  UNKNOWN,
  type Dynamic,
  type PropertyChange,
  type Props,
} from "../../rpc/values";
import { isZero, type Around, type Attribute, type ResourceFacts } from "./facts";

interface At {
  readonly path: string;
  readonly around: Around;
  readonly replaces: boolean;
  readonly framework: boolean;
}
type Attributes = Readonly<Record<string, Attribute>>;

/** @param told what AWS told when it was last read; without what nobody set. Tags are not looked at. */
export function planned(facts: ResourceFacts, wanted: Props, told: Props): PropertyChange[] {
  const top = lookUp(facts.attributes, wanted, told);
  const { tags: _tags, ...attributes } = facts.attributes;
  const changes = changesBelow(attributes, wanted, told, {
    path: "",
    around: { top, here: top },
    replaces: false,
    framework: facts.framework === true,
  });
  const more = facts.replacedBy?.(wanted, told) ?? [];
  return changes.map((one) => (more.includes(topOf(one.path)) ? { ...one, replaces: true } : one));
}

/** The resource's own attribute that a path leads through. */
export const topOf = (path: string): string => path.split(/[.[]/, 1)[0] ?? path;

/** The inputs with what the provider takes by default, also in blocks that the program wrote. */
export function filled(facts: Pick<ResourceFacts, "attributes">, inputs: Props): Props {
  const top = lookUp(facts.attributes, inputs, {});
  return filledBelow(facts.attributes, inputs, { top, here: top });
}

function filledBelow(attributes: Attributes, inputs: Props, around: Around): Props {
  const result: Record<string, Dynamic> = { ...inputs };
  for (const [name, fact] of Object.entries(attributes)) {
    const below = fact.below;
    const within = (value: Dynamic): Dynamic =>
      below !== undefined && isObject(value)
        ? filledBelow(below, value, { top: around.top, here: lookUp(below, value, {}) })
        : value;
    const value = result[name];
    if (value === undefined && fact.default !== undefined && fact.suppressed?.(around) !== true)
      result[name] = fact.default;
    else if (value !== undefined) result[name] = Array.isArray(value) ? value.map(within) : within(value);
  }
  return result;
}

const lookUp = (attributes: Attributes, wanted: Props, told: Props) => (name: string) =>
  wanted[name] ?? attributes[name]?.default ?? told[name];

function changesBelow(attributes: Attributes, wanted: Props, told: Props, at: At): PropertyChange[] {
  return Object.keys(attributes)
    .sort()
    .flatMap((name) => {
      const fact = attributes[name]!;
      const path = at.path === "" ? name : `${at.path}.${name}`;
      return changesOf(fact, wanted[name], told[name], {
        ...at,
        path,
        replaces: at.replaces || fact.replaces === true,
      });
    });
}

function changesOf(fact: Attribute, program: Dynamic, told: Dynamic, at: At): PropertyChange[] {
  if (fact.presence === "read-only" || fact.suppressed?.(at.around) === true) return [];
  const wanted = program ?? fact.default;
  const none = at.framework ? told === undefined : isZero(told);
  if (wanted === undefined) {
    if (fact.presence === "computed" || none) return [];
    if (fact.mayMiss === true && isObject(told)) return inside(fact, {}, told, at);
    return [{ path: at.path, kind: "delete", replaces: at.replaces }];
  }
  if (wanted === UNKNOWN) return [{ path: at.path, kind: none ? "add" : "update", replaces: at.replaces }];
  if (fact.same !== undefined && !hasUnknown(wanted))
    return fact.same(wanted, told) ? [] : [{ path: at.path, kind: "update", replaces: at.replaces }];
  return byShape[fact.shape](fact, wanted, told, at);
}

type Compare = (fact: Attribute, wanted: Dynamic, told: Dynamic, at: At) => PropertyChange[];

const one = (at: At, told: Dynamic): PropertyChange[] => [
  { path: at.path, kind: told === undefined ? "add" : "update", replaces: at.replaces },
];

const compareValue: Compare = (fact, wanted, told, at) => {
  if (!at.framework && isZero(wanted) && isZero(told)) return [];
  const text = (value: Dynamic) => (fact.anyCase === true ? String(value).toUpperCase() : String(value));
  return told !== undefined && text(wanted) === text(told) ? [] : one(at, told);
};

const comparePolicy: Compare = (_fact, wanted, told, at) =>
  told !== undefined && samePolicy(wanted, told) ? [] : one(at, told);

const compareMap: Compare = (_fact, wanted, told, at) =>
  differences(asText(told ?? {}), asText(wanted), () => at.replaces, at.path);

const compareList: Compare = (_fact, wanted, told, at) =>
  differences(asText(told ?? []), asText(wanted), () => at.replaces, at.path);

const compareSet: Compare = (fact, wanted, told, at) =>
  !hasUnknown(wanted) && sorted(wanted) === sorted(told ?? []) ? [] : compareList(fact, wanted, told, at);

const compareBlock: Compare = (fact, wanted, told, at) => {
  const now = Array.isArray(told) ? told[0] : told;
  return isObject(now) && isObject(wanted)
    ? inside(fact, wanted, now, at)
    : [{ path: at.path, kind: "add", replaces: at.replaces || anyReplaces(fact) }];
};

const compareBlocks: Compare = (fact, wanted, told, at) => {
  const now: readonly Dynamic[] = told ?? [];
  return Array.from({ length: Math.max(wanted.length, now.length) }, (_, index) => index).flatMap((index) => {
    const there: At = { ...at, path: `${at.path}[${index}]` };
    if (wanted[index] === undefined || now[index] === undefined) {
      const kind = wanted[index] === undefined ? "delete" : "add";
      return [{ path: there.path, kind, replaces: at.replaces || anyReplaces(fact) } as const];
    }
    return inside(fact, wanted[index], now[index], there);
  });
};

const compareBlockSet: Compare = (fact, wanted, told, at) => {
  const canonical = (list: readonly Dynamic[]) =>
    list
      .map((element) => JSON.stringify(canonicalBlock(fact.below ?? {}, element)))
      .sort()
      .join("\n");
  if (!hasUnknown(wanted) && canonical(wanted) === canonical(told ?? [])) return [];
  const found = compareBlocks(fact, wanted, told, at);
  return found.length > 0 ? found : one(at, told);
};

const byShape: Readonly<Record<Attribute["shape"], Compare>> = {
  value: compareValue,
  policy: comparePolicy,
  map: compareMap,
  list: compareList,
  set: compareSet,
  block: compareBlock,
  blocks: compareBlocks,
  "block set": compareBlockSet,
};

function inside(fact: Attribute, wanted: Props, told: Props, at: At): PropertyChange[] {
  const below = fact.below ?? {};
  return changesBelow(below, wanted, told, {
    ...at,
    around: { top: at.around.top, here: lookUp(below, wanted, told) },
  });
}

const anyReplaces = (fact: Attribute): boolean =>
  Object.values(fact.below ?? {}).some((below) => below.replaces === true || anyReplaces(below));

/** Numbers and booleans as text: AWS tells some of them so, and programs write either. */
function asText(value: Dynamic): Dynamic {
  if (Array.isArray(value)) return value.map(asText);
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asText(item)]));
  return String(value);
}

const sorted = (list: readonly Dynamic[]): string => JSON.stringify(list.map(String).sort());

/** An element of a set, so that the same elements have the same text. */
function canonicalBlock(attributes: Attributes, element: Props): Dynamic {
  const entries = Object.keys(attributes)
    .sort()
    .flatMap((name): [string, Dynamic][] => {
      const fact = attributes[name]!;
      const value = element[name] ?? fact.default;
      return isZero(value) ? [] : [[name, canonicalValue(fact, value)]];
    });
  return Object.fromEntries(entries);
}

function canonicalValue(fact: Attribute, value: Dynamic): Dynamic {
  if (fact.shape === "set" || fact.shape === "list")
    return fact.shape === "set" ? value.map(String).sort() : value.map(String);
  if (fact.below === undefined) return asText(value);
  if (!Array.isArray(value)) return canonicalBlock(fact.below, value);
  const elements = value.map((element) => JSON.stringify(canonicalBlock(fact.below!, element)));
  return fact.shape === "block set" ? elements.sort() : elements;
}

/** IAM gives policies back with other spaces, key order, and single values in or out of lists. */
export function samePolicy(a: string, b: string): boolean {
  try {
    return JSON.stringify(meaning(JSON.parse(a))) === JSON.stringify(meaning(JSON.parse(b)));
  } catch {
    return a === b;
  }
}

function meaning(value: Dynamic): Dynamic {
  if (Array.isArray(value)) {
    const items = value.map(meaning);
    return items.length === 1 && typeof items[0] === "string"
      ? items[0]
      : items.every((item) => typeof item === "string")
        ? items.sort()
        : items;
  }
  if (!isObject(value)) return typeof value === "boolean" ? String(value) : value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, meaning(value[key])]),
  );
}
