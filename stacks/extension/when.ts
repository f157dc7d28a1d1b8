/** When a user's functions run. Pure: the driver asks too. */
import type { DriverContext } from "../contract";

/** Plain updates declare what is the user's, and the one that makes a member; everything else leaves it as it is. */
export const declaresExtension = (context: DriverContext | undefined): boolean =>
  context === undefined || (context.kind === "act" && context.extension === "declared");
