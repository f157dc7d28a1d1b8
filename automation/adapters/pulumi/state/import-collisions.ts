/**
 * A Kubernetes object, or a resource of AWS, whose creation is refused because it is there already, though the state
 * does not have it: an
 * earlier update (or an earlier try of the same call) made it and its answer was lost. It is taken into the state when
 * it is exactly what
 * the program declares (of a cluster that includes its role, whose name nobody else can have), so that the next attempt
 * goes on; what
 * differs is somebody else's and is left alone.
 */
import { isDeepStrictEqual } from "node:util";
import { findAwsId } from "../../aws/resource-ids";
import type { Collision } from "../engine/events";
import { identityOf } from "./pending-resource-ids";
import { refreshUntilDone } from "./settle";
import { exported, refreshOnce, writeState, type State, type StackCli, type StateResource } from "./write";

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A policy is the same however it is spaced. */
function parsed(text: unknown): unknown {
  try {
    return typeof text === "string" && text.trimStart().startsWith("{") ? (JSON.parse(text) as unknown) : null;
  } catch {
    return null;
  }
}

/**
 * Whether everything that was declared is in what is there. `lists`: AWS answers lists of words (subnets, groups) in an
 * order of its own. Pure.
 */
export function holds(live: unknown, declared: unknown, lists: "ordered" | "sets" = "ordered"): boolean {
  // The engine's own notes among the inputs (`__defaults`) are in no answer.
  if (isObject(declared))
    return (
      isObject(live) &&
      Object.entries(declared).every(([key, value]) => key.startsWith("__") || holds(live[key], value, lists))
    );
  if (Array.isArray(declared)) {
    if (!Array.isArray(live) || live.length !== declared.length) return false;
    const words = lists === "sets" && [...live, ...declared].every((one) => typeof one === "string");
    const [there, wanted]: [unknown[], unknown[]] = words ? [[...live].sort(), [...declared].sort()] : [live, declared];
    return wanted.every((value, index) => holds(there[index], value, lists));
  }
  const document = lists === "sets" ? parsed(declared) : null;
  return document === null ? String(live) === String(declared) : isDeepStrictEqual(parsed(live), document);
}
const holdsAll = (live: unknown, { type, inputs }: Pick<StateResource, "type" | "inputs">): boolean =>
  holds(live, inputs, type.startsWith("kubernetes:") ? "ordered" : "sets");

/** Null: nobody can tell its id, or it must not be read. */
async function idOf({ type, inputs }: Collision): Promise<string | null> {
  const identity = identityOf(type, inputs);
  if (identity.kind === "id") return identity.id;
  return identity.kind === "look-up" ? await findAwsId(type, inputs) : null;
}

const without = (state: State, urns: ReadonlySet<string>): State => ({
  ...state,
  deployment: {
    ...state.deployment,
    resources: (state.deployment?.resources ?? []).filter((one) => !urns.has(one.urn)),
  },
});

/** Answers the URNs that are in the state now. */
export async function adopt(
  engine: StackCli,
  stack: string,
  collisions: readonly Collision[],
): Promise<readonly string[]> {
  const state = await exported(engine, stack);
  if (state?.deployment?.resources === undefined) return [];
  const known = new Set(state.deployment.resources.map((one) => one.urn));
  const readable = collisions.filter(
    ({ urn, type, inputs, parent }) =>
      !known.has(urn) &&
      known.has(parent) &&
      /^(kubernetes|aws):/.test(type) &&
      !JSON.stringify(inputs).includes('"[secret]"'),
  );
  const found = (await Promise.all(readable.map(async (one) => ({ ...one, id: await idOf(one) })))).flatMap(
    ({ urn, type, inputs, parent, provider, id }): StateResource[] =>
      id === null ? [] : [{ urn, custom: true, id, type, inputs, outputs: {}, parent, provider }],
  );
  if (found.length === 0) return [];
  const urns = found.map(({ urn }) => urn);
  await writeState(engine, stack, {
    ...state,
    deployment: { ...state.deployment, resources: [...state.deployment.resources, ...found] },
  });
  let looked: State | null = null;
  try {
    await refreshOnce(engine, stack, urns);
    looked = await exported(engine, stack);
  } finally {
    const live = new Map((looked?.deployment?.resources ?? []).map((one) => [one.urn, one]));
    const foreign = found
      .filter((one) => live.has(one.urn) && !holdsAll(live.get(one.urn)?.outputs, one))
      .map(({ urn }) => urn);
    if (looked === null) await writeState(engine, stack, state);
    else if (foreign.length > 0) await writeState(engine, stack, without(looked, new Set(foreign)));
    urns.splice(0, urns.length, ...urns.filter((urn) => live.has(urn) && !foreign.includes(urn)));
  }
  if (urns.length === 0) return urns;
  engine.options.note(
    `${stack}: ${urns.map((urn) => urn.split("::").at(-1)).join(", ")} was there already, exactly as declared, ` +
      "and is taken into the state",
  );
  // A cluster of which only the answer was lost is still being made, and has no endpoint yet.
  await refreshUntilDone(engine, stack, urns);
  return urns;
}
