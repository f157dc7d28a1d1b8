/** What people are told about whose requests fail, of several members that serve. Pure. */
import { isWeighted, servingMembers, sharesIn, type Placement } from "../../stacks/record";
import type { Observation } from "./observe";
import { whoseFailures } from "./whose-part";

/**
 * Which of several in traffic answers with errors only their parts of weighted traffic tell, when they differ; else people
 * see it in the members' own logs. Empty: nobody could be taken out.
 * @param last named after all others: who came in last
 * @param drain the command that takes a member out
 */
export function whomToTakeOut(
  placement: Placement,
  observation: Observation,
  { last = null, drain }: { readonly last?: string | null; readonly drain: (member: string) => string },
): string {
  const serving = servingMembers(placement);
  if (serving.length < 2) return "";
  const who = isWeighted(placement) ? whoseFailures(observation, sharesIn(placement), serving) : null;
  if (who !== null) return `as many requests fail as ${who} gets, so take it out: ${drain(who)}`;
  return [...serving.filter((name) => name !== last), ...serving.filter((name) => name === last)]
    .map((name) => `if ${name} answers with errors, take it out: ${drain(name)}`)
    .join("; ");
}
