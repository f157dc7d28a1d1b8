/** How long a run waits for what, in milliseconds of this machine: from the config, AWS's times and the run's policy. */
import type { EnvironmentOutputs } from "../../stacks/contract";
import { weightedRolloutOf } from "../../stacks/config/weighted-rollout";
import type { Move } from "../../stacks/record";
import { driftSeconds } from "../observation/target-drift";
import type { Ports } from "../ports";
import type { RunPolicy, Tolerance } from "../policy/run-policy";

export class Waits {
  /** Config and policy as they are at that time: both change within a run. */
  constructor(
    private readonly clock: Ports["clock"],
    private readonly environment: () => EnvironmentOutputs,
    private readonly policy: () => RunPolicy,
  ) {}

  /**
   * As long as the controller's cache of targets may hide what is missing, and once more to ask
   * (docs/reference/controller-behaviour.md).
   */
  get repairMs(): number {
    return Math.max(this.clock.scaled(driftSeconds.cache + 2 * driftSeconds.again), 15_000);
  }
  /** The longest that any service's connections may drain, and a little for ELBv2 to say so. */
  get drainMs(): number {
    const { clock } = this;
    const delays = this.environment().config.services.map((service) => service.deregistrationDelaySeconds);
    return clock.scaled(Math.max(0, ...delays)) + Math.max(clock.scaled(120), 10_000);
  }
  get holdMs(): number {
    return this.clock.scaled(this.environment().config.rollout.propagationHoldSeconds);
  }
  /** How long the load balancer may go on routing the old way after this kind of move. */
  holdMsOf({ kind }: Pick<Move, "kind">): number {
    const { config } = this.environment();
    return kind === "shift" ? this.clock.scaled(weightedRolloutOf(config).weightHoldSeconds) : this.holdMs;
  }
  /** For the end of somebody else's update, before the record is written. */
  get lockMs(): number {
    const { clock } = this;
    const { gateTimeoutSeconds } = this.environment().config.rollout;
    return this.policy().waitsForLocks ? Math.max(clock.scaled(gateTimeoutSeconds), 10_000) : 0;
  }
  /**
   * `short` is half a minute of AWS's time; Kubernetes' and this machine's own delays are not scaled, hence never less
   * than three real seconds. Where there is nothing better to turn to, only the gate's timeout gives up.
   */
  get tolerance(): { readonly toleratedMs: number; readonly requestsToleratedMs: number } {
    const { members, requests } = this.policy().tolerance;
    return { toleratedMs: this.msOf(members), requestsToleratedMs: this.msOf(requests) };
  }
  /** Of requests while a member comes in. */
  get newcomerToleratedMs(): number {
    return this.msOf(this.policy().tolerance.newcomer);
  }
  /** Behind a drain, when not one request is answered. */
  get noAnswerToleratedMs(): number {
    return this.msOf(this.policy().tolerance.noAnswer);
  }
  /** As long as anything may look bad where something better is known. */
  get shortMs(): number {
    return Math.max(this.clock.scaled(30), 3000);
  }
  private msOf(tolerance: Tolerance): number {
    return tolerance === "short" ? this.shortMs : Number.POSITIVE_INFINITY;
  }
}
