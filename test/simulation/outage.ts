/**
 * Requests fail, a driver is at work, and some member could answer them: a command of ours would end it, so it must end
 * within the time that takes.
 */
import type { World } from "./world";
import { lag } from "./balancer";
import { weightHoldSeconds } from "./weights";

/** As the driver has them: half a minute of failed requests is tolerated, and each change is held for five minutes. */
const toleratedSeconds = 30;
const holdSeconds = 300;
/** Updates, looks that are eight seconds old, and their repetitions. */
const slackSeconds = 240;
/** The one that fails is drained. */
const drainSeconds = toleratedSeconds + holdSeconds + lag.deregister[1] + slackSeconds;
/** Another one is brought in before. */
const admitSeconds = drainSeconds + lag.register[1] + holdSeconds;

/** The one that fails gets nothing any more; a hold that was begun before is not cut short. */
const shiftSeconds = toleratedSeconds + 2 * weightHoldSeconds + slackSeconds;

export class Outage {
  /** Drivers at work: one that is not there can't end anything. */
  drivers = 0;
  private since: number | null = null;
  private mostSeconds = drainSeconds;
  private excusedUntil = 0;
  constructor(private readonly world: World) {}

  /** Something else goes wrong, or keeps everybody busy: the time begins anew when it is over. */
  excuse(seconds = 0): void {
    this.since = null;
    this.excusedUntil = Math.max(this.excusedUntil, this.world.now + seconds * 1000);
  }

  check(): void {
    const { now } = this.world;
    const able = this.drivers === 0 || now < this.excusedUntil || !this.fails() ? [] : this.able();
    if (able.length === 0) {
      this.since = null;
      return;
    }
    const weighted = this.world.weights !== null;
    if (this.since === null) this.mostSeconds = (weighted ? shiftSeconds : drainSeconds) * this.tries();
    this.since ??= now;
    if (!able.some((name) => this.world.clusters.get(name)?.binding != null))
      this.mostSeconds = Math.max(this.mostSeconds, admitSeconds + (weighted ? shiftSeconds : 0));
    const lasted = (now - this.since) / 1000;
    if (lasted > this.mostSeconds)
      this.world.violate(
        "outage",
        `requests have failed for ${Math.round(lasted)} s, and ${able.join(", ")} would serve`,
      );
  }
  /** Of three that look healthy any may be the one that errs: a wrong one may be taken out before. */
  private tries(): number {
    return this.world.members.length > 2 ? 2 : 1;
  }
  private fails(): boolean {
    const routed = this.world.routed();
    if (this.world.shares.withoutTargets().length > 0) return true;
    return routed.length === 0 || routed.some((id) => !this.world.answers(id));
  }
  /** Members whose pods run and answer, and that can be brought in, or are in. */
  private able(): string[] {
    const { world } = this;
    return [...world.clusters.values()]
      .filter((cluster) => {
        const well = cluster.ready(world.now).filter((id) => world.answers(id)).length;
        return (
          well > 0 &&
          well >= cluster.wanted &&
          cluster.controllerUp(world.now) &&
          world.record.placement[cluster.name]?.evacuated === undefined
        );
      })
      .map(({ name }) => name);
  }
}
