/**
 * `adopt`: load balancers that Services of the primary own go over to the environment's stack, one after the other,
 * under traffic.
 */
import type { EnvironmentConfig, ServiceConfig } from "../../stacks/config";
import type { EnvironmentRecord } from "../../stacks/record";
import { ownerAdvice } from "../../stacks/config/owner-advice";
import { ownershipOf } from "../../stacks/config/target-groups";
import { forgetImports } from "../adoption/drop-imports";
import { mayPass, surroundingsOf, type AdoptFamily } from "../adoption/observe";
import { adoptionFindings, beforeAdoption, type Surroundings } from "../adoption/preconditions";
import { ServiceAdoption, type ServiceOutcome } from "../adoption/adopt-service";
import { beginAdoption, remaining, resumeAdoption } from "../adoption/record-transitions";
import { DriverError, type DriverErrorCode } from "../errors";
import type { Outcome } from "../events";
import type { Ports } from "../ports";
import { Session } from "../rollout/session";
import type { SessionOptions } from "../rollout/session-options";
import { refuseDuringEvacuation } from "./evacuate";
import { listing } from "../gates/gate-result";
import { pendingChanges } from "../preflight/pending-changes";
import { configFindings } from "../preflight/preflight";
import { readFamilyToAct, type Family } from "../environment/state";
import { wantedConfig } from "./plan";

/** Seconds of AWS's time that a service that is not begun yet is looked at again and again. */
const lookSeconds = 300;

export interface AdoptRun extends SessionOptions {
  readonly environment: string;
}
/** How `adopt` ended. */
export interface AdoptResult {
  readonly outcome: Outcome;
  /** Services whose load balancers are the stack's now. */
  readonly adopted: readonly string[];
  readonly code: DriverErrorCode | null;
  readonly message: string;
  readonly remedy: string | null;
}

/** @throws EBG-ADOPT while a load balancer is being handed over: everything else waits. */
export function refuseDuringAdoption(record: EnvironmentRecord, environment: string): void {
  const { adoption } = record;
  if (adoption == null) return;
  throw new DriverError(
    "EBG-ADOPT",
    `the load balancer of '${adoption.service}' is being handed over (at '${adoption.step}', since ` +
      `${adoption.startedAt}, by ${adoption.by})`,
    `finish it first: eks-blue-green adopt --stack ${environment}`,
  );
}

function primaryOf(family: Family, name: string | null, environment: string) {
  const primary = name === null ? undefined : family.members[name];
  if (primary === undefined)
    throw new DriverError(
      "EBG-ADOPT",
      `the primary ${name ?? ""} has no outputs`,
      `eks-blue-green up --stack ${environment}`,
    );
  return primary;
}

/**
 * Asks again while AWS or a cluster does not answer: nothing is under way yet, so there is time. @throws EBG-ADOPT when
 * that lasts
 */
export async function lookedAt(session: Session, family: AdoptFamily, service: ServiceConfig): Promise<Surroundings> {
  const { clock } = session.ports;
  const { emit, stop } = session.options;
  const until = clock.now() + Math.max(clock.scaled(lookSeconds), 15_000);
  for (;;) {
    try {
      return await surroundingsOf(session.ports, family, service);
    } catch (error) {
      if (!(error instanceof DriverError) || !mayPass.has(error.code)) throw error;
      const [message = ""] = error.message.split("\n");
      if (stop.aborted)
        throw new DriverError(
          "EBG-STOPPED",
          `stopped as asked, before '${service.name}' was begun`,
          `go on with: ${session.options.commandName}`,
          error,
        );
      if (clock.now() > until)
        throw new DriverError(
          "EBG-ADOPT",
          `what '${service.name}' is like could not be looked at: ${message}`,
          error.remedy,
          error,
        );
      emit({ kind: "note", message: `'${service.name}' could not be looked at (${message}), trying again` });
      await clock.sleep(Math.max(clock.scaled(5), 500), stop);
    }
  }
}

async function begin(session: Session, family: AdoptFamily, name: string): Promise<void> {
  const service = family.config.services.find((one) => one.name === name);
  if (service === undefined)
    throw new DriverError("EBG-ADOPT", `the config has no service '${name}'`, "correct the config");
  const seen = await lookedAt(session, family, service);
  // The stacks' own updates come late, when somebody's other change could only be refused: it is found now.
  const stacks = [{ kind: "environment" }, { kind: "member", member: family.primary.member }] as const;
  const pending = await Promise.all(
    stacks.map((stack) => pendingChanges(session.ports, session.environment.environment, stack)),
  );
  const findings = [...adoptionFindings(seen, service.existing != null), ...pending.flat()];
  for (const finding of findings) session.options.emit({ kind: "finding", ...finding });
  if (findings.length > 0)
    throw new DriverError(
      "EBG-ADOPT",
      findings.map((finding) => finding.message).join("\n"),
      findings[0]?.remedy ?? "",
    );
  session.record = beginAdoption(session.record, {
    service: name,
    member: family.primary.member,
    startedAt: session.isoNow(),
    ...session.caller.signature,
    before: beforeAdoption(seen),
  });
  await session.writer.flush();
}

