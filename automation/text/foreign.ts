/** Text that comes from pods, clusters, AWS and the engine: it must not steer a terminal or a CI system. */

/** Control characters (but tab) and those that turn the direction of what follows, or end a line. */
const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

const escaped = (character: string): string => {
  const code = character.charCodeAt(0);
  return code <= 0xff ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
};

/** Control characters as `\xNN`; line ends stay. */
export const visible = (text: string): string => text.replace(/\r\n/g, "\n").replace(steering, escaped);

/** One line: its line ends are shown as `⏎`; cut after `most` characters. */
export function oneLine(text: string, most = 200): string {
  const line = visible(text.trim()).replace(/\n+/g, "⏎");
  const characters = [...line];
  return characters.length <= most ? line : `${characters.slice(0, most - 1).join("")}…`;
}

/**
 * A line that no CI system takes for a command, wherever it looks: GitHub at the first character that is no space,
 * Azure and TeamCity within the line as well.
 */
export const harmless = (line: string): string =>
  line.replace(/##(?=\[|vso\[|teamcity\[)/gi, "# #").replace(/^(\s*)::/, "$1: :");

/** Lines for people, each harmless; those after the first are indented, so none begins as a message of its own. */
export const asLines = (text: string, indent = "  "): readonly string[] =>
  visible(text)
    .split("\n")
    .map((line, index) => harmless(index === 0 || line === "" ? line : `${indent}${line}`));
