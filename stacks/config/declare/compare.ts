/** How two configs differ, key by key, with what the declarations say of each key. Pure. */
import { isDeepStrictEqual } from "node:util";
import { isObject } from "../../../components/internal/plain-object";
import type { Problem } from "../../../components/internal/problems";
import type { Group, GroupList, GroupPerMember } from "./group";
import type { Change, Key, Keys, Reader } from "./key";

export interface Difference {
  /** Place in the wanted config, like `services[0].image`. */
  readonly path: string;
  /** The same with names for positions: `services[web].image`. */
  readonly named: string;
  readonly was: unknown;
  readonly is: unknown;
  readonly readBy: readonly Reader[];
  readonly change: Change;
}

interface At {
  readonly path: string;
  readonly named: string;
  readonly readBy: readonly Reader[];
  readonly change: Change;
}

/** Values as JSON has them. The order of keys is none: a stack's outputs come back with sorted ones. */
const differ = (was: unknown, is: unknown): boolean =>
  !isDeepStrictEqual(JSON.parse(JSON.stringify(was ?? null)), JSON.parse(JSON.stringify(is ?? null)));

const join = (path: string, key: string): string =>
  key === "" || path === "" || path.endsWith(":") || key.startsWith("[") ? path + key : `${path}.${key}`;

const below = (at: At, key: string, named: string = key): Pick<At, "path" | "named"> => ({
  path: join(at.path, key),
  named: join(at.named, named),
});

/** A config that was deployed by an older version has no newer keys: their defaults are what is deployed. */
const filled = ({ absent }: Key<unknown>, value: unknown): unknown =>
  value ?? (absent.kind === "value" ? absent.value : null);

/** One difference for each key that has another value; whole items where an item of a list, or a group, came or went. */
function differencesAt(key: Key<unknown>, was: unknown, is: unknown, at: At): Difference[] {
  const form = key.form as Partial<Group<unknown> & GroupList<{ name: string }> & GroupPerMember<unknown>>;
  const one = (): Difference[] => (differ(was, is) ? [{ ...at, was, is }] : []);
  if (form.keys !== undefined && isObject(was) && isObject(is)) return differences(form.keys, was, is, at);
  if (form.item !== undefined && Array.isArray(was) && Array.isArray(is)) {
    const item = { ...key, form: form.item, absent: { kind: "required" } } as Key<unknown>;
    const nameOf = (value: unknown): string => String((value as { name?: unknown } | null)?.name);
    const names = [...new Set([...was, ...is].map(nameOf))];
    return names.flatMap((name) => {
      const index = is.findIndex((value) => nameOf(value) === name);
      return differencesAt(
        item,
        was.find((value) => nameOf(value) === name),
        is[index],
        { ...at, ...below(at, index < 0 ? "" : `[${index}]`, `[${name}]`) },
      );
    });
  }
  if (form.perMember !== undefined) {
    const [left, right] = [isObject(was) ? was : {}, isObject(is) ? is : {}];
    const member = { ...key, form: form.perMember, absent: { kind: "required" } } as Key<unknown>;
    return [...new Set([...Object.keys(left), ...Object.keys(right)])].flatMap((name) =>
      differencesAt(member, left[name], right[name], { ...at, ...below(at, name) }),
    );
  }
  return one();
}

export function differences(
  keys: Keys,
  was: Readonly<Record<string, unknown>>,
  is: Readonly<Record<string, unknown>>,
  at: At = { path: "", named: "", readBy: [], change: { kind: "up" } },
): Difference[] {
  return Object.entries(keys).flatMap(([name, key]) => {
    const empty = key.absent.kind === "filled" ? {} : undefined;
    return differencesAt(key, filled(key, was[name]) ?? empty, filled(key, is[name]) ?? empty, {
      ...below(at, name),
      readBy: key.readBy ?? at.readBy,
      change: key.change ?? at.change,
    });
  });
}

const moveToNew = "Keep the deployed value; to change it, build a second environment and move clients to it by DNS";

/** A problem for each key that is declared as fixed and has another value than the deployed one. */
export function fixedProblems(found: readonly Difference[]): Problem[] {
  return found.flatMap(({ path, was, is, change }) =>
    change.kind !== "fixed"
      ? []
      : [
          {
            path,
            value: is ?? null,
            rule: `can't change on a deployed environment (it is ${JSON.stringify(was ?? null)}): ${change.what}`,
            remedy: change.remedy ?? moveToNew,
          },
        ],
  );
}
