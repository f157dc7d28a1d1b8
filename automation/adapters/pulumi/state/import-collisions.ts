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
import { editState } from "./edit";
import { RELEASE } from "./helm-releases";
import { identityOf } from "./pending-resource-ids";
import { refreshUntilDone } from "./settle";
import { isTold } from "./told-by-aws";
import { exported, refreshOnce, type State, type StackCli, type StateResource } from "./export";
import { isObject } from "../../../../components/internal/plain-object";

/** A policy is the same however it is spaced. */
function parsed(text: unknown): unknown {
  try {
    return typeof text === "string" && text.trimStart().startsWith("{") ? (JSON.parse(text) as unknown) : null;
  } catch {
    return null;
  }
}

/** An answer leaves out what is empty or off. */
const isEmptyOrOff = (value: unknown): boolean =>
  value === false ||
  value === 0 ||
  value === "" ||
  value == null ||
  (Array.isArray(value) ? value.length === 0 : isObject(value) && Object.values(value).every(isEmptyOrOff));

/**
 * Whether everything that was declared, and that `isTold` by answers, is in what is there. `lists`: AWS answers lists
 * of words (subnets, groups) in an order of its own. Pure.
 */
export function holds(
  live: unknown,
  declared: unknown,
  lists: "ordered" | "sets" = "ordered",
  isTold: (path: string) => boolean = () => true,
  path = "",
): boolean {
  if (live == null && isEmptyOrOff(declared)) return true;
  // The engine's own notes among the inputs (`__defaults`) are in no answer.
  if (isObject(declared))
    return (
      isObject(live) &&
      Object.entries(declared).every(([key, value]) => {
        const inner = path === "" ? key : `${path}.${key}`;
        return key.startsWith("__") || !isTold(inner) || holds(live[key], value, lists, isTold, inner);
      })
    );
  if (Array.isArray(declared)) {
    if (!Array.isArray(live) || live.length !== declared.length) return false;
    const words = lists === "sets" && [...live, ...declared].every((one) => typeof one === "string");
    const [there, wanted]: [unknown[], unknown[]] = words ? [[...live].sort(), [...declared].sort()] : [live, declared];
    return wanted.every((value, index) => holds(there[index], value, lists, isTold, path));
  }
  const document = lists === "sets" ? parsed(declared) : null;
  return document === null ? String(live) === String(declared) : isDeepStrictEqual(parsed(live), document);
}
/** Tags that the program does not say itself are told apart from its own only by the provider. */
const withAllTags = (live: unknown): unknown =>
  isObject(live) && isObject(live["tagsAll"])
    ? { ...live, tags: { ...live["tagsAll"], ...(isObject(live["tags"]) ? live["tags"] : {}) } }
    : live;
/** What Helm keeps of a release; how it was asked for (`timeout`, the chart's repository) an import does not tell. */
const keptByHelm: ReadonlySet<string> = new Set(["name", "namespace", "version", "values"]);

export const holdsAll = (live: unknown, { type, inputs }: Pick<StateResource, "type" | "inputs">): boolean =>
  type === RELEASE
    ? holds(live, inputs, "ordered", (path) => keptByHelm.has(path.split(".")[0] ?? ""))
    : type.startsWith("kubernetes:")
      ? holds(live, inputs, "ordered")
      : holds(withAllTags(live), inputs, "sets", (path) => isTold(type, path));

/** Null: nobody can tell its id, or it must not be read. */
async function idOf(engine: StackCli, { type, inputs }: Collision): Promise<string | null> {
  const identity = identityOf(type, inputs);
  if (identity.kind === "id") return identity.id;
  return identity.kind === "look-up" ? await findAwsId(type, inputs, await engine.region()) : null;
}

const without = (state: State, urns: ReadonlySet<string>): State => ({
  ...state,
  deployment: {
    ...state.deployment,
    resources: (state.deployment?.resources ?? []).filter((one) => !urns.has(one.urn)),
  },
});

const urnsOf = (state: State | null): ReadonlySet<string> =>
  new Set((state?.deployment?.resources ?? []).map(({ urn }) => urn));

/** The ones of whose kind it can be told what is there. */
function readable(state: State | null, collisions: readonly Collision[]): readonly Collision[] {
  const known = urnsOf(state);
  return collisions.filter(
    ({ urn, type, inputs, parent }) =>
      !known.has(urn) &&
      known.has(parent) &&
      /^(kubernetes|aws):/.test(type) &&
      !JSON.stringify(inputs).includes('"[secret]"'),
  );
}

/** Puts them into the state, unread; answers those that were not in it. */
async function put(engine: StackCli, stack: string, found: readonly StateResource[]): Promise<StateResource[]> {
  let added: StateResource[] = [];
  await editState(engine, stack, (state) => {
    const known = urnsOf(state);
    added = found.filter(({ urn, parent }) => !known.has(urn) && known.has(parent ?? ""));
    const resources = [...(state.deployment?.resources ?? []), ...added];
    return added.length === 0 ? null : { ...state, deployment: { ...state.deployment, resources } };
  });
  return added;
}

/** Takes out what was put in and proved to be somebody else's, or could not be read; answers what stays. */
async function keepOurs(engine: StackCli, stack: string, added: readonly StateResource[]): Promise<readonly string[]> {
  let kept: readonly string[] = [];
  await editState(engine, stack, (state) => {
    const live = new Map((state.deployment?.resources ?? []).map((one) => [one.urn, one]));
    const isUnread = (urn: string): boolean => Object.keys(live.get(urn)?.outputs ?? {}).length === 0;
    const here = added.filter(({ urn }) => live.has(urn));
    const ours = here.filter((one) => !isUnread(one.urn) && holdsAll(live.get(one.urn)?.outputs, one));
    kept = ours.map(({ urn }) => urn);
    const foreign = here.map(({ urn }) => urn).filter((urn) => !kept.includes(urn));
    return foreign.length === 0 ? null : without(state, new Set(foreign));
  });
  return kept;
}

/** Answers the URNs that are in the state now. */
export async function adopt(
  engine: StackCli,
  stack: string,
  collisions: readonly Collision[],
): Promise<readonly string[]> {
  const candidates = readable(await exported(engine, stack), collisions);
  const found = (await Promise.all(candidates.map(async (one) => ({ ...one, id: await idOf(engine, one) })))).flatMap(
    ({ urn, type, inputs, parent, provider, id }): StateResource[] =>
      id === null ? [] : [{ urn, custom: true, id, type, inputs, outputs: {}, parent, provider }],
  );
  if (found.length === 0) return [];
  const added = await put(engine, stack, found);
  if (added.length === 0) return [];
  let urns: readonly string[] = [];
  try {
    await refreshOnce(
      engine,
      stack,
      added.map(({ urn }) => urn),
    );
  } finally {
    urns = await keepOurs(engine, stack, added);
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
