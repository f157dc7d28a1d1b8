/**
 * A config key as one declaration: its form, what it means, its default, who reads it, and whether it may change once
 * the environment is deployed. Parser, types, JSON schema, reference page and the comparisons with what is deployed
 * all come from it.
 */
import type { Form } from "./form";
import type { Earlier } from "./place";

/**
 * Who reads a key. `environment`: the environment's own stack · `members`: each member's stack, out of the
 * environment's outputs · `primary`: that of the member whose Services own the load balancers · `driver`: the commands
 * of eks-blue-green, and no stack.
 */
export type Reader = "environment" | "members" | "primary" | "driver";

/** What becomes of a changed value in an environment that is deployed. */
export type Change =
  /** `up` changes what runs, in place. */
  | { readonly kind: "up"; readonly note?: string }
  /** The next command goes by it; nothing has to be deployed. */
  | { readonly kind: "at once" }
  /** An upgrade brings it about, member by member. */
  | { readonly kind: "rollout"; readonly note?: string }
  /** Clusters that are made from then on have it; those that run keep what they have. */
  | { readonly kind: "new members"; readonly note?: string }
  /** Refused. `what` says what would happen. */
  | { readonly kind: "fixed"; readonly what: string; readonly remedy?: string }
  /** Some changes are refused, by a rule of its own (stacks/record/config-changes.ts). */
  | { readonly kind: "partly"; readonly note: string };

interface Facts {
  /** What it is for, with the unit: whole sentences, of which the first stands alone. */
  readonly doc: string;
  /** Default: those of what it is part of. */
  readonly readBy?: readonly Reader[];
  /** Default: that of what it is part of. */
  readonly change?: Change;
  /** Where the limits come from. */
  readonly source?: string;
  readonly example?: unknown;
}

/** A default that follows from other keys: those beside it that were declared before it, and what was read earlier. */
export interface Derived<T> {
  /** `undefined`: the key is required here. */
  readonly of: (siblings: never, earlier: Earlier) => T | undefined;
  /** For the reference page, like `preStopSeconds + 60`. */
  readonly words: string;
}

export function derived<S, T>(of: (siblings: S, earlier: Earlier) => T | undefined, words: string): Derived<T> {
  return { of: of as Derived<T>["of"], words };
}

/** What stands for a value that is not given. */
export type Absent<T> =
  | { readonly kind: "required" }
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "derived"; readonly value: Derived<T> }
  /** A group without a required key: as if it was there and empty. */
  | { readonly kind: "filled" }
  | { readonly kind: "null"; readonly words: string }
  /** Nothing is in the config, as in those of environments that are older than the key. */
  | { readonly kind: "left out"; readonly words: string };

/** `Presence`: `maybe` when a config (also one that an older version has deployed) may be without the key. */
export interface Key<T, Presence extends "always" | "maybe" = "always" | "maybe"> extends Facts {
  readonly form: Form<T>;
  readonly absent: Absent<T>;
  /** In the type only. */
  readonly presence?: Presence;
}

export type Keys = Readonly<Record<string, Key<unknown>>>;

type ReadBy<K> = K extends Key<infer T> ? T : never;
type Always<F> = { [K in keyof F]: F[K] extends Key<unknown, "always"> ? K : never }[keyof F];
type Maybe<F> = Exclude<keyof F, Always<F>>;

/** The type of what a set of declarations reads. */
export type ValueOf<F> = { readonly [K in Always<F>]: ReadBy<F[K]> } & { readonly [K in Maybe<F>]?: ReadBy<F[K]> };

export const required = <T>(form: Form<T>, facts: Facts): Key<T, "always"> => ({
  ...facts,
  form,
  absent: { kind: "required" },
});

export const withDefault = <T>(form: Form<T>, value: T | Derived<T>, facts: Facts): Key<T, "always"> => ({
  ...facts,
  form,
  absent: isDerived(value) ? { kind: "derived", value } : { kind: "value", value },
});

/** A group all of whose keys have defaults. */
export const filled = <T>(form: Form<T>, facts: Facts): Key<T, "always"> => ({
  ...facts,
  form,
  absent: { kind: "filled" },
});

/** null when nothing is given; `words`: what happens then. */
export const orNull = <T>(form: Form<T>, words: string, facts: Facts): Key<T | null, "always"> => ({
  ...facts,
  form: form as Form<T | null>,
  absent: { kind: "null", words },
});

/** Absent when nothing is given; `words`: what happens then. The way for a new key: old environments see no change. */
export const leftOut = <T>(form: Form<T>, words: string, facts: Facts): Key<T, "maybe"> => ({
  ...facts,
  form,
  absent: { kind: "left out", words },
});

/** The parser always fills it, but environments that an older version has deployed are without it. */
export const addedLater = <T>(key: Key<T, "always">): Key<T, "maybe"> => key as unknown as Key<T, "maybe">;

function isDerived<T>(value: T | Derived<T>): value is Derived<T> {
  return typeof value === "object" && value !== null && "of" in value && typeof value.of === "function";
}
