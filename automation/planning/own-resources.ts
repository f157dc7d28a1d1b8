/** What an upgrade's steps do with what the user's own program declares. Pure. */
import type { MemberOutputs } from "../../stacks/contract";
import type { Step } from "../../stacks/record";

/** What a step of a plan does with what the user's own program declares. */
export interface PlannedOwn {
  /** Index in `steps`. */
  readonly step: number;
  /** `declares`: with the new member · `waits`: until it is well, before the member is let in · `destroys`: with it. */
  readonly does: "declares" | "waits" | "destroys";
  /** Resources by type, or the objects as `Kind namespace/name`. */
  readonly what: readonly string[];
  /** A new member's are not known before it is made: these are another member's. Absent: its own. */
  readonly as?: string;
}

type Members = Readonly<Record<string, Pick<MemberOutputs, "extension"> | undefined>>;

const typeOf = (urn: string): string => (urn.split("::")[2] ?? "").split("$").at(-1) ?? "";

/** `2 × aws:sqs/queue:Queue`. */
function counts({ extension }: Pick<MemberOutputs, "extension">): string[] {
  const types = (extension?.resources ?? []).map(typeOf).filter((type) => !type.startsWith("pulumi:"));
  return [...new Set(types)].sort().map((type) => `${types.filter((one) => one === type).length} × ${type}`);
}

const objects = ({ extension }: Pick<MemberOutputs, "extension">): string[] =>
  (extension?.beforeAdmission ?? []).map(
    ({ kind, name, namespace }) => `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`,
  );

export function ownAround(steps: readonly Step[], members: Members): readonly PlannedOwn[] {
  const like = Object.entries(members).find(([, outputs]) => outputs?.extension !== undefined);
  return steps.flatMap((step, index): PlannedOwn[] => {
    if (step.type !== "move" || step.member === undefined) return [];
    const own = members[step.member];
    const [as, shown] = own?.extension === undefined ? (like ?? []) : [undefined, own];
    if (shown === undefined) return [];
    const told = (does: PlannedOwn["does"], what: readonly string[]): PlannedOwn[] =>
      what.length === 0 ? [] : [{ step: index, does, what, ...(as === undefined ? {} : { as }) }];
    switch (step.kind) {
      case "provision":
        return told("declares", counts(shown));
      case "admit":
        return told("waits", objects(shown));
      case "retire":
        return told("destroys", counts(shown));
      default:
        return [];
    }
  });
}
