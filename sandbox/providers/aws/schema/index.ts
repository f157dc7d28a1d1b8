/**
 * By type, what the official aws provider's schema says. `@pulumi/aws` 7.48.0 (2026-09-22) bridges
 * terraform-provider-aws 6; which stored version of each file was read stands with the type, since that of the very
 * release is not public text everywhere. What later releases added is by the typings, and says so.
 */
import type { ResourceFacts } from "./facts";
import { ec2Facts } from "./ec2";
import { eksFacts } from "./eks";
import { elbFacts } from "./elb";
import { iamFacts } from "./iam";

export const facts: Readonly<Record<string, ResourceFacts>> = { ...ec2Facts, ...elbFacts, ...iamFacts, ...eksFacts };

/** @throws Error for a type that nobody judged: a table row comes before a resource. */
export function factsOf(type: string): ResourceFacts {
  const found = facts[type];
  if (found === undefined)
    throw new Error(`sandbox/providers/aws/schema has no row for ${type}: add one, from the provider's source`);
  return found;
}
