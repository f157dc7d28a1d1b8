/**
 * Objects of a cluster whose API server is gone for good leave the state, so that what AWS has of it can be destroyed.
 */
import { editState } from "./edit";
import type { StackCli, State, StateResource } from "./export";

interface Referring extends StateResource {
  dependencies?: string[];
  propertyDependencies?: Record<string, string[] | null>;
  deletedWith?: string;
}

const isObject = (resource: StateResource): boolean => resource.type.startsWith("kubernetes:");

/** The same state without them, and without any word of them; in place. Answers how many. */
export function withoutObjects(state: State): number {
  const resources = (state.deployment?.resources ?? []) as Referring[];
  const gone = new Set(resources.filter(isObject).map((resource) => resource.urn));
  if (state.deployment === undefined || gone.size === 0) return 0;
  const kept = resources.filter((resource) => !isObject(resource));
  for (const resource of kept) {
    if (resource.dependencies !== undefined)
      resource.dependencies = resource.dependencies.filter((urn) => !gone.has(urn));
    for (const [property, urns] of Object.entries(resource.propertyDependencies ?? {}))
      if (urns !== null)
        (resource.propertyDependencies as Record<string, string[]>)[property] = urns.filter((urn) => !gone.has(urn));
    if (resource.deletedWith !== undefined && gone.has(resource.deletedWith)) delete resource.deletedWith;
  }
  state.deployment.resources = kept;
  state.deployment.pending_operations = (state.deployment.pending_operations ?? []).filter(
    ({ resource }) => !isObject(resource),
  );
  return gone.size;
}

export async function forgetObjects(engine: StackCli, stack: string): Promise<number> {
  let count = 0;
  await editState(engine, stack, (state) => {
    count = withoutObjects(state);
    return count === 0 ? null : state;
  });
  return count;
}
