/**
 * The end of `up`: deployed is not served. A load balancer sends nothing to new targets for minutes, though each of
 * them is healthy (docs/reference/aws-behaviour.md).
 */
import { servingMembers } from "../../stacks/record";
import { DriverError } from "../errors";
import type { EventSink } from "../events";
import { observe, plainLook } from "../observation/observe";
import { healthOf, learnOwners, noOwners } from "../observation/target-owners";
import type { Ports } from "../ports";
import { missingTargetGroups, withLoadBalancers } from "../environment/load-balancers";
import type { Family } from "../environment/state";

/** Rounds in a row in which every request to every target group's listener succeeds, and requests a round. */
const goodRounds = 3;
const requests = 4;

/** Members in traffic, as the record says. */
const servingOf = ({ record }: Pick<Family, "record">): string[] =>
  servingMembers(record.placement).filter(
    (name) => record.placement[name]?.workload === "running" && record.placement[name].evacuated === undefined,
  );

/** Nobody is in traffic: an environment that is being built up by hand, or emptied. */
const nobodyServes = (family: Family): boolean => servingOf(family).length === 0;

/**
 * What keeps the environment from serving; null when every active member that answers serves and all requests of this
 * round succeeded.
 */
async function problemOf(ports: Ports, { environment, record, members }: Family): Promise<string | null> {
  const missing = missingTargetGroups(environment);
  if (missing.length > 0) return `the target group '${missing[0]}' was not found`;
  const observation = await observe(ports, environment, members, { ...plainLook, probes: requests });
  const owners = learnOwners(noOwners, observation);
  // One whose move is open is between two places, and its driver looks after it.
  const idle = servingOf({ record }).filter(
    (name) =>
      record.intent?.move.member !== name &&
      observation.members[name]?.reachable === true &&
      healthOf(owners, observation, name) === "unhealthy",
  );
  if (idle.length > 0) return `${idle.join(", ")}: fewer than half of its targets are healthy`;
  for (const [service, { sent, failed, firstFailure }] of Object.entries(observation.probes))
    if (failed > 0) return `${failed} of ${sent} requests to '${service}' failed: ${firstFailure}`;
  return null;
}

/**
 * Asks every listener until all answer. Answers the environment, with the load balancers that it found meanwhile.
 * @throws EBG-GATE when they don't within rollout.gateTimeoutSeconds, EBG-STOPPED
 */
export async function untilServing(
  ports: Ports,
  family: Family,
  emit: EventSink,
  stop: AbortSignal,
): Promise<Family["environment"]> {
  if (nobodyServes(family)) return family.environment;
  const { clock } = ports;
  let { environment } = family;
  const name = environment.environment;
  const began = clock.now();
  const seconds = (): number => (clock.now() - began) / 1000;
  const timeoutSeconds = Math.max(clock.scaled(environment.config.rollout.gateTimeoutSeconds), 10_000) / 1000;
  const tell = (status: "started" | "progress" | "finished" | "failed", message: string): void =>
    emit({
      kind: "stage",
      name: `requests to ${name}`,
      status,
      message,
      seconds: status === "finished" ? seconds() : null,
    });
  tell("started", "waiting for answers through the load balancer");
  let told: string | null = null;
  for (let good = 0; good < goodRounds;) {
    const problem = await problemOf(ports, { ...family, environment });
    good = problem === null ? good + 1 : 0;
    if (problem !== null && seconds() > timeoutSeconds) {
      tell("failed", problem);
      throw new DriverError(
        "EBG-GATE",
        `the stacks of ${name} are deployed, but ${problem} (waited ${Math.round(seconds())} s)`,
        `eks-blue-green status --stack ${name} shows each member's targets; what somebody deleted in AWS by hand ` +
          `(a listener, a rule) comes back with: pulumi up --refresh --stack ${name}; a service that does not ` +
          "answer '/' names a path that it does (services[].probePath); if the load balancer can't be reached from " +
          "here by design, set EKS_BLUE_GREEN_PROBE=off",
      );
    }
    if (problem !== null && problem !== told) tell("progress", (told = problem));
    if (good >= goodRounds) break;
    await clock.sleep(Math.max(clock.scaled(1), 200), stop);
    if (stop.aborted)
      throw new DriverError(
        "EBG-STOPPED",
        `stopped while waiting for ${name} to answer; its stacks are deployed`,
        `eks-blue-green up --stack ${name}`,
      );
    if (missingTargetGroups(environment).length > 0)
      environment = await withLoadBalancers(ports.aws, environment, family.record);
  }
  tell("finished", "every request succeeds");
  return environment;
}
