/**
 * A stack's Helm releases. Of one that its engine was killed in, or that an update failed at, Helm's own record is
 * ended first; then the stack's state says that the release is unfinished, so that the next update goes on with it,
 * also when nothing of it changes.
 */
import { DriverError } from "../../../errors";
import { endInterruptedRelease } from "../../kubernetes/helm-releases";
import type { ApiServer } from "../../kubernetes/kubeconfig";
import { labelName, objectName } from "../../../../stacks/shared/plain-name";
import { oneLine } from "../../../text/foreign";
import { shell } from "../../../text/shell";
import { editState } from "./edit";
import { exported, type EksName, type StackCli, type State, type StateResource } from "./export";
import { isObject } from "../../../../components/internal/plain-object";

export const RELEASE = "kubernetes:helm.sh/v3:Release";

/** The effect on the cluster, as a test replaces it. */
export type EndRelease = typeof endInterruptedRelease;

const text = (value: unknown): string => (typeof value === "string" ? value : "");

function statusOf({ outputs }: StateResource): string {
  const status = outputs?.["status"];
  return isObject(status) ? text(status["status"]) : "";
}

/** Whether Helm would refuse it, or did not come to its end with it and the next update would not know. */
function isUnfinished(resource: StateResource): boolean {
  if (resource.type !== RELEASE || resource.custom !== true || resource.delete === true) return false;
  const status = statusOf(resource);
  return /^(pending-|uninstalling)/.test(status) || (status === "failed" && (resource.initErrors ?? []).length === 0);
}

/** Those that are as they were declared when they were last updated. */
export function completeReleases(state: State | null): readonly string[] {
  const open = new Set((state?.deployment?.pending_operations ?? []).map(({ resource }) => resource.urn));
  return (state?.deployment?.resources ?? [])
    .filter(
      (one) =>
        one.type === RELEASE &&
        one.custom === true &&
        one.delete !== true &&
        (one.initErrors ?? []).length === 0 &&
        statusOf(one) === "deployed" &&
        !open.has(one.urn),
    )
    .map(({ urn }) => urn);
}

/** Releases that are in the state in such a condition. */
export const unfinishedReleases = (state: State | null): readonly StateResource[] =>
  (state?.deployment?.resources ?? []).filter(isUnfinished);

/**
 * Those that an update failed at. What the state says of their status is not to be believed: when an API server stops
 * answering, neither Helm can write its record to an end, nor can the provider read it.
 */
export const failedReleases = (state: State | null): readonly StateResource[] =>
  (state?.deployment?.resources ?? []).filter((one) => isRelease(one) && (one.initErrors ?? []).length > 0);

/** Helm's words for an update that it refuses because its record of the release is open. */
const refusal = /another operation \(install\/upgrade\/rollback\) is in progress/;
export const isRefusedByHelm = (message: string): boolean => refusal.test(message);

/** Helm gives a release up after so long, unless it is told otherwise. Milliseconds; not scaled, it is Helm's own. */
const helmTimeoutMs = 300_000;
/** Of a release that says how long it may take: seconds. */
const longestMs = ({ inputs }: StateResource): number =>
  Math.max(helmTimeoutMs, typeof inputs?.["timeout"] === "number" ? inputs["timeout"] * 1000 : 0);
/** When Helm refused an update although nothing is known of any release: any of them may be it. */
export interface Refusal {
  /** When this driver began with updates of the stack: what began later is its own, and has ended with its update. */
  readonly since: Date;
}
const overSince =
  ({ since }: Refusal, resource: StateResource, wall: () => number) =>
  (begun: Date): boolean =>
    begun >= since || wall() - begun.getTime() > longestMs(resource);

/**
 * An update failed at it at some time, which the state tells: what somebody's Helm has begun later is not that update's.
 * Undefined: nothing speaks against it.
 */
function overWhenFailed(resource: StateResource, wall: () => number): ((begun: Date) => boolean) | undefined {
  const failedAt = new Date(text(resource.modified));
  if ((resource.initErrors ?? []).length === 0 || Number.isNaN(failedAt.getTime())) return undefined;
  return (begun) => begun <= failedAt || wall() - begun.getTime() > longestMs(resource);
}

const isRelease = ({ type, custom, delete: leaves }: StateResource): boolean =>
  type === RELEASE && custom === true && leaves !== true;

/** Of which Helm may have a record that is not at its end: those, unfinished ones, and those of open operations. */
function interrupted(state: State): readonly StateResource[] {
  const open = (state.deployment?.pending_operations ?? []).map(({ resource }) => resource);
  const all = [...unfinishedReleases(state), ...failedReleases(state), ...open];
  return [...new Map(all.map((one) => [one.urn, one])).values()].filter(({ type }) => type === RELEASE);
}

