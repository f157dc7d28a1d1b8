/** Keys of a cluster's access entries, purely. A key is part of a resource's name and never changes. */
import { createHash } from "node:crypto";

const lastPart = (arn: string): string => arn.replace(/^.*\//, "");
const hashOf = (arn: string): string => createHash("sha256").update(arn).digest("hex").slice(0, 8);

/**
 * By key: the ARN's last part, as it always was. Roles of one name under different paths (or in different accounts)
 * would overwrite one another: behind the first of a name each has a hash of its whole ARN, so new ones go to the end.
 */
export function accessEntryKeys(principalArns: readonly string[]): Readonly<Record<string, string>> {
  const keys: Record<string, string> = {};
  for (const arn of new Set(principalArns)) {
    const plain = lastPart(arn);
    keys[keys[plain] === undefined ? plain : `${plain}-${hashOf(arn)}`] = arn;
  }
  return keys;
}
