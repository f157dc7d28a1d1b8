/** Reads an object of the config field by field, collects every problem, and knows which keys nobody asked for. */
import { parseCidr } from "../../components/internal/cidr";
import type { Problem } from "../../components/internal/problems";

export interface WholeNumberRule {
  readonly least: number;
  readonly most: number;
  /** Where the limits come from. */
  readonly source: string;
  /** Taken when the key is missing; undefined: the key is required. */
  readonly otherwise?: number;
}

export class ObjectReader {
  private readonly object: Readonly<Record<string, unknown>>;
  private readonly asked = new Set<string>();

  /** `path` is empty at the top; `value` must be an object (a problem otherwise). */
  constructor(
    private readonly problems: Problem[],
    private readonly path: string,
    value: unknown,
    private readonly source: string = "",
  ) {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    if (!isObject) this.add("", value, "must be an object", "Write `key: value` pairs");
    this.object = isObject ? (value as Record<string, unknown>) : {};
  }

  at(key: string): string {
    if (key === "") return this.path;
    return this.path === "" ? key : `${this.path}.${key}`;
  }

  add(key: string, value: unknown, rule: string, remedy: string): void {
    this.problems.push({ path: this.at(key), value: value ?? null, rule, remedy });
  }

  raw(key: string): unknown {
    this.asked.add(key);
    const value = this.object[key];
    return value === null ? undefined : value;
  }

  /** Names every key that was given and never asked for. Call it last. */
  finish(): void {
    const known = [...this.asked].sort();
    for (const key of Object.keys(this.object)) {
      if (!this.asked.has(key))
        this.add(
          key,
          this.object[key],
          `is not a known key${this.source}`,
          `Remove it, or use one of: ${known.join(", ")}`,
        );
    }
  }

  text(
    key: string,
    otherwise: string | undefined,
    pattern: RegExp = /./,
    rule = "must be text",
    remedy = "Write a text",
  ): string {
    const value = this.raw(key);
    if (value === undefined && otherwise !== undefined) return otherwise;
    if (typeof value === "string" && pattern.test(value)) return value;
    this.add(key, value, value === undefined ? `is required; ${rule}` : rule, remedy);
    return otherwise ?? "";
  }

  optionalText(key: string): string | null {
    return this.raw(key) === undefined ? null : this.text(key, undefined);
  }

  whole(key: string, rule: WholeNumberRule): number {
    const value = this.raw(key);
    if (value === undefined && rule.otherwise !== undefined) return rule.otherwise;
    if (typeof value === "number" && Number.isInteger(value) && value >= rule.least && value <= rule.most) return value;
    this.add(
      key,
      value,
      `${value === undefined ? "is required; " : ""}must be a whole number from ${rule.least} to ${rule.most} ` +
        `(${rule.source})`,
      `Choose a value from ${rule.least} to ${rule.most}`,
    );
    return rule.otherwise ?? rule.least;
  }

  yesOrNo(key: string, otherwise: boolean): boolean {
    const value = this.raw(key);
    if (value === undefined) return otherwise;
    if (typeof value === "boolean") return value;
    this.add(key, value, "must be true or false", "Write true or false, without quotes");
    return otherwise;
  }

  oneOf<T extends string>(key: string, allowed: readonly T[], otherwise: T): T {
    const value = this.raw(key);
    if (value === undefined) return otherwise;
    if (allowed.includes(value as T)) return value as T;
    this.add(key, value, `must be one of ${allowed.join(", ")}`, `Write ${allowed.join(" or ")}`);
    return otherwise;
  }

  /** A list of texts without repeats, each matching. */
  texts(
    key: string,
    otherwise: readonly string[] | undefined,
    fewest: number,
    pattern: RegExp,
    rule: string,
    remedy: string,
  ): readonly string[] {
    const value = this.raw(key);
    if (value === undefined && otherwise !== undefined) return otherwise;
    if (!Array.isArray(value) || value.length < fewest) {
      this.add(key, value, `${value === undefined ? "is required; " : ""}must be a list of at least ${fewest}`, remedy);
      return [];
    }
    const seen = new Set<unknown>();
    value.forEach((item, index) => {
      if (typeof item !== "string" || !pattern.test(item)) this.add(`${key}[${index}]`, item, rule, remedy);
      else if (seen.has(item)) this.add(`${key}[${index}]`, item, "is listed twice", "Remove one of the two");
      seen.add(item);
    });
    return value.filter((item): item is string => typeof item === "string");
  }

  /** Null when missing or no IPv4 block (a problem when given). */
  cidr(key: string): string | null {
    const value = this.raw(key);
    if (value === undefined) return null;
    if (typeof value === "string" && parseCidr(value) !== null) return value;
    this.add(key, value, "must be an IPv4 block whose bits behind the prefix are zero", "Write it like 10.42.0.0/16");
    return null;
  }

  /** A reader for the object at `key`; an empty one when it is missing. */
  inner(key: string): ObjectReader {
    return new ObjectReader(this.problems, this.at(key), this.raw(key) ?? {});
  }

  given(key: string): boolean {
    return this.raw(key) !== undefined;
  }
}
