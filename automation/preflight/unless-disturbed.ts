/** Looks of a preflight that nothing depends on: AWS that is disturbed must not keep anybody from moving traffic. */
import { DriverError } from "../errors";
import type { Finding } from "../finding";

/** What the look found; or, when it failed, advice that says so. `what`: what was looked at, "zones and subnets". */
export async function unlessDisturbed(what: string, look: () => Promise<readonly Finding[]>): Promise<Finding[]> {
  try {
    return [...(await look())];
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    return [
      {
        code: error.code,
        severity: "recommended",
        message: `${what} could not be looked at: ${error.message}`,
        remedy: `nothing waits for it; to look again: ${error.remedy}`,
      },
    ];
  }
}
