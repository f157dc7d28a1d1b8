/**
 * Whose words the engine's output holds. What Kubernetes' provider passes on was written by whoever runs a container
 * (its termination message, say): shown, but neither an error's code nor a remedy is taken from it.
 */

/** One error diagnostic of the engine. */
export interface Diagnostic {
  readonly text: string;
  /** The resource that it is about; empty: the program or the engine itself. */
  readonly urn: string;
}

export interface Words {
  /** Lines of the program, the engine and the state's backend. */
  readonly engine: readonly string[];
  /** Lines of AWS's provider about its resources. */
  readonly aws: readonly string[];
  /** Lines of other providers, but for those that pass containers' words on. */
  readonly others: readonly string[];
}

type Speaker = keyof Words | "foreign";

/** Of `aws:iam/role:Role`, and of what is the program's own: the stack, components of this package, and providers. */
function speakerOf(type: string): Speaker {
  if (type === "" || /^(pulumi|eks-blue-green):/.test(type)) return "engine";
  if (type.startsWith("aws:")) return "aws";
  return /^(kubernetes|docker|command)[\w-]*:/.test(type) ? "foreign" : "others";
}

const typeIn = (urn: string): string => urn.split("::")[2]?.split("$").at(-1) ?? "";

/**
 * What a command without events printed. Its diagnostics stand below their resource, `  TYPE (NAME):`, each line further
 * in; what is not indented is the command's own, and an error of it goes on in the lines below.
 */
function spoken(raw: string): readonly (readonly [Speaker, string])[] {
  // null: in the table of resources, which shows the first words of their errors.
  let speaker: Speaker | null = "engine";
  const lines: (readonly [Speaker, string])[] = [];
  for (const line of raw.split("\n")) {
    const own = line.replace(/^ (?=(stdout|stderr|err\?): )/, "");
    const header = /^ {2}([\w-]+:\S+) \(.*\):?$/.exec(line)?.[1];
    if (header !== undefined) speaker = speakerOf(header);
    else if (/^\S/.test(own)) {
      lines.push(["engine", own]);
      speaker = /^(stderr: )?error: /i.test(own) ? "engine" : null;
    } else if (speaker !== null) lines.push([speaker, line.trim()]);
  }
  return lines;
}

export function wordsOf(raw: string, diagnostics: readonly Diagnostic[]): Words {
  const told = diagnostics.flatMap(({ text, urn }) =>
    text.split("\n").map((line) => [speakerOf(typeIn(urn)), line] as const),
  );
  const all = [...told, ...spoken(raw.replaceAll(/\u001b\[[0-9;]*m/g, ""))];
  const of = (wanted: Speaker): string[] => all.filter(([speaker]) => speaker === wanted).map(([, line]) => line);
  return { engine: of("engine"), aws: of("aws"), others: of("others") };
}

/** What a line begins with before its message: `error: Unhandled exception: Error: `. */
const prefix = /^(?:[A-Za-z?][\w ?]*: )*/;

/** Whether one of the lines is an error of that code: what it quotes further on is no error of its own. */
export const hasCode = (lines: readonly string[], code: string): boolean =>
  lines.some((line) => line.replace(prefix, "").startsWith(`${code}:`));