/** What an export with secrets shows of one. */
function plain(value: unknown): string {
  const shown = isObject(value) ? value["plaintext"] : value;
  if (!isObject(value) || typeof shown !== "string") return text(shown);
  try {
    return text(JSON.parse(shown));
  } catch {
    return "";
  }
}

/**
 * The API server of the provider that has it, which has to be the stack's own: a kubeconfig for another cluster is refused
 * where it is used. null: that provider's kubeconfig is not in the state.
 */
function serverOf(state: State, { provider }: StateResource, stack: string, own: EksName): ApiServer | null {
  const providerUrn = (provider ?? "").replace(/::[^:]*$/, "");
  const found = (state.deployment?.resources ?? []).find((one) => one.urn === providerUrn);
  const kubeconfig = plain(found?.inputs?.["kubeconfig"]);
  // A path, or the name of a context, is some machine's alone.
  if (!/^\s*\{|\bclusters\s*:/.test(kubeconfig)) return null;
  const endpoint = "of its provider's kubeconfig";
  return { member: stack, clusterName: own.name, region: own.region, endpoint, kubeconfig };
}

/** Both become parts of a path at the API server. */
const isSound = (namespace: string, name: string): boolean => labelName.test(namespace) && objectName.test(name);

/** Before they are read: ends Helm's record of each. Safe to repeat. @throws EBG-MEMBER-UNREACHABLE */
export async function endReleases(
  engine: StackCli,
  stack: string,
  end: EndRelease,
  refused: Refusal | null = null,
): Promise<void> {
  const of = (state: State): readonly StateResource[] =>
    refused === null ? interrupted(state) : (state.deployment?.resources ?? []).filter(isRelease);
  const state = await exported(engine, stack);
  if (state === null || of(state).length === 0) return;
  const shown = (await exported(engine, stack, "with secrets")) ?? state;
  const own = await engine.clusterOf(stack);
  const { note, clock } = engine.options;
  const wall = (): number => clock.wall();
  for (const resource of of(shown)) {
    const namespace = plain(resource.inputs?.["namespace"]);
    const name = plain(resource.inputs?.["name"]);
    if (namespace === "" || name === "") continue;
    const release = `the release ${oneLine(namespace)}/${oneLine(name)}`;
    const left = (why: string): void =>
      note(`${stack}: Helm did not end with ${release}, and its record can't be ended from here: ${why}`);
    if (!isSound(namespace, name)) {
      left("Kubernetes has no such names; find out who changed the stack's state (SECURITY.md)");
      continue;
    }
    if (own === null) {
      left(`the stack has no cluster of its own; look at it with ${shell`helm history ${name} -n ${namespace}`}`);
      continue;
    }
    const server = serverOf(shown, resource, stack, own);
    if (server === null) continue;
    try {
      const isOver = refused === null ? overWhenFailed(resource, wall) : overSince(refused, resource, wall);
      const status = await end(server, { namespace, name }, isOver);
      if (status !== null)
        note(
          `${stack}: Helm did not end with ${release} (${status}); its record says failed now, and the next update ` +
            "goes on with it",
        );
    } catch (error) {
      // Who only moves traffic may not write Helm's Secrets, and needs not to. A record that nobody can read, and a
      // kubeconfig of another cluster, are no reason to stop every command either.
      if (!(error instanceof DriverError) || error.code !== "EBG-KUBERNETES") throw error;
      left(`${error.message}; ${error.remedy}`);
    }
  }
}

/**
 * Behind an update that failed: Helm refuses the next one ("another operation is in progress") for as long as its
 * record is open. What is wrong here is told and stops nothing: the update that comes next says it itself, and who
 * takes a member out of traffic needs no Helm.
 */
export async function endFailedReleases(
  engine: StackCli,
  stack: string,
  end: EndRelease,
  refused: Refusal | null,
): Promise<void> {
  try {
    await endReleases(engine, stack, end, refused);
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    engine.options.note(`${stack}: whether Helm ended with its releases can't be seen: ${error.message}`);
  }
}

/** After they were read: one that is not at its end is finished by the next update. */
export async function keepUnfinished(engine: StackCli, stack: string): Promise<void> {
  await editState(engine, stack, (state) => {
    const unfinished = unfinishedReleases(state).filter(({ initErrors = [] }) => initErrors.length === 0);
    for (const resource of unfinished)
      resource.initErrors = [`Helm did not come to its end with this release (${statusOf(resource)})`];
    return unfinished.length === 0 ? null : state;
  });
}
