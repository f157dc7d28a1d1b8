/** Look-ups in AWS of what may not be there. */
import * as pulumi from "@pulumi/pulumi";

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What providers say when a lookup by tags found nothing; anything else is a failure. */
const nothing = /no matching|not found|couldn't find|empty result|\b0 results|no results|returned no/i;

/** null: it is not there. @throws when nobody can say */
export async function orNull<T>(what: string, lookup: Promise<T>): Promise<T | null> {
  try {
    return await lookup;
  } catch (error) {
    if (!nothing.test(messageOf(error)))
      throw new Error(
        `${what} can't be looked up: ${messageOf(error)}. Check the credentials' permissions ` +
          "(docs/reference/permissions.md), then run the command again",
      );
    await pulumi.log.debug(`${what} is not there: ${messageOf(error)}`);
    return null;
  }
}
