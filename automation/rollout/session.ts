/**
 * What one run of the driver knows: ports, the environment's outputs, the record, whose targets are whose. What has a
 * subject of its own stands beside it: writing the record, who runs this, how long is waited, what the run remembers.
 */
import type { EnvironmentOutputs, MemberOutputs } from "../../stacks/contract";
import { boundMembers, servingMembers, type EnvironmentRecord } from "../../stacks/record";
import { readMemberStack } from "../environment/member-stack";
import { withTargetGroups } from "../environment/load-balancers";
import type { Phase } from "../events";
import { observe, type Observation, type Wants } from "../observation/observe";
import { countsByMember, learnOwners, noOwners, type Owners } from "../observation/target-owners";
import { lacksHealthy } from "../observation/weight-drift";
import { deadBefore, runPolicy, type RunPolicy } from "../policy/run-policy";
import type { Ports } from "../ports";
import { Caller } from "./caller";
import { RecordWriter } from "./record-writer";
import { RunMemory } from "./run-memory";
import type { SessionOptions } from "./session-options";
import { Waits } from "./waits";

export class Session {
  owners: Owners = noOwners;
  readonly members: Record<string, MemberOutputs> = {};
  /** Members that were never made, because their stacks' names are somebody else's: whose. */
  readonly foreign: Record<string, string> = {};
  readonly writer: RecordWriter;
  readonly caller: Caller;
  readonly waits: Waits;
  readonly memory = new RunMemory();

  /** `environment` changes once: when a teardown has deleted a primary's load balancers. */
  constructor(
    readonly ports: Ports,
    public environment: EnvironmentOutputs,
    record: EnvironmentRecord,
    readonly options: SessionOptions,
  ) {
    this.waits = new Waits(
      ports.clock,
      () => this.environment,
      () => this.policy,
    );
    this.writer = new RecordWriter(ports, record, options, () => this.waits.lockMs);
    this.caller = new Caller(ports.aws, options.emit);
  }

  /** As it will be: ahead of the written one by transitions that the next write carries. */
  get record(): EnvironmentRecord {
    return this.writer.record;
  }
  set record(next: EnvironmentRecord) {
    this.writer.record = next;
  }
  get rules() {
    return this.environment.config.rollout;
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
    if (this.memory.settledClaims.get(target) === member) return false;
    this.memory.settledClaims.set(target, member);
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
    this.owners = learnOwners(this.owners, observation, this.memory.settledClaims);
    const dead = deadBefore(this.record);
    this.revived = dead.length > 0 && !dead.some((name) => lacksHealthy(observation, name));
    this.options.emit({ kind: "targets", byMember: countsByMember(this.owners, observation) });
    return observation;
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
