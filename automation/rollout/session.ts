/**
 * What one run of the driver knows: ports, the environment's outputs, the record as written and as it will be, and
 * whose targets are whose.
 */
import { hostname, userInfo } from "node:os";
import { isDeepStrictEqual } from "node:util";
import type { HookConfig } from "../../stacks/config";
import type { EnvironmentOutputs, MemberOutputs } from "../../stacks/contract";
import {
  asOneWrite,
  boundMembers,
  callerIn,
  parseRecord,
  servingMembers,
  signed,
  type EnvironmentRecord,
  type Move,
  type Signature,
} from "../../stacks/record";
import { weightedRolloutOf } from "../../stacks/config/weighted-rollout";
import { DriverError, overtaken } from "../errors";
import type { EventSink, Phase } from "../events";
import { driftSeconds, type DriftMemory } from "../observation/target-drift";
import { observe, type Observation, type Wants } from "../observation/observe";
import { countsByMember, learnOwners, noOwners, type Owners } from "../observation/target-owners";
import { lacksHealthy } from "../observation/weight-drift";
import type { Moment } from "./elapsed";
import { stopRequested } from "./interruptions";
import type { Ports } from "../ports";
import { deadBefore, runPolicy, type RunPolicy, type Tolerance } from "../policy/run-policy";
import { withTargetGroups } from "../environment/load-balancers";
import { readMemberStack } from "../environment/member-stack";

export interface SessionOptions {
  readonly emit: EventSink;
  /** Aborted: stop at the next safe point. */
  readonly stop: AbortSignal;
  /** Aborted: cancel the engine. */
  readonly cancel: AbortSignal;
  /** Whether `retire` may be done; asked once, when it is its turn. */
  readonly approveRetire: (member: string) => Promise<boolean>;
  readonly commandName: string;
  readonly probes: boolean;
  /** Of the project's own config file, never of a state: whoever writes that would choose what is run. Default: none. */
  readonly hooks?: readonly HookConfig[];
}

/** Attempts at writing the record, which calls nothing but the engine and its backend. */
const mostWrites = 3;
const mayPass = new Set(["EBG-UPDATE-FAILED", "EBG-DEADLINE"]);

const who = (): string => {
  let user = "unknown";
  try {
    user = userInfo().username;
  } catch {
    // A container's user without an entry in /etc/passwd; the name is only for people.
  }
  return `${user}@${hostname()} ${process.pid}`;
};

export class Session {
  /** As the stack has it. */
  written: EnvironmentRecord;
  /** Ahead of `written` by transitions that the next write carries. */
  record: EnvironmentRecord;
  owners: Owners = noOwners;
  /** What EC2 has said of targets that two members claim. */
  readonly settledClaims = new Map<string, string>();
  /** Targets that are missing behind a controller's back, and what was done about it. */
  drift: DriftMemory = {};
  readonly members: Record<string, MemberOutputs> = {};
  /** Members that were never made, because their stacks' names are somebody else's: whose. */
  readonly foreign: Record<string, string> = {};
  readonly by = who();
  /** ARN of the credentials that AWS sees; null: not asked, or STS did not say. */
  private caller: string | null = null;
  /** When it was last seen that enough stay without the member that leaves or gets smaller. */
  enoughSeenAt: Moment = { even: Number.NEGATIVE_INFINITY, wall: Number.NEGATIVE_INFINITY };
  /** Members that served when the rollout began and were taken out again on its way back. */
  readonly leftOut = new Set<string>();
  /** Hooks that moves were made without, like `sync (before-admit blue)`: their work is left to a person. */
  readonly failedHooks = new Set<string>();
  /** A member whose share goes whatever the others can carry: its cluster is dead. */
  emptiedInAnyCase: string | null = null;
  /** Members that a gate has seen to be dead for long enough, before it failed for that; null: none did. */
  seenDead: readonly string[] | null = null;
  /** The way back failed a check, and it turned once more in this run. */
  turnedAgain = false;
  /** Until when a lock of somebody else's update is waited for. */
  private locksUntil = 0;

  /** `environment` changes once: when a teardown has deleted a primary's load balancers. */
  constructor(
    readonly ports: Ports,
    public environment: EnvironmentOutputs,
    record: EnvironmentRecord,
    readonly options: SessionOptions,
  ) {
    this.written = record;
    this.record = record;
  }

