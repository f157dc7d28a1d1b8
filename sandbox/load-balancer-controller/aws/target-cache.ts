/**
 * Targets by target group, as the real controller remembers them: five minutes from the first complete list, healthy
 * ones never looked at again in between.
 */
import { addressOf, type Target } from "../types";

/** The ELBv2 calls on targets. */
export interface TargetsApi {
  /** Without `only`, all of the group's targets. */
  describe(arn: string, only?: readonly Target[]): Promise<readonly (Target & { readonly notRegistered: boolean })[]>;
  register(arn: string, targets: readonly Target[]): Promise<void>;
  deregister(arn: string, targets: readonly Target[]): Promise<void>;
}

/** Most targets that one call carries. */
export const CHUNK = 200;
export const CACHE_SECONDS = 300;

interface Entry {
  readonly expiresAt: number;
  readonly targets: Map<string, Target>;
}

export class TargetCache {
  private readonly entries = new Map<string, Entry>();
  private readonly turns = new Map<string, Promise<unknown>>();

  /** @param lifeMs Scaled. */
  constructor(
    private readonly api: TargetsApi,
    private readonly lifeMs: number,
    private readonly now: () => number = Date.now,
  ) {}

  /** Two bindings of one group share its entry, so their calls take turns. */
  private inTurn<T>(arn: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.turns.get(arn) ?? Promise.resolve()).then(work, work);
    this.turns.set(
      arn,
      turn.catch(() => undefined),
    );
    return turn;
  }

  list(arn: string): Promise<readonly Target[]> {
    return this.inTurn(arn, async () => {
      const entry = this.entries.get(arn);
      if (!entry || entry.expiresAt <= this.now()) return this.fill(arn);
      const doubtful = [...entry.targets.values()].filter((target) => target.state !== "healthy");
      for (let at = 0; at < doubtful.length; at += CHUNK) {
        for (const { notRegistered, ...target } of await this.api.describe(arn, doubtful.slice(at, at + CHUNK))) {
          if (notRegistered) entry.targets.delete(addressOf(target));
          else entry.targets.set(addressOf(target), target);
        }
      }
      return [...entry.targets.values()];
    });
  }

  private async fill(arn: string): Promise<readonly Target[]> {
    this.entries.delete(arn);
    const targets = (await this.api.describe(arn))
      .filter((one) => !one.notRegistered)
      .map(({ notRegistered: _, ...target }) => target);
    this.entries.set(arn, {
      expiresAt: this.now() + this.lifeMs,
      targets: new Map(targets.map((target) => [addressOf(target), target])),
    });
    return targets;
  }

  register(arn: string, targets: readonly Target[]): Promise<void> {
    return this.inTurn(arn, () => this.change(arn, targets, (chunk) => this.api.register(arn, chunk)));
  }

  deregister(arn: string, targets: readonly Target[]): Promise<void> {
    return this.inTurn(arn, () => this.change(arn, targets, (chunk) => this.api.deregister(arn, chunk)));
  }

  private async change(
    arn: string,
    targets: readonly Target[],
    call: (chunk: readonly Target[]) => Promise<void>,
  ): Promise<void> {
    for (let at = 0; at < targets.length; at += CHUNK) {
      const chunk = targets.slice(at, at + CHUNK);
      await call(chunk);
      const entry = this.entries.get(arn);
      for (const { id, port } of chunk) entry?.targets.set(addressOf({ id, port }), { id, port, state: null });
    }
  }
}
