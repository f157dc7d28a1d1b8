/** How what is wrong with an object of files is said, and how its fields are read. Pure. */
import { isObject } from "../../components/internal/plain-object";
import type { Problem } from "../../components/internal/problems";
import { type FromFile, nameOf } from "./objects";

export interface Refusal {
  readonly value: unknown;
  readonly rule: string;
  readonly remedy: string;
}

/** What is below these keys; undefined where one of them is not there. */
export const inside = (value: unknown, ...keys: readonly string[]): unknown =>
  keys.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);

/** `./manifests/web/web.yaml, Service shop/web: …` */
export const problemOf = ({ file, object }: FromFile, refusal: Refusal): Problem => ({
  path: `${file}, ${nameOf(object)}`,
  ...refusal,
});
