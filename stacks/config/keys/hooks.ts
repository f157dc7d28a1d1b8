/** `hooks`: commands of the user's own around moves. The driver alone reads it, from the project's own config file. */
import { oneOf, whole, type Form } from "../declare/form";
import { group, groupList, type Rule } from "../declare/group";
import { required, type ValueOf, withDefault } from "../declare/key";
import { nameText } from "./names";

/** Words of a command: unlike a list of names, it may have the same word twice. */
const words: Form<readonly string[]> = {
  read: (value, place) => {
    const remedy = "Write the program and its arguments, each a text: [./scripts/register.sh, --wait]";
    if (!Array.isArray(value) || value.length === 0) return place.refuse(value, "must be a list of at least 1", remedy);
    const given: readonly unknown[] = value;
    given.forEach((word, index) => {
      if (typeof word !== "string" || word.includes("\0") || (index === 0 && word.trim() === ""))
        place.add(`[${index}]`, word, index === 0 ? "must be the name of a program" : "must be text", remedy);
    });
    return given.map(String);
  },
  empty: [],
  type: "list of texts",
  range: "at least 1",
  schema: { type: "array", items: { type: "string" }, minItems: 1 },
  structured: true,
};

const aDay = 86_400;

const hookKeys = {
  name: required(nameText("Choose a name like register"), {
    doc: "Name of the hook: messages, `plan` and the command itself know it by this.",
  }),
  at: required(oneOf("after-provision", "before-admit", "after-drain", "before-retire"), {
    doc:
      "When it is run. `after-provision`: a cluster that a move has made is ready. `before-admit`: before a member is let " +
      "into traffic, and before external workloads are waited for. `after-drain`: no request goes to the member any " +
      "more. `before-retire`: its cluster is about to be destroyed, and that is approved.",
  }),
  command: required(words, {
    doc:
      "Program and arguments. There is no shell. It is run in the project's folder, with the driver's environment and " +
      "variables that say for which member. It must be safe to run again.",
    example: ["./scripts/register.sh"],
  }),
  timeoutSeconds: withDefault(whole({ least: 1, most: aDay, source: "seconds, at most a day" }), 300, {
    doc: "Longest run of one attempt, in seconds. Then it is ended, and counts as failed.",
  }),
};

/** A command of the user's own that is run around a move. */
export interface HookConfig extends ValueOf<typeof hookKeys> {}
export type HookPoint = HookConfig["at"];

const namesDiffer: Rule<readonly HookConfig[]> = (all, place) =>
  all.forEach(({ name }, index) => {
    const first = all.findIndex((one) => one.name === name);
    if (name !== "" && first < index)
      place.add(`[${index}].name`, name, `is also the name of hooks[${first}]`, "Give each hook a name of its own");
  });

export const hooks = groupList(group(hookKeys), {
  what: "hook",
  remedy: "Add a hook with name, at and command, or remove the key",
  rules: [namesDiffer],
});
