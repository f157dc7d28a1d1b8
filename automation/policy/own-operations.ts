/** Operations on what the user's own program declares, apart from those on what is this package's. Pure. */
import { isDefaultProvider, isPackages } from "../../stacks/extension/whose";
import type { PlannedOperation } from "../ports";

export interface Split {
  readonly own: readonly PlannedOperation[];
  readonly packages: readonly PlannedOperation[];
}

/** Those on what these URNs name and what is below it, apart from the others. */
export function operationsBelow(operations: readonly PlannedOperation[], roots: readonly string[]): PlannedOperation[] {
  const below = new Set(roots);
  for (const one of [...operations, ...[...operations].reverse()])
    if (one.parent !== undefined && below.has(one.parent)) below.add(one.urn);
  return operations.filter(({ urn }) => below.has(urn));
}

/** `named`: URNs that the stack's outputs name, without what is below them. */
export function splitOperations(operations: readonly PlannedOperation[], named: readonly string[] = []): Split {
  const theirs = new Set(named);
  // A parent's operation comes first when things are made, and last when they go.
  for (const one of [...operations, ...[...operations].reverse()])
    if (!isPackages(one.urn) && !isDefaultProvider(one.urn)) theirs.add(one.urn);
    else if (one.parent !== undefined && theirs.has(one.parent)) theirs.add(one.urn);
  const own = operations.filter(({ urn }) => theirs.has(urn));
  return { own, packages: operations.filter((one) => !own.includes(one)) };
}
