/** When a user's functions run. Pure: the driver asks too. */
import type { DriverContext } from "../contract";

/** What a move says; undefined: a plain update, or a look at what one would do. */
export type MoveContext = Exclude<DriverContext, { readonly kind: "plain" | "look" }> | undefined;

export const contextOfMove = (told: DriverContext | undefined): MoveContext =>
  told?.kind === "plain" || told?.kind === "look" ? undefined : told;

/** Plain updates declare what is the user's, and the one that makes a member; everything else leaves it as it is. */
export const declaresExtension = (context: DriverContext | undefined): boolean =>
  context === undefined || context.kind === "look" || (context.kind === "act" && context.extension === "declared");
