/**
 * Before a stack is acted on: whoever still holds it is waited for, and operations that a killed engine left open are
 * resolved by
 * looking at the world. An interrupted creation becomes a resource of the state under the id that its inputs give, and
 * a refresh of
 * that resource alone fills it or, when there is nothing of that id, drops it. (The engine's own
 * `--import-pending-creates` drops the entry and reads nothing, 3.246.)
 */
import { DriverError } from "../../../errors";
import type { Settled } from "../../../ports";
import { findAwsId } from "../../aws/resource-ids";
import { endInterruptedRelease } from "../../kubernetes/helm-releases";
import { identityOf } from "./pending-resource-ids";
import { editState } from "./edit";
import {
  endFailedReleases,
  endReleases,
  failedReleases,
  keepUnfinished,
  unfinishedReleases,
  type EndRelease,
  type Refusal,
} from "./helm-releases";
import { exported, refreshOnce, type StackCli, type State, type StateResource } from "./export";

type Counts = { -readonly [Key in keyof Settled]: Settled[Key] };

/** Seconds of AWS's time that something may go on being made or destroyed after its engine is gone. */
const unfinishedSeconds = 2400;
const unfinished = /^(CREATING|UPDATING|DELETING|PENDING)$/;
const short = (urn: string): string =>
  `${urn.split("::")[2]?.split("$").at(-1) ?? ""} '${urn.split("::").at(-1) ?? urn}'`;

/** One that an earlier settling put in and could not look at any more. */
const unread = (resource: StateResource): boolean =>
  resource.custom === true &&
  resource.external !== true &&
  resource.delete !== true &&
  (resource.id ?? "") !== "" &&
  !resource.type.startsWith("pulumi:") &&
  Object.keys(resource.outputs ?? {}).length === 0;

interface Mended {
  readonly state: State;
  /** What is to be refreshed. */
  readonly targets: readonly string[];
  readonly cleared: number;
  readonly notes: readonly string[];
}

/** The state without its pending operations. */
async function mend(engine: StackCli, state: State): Promise<Mended> {
  const { pending_operations: pending = [], resources = [], ...rest } = state.deployment ?? {};
  const kept = [...resources];
  const targets = [...kept.filter(unread), ...unfinishedReleases(state)].map((resource) => resource.urn);
  const notes: string[] = [];
  let cleared = 0;
  for (const { resource, type } of pending) {
    const known = kept.find((one) => one.urn === resource.urn && one.delete !== true);
    if (type !== "creating" || known !== undefined) {
      if (known !== undefined) targets.push(resource.urn);
      continue;
    }
    const identity = identityOf(resource.type, resource.inputs ?? {});
    const id =
      identity.kind === "id"
        ? identity.id
        : identity.kind === "look-up"
          ? await findAwsId(resource.type, resource.inputs ?? {}, await engine.region())
          : null;
    if (id !== null) {
      kept.push({ ...resource, id, outputs: {} });
      targets.push(resource.urn);
      continue;
    }
    cleared += 1;
    if (identity.kind === "unknown")
      notes.push(
        `the creation of ${short(resource.urn)} was interrupted, and its id can't be found by its inputs: it is ` +
          "made again; one that nobody uses may be left over",
      );
  }
  return {
    state: { ...state, deployment: { ...rest, resources: kept } },
    targets: [...new Set(targets)],
    cleared,
    notes,
  };
}

