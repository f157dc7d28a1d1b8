/** Pure transitions of the record while a load balancer changes hands. */
import type { Adoption, AdoptionStep, BeforeAdoption } from "../../stacks/record/adoption";
import { undoSteps } from "../../stacks/record/adoption";
import type { EnvironmentConfig } from "../../stacks/config";
import { signed } from "../../stacks/record";
import type { EnvironmentRecord, Ownership, Signature } from "../../stacks/record";
import { ownershipOf } from "../../stacks/config/target-groups";

type Config = Pick<EnvironmentConfig, "loadBalancer" | "members" | "services">;
const open = (record: EnvironmentRecord): Adoption => {
  if (record.adoption == null) throw new Error("no load balancer is being handed over");
  return record.adoption;
};
const next = (record: EnvironmentRecord, change: Partial<EnvironmentRecord>): EnvironmentRecord => ({
  ...record,
  ...change,
  revision: record.revision + 1,
});

/** The services whose load balancers a Service still owns, in the config's order. */
export function remaining(record: EnvironmentRecord, config: Config): readonly string[] {
  const ownership = ownershipOf(record, config);
  return ownership.owner === "stack"
    ? []
    : config.services.map((service) => service.name).filter((name) => ownership.adopted?.[name] === undefined);
}

export function beginAdoption(
  record: EnvironmentRecord,
  begun: {
    readonly service: string;
    readonly member: string;
    readonly startedAt: string;
    readonly before: BeforeAdoption;
  } & Signature,
): EnvironmentRecord {
  if (record.adoption != null) throw new Error(`'${record.adoption.service}' is being handed over already`);
  if (record.rollout !== null || record.intent !== null) throw new Error("a rollout is under way");
  return next(record, { adoption: { ...begun, step: "release", direction: "forward", reason: null } });
}

export const advanceAdoption = (record: EnvironmentRecord, step: AdoptionStep): EnvironmentRecord =>
  next(record, { adoption: { ...open(record), step } });

export function turnAdoptionBack(record: EnvironmentRecord, reason: string, step: AdoptionStep): EnvironmentRecord {
  if (!undoSteps.includes(step as never)) throw new Error(`'${step}' is no step of the way back`);
  return next(record, { adoption: { ...open(record), step, direction: "back", reason } });
}

/** Written by the very update that imports: the record and the stack's resources change together. */
export function ownedByStack(record: EnvironmentRecord, config: Config): EnvironmentRecord {
  const adoption = open(record);
  const ownership = ownershipOf(record, config);
  const adopted: Ownership["adopted"] = { ...ownership.adopted, [adoption.service]: adoption.before.loadBalancer };
  return next(record, {
    ownership: { ...ownership, primary: adoption.member, adopted },
    adoption: { ...adoption, step: "import-primary" },
  });
}

/** The environment's stack has let go: nothing is declared any more, and the Service can have it back. */
export function forgetAdoption(record: EnvironmentRecord): EnvironmentRecord {
  const adoption = open(record);
  const { ownership } = record;
  const rest = Object.fromEntries(
    Object.entries(ownership?.adopted ?? {}).filter(([service]) => service !== adoption.service),
  );
  const kept =
    ownership === undefined
      ? {}
      : { ownership: { ...ownership, adopted: Object.keys(rest).length === 0 ? null : rest } };
  return next(record, { ...kept, adoption: { ...adoption, step: "relabel" } });
}

/** Somebody else began it: the revision goes up, so that a driver that still lives somewhere is fenced off. */
const takeOver = (record: EnvironmentRecord, signature: Signature): EnvironmentRecord =>
  next(record, { adoption: signed(open(record), signature) });

export interface Resumption {
  readonly record: EnvironmentRecord;
  /** Whether the stacks' states are to let go of what they imported before the record is written. */
  readonly forget: boolean;
}

/**
 * How a driver goes on with what another one left. No record can be written while a state and the record disagree on
 * what is declared, and
 * two steps change both: an import that was cut short (its resources are in the state, not in the record), and the
 * forgetting of imports
 * (the state may be through with it, the record not). The first begins anew; the second is done to its end, record
 * included.
 */
export function resumeAdoption(record: EnvironmentRecord, signature: Signature): Resumption {
  const { step, direction, service } = open(record);
  const taken = takeOver(record, signature);
  if (direction === "back")
    return step === "forget" ? { record: forgetAdoption(taken), forget: true } : { record: taken, forget: false };
  return { record: taken, forget: step === "import-environment" && record.ownership?.adopted?.[service] === undefined };
}

/** The adoption leaves the record; with the last service the stack is the owner. */
export function closeAdoption(record: EnvironmentRecord, config: Config): EnvironmentRecord {
  const { adoption, ...rest } = record;
  const closed = next(rest, {});
  const ownership = ownershipOf(closed, config);
  if (adoption == null || adoption.direction === "back" || remaining(closed, config).length > 0) return closed;
  return { ...closed, ownership: { ...ownership, owner: "stack", primary: null, formerPrimary: adoption.member } };
}
