/** The forms that a value can have: each reads it, describes it to people, and describes it to editors (JSON schema). */
import { formatCidr, parseCidr } from "../../../components/internal/cidr";
import type { Earlier, Place } from "./place";

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Form<T> {
  /**
   * Checks a value (`undefined`: it is missing and required) and adds every problem. Answers `undefined` when nothing
   * can be made of it.
   */
  read(value: unknown, place: Place): T | undefined;
  /** Stands for a value that is missing or wrong, so that the rest can still be checked. */
  readonly empty: T;
  /** Type in the reference page, like `whole number`. */
  readonly type: string;
  /** What is allowed in the reference page, like `1 to 450`; empty: anything of the type. */
  readonly range: string;
  readonly schema: JsonSchema;
  /** True when Pulumi keeps it as JSON text at the top of the config. */
  readonly structured: boolean;
}

/** What `rule` says must be what `pattern` takes. */
export function text(
  options: {
    readonly pattern?: RegExp;
    readonly rule?: string;
    readonly remedy?: string;
    /** For the reference page. */
    readonly range?: string;
    /** Says more than the pattern can; null: the text is good. */
    readonly check?: (value: string) => { readonly rule: string; readonly remedy: string } | null;
  } = {},
): Form<string> {
  const { pattern = /./, rule = "must be text", remedy = "Write a text", range = "", check } = options;
  return {
    read: (value, place) => {
      if (typeof value !== "string" || !pattern.test(value)) return place.refuse(value, rule, remedy);
      const wrong = check?.(value) ?? null;
      return wrong === null ? value : place.refuse(value, wrong.rule, wrong.remedy);
    },
    empty: "",
    type: "text",
    range: range === "" ? rule.replace(/^must be (text$)?/, "") : range,
    schema: { type: "string", ...(pattern.source === "." ? {} : { pattern: pattern.source }) },
    structured: false,
  };
}

/** A limit that depends on what was read before. */
export interface DerivedLimit {
  readonly of: (earlier: Earlier) => number;
  /** For the reference page, like `members - 1`. */
  readonly words: string;
}

/** A whole number from `least` to `most`; `source` says where the limits come from. */
export function whole(limits: {
  readonly least: number;
  readonly most: number | DerivedLimit;
  readonly source: string;
}): Form<number> {
  const { least, most, source } = limits;
  const upTo = (earlier: Earlier): number => (typeof most === "number" ? most : most.of(earlier));
  return {
    read: (value, place) => {
      const last = upTo(place.earlier);
      if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= last) return value;
      const range = `from ${least} to ${last}`;
      return place.refuse(value, `must be a whole number ${range} (${source})`, `Choose a value ${range}`);
    },
    empty: least,
    type: "whole number",
    range: `${least} to ${typeof most === "number" ? most : most.words}`,
    schema: { type: "integer", minimum: least, ...(typeof most === "number" ? { maximum: most } : {}) },
    structured: true,
  };
}

export function yesOrNo(): Form<boolean> {
  return {
    read: (value, place) =>
      typeof value === "boolean"
        ? value
        : place.refuse(value, "must be true or false", "Write true or false, without quotes"),
    empty: false,
    type: "true or false",
    range: "",
    schema: { type: "boolean" },
    structured: true,
  };
}

/** Like `yesOrNo`, but only `true` leaves a trace in the config: `false` is as if nothing was written. */
export function flag(): Form<true> {
  const form = yesOrNo();
  return { ...form, empty: true, read: (value, place) => (form.read(value, place) === true ? true : undefined) };
}

export function oneOf<const T extends string>(...allowed: readonly T[]): Form<T> {
  return {
    read: (value, place) =>
      allowed.includes(value as T)
        ? (value as T)
        : place.refuse(value, `must be one of ${allowed.join(", ")}`, `Write ${allowed.join(" or ")}`),
    empty: allowed[0] as T,
    type: "text",
    range: allowed.map((one) => `\`${one}\``).join(", "),
    schema: { enum: allowed },
    structured: false,
  };
}

/** An IPv4 block. Bits behind the prefix must be zero: AWS drops them, and what compares texts then never agrees. */
export function cidr(example: string): Form<string> {
  return {
    read: (value, place) =>
      typeof value === "string" && parseCidr(value) !== null
        ? value
        : place.refuse(
            value,
            "must be an IPv4 block whose bits behind the prefix are zero",
            `Write it like ${suggestion(value) ?? example}`,
          ),
    empty: "",
    type: "text",
    range: "IPv4 block, like `" + example + "`",
    schema: { type: "string", pattern: "^(\\d{1,3}\\.){3}\\d{1,3}/\\d{1,2}$" },
    structured: false,
  };
}

/** The block that somebody meant who left bits behind the prefix; null: nobody can say. */
function suggestion(value: unknown): string | null {
  const match = typeof value === "string" ? /^([\d.]+)\/(\d+)$/.exec(value) : null;
  const address = match === null ? null : parseCidr(`${match[1]}/32`);
  const prefix = Number(match?.[2]);
  if (address === null || prefix > 32) return null;
  const size = 2 ** (32 - prefix);
  return formatCidr({ base: Math.floor(address.base / size) * size, prefix });
}

/** A list of values without repeats. */
export function list(
  item: Form<string>,
  options: { readonly fewest: number; readonly remedy: string },
): Form<readonly string[]> {
  const { fewest, remedy } = options;
  return {
    read: (value, place) => {
      if (!Array.isArray(value) || value.length < fewest)
        return place.refuse(value, fewest === 0 ? "must be a list" : `must be a list of at least ${fewest}`, remedy);
      const seen = new Set<unknown>();
      return value.flatMap((one: unknown, index): string[] => {
        const read = item.read(one ?? null, place.inner(`[${index}]`));
        if (read !== undefined && seen.has(one))
          place.add(`[${index}]`, one, "is listed twice", "Remove one of the two");
        seen.add(one);
        // One that is wrong keeps its place, so that no other rule finds the list too short.
        return typeof one === "string" ? [one] : [];
      });
    },
    empty: [],
    type: `list of ${item.type}`,
    range: [fewest > 0 ? `at least ${fewest}` : "", item.range].filter(Boolean).join("; "),
    schema: { type: "array", items: item.schema, minItems: fewest, uniqueItems: true },
    structured: true,
  };
}

/** A list of whole numbers without repeats, each as `item` reads it. */
export function wholes(
  item: Form<number>,
  options: { readonly fewest: number; readonly remedy: string; readonly range?: string },
): Form<readonly number[]> {
  const texts = list(item as unknown as Form<string>, options) as unknown as Form<readonly number[]>;
  return {
    ...texts,
    read: (value, place) =>
      texts.read(value, place) === undefined
        ? undefined
        : (value as readonly unknown[]).filter((one): one is number => typeof one === "number"),
    range: options.range ?? texts.range,
  };
}

/** A form for what no other says: `read` does all of it. */
export function custom<T>(form: Omit<Form<T>, "structured"> & { readonly structured?: boolean }): Form<T> {
  return { structured: true, ...form };
}
