/** Whether AWS knows the credentials: those that it refuses would fail in the middle of the first move. */
import { DriverError } from "../errors";
import type { Finding } from "../finding";
import type { Ports } from "../ports";
import { unlessDisturbed } from "./unless-disturbed";

/** STS that is disturbed says nothing of them. @throws EBG-CREDENTIALS */
export async function identityFindings({ aws }: Pick<Ports, "aws">): Promise<Finding[]> {
  try {
    await aws.identity();
    return [];
  } catch (error) {
    if (error instanceof DriverError && error.code === "EBG-CREDENTIALS") throw error;
    return await unlessDisturbed("whose credentials these are", () => Promise.reject(error));
  }
}
