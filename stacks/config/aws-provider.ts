/** Reads the aws provider's own settings, and says what of them a member's provider gets. */
import { readKeys } from "./declare/group";
import type { Place } from "./declare/place";
import { awsKeys, regionKeys } from "./keys/aws-provider";
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

const ofProvider = (values: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([key, text]) => (key.startsWith("aws:") ? [[key.slice("aws:".length), text]] : [])),
  );

export function readRegion(values: Readonly<Record<string, string>>, top: Place): string {
  const { region } = readKeys(regionKeys, ofProvider(values), top.inner("aws:"));
  return region;
}

/** What members get too; null: nothing is given. */
export function readAwsSettings(values: Readonly<Record<string, string>>, top: Place): AwsSettings | null {
  for (const name of identity) {
    if (values[`aws:${name}`] === undefined) continue;
    top.add(
      `aws:${name}`,
      "(not shown)",
      "would be the environment's stack's alone: members' stacks and the driver would call AWS as somebody else",
      `Remove it (pulumi config rm aws:${name}) and set the process' surroundings, which reach all of them: ` +
        "AWS_PROFILE (a profile may have a role_arn), or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and " +
        "AWS_SESSION_TOKEN",
    );
  }
  const settings = readKeys(awsKeys, ofProvider(values), top.inner("aws:"));
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
