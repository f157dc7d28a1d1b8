/**
 * Which resources of a stack moves leave as they are. What the user's own program declares: those that the stack's
 * outputs name, what is below them, and whatever else is neither below a component of this package nor one of the few
 * things that it makes without one. And what was made of the files of workloads.
 */
import type { ExtensionOutputs, WorkloadFilesOutputs } from "../../../../stacks/contract";
import { isDefaultProvider, isOfFiles, isPackages } from "../../../../stacks/extension/whose";
import type { State } from "./export";

const isStack = (type: string): boolean => type === "pulumi:pulumi:Stack";

/** URNs that the outputs name under these keys. */
function namedIn(state: State | null, keys: readonly string[]): readonly string[] {
  const outputs = state?.deployment?.resources?.find(({ type }) => isStack(type))?.outputs;
  return keys.flatMap((key) => {
    const named = outputs?.[key] as Partial<ExtensionOutputs | WorkloadFilesOutputs> | undefined;
    return named?.resources ?? [];
  });
}

/** In the state's order; with the providers that nobody else needs to have them in the state. */
export const ownResources = (state: State | null): readonly string[] =>
  belowThese(state, namedIn(state, ["extension", "workloadFiles"]));

function belowThese(state: State | null, roots: readonly string[]): readonly string[] {
  const resources = (state?.deployment?.resources ?? []).filter((one) => one.delete !== true);
  const named = new Set(roots);
  const own = new Set<string>();
  // A parent comes before its children.
  for (const one of resources) {
    if (named.has(one.urn) || isOfFiles(one.urn) || (one.parent !== undefined && own.has(one.parent))) own.add(one.urn);
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
