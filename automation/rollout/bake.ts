import { commitBake, type Step } from "../../stacks/record";
import { decideBaked } from "../gates/bake";
import { plainLook } from "../observation/observe";
import { snapshot } from "../observation/target-owners";
import type { Session } from "./session";
import { looksOf } from "./observation-needs";
import { waitForGate } from "./wait-for-gate";
import type { Phases } from "./apply-move";

/** A bake leaves no intent: one that was interrupted is begun again. Its commit is carried by the next write. */
export async function performBake(
  session: Session,
  index: number,
  step: Step & { readonly type: "bake" },
): Promise<void> {
  const phases: Phases = {};
  const started = session.ports.clock.now();
  session.options.emit({ kind: "step-started", index, step, resumed: false });
  const active = session.policy.baked;
  const first = await session.look(plainLook);
  const before = Object.fromEntries(active.map((name) => [name, snapshot(session.owners, first, name)]));
  const rules = {
    active,
    before,
    bakeMs: session.ports.clock.scaled(step.seconds),
    ...session.waits.tolerance,
    excused: session.policy.excused,
    repairMs: session.waits.repairMs,
    why: step.why,
    alarms: session.rules.alarms,
  };
  await session.phase(index, "gate", step.why, phases, () =>
    waitForGate(session, {
      name: `bake: ${step.why}`,
      index,
      wants: { ...looksOf(session).serving, alarms: session.rules.alarms },
      decide: (seen, memory) => decideBaked(seen, session.owners, rules, memory),
    }),
  );
  session.record = commitBake(session.record);
  session.options.emit({
    kind: "step-finished",
    index,
    step,
    seconds: (session.ports.clock.now() - started) / 1000,
    phases,
  });
}
