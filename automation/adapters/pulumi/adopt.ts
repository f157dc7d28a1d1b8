/**
 * A Kubernetes object whose creation is refused because it is there already, though the state does not have it: an earlier update made
 * it and its answer was lost. It is taken into the state when it is exactly what the program declares, so that the next attempt goes on;
 * an object that differs is somebody else's and is left alone.
 */
import type { Engine } from "./engine";
import { identityOf } from "./pending-ids";
import { exported, refreshOnce, writeState, type State, type StateResource } from "./stack-state";

export interface Collision { readonly urn: string; readonly type: string; readonly inputs: Record<string, unknown>; readonly parent: string; readonly provider: string }

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether everything that was declared is in what is there. Pure. */
export function holds(live: unknown, declared: unknown): boolean {
  if (isObject(declared)) return isObject(live) && Object.entries(declared).every(([key, value]) => holds(live[key], value));
  if (Array.isArray(declared)) return Array.isArray(live) && live.length === declared.length && declared.every((value, index) => holds(live[index], value));
  return String(live) === String(declared);
}

const without = (state: State, urns: ReadonlySet<string>): State => ({ ...state, deployment: { ...state.deployment, resources: (state.deployment?.resources ?? []).filter((one) => !urns.has(one.urn)) } });

/** Answers the URNs that are in the state now. */
export async function adopt(engine: Engine, stack: string, collisions: readonly Collision[]): Promise<readonly string[]> {
  const state = await exported(engine, stack);
  if (state?.deployment?.resources === undefined) return [];
  const known = new Set(state.deployment.resources.map((one) => one.urn));
  const found = collisions.flatMap(({ urn, type, inputs, parent, provider }): StateResource[] => {
    const identity = identityOf(type, inputs);
    const readable = !known.has(urn) && known.has(parent) && type.startsWith("kubernetes:") && identity.kind === "id" && !JSON.stringify(inputs).includes('"[secret]"');
    return readable ? [{ urn, custom: true, id: identity.id, type, inputs, outputs: {}, parent, provider }] : [];
  });
  if (found.length === 0) return [];
  const urns = found.map(({ urn }) => urn);
  await writeState(engine, stack, { ...state, deployment: { ...state.deployment, resources: [...state.deployment.resources, ...found] } });
  let looked: State | null = null;
  try {
    await refreshOnce(engine, stack, urns);
    looked = await exported(engine, stack);
  } finally {
    const live = new Map((looked?.deployment?.resources ?? []).map((one) => [one.urn, one]));
    const foreign = found.filter(({ urn, inputs }) => live.has(urn) && !holds(live.get(urn)?.outputs, inputs)).map(({ urn }) => urn);
    if (looked === null) await writeState(engine, stack, state);
    else if (foreign.length > 0) await writeState(engine, stack, without(looked, new Set(foreign)));
    urns.splice(0, urns.length, ...urns.filter((urn) => live.has(urn) && !foreign.includes(urn)));
  }
  if (urns.length > 0) engine.options.note(`${stack}: ${urns.map((urn) => urn.split("::").at(-1)).join(", ")} was there already, exactly as declared, and is taken into the state`);
  return urns;
}
