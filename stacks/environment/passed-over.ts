/**
 * An update that passes over what is in the stack would delete what has come into it since the driver looked, and that
 * the program does not declare then. Under the stack's lock nothing comes any more: here it is seen.
 */
import type { DriverContext } from "../contract";
import { FENCED } from "../contract";
import { readStackUrns } from "../shared/stack-outputs";

/** @throws Error that begins with FENCED */
export async function refuseNewcomers(environment: string, context: DriverContext | undefined): Promise<void> {
  if (context?.kind !== "record" || context.passesOver === undefined) return;
  const known = new Set(context.passesOver);
  const urns = await readStackUrns(environment);
  const more = (urns ?? []).filter((urn) => !known.has(urn) && !urn.includes("::pulumi:pulumi:Stack::"));
  if (urns !== null && more.length === 0) return;
  throw new Error(
    `${FENCED}: writing the record of '${environment}' ` +
      (urns === null
        ? "could not read what the stack has"
        : `found resources that somebody's update has made since the driver looked (${more.join(", ")})`) +
      ". Run the same command again; it looks anew",
  );
}