const resultOf = (
  adopted: readonly string[],
  outcome: ServiceOutcome,
  service: string,
  command: string,
): AdoptResult => {
  switch (outcome.kind) {
    case "done":
      return { outcome: "done", adopted, code: null, message: `'${service}' is the stack's`, remedy: null };
    case "undone":
      return {
        outcome: "walked-back",
        adopted,
        code: "EBG-WALKED-BACK",
        message: `'${service}' was given back to its Service: ${outcome.reason}`,
        remedy: `repair what the message says, then: ${command}`,
      };
    case "stopped":
      return { outcome: "stopped", adopted, code: outcome.code, message: outcome.message, remedy: outcome.remedy };
    default:
      return outcome satisfies never;
  }
};

/**
 * Others have changed hands already: it is a stop between two of them, not a refusal or a failure before anything was
 * done. @throws every other error, as it is
 */
export function refusedAfter(
  adopted: readonly string[],
  service: string,
  error: unknown,
  command: string,
): AdoptResult {
  if (
    adopted.length === 0 ||
    !(error instanceof DriverError) ||
    (error.code !== "EBG-ADOPT" && !mayPass.has(error.code))
  )
    throw error;
  return resultOf(
    adopted,
    {
      kind: "stopped",
      code: error.code,
      message: `${adopted.join(", ")}: the stack's now. '${service}': ${error.message}`,
      remedy: `${error.remedy}; then: ${command}`,
    },
    service,
    command,
  );
}

/**
 * What may pass stops it where the record says: half-way nothing has failed as long as the same command goes on.
 * @throws every other error, as it is
 */
export function stoppedBy(error: unknown, record: EnvironmentRecord, command: string): ServiceOutcome {
  const { adoption } = record;
  if (adoption == null || !(error instanceof DriverError) || !mayPass.has(error.code)) throw error;
  return {
    kind: "stopped",
    code: error.code,
    message: `'${adoption.step}' of '${adoption.service}': ${error.message}`,
    remedy: `${error.remedy}; then: ${command}`,
  };
}

/** What of the config an adoption would meet half-way. @throws EBG-PENDING-CHANGES, EBG-ADOPT */
export function refuseConfig(
  environment: string,
  deployed: EnvironmentConfig,
  wanted: EnvironmentConfig,
  record: EnvironmentRecord,
): void {
  const [pending] = configFindings(environment, deployed, wanted, record);
  if (pending !== undefined) throw new DriverError(pending.code, pending.message, pending.remedy);
  const tags = Object.keys(wanted.aws?.defaultTags ?? {});
  // An import that differs in anything is an error, and what the controller has made does not carry them.
  if (tags.length > 0)
    throw new DriverError(
      "EBG-ADOPT",
      `aws:defaultTags (${listing(tags)}) are not on what the controller has made, so Pulumi would refuse to ` +
        "import it as it is",
      `take aws:defaultTags out of Pulumi.${environment}.yaml and deploy (eks-blue-green up --stack ` +
        `${environment}), adopt, then put them back and deploy once more`,
    );
}

/** Begins, or goes on with what was begun, on whatever machine. @throws DriverError for what keeps it from starting */
export async function runAdopt(
  ports: Ports,
  values: Readonly<Record<string, string>>,
  run: AdoptRun,
): Promise<AdoptResult> {
  const config = wantedConfig(values, run.environment);
  await ports.pulumi.settle({ kind: "environment" });
  const family = await readFamilyToAct(ports, run.environment);
  const { record } = family;
  refuseDuringEvacuation(record, run.environment);
  if (record.rollout !== null)
    throw new DriverError(
      "EBG-ADOPT",
      `rollout ${record.rollout.id} is under way`,
      `finish it first: eks-blue-green upgrade --stack ${run.environment}`,
    );
  const ownership = ownershipOf(record, config);
  if (record.adoption == null && remaining(record, config).length === 0) {
    return {
      outcome: "nothing-to-do",
      adopted: Object.keys(ownership.adopted ?? {}),
      code: null,
      message: "the stack owns the load balancer already",
      remedy: null,
    };
  }
  const session = new Session(ports, { ...family.environment, config }, record, run);
  Object.assign(session.members, family.members);
  await session.caller.identify();
  const primary = primaryOf(family, record.adoption?.member ?? ownership.primary, run.environment);
  const around: AdoptFamily = { config, record, primary, members: family.members, probes: run.probes };
  if (record.adoption == null) refuseConfig(run.environment, family.environment.config, config, record);
  if (record.adoption != null) {
    run.emit({
      kind: "note",
      message: `going on with '${record.adoption.service}' at '${record.adoption.step}', begun by ${record.adoption.by}`,
    });
    const resumption = resumeAdoption(record, session.caller.signature);
    if (resumption.forget) await forgetImports(ports.pulumi, record.adoption, record.revision);
    session.record = resumption.record;
    await session.writer.flush();
  }
  const adopted: string[] = [];
  for (;;) {
    const service = session.record.adoption?.service ?? remaining(session.record, config)[0];
    if (service === undefined) break;
    try {
      if (session.record.adoption == null) await begin(session, around, service);
    } catch (error) {
      return refusedAfter(adopted, service, error, run.commandName);
    }
    const outcome = await new ServiceAdoption(session, around)
      .run()
      .catch((error: unknown) => stoppedBy(error, session.writer.written, run.commandName));
    if (outcome.kind === "done") adopted.push(service);
    else return resultOf(adopted, outcome, service, run.commandName);
  }
  return {
    outcome: "done",
    adopted,
    code: null,
    message: `the stack owns the load balancer${adopted.length === 1 ? "" : "s"} of ${adopted.join(", ")}`,
    remedy: ownerAdvice(values, run.environment),
  };
}