  get rules() {
    return this.environment.config.rollout;
  }
  /**
   * As long as the controller's cache of targets may hide what is missing, and once more to ask
   * (docs/reference/controller-behaviour.md).
   */
  get repairMs(): number {
    return Math.max(this.ports.clock.scaled(driftSeconds.cache + 2 * driftSeconds.again), 15_000);
  }
  /** The longest that any service's connections may drain, and a little for ELBv2 to say so. */
  get drainMs(): number {
    const { clock } = this.ports;
    const delays = this.environment.config.services.map((service) => service.deregistrationDelaySeconds);
    return clock.scaled(Math.max(0, ...delays)) + Math.max(clock.scaled(120), 10_000);
  }
  get holdMs(): number {
    return this.ports.clock.scaled(this.rules.propagationHoldSeconds);
  }
  /** How long the load balancer may go on routing the old way after this kind of move. */
  holdMsOf({ kind }: Pick<Move, "kind">): number {
    const { config } = this.environment;
    return kind === "shift" ? this.ports.clock.scaled(weightedRolloutOf(config).weightHoldSeconds) : this.holdMs;
  }
  /** Made from the rollout that the record has; it changes when that begins, turns, or moves on. */
  get policy(): RunPolicy {
    const { record, made } = this;
    if (made?.of === record) return made.policy;
    this.made = { of: record, policy: runPolicy(record, () => this.revived) };
    return this.made.policy;
  }
  /** Who was dead when the rollout began is not, as it was seen last. */
  private revived = false;
  private made: { of: EnvironmentRecord; policy: RunPolicy } | null = null;
  /**
   * `short` is half a minute of AWS's time; Kubernetes' and this machine's own delays are not scaled, hence never less
   * than three real seconds. Where there is nothing better to turn to, only the gate's timeout gives up.
   */
  get tolerance(): { readonly toleratedMs: number; readonly requestsToleratedMs: number } {
    const { members, requests } = this.policy.tolerance;
    return { toleratedMs: this.msOf(members), requestsToleratedMs: this.msOf(requests) };
  }
  /** Of requests while a member comes in. */
  get newcomerToleratedMs(): number {
    return this.msOf(this.policy.tolerance.newcomer);
  }
  /** Behind a drain, when not one request is answered. */
  get noAnswerToleratedMs(): number {
    return this.msOf(this.policy.tolerance.noAnswer);
  }
  /** As long as anything may look bad where something better is known. */
  get shortMs(): number {
    return Math.max(this.ports.clock.scaled(30), 3000);
  }
  private msOf(tolerance: Tolerance): number {
    return tolerance === "short" ? this.shortMs : Number.POSITIVE_INFINITY;
  }
  /** What this run writes into the record of itself. */
  get signature(): Signature {
    return this.caller === null ? { by: this.by } : { by: this.by, caller: this.caller };
  }
  signed<T extends Signature>(value: T): T {
    return signed(value, this.signature);
  }
  /** Asks STS whose credentials these are. Nothing waits for it: STS that is disturbed keeps nobody from moving traffic. */
  async identify(): Promise<void> {
    try {
      const { arn } = await this.ports.aws.identity();
      this.caller = callerIn(arn).caller ?? null;
      this.options.emit({ kind: "caller", by: this.by, arn: this.caller });
    } catch (error) {
      if (!(error instanceof DriverError)) throw error;
      const why = error.message.split("\n")[0] ?? "";
      this.options.emit({
        kind: "note",
        message: `whose credentials these are is not written down, STS did not say it: ${why}`,
      });
    }
  }
  isoNow(): string {
    return new Date(this.ports.clock.wall()).toISOString();
  }
  /** Bound: their targets are registered, also where their share is 0. */
  active(): string[] {
    return boundMembers(this.record.placement);
  }
  /** Requests of users go there. */
  serving(): string[] {
    return servingMembers(this.record.placement);
  }
  /** Whether that is news. */
  settleClaim(target: string, member: string): boolean {
    if (this.settledClaims.get(target) === member) return false;
    this.settledClaims.set(target, member);
    this.owners = this.owners.settling(target, member);
    return true;
  }
  present(): string[] {
    return Object.keys(this.record.placement).filter((name) => this.record.placement[name]?.role !== "absent");
  }

  async loadMember(member: string): Promise<void> {
    const reading = await readMemberStack(this.ports.pulumi, this.environment.environment, member);
    if (reading.outputs === null) delete this.members[member];
    else this.members[member] = withTargetGroups(reading.outputs, this.environment);
  }

