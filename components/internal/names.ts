/** Names, purely. Pulumi's names are identities and never change once released; AWS's names have a longest length. */
import { createHash } from "node:crypto";

const hashLength = 8;

/**
 * `name` itself when it fits, else its beginning, a dash, and eight hex digits of its SHA-256: the same every time, and
 * different
 * for different names. Never ends in a dash.
 */
export function shortenedName(name: string, longest: number): string {
  if (name.length <= longest) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, hashLength);
  const kept = name.slice(0, longest - hashLength - 1).replace(/-+$/, "");
  return `${kept}-${hash}`;
}

/** Joins the parts with dashes and shortens the whole. */
export function derivedName(parts: readonly string[], longest: number): string {
  return shortenedName(parts.join("-"), longest);
}

/**
 * Like `derivedName`, and different for parts that join to the same text (`a-b` and `c`, `a` and `b-c`), also from what
 * `derivedName` makes of others: always with a hash.
 */
export function distinctName(parts: readonly string[], longest: number): string {
  const hash = createHash("sha256").update(parts.join("@")).digest("hex").slice(0, hashLength);
  const kept = parts
    .join("-")
    .slice(0, longest - hashLength - 1)
    .replace(/-+$/, "");
  return `${kept}-${hash}`;
}

/** A service's target group that is one member's own. `@` is in no name, so that no service is called the same. */
export const memberGroupKey = (service: string, member: string): string => `${service}@${member}`;

/**
 * Lower-case letters, digits and dashes, beginning with a letter and not ending in a dash: fit for AWS, Kubernetes and
 * Pulumi alike.
 */
export function isPlainName(name: string): boolean {
  return /^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(name);
}
