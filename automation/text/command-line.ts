/** How remedies name a command: as it can be typed. One place, so that `--stack` is always there. */

/** `command` as after `eks-blue-green`, without `--stack`: `scale green --percent 100`. */
export const typed = (environment: string, command: string): string =>
  `eks-blue-green ${command} --stack ${environment}`;

/** A command of ours that a text names. */
export interface NamedCommand {
  readonly name: string;
  /** The member, for commands on one. */
  readonly argument: string | null;
  readonly stack: string | null;
  /** Other options, as `--percent`: their value, or an empty text. */
  readonly options: Readonly<Record<string, string>>;
}

const names = [
  ...["upgrade", "rollback", "admit", "drain", "scale", "evacuate", "adopt"],
  ...["up", "plan", "status", "verify", "teardown"],
];
const called = new RegExp(
  `eks-blue-green (${names.join("|")})((?: (?:--[a-z-]+(?:[ =][A-Za-z0-9._-]+)?|[A-Za-z0-9-]+))*)`,
  "g",
);
const takesMember = new Set(["admit", "drain", "scale", "evacuate"]);

/** Every command that a text tells to type, in its order. Words behind the command's own are prose. */
export function commandsIn(text: string): NamedCommand[] {
  return [...text.matchAll(called)].map(([, name = "", rest = ""]) => {
    const words = rest.trim() === "" ? [] : rest.trim().split(/[ =]/);
    const argument =
      takesMember.has(name) && words[0] !== undefined && !words[0].startsWith("--") ? words.shift() : null;
    const options: Record<string, string> = {};
    let stack: string | null = null;
    while (words[0]?.startsWith("--")) {
      const option = words.shift() as string;
      const valued = ["--stack", "--percent", "--yes-delete", "--why"].includes(option);
      const value = valued ? (words.shift() ?? "") : "";
      if (option === "--stack") stack = value;
      else options[option] = value;
    }
    return { name, argument: argument ?? null, stack, options };
  });
}
