/**
 * A robot that only types what the last remedy says. From every state that a run can reach it must arrive: at a record
 * at rest and a placement that serves.
 */
import type { RolloutResult } from "../../automation/rollout/rollout";
import type { DriverError } from "../../automation/errors";
import { commandsIn, withStack } from "../../automation/text/command-line";
import type { Asked } from "./scenario";
import type { World } from "./world";

/** What a run of a command ended with, as a person sees it. */
export interface Told {
  readonly outcome: string;
  readonly message: string;
  readonly remedy: string | null;
}
export const toldOf = (end: RolloutResult | DriverError | "killed"): Told => {
  if (end === "killed") return { outcome: "killed", message: "", remedy: null };
  if (end instanceof Error) return { outcome: end.code, message: end.message, remedy: end.remedy };
  return { outcome: end.code ?? end.outcome, message: end.message, remedy: end.remedy };
};

export type Typed =
  | { readonly kind: "run"; readonly asked: Asked; readonly approves: boolean }
  /** `pulumi up`, or `eks-blue-green up`, of these stacks. */
  | { readonly kind: "deploy"; readonly members: readonly string[] }
  /** Something else is to be typed, or brought back, by people (kubectl, the AWS CLI); then the same command. */
  | { readonly kind: "by hand" }
  /** The remedy names nothing that could be typed. */
  | { readonly kind: "at a loss" };

export const mostCommands = 12;

/** Of "if blue answers with errors, take it out: …" what is so: a person looks into the logs. */
export const asSeen = (told: Told, world: World): Told => ({
  ...told,
  remedy:
    told.remedy?.replace(/if ([a-z]+) answers with errors, take it out: [^;]*;? ?/g, (clause, name: string) =>
      world.clusters.get(name)?.sickness === "none" ? "" : clause,
    ) ?? null,
});

/** The first command in the remedy that changes something; "the same command again"; or nothing. */
export function typedNext(told: Told, last: Asked, members: readonly string[]): Typed {
  const again: Typed = { kind: "run", asked: last, approves: false };
  // A shell that was closed: a person types the same again.
  if (told.outcome === "killed") return again;
  const remedy = withStack(told.remedy ?? "", "dev");
  const deploys = [...remedy.matchAll(/pulumi up(?: --refresh)? --stack dev(?:-([a-z]+))?/g)];
  // What somebody changed in AWS is put back first.
  if (/pulumi up --refresh --stack dev\b(?!-)/.test(remedy)) return { kind: "deploy", members: [] };
  for (const { name, member, options } of commandsIn(remedy)) {
    const approves = options["--approve-retire"] !== undefined;
    const work = (known: boolean, asked: Asked): Typed | null => (known ? { kind: "run", asked, approves } : null);
    const one = member !== null && members.includes(member) ? member : null;
    const typed =
      name === "upgrade"
        ? work(true, null)
        : name === "rollback"
          ? work(true, { name, member: null, percent: null })
          : name === "admit" || name === "drain"
            ? work(one !== null, { name, member: one, percent: null })
            : name === "scale"
              ? work(one !== null, { name, member: one, percent: Number(options["--percent"] ?? 100) })
              : name === "evacuate" && one !== null
                ? work(true, { name, member: one, percent: null })
                : name === "up"
                  ? ({ kind: "deploy", members } as const)
                  : null;
    if (typed !== null) return typed;
  }
  if (deploys.length > 0) return { kind: "deploy", members: deploys.flatMap(([, member]) => (member ? [member] : [])) };
  if (
    /\bkubectl |\baws [a-z0-9]+ |\bbring .*\bback\b|\bgive the member another name\b|\bset eks-blue-green:\w+ to\b/.test(
      remedy,
    )
  )
    return { kind: "by hand" };
  return /same command|run again|status/.test(remedy) ? again : { kind: "at a loss" };
}

/** Null: the record is at rest and somebody serves. */
export function notArrived(world: World): string | null {
  const { rollout, intent, evacuation } = world.record;
  if (intent !== null) return `'${intent.move.kind} ${intent.move.member}' is open`;
  if (rollout !== null) return `rollout ${rollout.id} is under way (${rollout.direction})`;
  if (evacuation != null) return `${evacuation.member} is being evacuated`;
  return world.serving().length > 0 ? null : "nobody serves";
}
