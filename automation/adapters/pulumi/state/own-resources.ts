/**
 * Which resources of a stack the user's own program declares: those that the stack's outputs name, what is below them,
 * and whatever else is neither below a component of this package nor one of the few things that it makes without one.
 */
import type { ExtensionOutputs } from "../../../../stacks/contract";
import { isDefaultProvider, isPackages } from "../../../../stacks/extension/whose";
import type { State } from "./export";

const isStack = (type: string): boolean => type === "pulumi:pulumi:Stack";

/** In the state's order; with the providers that nobody else needs to have them in the state. */
export function ownResources(state: State | null): readonly string[] {
  const resources = (state?.deployment?.resources ?? []).filter((one) => one.delete !== true);
  const outputs = resources.find(({ type }) => isStack(type))?.outputs?.["extension"] as
    Partial<ExtensionOutputs> | undefined;
  const named = new Set(outputs?.resources ?? []);
  const own = new Set<string>();
  // A parent comes before its children.
  for (const one of resources) {
    if (named.has(one.urn) || (one.parent !== undefined && own.has(one.parent))) own.add(one.urn);
    else if (!isPackages(one.urn) && !isDefaultProvider(one.urn)) own.add(one.urn);
  }
  const needed = new Set(
    resources.flatMap(({ urn, provider }) => (own.has(urn) && provider ? [provider.replace(/::[^:]*$/, "")] : [])),
  );
  return resources
    .filter((one) => own.has(one.urn) || (isDefaultProvider(one.urn) && needed.has(one.urn)))
    .map(({ urn }) => urn);
}

/** Every resource of the stack. */
export const allButStack = (state: State | null): readonly string[] =>
  (state?.deployment?.resources ?? []).filter(({ type }) => !isStack(type)).map(({ urn }) => urn);

/**
 * Those that the user's own program protects, in the state's order. What is below a component of this package has its
 * protection from there.
 */
export function protectedOwn(state: State | null): readonly string[] {
  const own = new Set(ownResources(state));
  return (state?.deployment?.resources ?? [])
    .filter(({ urn, protect }) => protect === true && own.has(urn) && !isPackages(urn))
    .map(({ urn }) => urn);
}
