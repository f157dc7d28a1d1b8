/** What `plan` says of what the user's own program declares. Pure. */
import type { UpgradePlan } from "../commands/plan";
import type { PlannedOwn } from "../planning/own-resources";
import { wrap } from "../text/wrap";

const said: Readonly<Record<PlannedOwn["does"], string>> = {
  declares: "makes",
  waits: "waits until these are well:",
  destroys: "destroys, before the cluster,",
};

export function ownLines({ own = [], steps }: Pick<UpgradePlan, "own" | "steps">, width: number): string[] {
  if (own.length === 0) return [];
  return [
    "",
    "What your own program declares (other steps leave it as it is):",
    ...own.flatMap(({ step, does, what, as }) => {
      const of = steps[step];
      const move = of?.type === "move" ? `${of.kind} ${of.member}` : "";
      const whose = as === undefined ? "" : ` (as on ${as})`;
      return wrap(
        `  ${String(step + 1).padStart(2)}. ${move} ${said[does]} ${what.join(", ")}${whose}`,
        width,
        "      ",
      );
    }),
  ];
}
