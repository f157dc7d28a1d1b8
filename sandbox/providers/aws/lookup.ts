/** What the functions that look something up share. */
import type * as ec2 from "@aws-sdk/client-ec2";
import type { Props } from "../rpc/values";
import type { AwsContext } from "./descriptor";

export type Invoke = (aws: AwsContext, args: Props) => Promise<Props>;

/** `filters` and `tags` of a function's arguments. */
export function filters(args: Props): ec2.Filter[] {
  return [
    ...(args["filters"] ?? []).map((one: Props) => ({ Name: one["name"], Values: one["values"] })),
    ...Object.entries(args["tags"] ?? {}).map(([key, value]) => ({ Name: `tag:${key}`, Values: [String(value)] })),
  ];
}
export const orNothing = (list: ec2.Filter[]) => (list.length > 0 ? { Filters: list } : {});

export function exactlyOne<T>(what: string, list: readonly T[] | undefined): T {
  if (list?.length === 1) return list[0]!;
  throw new Error(
    list === undefined || list.length === 0
      ? `no matching ${what} found`
      : `multiple ${what}s matched; use additional constraints to reduce matches to a single ${what}`,
  );
}

/** ELBv2's functions have words of their own for none and for several. */
export function onlyOne<T>(list: readonly T[]): T {
  if (list.length === 1) return list[0]!;
  throw new Error(`Search returned ${list.length} results, please revise so only one is returned`);
}
