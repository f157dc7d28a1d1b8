/**
 * `cycle`: members are upgraded in place, one after the other, while they are out of traffic. Each goes through all its
 * minors in one
 * stay, so that it leaves traffic once (docs/decisions/0005-cycle.md). Roles and sizes end as they began.
 */
import {
  absent,
  sizedAt,
  capacityOf,
  compareVersions,
  fullShare,
  isBound,
  isServing,
  nextMinor,
  nodePercentOf,
} from "../../stacks/record";
import type { Placement, Step } from "../../stacks/record";
import { capacityFloor, cover, lackingWithout } from "./capacity";
import { rampDown, rampUp, shareOf } from "./shares";
import { impossible, Steps, type Limits, type Wanted, stepsFrom } from "./step-builder";

export function cycle(current: Placement, wanted: Wanted, limits: Limits): Step[] {
  const steps = stepsFrom(current, limits);
  const names = [...new Set([...wanted.members, ...Object.keys(current)])].filter(
    (name) => steps.at(name).role !== "absent",
  );
  const out = names.filter((name) => steps.at(name).evacuated !== undefined);
  if (out.length > 0)
    throw impossible(
      `${out.join(", ")} was evacuated, and a cluster that is upgraded in place must answer`,
      "bring its cluster back and put it in order: " +
        `${out.map((name) => `eks-blue-green drain ${name}`).join("; ")}; or replace it once: ` +
        "eks-blue-green:rollout.strategy replace",
    );
  const outdated = wanted.outdated ?? [];
  const isBehind = (name: string): boolean =>
    compareVersions(steps.at(name).version ?? wanted.version, wanted.version) < 0;
  const behind = names.filter((name) => outdated.includes(name) || isBehind(name));
  const renew = (name: string): void =>
    outdated.includes(name)
      ? rebuild(steps, name, current, wanted, limits)
      : upgradeInPlace(steps, name, wanted.version);
  // Nobody is served by a standby: it goes first, and shows what the version does.
  for (const name of behind.filter((one) => !isServing(steps.at(one)))) {
    const wasBound = isBound(steps.at(name));
    if (wasBound) steps.drain(name);
    renew(name);
    if (wasBound) steps.admit(name);
  }
  const floor = capacityFloor(current, limits);
  for (const name of behind.filter((one) => isServing(steps.at(one)))) {
    standIn(steps, name, floor, limits, names);
    cover(steps, { without: [name] }, floor, limits);
    rampDown(steps, name);
    steps.drain(name);
    // It may have carried others' load before; while it is out, fewer nodes are fewer to replace.
    steps.resize(name, capacityOf(current[name]), nodePercentOf(current[name]));
    renew(name);
    comeBack(steps, name, shareOf(current[name]), limits, "serves again");
  }
  asBefore(steps, current, names);
  return steps.list;
}

/** What a cluster keeps from when it was made only a new one has otherwise: it is destroyed, and made anew. */
function rebuild(steps: Steps, name: string, before: Placement, { version }: Wanted, limits: Limits): void {
  const { workload } = steps.at(name);
  if (workload === "running" && limits.stopsWorkloads !== false)
    steps.move("scale", name, { ...steps.at(name), workload: "stopped" });
  steps.move("retire", name, absent);
  const made = { role: "standby", version, workload: "running" } as const;
  steps.move("provision", name, sizedAt(made, capacityOf(before[name]), nodePercentOf(before[name])));
  if (workload === "stopped") steps.move("scale", name, { ...steps.at(name), workload });
}

/**
 * Control planes go up one minor at a time; add-ons and nodes follow in the same move, so that kubelets are never far
 * behind.
 */
function upgradeInPlace(steps: Steps, name: string, version: string): void {
  for (let at = steps.at(name).version; at !== null && compareVersions(at, version) < 0; at = steps.at(name).version) {
    steps.move("upgrade", name, { ...steps.at(name), version: nextMinor(at) });
  }
}

/** Standbys come in when the active ones alone can't do without `outgoing`. */
function standIn(steps: Steps, outgoing: string, floor: number, limits: Limits, names: readonly string[]): void {
  for (;;) {
    const lacking = lackingWithout(steps, { without: [outgoing] }, floor, limits);
    if (lacking === null) return;
    const standby = names.find((name) => name !== outgoing && !isServing(steps.at(name)));
    if (standby === undefined) throw impossible(lacking.message, lacking.remedy);
    if (steps.at(standby).workload === "stopped")
      steps.move("scale", standby, { ...steps.at(standby), workload: "running" });
    comeBack(steps, standby, fullShare, limits, "stands in");
  }
}

/** Into traffic, up to its share. */
function comeBack(steps: Steps, name: string, full: number, limits: Limits, what: string): void {
  if (!isBound(steps.at(name))) steps.admit(name);
  const serves = `${name} (${steps.at(name).version}) ${what}`;
  if (steps.weighted) rampUp(steps, { incoming: name, outgoing: null, full }, limits, serves);
  else steps.bake(limits.bakeSeconds, serves);
}

/** Those who only stood in go out again; then everybody gets the size that it had. */
function asBefore(steps: Steps, before: Placement, names: readonly string[]): void {
  const standIns = steps.serving().filter((name) => !isServing(before[name]));
  for (const name of standIns) {
    rampDown(steps, name);
    if (!isBound(before[name])) steps.drain(name);
    if (before[name]?.workload === "stopped") steps.move("scale", name, { ...steps.at(name), workload: "stopped" });
  }
  for (const name of names) steps.resize(name, capacityOf(before[name]), nodePercentOf(before[name]));
}
