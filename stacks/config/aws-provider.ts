/**
 * The aws provider's own settings (`aws:…`) beside the region. Plain Pulumi applies them to the provider of the stack
 * that has them: the
 * environment's. Members have stacks and providers of their own, and the driver calls AWS itself: what decides on what
 * is made and where is
 * passed on, who calls is refused. The rest (retries, endpoints …) stays the environment's stack's alone.
 */
import type { Problem } from "../../components/internal/problems";
import type { AwsSettings } from "./types";

/**
 * Who calls: it must be the same identity everywhere, and only the surroundings of the process reach the provider, the
 * driver and logins to clusters.
 */
const identity = [
  "profile",
  "assumeRole",
  "assumeRoles",
  "assumeRoleWithWebIdentity",
  "accessKey",
  "secretKey",
  "token",
  "sharedConfigFiles",
  "sharedCredentialsFiles",
] as const;

function decoded(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `pulumi config set --path` writes whole numbers and booleans as such; the provider takes them as text. */
const isPlain = (value: unknown): value is string | number | boolean =>
  ["string", "number", "boolean"].includes(typeof value);

function tagsOf(value: unknown): Readonly<Record<string, string>> | null {
  const tags = (value as { tags?: unknown } | null | undefined)?.tags;
  if (tags === null || typeof tags !== "object" || Array.isArray(tags) || !Object.values(tags).every(isPlain))
    return null;
  return Object.fromEntries(Object.entries(tags).map(([key, tag]) => [key, String(tag)]));
}

function accountIds(values: Readonly<Record<string, string>>, key: string, problems: Problem[]): readonly string[] {
  const text = values[key];
  if (text === undefined) return [];
  const ids = decoded(text);
  // A number has lost its leading zeros.
  const texts = Array.isArray(ids)
    ? ids.map((id: unknown) => (typeof id === "number" ? String(id).padStart(12, "0") : String(id)))
    : null;
  if (texts?.every((id) => /^\d{12}$/.test(id)) === true) return texts;
  problems.push({
    path: key,
    value: text,
    rule: "must be a list of account ids, 12 digits each",
    remedy: `Write it like ${key}: ["123456789012"]`,
  });
  return [];
}

/** What members get too; null: nothing is given. */
export function readAwsSettings(values: Readonly<Record<string, string>>, problems: Problem[]): AwsSettings | null {
  for (const name of identity) {
    if (values[`aws:${name}`] === undefined) continue;
    problems.push({
      path: `aws:${name}`,
      value: "(not shown)",
      rule: "would be the environment's stack's alone: members' stacks and the driver would call AWS as somebody else",
      remedy:
        `Remove it (pulumi config rm aws:${name}) and set the process' surroundings, which reach all of them: ` +
        "AWS_PROFILE (a profile may have a role_arn), or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and " +
        "AWS_SESSION_TOKEN",
    });
  }
  const given = values["aws:defaultTags"];
  const defaultTags = given === undefined ? {} : tagsOf(decoded(given));
  if (defaultTags === null)
    problems.push({
      path: "aws:defaultTags",
      value: given,
      rule: "must have `tags`, each a plain value",
      remedy: "Write it like aws:defaultTags: { tags: { team: platform } }",
    });
  const settings = {
    defaultTags: defaultTags ?? {},
    allowedAccountIds: accountIds(values, "aws:allowedAccountIds", problems),
    forbiddenAccountIds: accountIds(values, "aws:forbiddenAccountIds", problems),
  };
  return Object.values(settings).every((one) => Object.keys(one).length === 0) ? null : settings;
}

/** Of a member's provider; without what is not given, so that environments without such settings see no change. */
export function providerSettings(settings: AwsSettings | undefined): {
  defaultTags?: { tags: Record<string, string> };
  allowedAccountIds?: string[];
  forbiddenAccountIds?: string[];
} {
  if (settings === undefined) return {};
  const { defaultTags, allowedAccountIds, forbiddenAccountIds } = settings;
  return {
    ...(Object.keys(defaultTags).length === 0 ? {} : { defaultTags: { tags: { ...defaultTags } } }),
    ...(allowedAccountIds.length === 0 ? {} : { allowedAccountIds: [...allowedAccountIds] }),
    ...(forbiddenAccountIds.length === 0 ? {} : { forbiddenAccountIds: [...forbiddenAccountIds] }),
  };
}
