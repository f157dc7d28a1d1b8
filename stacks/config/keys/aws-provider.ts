/**
 * The aws provider's own settings (`aws:…`) that this package reads. Plain Pulumi applies them to the provider of the
 * stack that has them: the environment's. Members have stacks and providers of their own, and the driver calls AWS
 * itself: what decides on what is made and where is passed on, who calls is refused. The rest (retries, endpoints …)
 * stays the environment's stack's alone.
 */
import { tags as tagLimits } from "../../../components/internal/aws-limits";
import { custom, type Form } from "../declare/form";
import type { Place } from "../declare/place";
import { required, withDefault } from "../declare/key";

/** Values come as text: `pulumi config set --path` writes JSON. */
function decoded(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

/** `pulumi config set --path` writes whole numbers and booleans as such; the provider takes them as text. */
const isPlain = (value: unknown): value is string | number | boolean =>
  ["string", "number", "boolean"].includes(typeof value);

/** What the first role or load balancer would be refused with, half-way in an update. */
function refuseTags(all: readonly [string, string][], place: Place): void {
  const { longestKey, longestValue, most, characters, source } = tagLimits;
  const remedy = "Use letters, digits, spaces and _ . : / = + - @";
  for (const [key, value] of all) {
    const path = `tags.${key}`;
    if (key === "" || key.length > longestKey || !characters.test(key))
      place.add(path, key, `has a key that AWS refuses: 1 to ${longestKey} characters, of some (${source})`, remedy);
    else if (/^aws:/i.test(key))
      place.add(path, key, "begins with aws:, which AWS keeps for its own tags", "Choose another key");
    if (value.length > longestValue || !characters.test(value))
      place.add(path, value, `must have at most ${longestValue} characters, of some (${source})`, remedy);
  }
  if (all.length > most)
    place.add("", all.length, `must be at most ${most} tags: a resource has at most 50 (${source})`, "Remove some");
}

const defaultTags = custom<Readonly<Record<string, string>>>({
  read: (value, place) => {
    const tags = (decoded(value) as { tags?: unknown } | null | undefined)?.tags;
    if (tags === null || typeof tags !== "object" || Array.isArray(tags) || !Object.values(tags).every(isPlain))
      return place.refuse(
        value,
        "must have `tags`, each a plain value",
        "Write it like aws:defaultTags: { tags: { team: platform } }",
      );
    const all = Object.entries(tags).map(([key, tag]): [string, string] => [key, String(tag)]);
    refuseTags(all, place);
    return Object.fromEntries(all);
  },
  empty: {},
  type: "`tags`, each a plain value",
  range: "",
  schema: {
    type: "object",
    properties: { tags: { type: "object", additionalProperties: { type: ["string", "number", "boolean"] } } },
    required: ["tags"],
  },
});

const accountIds: Form<readonly string[]> = custom<readonly string[]>({
  read: (value, place: Place) => {
    const ids = decoded(value);
    // A number has lost its leading zeros.
    const texts = Array.isArray(ids)
      ? ids.map((id: unknown) => (typeof id === "number" ? String(id).padStart(12, "0") : String(id)))
      : null;
    if (texts?.every((id) => /^\d{12}$/.test(id)) === true) return texts;
    return place.refuse(
      value,
      "must be a list of account ids, 12 digits each",
      `Write it like ${place.path}: ["123456789012"]`,
    );
  },
  empty: [],
  type: "list of account ids",
  range: "12 digits each",
  schema: { type: "array", items: { type: ["string", "integer"] } },
});

const regionName = /^[a-z]{2,4}(-[a-z]+)+-\d$/;

export const regionKeys = {
  region: required(
    custom<string>({
      read: (value, place) => {
        if (typeof value === "string" && regionName.test(value)) return value;
        place.add("", value, "must be an AWS region", "Set it: pulumi config set aws:region us-east-1");
        return undefined;
      },
      empty: "",
      type: "text",
      range: "AWS region",
      schema: { type: "string", pattern: regionName.source },
      structured: false,
    }),
    {
      doc: "Region of everything.",
      readBy: ["environment", "members", "driver"],
      change: { kind: "fixed", what: "everything would be replaced" },
      example: "us-east-1",
    },
  ),
};

export const awsKeys = {
  defaultTags: withDefault(
    defaultTags,
    {},
    {
      doc: "Tags of everything that Pulumi makes. Load balancers of Services get their tags from the controller instead.",
      readBy: ["environment", "members"],
      change: { kind: "up" },
      example: { tags: { team: "platform" } },
    },
  ),
  allowedAccountIds: withDefault(accountIds, [], {
    doc: "An update with credentials of any other account fails.",
    readBy: ["environment", "members"],
    change: { kind: "up" },
  }),
  forbiddenAccountIds: withDefault(accountIds, [], {
    doc: "An update with credentials of one of these accounts fails.",
    readBy: ["environment", "members"],
    change: { kind: "up" },
  }),
};