  async look(wants: Wants): Promise<Observation> {
    const observation = await observe(
      this.ports,
      this.environment,
      this.members,
      this.options.probes ? wants : { ...wants, probes: 0 },
    );
    this.owners = learnOwners(this.owners, observation, this.settledClaims);
    const dead = deadBefore(this.record);
    this.revived = dead.length > 0 && !dead.some((name) => lacksHealthy(observation, name));
    this.options.emit({ kind: "targets", byMember: countsByMember(this.owners, observation) });
    return observation;
  }

  /**
   * Writes what is ahead; nothing to do when nothing is. Fenced: @throws EBG-FENCED when somebody else has written
   * meanwhile.
   */
  async flush(): Promise<void> {
    // Members that only the config knows so far are no reason to write.
    if (this.record.revision <= this.written.revision) return;
    const next = asOneWrite(this.written, this.record);
    const { clock } = this.ports;
    this.locksUntil = this.policy.waitsForLocks
      ? clock.now() + Math.max(clock.scaled(this.rules.gateTimeoutSeconds), 10_000)
      : clock.now();
    for (let attempt = 1; !(await this.wrote(next, attempt)); attempt += 1) {
      await clock.sleep(Math.max(clock.scaled(10), 1000) * Math.min(attempt, mostWrites), this.options.stop);
    }
    this.written = next;
    this.record = next;
  }

  /**
   * False: it failed of something that may pass, and was not written; the revision that it expects makes another
   * attempt safe.
   */
  private async wrote(next: EnvironmentRecord, attempt: number): Promise<boolean> {
    try {
      await this.ports.pulumi.writeRecord(this.written.revision, next, this.options.cancel);
    } catch (error) {
      if (await this.wasWritten(next)) return true;
      if (!(error instanceof DriverError) || this.options.cancel.aborted) throw error;
      const waits = error.code === "EBG-STACK-LOCKED" && this.ports.clock.now() < this.locksUntil;
      if (waits && this.options.stop.aborted) throw stopRequested(this.options.commandName);
      if (!waits && (!mayPass.has(error.code) || attempt >= mostWrites)) throw error;
      this.options.emit({
        kind: "note",
        message:
          `the record was not written, trying again${waits ? "" : ` (${attempt + 1} of ${mostWrites})`}: ` +
          `${error.message.split("\n")[0] ?? ""}`,
      });
      return false;
    }
    return true;
  }

  /** An update whose answer was lost may have done its work: only the record itself can tell. */
  private async wasWritten(next: EnvironmentRecord): Promise<boolean> {
    const reading = await this.ports.pulumi.readEnvironment().catch((error: unknown) => {
      if (error instanceof DriverError) return null;
      throw error;
    });
    const parsed = reading?.outputs ? parseRecord(reading.outputs.record) : null;
    return parsed?.record !== null && parsed !== null && isDeepStrictEqual(plain(parsed.record), plain(next));
  }

  /**
   * For effects that no stack's update fences (ELBv2, IAM, a destroy): whoever was suspended for a while may have been
   * overtaken, and what
   * it would do was decided for a world that is gone. @throws EBG-FENCED
   */
  async assertNotOvertaken(): Promise<void> {
    const { outputs } = await this.ports.pulumi.readEnvironment();
    const now = parseRecord(outputs?.record).record?.revision;
    if (now === this.written.revision) return;
    throw overtaken(now, this.written.revision);
  }

  /**
   * The same where another round comes anyway: false when the record could not be read this time. @throws EBG-FENCED
   */
  async stillMine(): Promise<boolean> {
    try {
      await this.assertNotOvertaken();
      return true;
    } catch (error) {
      if (!(error instanceof DriverError) || error.code === "EBG-FENCED") throw error;
      this.options.emit({
        kind: "note",
        message: `the record could not be read, so nothing is touched in this round: ${error.message.split("\n")[0] ?? ""}`,
      });
      return false;
    }
  }

  async phase<T>(
    index: number,
    phase: Phase,
    message: string,
    phases: Partial<Record<Phase, number>>,
    work: () => Promise<T>,
  ): Promise<T> {
    const started = this.ports.clock.now();
    this.options.emit({ kind: "phase-started", index, phase, message });
    const result = await work();
    const seconds = (this.ports.clock.now() - started) / 1000;
    phases[phase] = (phases[phase] ?? 0) + seconds;
    this.options.emit({ kind: "phase-finished", index, phase, seconds });
    return result;
  }
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
