/** The two keys of a member's settings file, `Pulumi.<environment>-<member>.yaml`. */
import { parse } from "yaml";

export interface MemberKeys {
  readonly environment?: string;
  readonly member?: string;
}

/** What is there; a file that can't be read has none. */
export function keysOf(text: string, namespace: string): MemberKeys {
  let settings: unknown;
  try {
    settings = parse(text);
  } catch {
    return {};
  }
  const config = ((settings ?? {}) as { readonly config?: unknown }).config;
  const values = (typeof config === "object" && config !== null ? config : {}) as Readonly<Record<string, unknown>>;
  const valueOf = (key: string): string | undefined => {
    const value = values[`${namespace}:${key}`];
    return value === undefined || value === null ? undefined : String(value);
  };
  const [environment, member] = [valueOf("environment"), valueOf("member")];
  return { ...(environment === undefined ? {} : { environment }), ...(member === undefined ? {} : { member }) };
}
