/** What the user's own program wants to be there and well before a member is let in. */
import { silence, type Observation } from "../observation/observe";
import { counted } from "../text/sentences";
import { objectProblem } from "./external-workload";
import { bad, notYet, passed, waiting, type Decided, type GateMemory } from "./gate-result";

export interface AwaitedRules {
  readonly member: string;
  /** A member that can't be asked for longer is not waited for. */
  readonly toleratedMs: number;
}

export function decideAwaited(observation: Observation, rules: AwaitedRules, memory: GateMemory): Decided {
  const { member, toleratedMs } = rules;
  const seen = observation.members[member];
  if (seen === undefined || !seen.reachable) {
    const silent = waiting("api-server", silence(seen ?? { name: member, problem: "no outputs" }));
    return bad(memory, observation.at, toleratedMs, silent, `bring ${member}'s API server back`);
  }
  const awaited = seen.awaited ?? [];
  const problem = awaited.map((one) => objectProblem(member, one)).find((one) => one !== null);
  if (problem !== undefined) return notYet(waiting("before-admission", problem));
  return notYet(passed(`${member}: ${counted(awaited.length, "object")} of your own program are there and well`));
}
