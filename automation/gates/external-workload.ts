/**
 * Workloads that this package has not written, because somebody else deploys them or because they come from files:
 * whether they are there and well on a member, and the same as on those that serve. No move repairs them, so each
 * problem says in words what is missing and where.
 */
import { bad, listing, notYet, passed, untold, waiting, type Decided, type GateMemory } from "./gate-result";
import { silence, type MemberObservation, type ObservedExternal, type Observation } from "../observation/observe";
import type { ReadyObject } from "../ports/external-workload";
import { counted } from "../text/sentences";

const stands: Readonly<Record<Exclude<ReadyObject["status"], "current">, string>> = {
  "in-progress": "is not ready",
  failed: "has failed",
  suspended: "is suspended",
  terminating: "is being deleted",
  "not-found": "is not there",
  unknown: "can't be read",
};

/** What is wrong with an object; null: it is there and well. */
export const objectProblem = (member: string, { kind, name, status, message }: ReadyObject): string | null =>
  status === "current" ? null : `${kind} ${name} on ${member} ${stands[status]}: ${message}`;

/** What a workload lacks on a member that could be looked at; null when it is there and well. */
export function externalProblem(member: string, seen: ObservedExternal): string | null {
  const { service, serviceName, servicePort, pods, objects } = seen;
  if (service === null) return `Service ${serviceName} is not on ${member}`;
  if (!service.selects)
    return `Service ${serviceName} on ${member} has no selector, so no pod of it can become a target`;
  if (!service.ports.includes(servicePort))
    return (
      `Service ${serviceName} on ${member} has no port ${servicePort} ` +
      `(it has ${service.ports.join(", ") || "none"}; services[].servicePort says which is meant)`
    );
  if (pods.total === 0) return `Service ${serviceName} selects no pod on ${member}`;
  const lacking = objects.map((one) => objectProblem(member, one)).find((problem) => problem !== null);
  if (lacking !== undefined) return lacking;
  if (pods.ready < pods.total)
    return `${pods.ready} of ${counted(pods.total, "pod")} of Service ${serviceName} are ready on ${member}`;
  return null;
}

/** What a person can do about a workload that is not well. */
export const repairOf = ({ fromFiles, serviceName }: Pick<ObservedExternal, "fromFiles" | "serviceName">): string =>
  fromFiles !== undefined
    ? `see why (kubectl -n ${serviceName.split("/")[0]} get pods), correct its files, then: eks-blue-green up`
    : "repair it where it is deployed from: this package writes nothing of it";

/** The config's key that says whether its images may differ. */
export const imagesKey = ({ fromFiles }: Pick<ObservedExternal, "fromFiles">): string =>
  `services[].${fromFiles ?? "external"}.images`;

/** What makes images equal. `key`: the config's, where they may differ. */
export const equalOf = (workload: Pick<ObservedExternal, "fromFiles">, key = imagesKey(workload)): string =>
  workload.fromFiles === undefined
    ? `deploy the same images to all members, or set ${key} to any`
    : `deploy the same files to all members (eks-blue-green up), or set ${key} to any`;

/** External workloads of a member by target group key, each Service once. */
export function externalsOf(seen: MemberObservation | undefined): readonly (readonly [string, ObservedExternal])[] {
  const named = new Set<string>();
  return Object.entries(seen?.services ?? {}).flatMap(([key, { external }]) => {
    const port = external === undefined ? "" : `${external.serviceName}:${external.servicePort}`;
    if (external === undefined || named.has(port)) return [];
    named.add(port);
    return [[key, external] as const];
  });
}

/** Whose images differ; null: nobody's, or they may. A member that has no pod has nothing to be equal to. */
export function imagesProblem(
  member: string,
  key: string,
  seen: ObservedExternal,
  others: readonly MemberObservation[],
): string | null {
  if (!seen.comparesImages) return null;
  for (const other of others) {
    const theirs = other.services[key]?.external?.images ?? [];
    if (theirs.length === 0) continue;
    const more = seen.images.filter((image) => !theirs.includes(image));
    const fewer = theirs.filter((image) => !seen.images.includes(image));
    if (more.length === 0 && fewer.length === 0) continue;
    const said = [
      ...(more.length === 0 ? [] : [`${member} alone runs ${listing(more)}`]),
      ...(fewer.length === 0 ? [] : [`${other.name} alone runs ${listing(fewer)}`]),
    ];
    return (
      `pods of Service ${seen.serviceName} run other images on ${member} than on ${other.name}, which serves ` +
      `(${said.join("; ")})`
    );
  }
  return null;
}

export interface ExternalRules {
  readonly member: string;
  /** Members that serve, whose images it must run; none where that is not asked. */
  readonly serving: readonly string[];
  /** What can't be asked for longer is not waited for: the member itself, and with `passesSilence` those that serve. */
  readonly toleratedMs: number;
  readonly passesSilence: boolean;
}

/** Those that serve, when their images are asked for and none of them can be asked; else empty. */
export function silentPeers(
  { members }: Observation,
  { member, serving }: Pick<ExternalRules, "member" | "serving">,
): readonly MemberObservation[] {
  if (!externalsOf(members[member]).some(([, external]) => external.comparesImages)) return [];
  const others = serving.flatMap((name) => members[name] ?? []);
  return others.some(({ reachable }) => reachable) ? [] : others;
}

/** Before a member is let in: each external workload is there and well, and the same as on the members that serve. */
export function decideExternal(observation: Observation, rules: ExternalRules, memory: GateMemory): Decided {
  const { member, serving, toleratedMs } = rules;
  const { at } = observation;
  const seen = observation.members[member];
  if (seen === undefined || !seen.reachable) {
    const silent = waiting("api-server", silence(seen ?? { name: member, problem: "no outputs" }));
    return bad(memory, at, toleratedMs, silent, `bring ${member}'s API server back`);
  }
  const all = externalsOf(seen);
  for (const [, external] of all) {
    const problem = externalProblem(member, external);
    if (problem !== null) return notYet(waiting("external", problem));
  }
  const files = all.every(([, { fromFiles }]) => fromFiles !== undefined);
  const good = `${member}: ${files ? "the workloads of its files" : "its external workloads"} are there and ready`;
  const silent = silentPeers(observation, rules);
  if (silent.length > 0) {
    const unknown = waiting("unknown", `nobody can say which images serve: ${silent.map(silence).join("; ")}`);
    if (!rules.passesSilence) return untold(memory, unknown);
    const waited = bad(memory, at, toleratedMs, unknown, "");
    return waited.decision.status === "waiting" ? waited : notYet(passed(`${good}; ${unknown.message}`));
  }
  const answering = serving.flatMap((name) => observation.members[name] ?? []).filter((other) => other.reachable);
  for (const [key, external] of all) {
    const problem = imagesProblem(member, key, external, answering);
    if (problem !== null) return notYet(waiting("images", problem));
  }
  return notYet(passed(good));
}
