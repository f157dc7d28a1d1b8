/** Whether nobody loses an answer when a member that is dead, maybe in some services only, gets no requests. Pure. */
import type { Baseline } from "../../stacks/record";
import { stillServes } from "./dead-member";
import type { Observation } from "./observe";
import type { TargetOwners } from "./target-owners";

/**
 * Where it serves nothing any more: always. Else only when not one request of the services that it still serves fails,
 * also in what was written down, and those that get its part get some already: they would fail if those erred.
 */
export function mayBeEmptied(
  observation: Observation,
  owners: TargetOwners,
  member: string,
  { seenBefore, untried = false }: { readonly seenBefore?: Baseline | null; readonly untried?: boolean } = {},
): boolean {
  const services = stillServes(observation, owners, member);
  if (services.length === 0) return true;
  if (untried) return false;
  const answers = (all: Readonly<Record<string, { readonly sent: number; readonly failed: number }>>): boolean =>
    services.every((port) => (all[port]?.sent ?? 0) > 0 && all[port]?.failed === 0);
  return answers(observation.probes) && (seenBefore === null || answers(seenBefore?.requests ?? observation.probes));
}
