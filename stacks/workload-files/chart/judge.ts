/** What an object of a chart is to Helm, and whether it is the same at each rendering. Pure. */
import { isDeepStrictEqual } from "node:util";
import { isObject } from "../../../components/internal/plain-object";
import type { KubernetesObject } from "../objects";

/** When Helm would make it, like `pre-install,pre-upgrade`; null: it is an ordinary object. */
export function hookOf({ metadata }: KubernetesObject): string | null {
  const annotations = metadata["annotations"];
  const hook = isObject(annotations) ? annotations["helm.sh/hook"] : undefined;
  return hook === undefined ? null : String(hook);
}

/** Only `helm test` makes them: without it they are nothing. `test-success` is the old name. */
export const isTestHook = (object: KubernetesObject): boolean =>
  (hookOf(object) ?? "").split(",").every((one) => /^test(-success|-failure)?$/.test(one.trim()));

/** Path of the first value that differs, like `data.password`; empty: the values themselves. */
function difference(one: unknown, other: unknown): string {
  if (!isObject(one) || !isObject(other)) return "";
  const key = Object.keys({ ...one, ...other }).find((name) => !isDeepStrictEqual(one[name], other[name])) ?? "";
  const below = difference(one[key], other[key]);
  return below === "" ? key : `${key}.${below}`;
}

export interface Unstable {
  readonly object: KubernetesObject;
  /** What of it differs; never the value, which may be a secret. */
  readonly where: string;
}

/** Objects of which the other rendering has none that is the same. */
export function unstable(one: readonly KubernetesObject[], other: readonly KubernetesObject[]): Unstable[] {
  return one
    .filter((object) => !other.some((again) => isDeepStrictEqual(again, object)))
    .map((object) => {
      const again = other.find(
        ({ apiVersion, kind, metadata: { name, namespace } }) =>
          apiVersion === object.apiVersion &&
          kind === object.kind &&
          name === object.metadata.name &&
          namespace === object.metadata.namespace,
      );
      return { object, where: again === undefined ? "metadata.name" : difference(object, again) };
    });
}
