/**
 * A component and all below it in a stack's state: what it holds, and how it is taken out. What it stands for stays as
 * it is.
 */
import { isBinding } from "../../../policy/move-policy";
import { editState } from "./edit";
import type { StackCli, State, StateResource } from "./export";

interface Dependent extends StateResource {
  dependencies?: string[];
  propertyDependencies?: Record<string, string[] | null>;
  deletedWith?: string;
}

/** The URNs of the component and of everything below it. Pure. */
export function subtreeOf(resources: readonly StateResource[], type: string, name: string): ReadonlySet<string> {
  const found = new Set(
    resources.filter((one) => one.type === type && one.urn.split("::").at(-1) === name).map(({ urn }) => urn),
  );
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const { urn, parent } of resources) if (parent !== undefined && found.has(parent)) found.add(urn);
  }
  return found;
}

/** Ids of the TargetGroupBindings below the component: `namespace/name`. Pure. */
export function bindingsBelow(resources: readonly StateResource[], type: string, name: string): readonly string[] {
  const below = subtreeOf(resources, type, name);
  return resources.flatMap((one) =>
    below.has(one.urn) && one.custom === true && one.delete !== true && isBinding(one.type) && one.id !== undefined
      ? [one.id]
      : [],
  );
}

/** The state without them; nobody depends on what is gone. Pure. */
export function withoutResources(state: State, gone: ReadonlySet<string>): State {
  const resources = (state.deployment?.resources ?? [])
    .filter(({ urn }) => !gone.has(urn))
    .map(({ deletedWith, ...one }: Dependent): StateResource => ({
      ...one,
      ...(deletedWith === undefined || gone.has(deletedWith) ? {} : { deletedWith }),
      ...(one.dependencies === undefined ? {} : { dependencies: one.dependencies.filter((urn) => !gone.has(urn)) }),
      ...(one.propertyDependencies === undefined
        ? {}
        : {
            propertyDependencies: Object.fromEntries(
              Object.entries(one.propertyDependencies).map(([key, urns]) => [
                key,
                (urns ?? []).filter((urn) => !gone.has(urn)),
              ]),
            ),
          }),
    }));
  return { ...state, deployment: { ...state.deployment, resources } };
}

/**
 * Answers how many left the state. Repeatable. `check` throws on a state that must stay as it is: the very one that
 * would be written.
 */
export async function forgetComponent(
  engine: StackCli,
  stack: string,
  type: string,
  name: string,
  check: (state: State) => void = () => undefined,
): Promise<number> {
  let count = 0;
  await editState(engine, stack, (state) => {
    check(state);
    const gone = subtreeOf(state.deployment?.resources ?? [], type, name);
    count = gone.size;
    return count === 0 ? null : withoutResources(state, gone);
  });
  return count;
}
