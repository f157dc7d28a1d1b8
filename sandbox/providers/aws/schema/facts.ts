/**
 * What a schema of the official aws provider says of a resource's attributes: the words in which the tables beside this
 * file are written.
 */
import { isObject, type Dynamic, type Props } from "../../rpc/values";

/** Values around an attribute, as the official provider sees them while it plans: the program's, else AWS's. */
export interface Around {
  /** Of the resource. */
  readonly top: (name: string) => Dynamic;
  /** Of the block that the attribute is in. */
  readonly here: (name: string) => Dynamic;
}

export type Shape =
  | "value"
  /** A JSON policy: same when it means the same. */
  | "policy"
  | "map"
  | "list"
  | "set"
  /** At most one block; an object in programs. */
  | "block"
  | "blocks"
  | "block set";

export interface Attribute {
  /**
   * `optional` and left out, while AWS has a value: a change, again and again. `computed` (and optional): AWS's value
   * stays. `read-only`: no program can set it.
   */
  readonly presence: "required" | "optional" | "computed" | "read-only";
  readonly shape: Shape;
  /** What the provider takes where the program says nothing. */
  readonly default?: Dynamic;
  /** ForceNew: a change needs another object. */
  readonly replaces?: true;
  /** AWS does not tell it, or the provider does not look: the state keeps what the program said last. */
  readonly kept?: true;
  /** Case means nothing. */
  readonly anyCase?: true;
  /** A block that the program leaves out is no change by itself; what AWS has below it still is. */
  readonly mayMiss?: true;
  /** True: whatever differs is no change. */
  readonly suppressed?: (around: Around) => boolean;
  /** Instead of the shape's own comparison. */
  readonly same?: (wanted: Dynamic, told: Dynamic) => boolean;
  readonly below?: Readonly<Record<string, Attribute>>;
}

export interface ResourceFacts {
  /** File in hashicorp/terraform-provider-aws. */
  readonly source: string;
  /**
   * The version that was read: a commit, or the size of a stored text whose commit is not known. Null: not read in
   * source, but judged by the typings and documentation of `@pulumi/aws`.
   */
  readonly read: string | null;
  /**
   * Written with the newer plugin framework: there "" and nothing differ; in the older SDK a zero value is the same as
   * none.
   */
  readonly framework?: true;
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Further attributes whose change needs another object, by what the program wants and AWS has. */
  readonly replacedBy?: (wanted: Props, told: Props) => readonly string[];
}

export const required: Attribute = { presence: "required", shape: "value" };
export const optional: Attribute = { presence: "optional", shape: "value" };
export const computed: Attribute = { presence: "computed", shape: "value" };
export const readOnly: Attribute = { presence: "read-only", shape: "value" };
export const byDefault = (value: Dynamic): Attribute => ({ ...optional, default: value });
export const replaces = (of: Attribute): Attribute => ({ ...of, replaces: true });
export const kept = (of: Attribute): Attribute => ({ ...of, kept: true });
export const anyCase = (of: Attribute): Attribute => ({ ...of, anyCase: true });
export const mayMiss = (of: Attribute): Attribute => ({ ...of, mayMiss: true });
export const policy = (of: Attribute): Attribute => ({ ...of, shape: "policy" });
export const map = (of: Attribute): Attribute => ({ ...of, shape: "map" });
export const list = (of: Attribute): Attribute => ({ ...of, shape: "list" });
export const set = (of: Attribute): Attribute => ({ ...of, shape: "set" });
export const suppressed = (when: (around: Around) => boolean, of: Attribute): Attribute => ({
  ...of,
  suppressed: when,
});

const shapedWith =
  (shape: Shape) =>
  (of: Attribute, below: Readonly<Record<string, Attribute>>): Attribute => ({ ...of, shape, below });
export const block = shapedWith("block");
export const blocks = shapedWith("blocks");
export const blockSet = shapedWith("block set");

/** In every type that lives in a region. */
export const region = { region: replaces(computed) };
/** Compared apart from the rest: default tags come from the provider. */
export const tags = { tags: map(optional) };

/** What the older SDK takes for no value. */
export function isZero(value: Dynamic): boolean {
  return (
    value === undefined ||
    value === "" ||
    value === 0 ||
    value === false ||
    (Array.isArray(value) && value.length === 0) ||
    (isObject(value) && Object.keys(value).length === 0)
  );
}

/** All that needs another object when it changes, as paths like `launchTemplate.id`. */
export function replacingPaths(attributes: Readonly<Record<string, Attribute>>, above = ""): string[] {
  return Object.entries(attributes).flatMap(([name, fact]) =>
    fact.replaces === true
      ? [`${above}${name}`]
      : fact.shape === "block"
        ? replacingPaths(fact.below ?? {}, `${above}${name}.`)
        : [],
  );
}
