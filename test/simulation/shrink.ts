/** A failing scenario with as few faults as still break the same rule. */
import { simulate, type Mutation, type SimulationResult } from "./simulate";
import type { Scenario } from "./scenario";

export async function shrink(failing: SimulationResult, mutate?: Mutation): Promise<SimulationResult> {
  const rule = failing.violations[0]?.rule;
  let best = failing;
  const attempt = async (scenario: Scenario): Promise<boolean> => {
    const result = await simulate(scenario, { ...(mutate === undefined ? {} : { mutate }), trace: true });
    if (result.violations[0]?.rule !== rule) return false;
    best = result;
    return true;
  };
  await attempt({ ...best.scenario, green: { sickness: "none", afterSeconds: 0 } });
  for (let index = 0; index < best.scenario.faults.length;) {
    const without = best.scenario.faults.filter((_, other) => other !== index);
    if (!(await attempt({ ...best.scenario, faults: without }))) index += 1;
  }
  return best;
}
