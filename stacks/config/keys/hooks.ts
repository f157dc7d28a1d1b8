/** `hooks`: commands and webhooks of the user's own around moves. The driver alone reads it, from the project's own config file. */
import { oneOf, text, whole, type Form } from "../declare/form";
import { group, groupList, type Rule } from "../declare/group";
import { leftOut, required, type ValueOf, withDefault } from "../declare/key";
import { nameText } from "./names";

/** Words of a command: unlike a list of names, it may have the same word twice. */
const words: Form<readonly string[]> = {
  read: (value, place) => {
    const remedy = "Write the program and its arguments, each a text: [./scripts/register.sh, --wait]";
    if (!Array.isArray(value) || value.length === 0) {
      place.add("", value, "must be a list of at least 1", remedy);
      // Not `undefined`: something was given.
      return [];
    }
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

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Whoever is asked must be who is meant, so nothing goes out in clear text but to the machine itself. */
function urlProblem(value: string): { readonly rule: string; readonly remedy: string } | null {
  const remedy = "Write it like https://hooks.example.com/eks-blue-green";
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url === null) return { rule: "must be a URL", remedy };
  if (url.protocol !== "https:" && !(url.protocol === "http:" && loopback.test(url.hostname)))
    return { rule: "must begin with https://, or lead to this machine", remedy };
  if (url.username !== "" || url.password !== "")
    return { rule: "must have no login in it: the config is in the stack's outputs", remedy: "Use tokenVariable" };
  return null;
}

const webhookKeys = {
  url: required(
    text({
      rule: "must be a URL",
      remedy: "Write it like https://hooks.example.com/eks",
      check: urlProblem,
      range: "https URL",
    }),
    {
      doc: "Where the POST goes. Redirects are not followed.",
      example: "https://hooks.example.com/eks-blue-green",
    },
  ),
  tokenVariable: leftOut(
    text({
      pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
      rule: "must be the name of an environment variable",
      remedy: "Write it like HOOK_TOKEN",
    }),
    "no `authorization` header",
    {
      doc: "Environment variable of the driver that has the bearer token. The token itself is in no config and no state.",
      example: "HOOK_TOKEN",
    },
  ),
};

/** A POST request. */
export interface WebhookConfig extends ValueOf<typeof webhookKeys> {}

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
  command: leftOut(words, "none: then `webhook` is required", {
    doc:
      "Program and arguments. There is no shell. It is run in the project's folder, with the driver's environment and " +
      "variables that say for which member. It must be safe to run again.",
    example: ["./scripts/register.sh"],
  }),
  webhook: leftOut(group(webhookKeys), "none: then `command` is required", {
    doc:
      "A POST with JSON that says for which member. An answer of 200 to 299 is done, everything else has failed. It must " +
      "be safe to be sent again: its header `idempotency-key` stays the same.",
  }),
  timeoutSeconds: withDefault(whole({ least: 1, most: aDay, source: "seconds, at most a day" }), 300, {
    doc: "Longest time of one attempt, in seconds. Then it is ended, and counts as failed.",
  }),
};

/** A command of the user's own that is run around a move, or a webhook that is called. */
export interface HookConfig extends ValueOf<typeof hookKeys> {}
export type HookPoint = HookConfig["at"];

const namesDiffer: Rule<readonly HookConfig[]> = (all, place) =>
  all.forEach(({ name }, index) => {
    const first = all.findIndex((one) => one.name === name);
    if (name !== "" && first < index)
      place.add(`[${index}].name`, name, `is also the name of hooks[${first}]`, "Give each hook a name of its own");
  });

const oneWay: Rule<HookConfig> = ({ command, webhook }, place) => {
  if (command === undefined && webhook === undefined)
    place.add("command", null, "is required without webhook", "Say what is run, or what is called");
  if (command !== undefined && webhook !== undefined)
    place.add("webhook", webhook.url, "can't be given together with command", "Make two hooks of it");
};

export const hooks = groupList(group(hookKeys, [oneWay]), {
  what: "hook",
  remedy: "Add a hook with name, at and command or webhook, or remove the key",
  rules: [namesDiffer],
});
