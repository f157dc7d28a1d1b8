/** How remedies name a command: as it can be typed. One place, so that `--stack` is always there. */
import type { RolloutCommand } from "../../stacks/record";

/** `command` as after `eks-blue-green`, without `--stack`: `scale green --percent 100`. */
export const typed = (environment: string, command: string): string =>
  `eks-blue-green ${command} --stack ${environment}`;

/** A rollout's command as typed, an upgrade without one: `scale green --percent 200`. */
export function describeAsked(asked: RolloutCommand | null): string {
  if (asked === null) return "upgrade";
  if (asked.name === "replace")
    return asked.member === null ? "upgrade --replace-all" : `upgrade --replace ${asked.member}`;
  return [
    asked.name,
    ...(asked.member === null ? [] : [asked.member]),
    ...(asked.percent === null ? [] : ["--percent", asked.percent]),
  ].join(" ");
}

/** A command of ours that a text names. */
export interface NamedCommand {
  readonly name: string;
  /** The member, for commands on one. */
  readonly member: string | null;
  readonly stack: string | null;
  /** Other options, as `--percent`: their value, or an empty text. */
  readonly options: Readonly<Record<string, string>>;
}

const onMember = "admit|drain|scale|evacuate";
const others = "upgrade|rollback|adopt|up|plan|status|verify|teardown";
const valued = "--stack|--replace|--steps|--percent|--yes-delete|--why|--requests";
/** Words behind a command's own are prose. */
const called = new RegExp(
  `eks-blue-green (?:(${onMember})(?: ([A-Za-z][A-Za-z0-9-]*))?|(${others}))\\b(?!-)` +
    `((?: (?:(?:${valued})[ =](?:"[^"]*"|[A-Za-z0-9._/-]*[A-Za-z0-9])|--[a-z][a-z-]*[a-z]))*)`,
  "g",
);

/** Finds them in a text; a pattern of one's own, because it remembers where it was. */
export const commandPattern = (): RegExp => new RegExp(called.source, called.flags);

/** Every command that a text tells to type, in its order. */
export function commandsIn(text: string): NamedCommand[] {
  return [...text.matchAll(called)].map(([, work, member, other, rest = ""]) => {
    const options: Record<string, string> = {};
    let stack: string | null = null;
    for (const [, option = "", value = ""] of rest.matchAll(/ (--[a-z-]+)(?:[ =]("[^"]*"|[^\s-][^\s]*))?/g)) {
      if (option === "--stack") stack = value;
      else options[option] = value;
    }
    return { name: work ?? other ?? "", member: member ?? null, stack, options };
  });
}

/** The text with `--stack` behind every command that lacks it: without it none of them can be pasted. */
export function withStack(text: string, environment: string): string {
  return text.replace(called, (command: string, _work, _member, _other, rest: string) =>
    / --stack[ =]/.test(rest) ? command : `${command} --stack ${environment}`,
  );
}