/** Refreshes the targets until none of them is in the middle of something; answers the state after it. */
export async function refreshUntilDone(engine: StackCli, stack: string, targets: readonly string[]): Promise<State> {
  const { clock, note } = engine.options;
  const until = clock.now() + Math.max(clock.scaled(unfinishedSeconds), 60_000);
  let told = "";
  for (;;) {
    const state = (await exported(engine, stack)) ?? {};
    const here = new Map((state.deployment?.resources ?? []).map((resource) => [resource.urn, resource]));
    const left = targets.filter((urn) => here.has(urn));
    const busy = left.filter((urn) => unfinished.test(String(here.get(urn)?.outputs?.["status"] ?? "")));
    if (left.length === 0 || (told !== "" && busy.length === 0)) return state;
    if (clock.now() > until)
      throw new DriverError(
        "EBG-PENDING-OPERATIONS",
        `${stack}: ${busy.map(short).join(", ")} did not come to an end`,
        "look at it in AWS, then run the same command again",
      );
    const message =
      busy.length === 0
        ? ""
        : `waiting for ${busy.map(short).join(", ")}, which an update that did not come to its end left behind`;
    if (message !== "" && message !== told) note(message);
    if (told !== "") await clock.sleep(Math.max(clock.scaled(15), 1000));
    told = message === "" ? "looked" : message;
    await refreshOnce(engine, stack, left);
  }
}

const pendingOf = (state: State | null) => state?.deployment?.pending_operations ?? [];
const needsMending = (state: State | null): boolean =>
  pendingOf(state).length > 0 ||
  (state?.deployment?.resources ?? []).some(unread) ||
  unfinishedReleases(state).length > 0;

interface SettleOptions {
  readonly endRelease?: EndRelease;
  /** Helm refused the last update of the stack. */
  readonly refused?: Refusal | null;
}

/**
 * Answers what was done; null when nothing was pending and nobody held the stack. @throws EBG-STACK-LOCKED,
 * EBG-PENDING-OPERATIONS
 */
export async function settle(
  engine: StackCli,
  stack: string,
  { endRelease = endInterruptedRelease, refused = null }: SettleOptions = {},
): Promise<Settled | null> {
  const { note } = engine.options;
  const counts: Counts = { adopted: 0, cleared: 0, refreshed: 0 };
  let held = await engine.untilFree(stack);
  // Operations of an update that is under way look like those of a killed one: first it must be known that nobody holds
  // the stack.
  const found = await exported(engine, stack);
  const mends = needsMending(found);
  if (!mends && refused === null && failedReleases(found).length === 0) return held ? counts : null;
  held = (await engine.untilProvenFree(stack)) || held;
  if (!mends) {
    await endFailedReleases(engine, stack, endRelease, refused);
    return held ? counts : null;
  }
  let pending: ReturnType<typeof pendingOf> = [];
  let mended: Mended | null = null;
  try {
    await endReleases(engine, stack, endRelease);
    if (refused !== null) await endFailedReleases(engine, stack, endRelease, refused);
    await editState(engine, stack, async (state) => {
      pending = pendingOf(state);
      mended = null;
      if (!needsMending(state)) return null;
      note(
        `${stack}: a killed update left ${pending.length} operations open ` +
          `(${pending.map(({ resource, type }) => `${type} ${short(resource.urn)}`).join(", ") || "not looked at yet"}); ` +
          "looking what became of them",
      );
      mended = await mend(engine, state);
      return mended.state;
    });
    const done = mended as Mended | null;
    if (done === null) return counts;
    done.notes.forEach(note);
    const creating = new Set(pending.filter(({ type }) => type === "creating").map(({ resource }) => resource.urn));
    const after = done.targets.length === 0 ? done.state : await refreshUntilDone(engine, stack, done.targets);
    await keepUnfinished(engine, stack);
    const here = new Set((after.deployment?.resources ?? []).map((resource) => resource.urn));
    counts.refreshed = done.targets.filter((urn) => !creating.has(urn)).length;
    counts.adopted = done.targets.filter((urn) => creating.has(urn) && here.has(urn)).length;
    counts.cleared = done.cleared + done.targets.filter((urn) => creating.has(urn) && !here.has(urn)).length;
  } catch (error) {
    if (error instanceof DriverError && error.code !== "EBG-UPDATE-FAILED") throw error;
    throw new DriverError(
      "EBG-PENDING-OPERATIONS",
      `${stack}: what became of interrupted operations can't be seen: ` +
        `${error instanceof Error ? error.message : String(error)}`,
      "repair what the message names, then run the same command again",
      error,
    );
  }
  note(`${stack}: ${counts.adopted} adopted, ${counts.cleared} never made, ${counts.refreshed} refreshed`);
  return counts;
}
