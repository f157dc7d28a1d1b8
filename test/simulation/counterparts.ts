/** Which simulated runs a sandbox can repeat for real, and with which faults of its own. Pure. */
import type { AwsFaultSpec } from "../../sandbox/faults/spec";
import type { Fault } from "./scenario";
import type { SimulationResult } from "./simulate";

export type Counterpart =
  | {
      readonly kind: "yes";
      readonly faults: readonly AwsFaultSpec[];
      /** What is special about it: two runs of the same need not both be confirmed. */ readonly signature: string;
    }
  | { readonly kind: "no"; readonly why: string };

const operations: Readonly<Record<string, string>> = {
  targets: "elasticloadbalancing:DescribeTargetHealth",
  deregister: "elasticloadbalancing:DeregisterTargets",
};
/** The SDK asks so often before the driver hears of it. */
const attempts = 3;

function awsFault(fault: Fault): AwsFaultSpec | null {
  if (fault.kind !== "call") return null;
  const operation = operations[fault.call];
  if (operation === undefined || fault.how === "hang") return null;
  return {
    operation,
    kind: fault.how === "lost" ? "lost-answer" : fault.how,
    skip: Math.min(fault.nth, 40),
    count: fault.times * attempts,
  };
}

const nameOf = (fault: Fault): string =>
  fault.kind === "event" ? fault.event.what : fault.kind === "call" ? `${fault.how} of ${fault.call}` : fault.kind;

/**
 * Kills and stops are found again by the runs' own moments; of everything else that struck there must be a counterpart.
 */
function unanswered(fault: Fault): boolean {
  switch (fault.kind) {
    case "kill":
    case "kill-later":
      return false;
    case "engine-kill":
      return !fault.driverToo;
    case "call":
      return awsFault(fault) === null;
    case "event":
      return !(fault.event.what === "stop-asked" || (fault.event.what === "turn-back" && fault.event.stops));
    default:
      return fault satisfies never;
  }
}

export function counterpartOf({ scenario, struck, runs, violations }: SimulationResult): Counterpart {
  const no = (why: string): Counterpart => ({ kind: "no", why });
  if (violations.length > 0) return no("it breaks a rule already");
  if (scenario.strategy !== "replace") return no("its members are upgraded in place: only `replace` is confirmed");
  if (scenario.green.sickness !== "none") return no("its green is sick");
  const alone = [...struck].find(unanswered);
  if (alone !== undefined) return no(`'${nameOf(alone)}' has no counterpart here`);
  const ended = runs.filter((run) => run.ended !== null);
  if (ended.length === 0) return no("nothing ends its driver");
  if (ended.some((run) => run.ended?.moment == null)) return no("its driver ends before its first step");
  // What was repaired by hand in the simulation is not broken here.
  const signature = [
    ...ended.map((run) => `${run.ended?.how ?? ""} ${run.ended?.moment?.kind ?? ""} ${run.ended?.moment?.phase ?? ""}`),
    ...runs.filter((run) => run.asked !== null).map((run) => run.asked?.name ?? ""),
  ].join(", ");
  return { kind: "yes", faults: [...struck].flatMap((fault) => awsFault(fault) ?? []), signature };
}
