/** Numbers and names in sentences for people. */

/** `1 member`, `3 members`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** `blue serves`, `blue, green serve`. `verb` without ending; one in -y becomes -ies. */
export const doing = (names: readonly string[], verb: string): string =>
  `${names.join(", ")} ${names.length === 1 ? (verb.endsWith("y") ? `${verb.slice(0, -1)}ies` : `${verb}s`) : verb}`;
