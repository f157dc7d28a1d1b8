/**
 * The driver as a library: what the CLI and CI jobs call.
 *
 * @module driver
 */
import { InspectionAdapter } from "./adapters/aws/inspection-adapter";
import { LeftoverSearch } from "./adapters/aws/leftovers";
import type { Surroundings } from "./adapters/surroundings";
import { writerLife } from "./adapters/writer-life";
import { withPorts, type Controls, type Target } from "./adapters/with-ports";
import type { DriverEvent, DriverEventBody, EventSink } from "./events";
import { runAdopt, type AdoptResult } from "./commands/adopt";
import { runEvacuate } from "./commands/evacuate";
import { readFamily } from "./environment/state";
import { runPlan, type UpgradePlan } from "./commands/plan";
import { withSteps } from "./commands/steps-override";
import { runStatus, type StatusReport } from "./commands/status";
import { runUp, type UpResult } from "./commands/up";
import { describeAsked } from "./text/command-line";
import { runAsked, type Asked } from "./commands/upgrade";
import { runTeardown, type TeardownResult } from "./commands/teardown";
import { runVerify } from "./commands/verify";
import type { VerifyReport } from "./verify/report";
import type { RolloutResult } from "./rollout/rollout";
import type { SessionOptions } from "./rollout/session-options";

/** Options of `upgrade`. */
export interface UpgradeOptions extends Target, Controls {
  /**
   * Whether the old member may be destroyed at the end; a function is asked when it is its turn. Default: false, unless
   * rollout.retire is `automatic`.
   */
  readonly approveRetire?: boolean | ((member: string) => boolean | Promise<boolean>);
  /** Whether a version that was rolled back may be tried again, though the config still wants it. Default false. */
  readonly retryVersion?: boolean;
  /**
   * Only with `traffic: weighted`: ascending whole percents of what moves, the last is 100. One that is under way keeps
   * its steps. Default: `rollout.steps` of the config.
   */
  readonly steps?: readonly number[];
  /**
   * A member that is made anew whatever it is, by its name; `all` members that are in traffic. Default: those of another
   * version, and those that were made with other settings than the config has now.
   */
  readonly replace?: string | { readonly all: true };
}
/** Options of `up`. */
export interface UpOptions extends Target, Controls {}
/** Of what only looks: `onEvent` is told what is being read. */
export interface LookOptions extends Target, Pick<Controls, "onEvent"> {}

/** Options of planned work: the same controls as `upgrade`. */
export interface PlannedWorkOptions extends Target, Controls {}
/** `approveRetire`: whether a member that is half made may be destroyed; default as for `upgrade`. */
export interface RollbackOptions extends PlannedWorkOptions, Pick<UpgradeOptions, "approveRetire"> {}
/** Options of work on one member, by its name: `blue`. */
export interface MemberWorkOptions extends PlannedWorkOptions {
  readonly member: string;
}
/** `percent`: a whole number from 1; at most what `cluster.nodes.maxSize` has room for. */
export interface ScaleOptions extends MemberWorkOptions {
  readonly percent: number;
}

/** How an `upgrade` or planned work ended, and where traffic is now. */
export type UpgradeResult = RolloutResult;
export type { Controls, Surroundings, Target };
export type { PlannedOwn } from "./planning/own-resources";
export type { AdoptResult, StatusReport, UpgradePlan, UpResult, VerifyReport, TeardownResult };

const never = new AbortController().signal;

const probesWanted = (): boolean => (process.env["EKS_BLUE_GREEN_PROBE"] ?? "on") !== "off";

/** Options of trust that the command was given: whoever goes on with it needs them as well. */
const trustOf = ({ allowExec, trustStateAddresses }: Target): string =>
  `${allowExec === true ? " --allow-exec" : ""}${trustStateAddresses === true ? " --trust-state-addresses" : ""}`;

/** What every command that works with a record needs to know, besides what it is asked for. */
function runOf(
  options: Target & Controls,
  emit: EventSink,
  command: string,
  approveRetire: (member: string) => Promise<boolean>,
): SessionOptions & { readonly environment: string } {
  const { environment } = options;
  return {
    environment,
    emit,
    stop: options.signal ?? never,
    cancel: options.cancel ?? never,
    approveRetire,
    commandName: `eks-blue-green ${command}${trustOf(options)}`,
    probes: probesWanted(),
  };
}

/**
 * Brings the environment to the wanted Kubernetes version, or goes on with what was begun. A stop or a walk-back is a
 * result, not an error.
 * @throws DriverError for what keeps it from starting or going on: EBG-PREFLIGHT, EBG-FENCED, EBG-STACK-LOCKED,
 * EBG-CREDENTIALS, …
 */
export function upgrade(options: UpgradeOptions): Promise<UpgradeResult> {
  return asked(options, replaceOf(options));
}

const replaceOf = ({ replace }: Pick<UpgradeOptions, "replace">): Asked =>
  replace === undefined
    ? null
    : { name: "replace", member: typeof replace === "string" ? replace : null, percent: null };

function asked(
  options: PlannedWorkOptions & Pick<UpgradeOptions, "approveRetire" | "retryVersion" | "steps">,
  what: Asked,
): Promise<UpgradeResult> {
  const approve = options.approveRetire ?? false;
  const retryVersion = options.retryVersion ?? false;
  return withPorts(options, options, ({ ports, config, emit }) => {
    const run = runOf(options, emit, `${describeAsked(what)} --stack ${options.environment}`, async (member) =>
      typeof approve === "function" ? await approve(member) : approve,
    );
    return runAsked(
      ports,
      withSteps(config, options.steps),
      { ...run, retryVersion, ...(options.steps === undefined ? {} : { steps: options.steps }) },
      what,
    );
  });
}

/** Options of `adopt`. */
export interface AdoptOptions extends Target, Controls {}

/**
 * Hands load balancers that Services of the primary own over to the environment's stack, under traffic, or goes on with
 * what was begun.
 * @throws DriverError for what keeps it from starting: EBG-ADOPT, EBG-FENCED, EBG-STACK-LOCKED, EBG-CREDENTIALS, …
 */
export function adopt(options: AdoptOptions): Promise<AdoptResult> {
  return withPorts(options, options, ({ ports, config, emit }) =>
    runAdopt(
      ports,
      config,
      runOf(options, emit, `adopt --stack ${options.environment}`, async () => false),
    ),
  );
}

/**
 * Turns a rollout that is under way around; or, when none is and the old member of a finished `replace` still stands
 * by, brings that one
 * back in and drains the new one. A member that is half made is destroyed, once approved. @throws EBG-PLAN-IMPOSSIBLE
 * when there is nothing to go back to
 */
export function rollback(options: RollbackOptions): Promise<UpgradeResult> {
  return asked(options, { name: "rollback", member: null, percent: null });
}

/**
 * Takes a member into traffic; one that is absent is provisioned first, at the newest version that serves. @throws
 * DriverError as `upgrade` does
 */
export function admit(options: MemberWorkOptions): Promise<UpgradeResult> {
  return asked(options, { name: "admit", member: options.member, percent: null });
}

/**
 * Takes a member out of traffic; it runs on as a standby. The others are scaled up first when they can't carry the
 * load. @throws DriverError as `upgrade` does
 */
export function drain(options: MemberWorkOptions): Promise<UpgradeResult> {
  return asked(options, { name: "drain", member: options.member, percent: null });
}

/**
 * Sets a member's replicas and nodes in percent of the config's; what the config calls `autoscaled` is left to its
 * autoscaler. @throws DriverError as `upgrade` does
 */
export function scale(options: ScaleOptions): Promise<UpgradeResult> {
  return asked(options, { name: "scale", member: options.member, percent: options.percent });
}

/** Options of `evacuate`. */
export interface EvacuateOptions extends Target, Controls {
  readonly member: string;
  /**
   * The person's word that the member's controller can't come back by itself; only where its role is not known. Default
   * false.
   */
  readonly controllerIsStopped?: boolean;
  /** For the record and for colleagues. Default: what is seen of the cluster. */
  readonly why?: string;
}

/**
 * Break-glass: takes a member whose API server or load balancer controller is dead out of traffic, without its
 * cluster's help.
 * @throws EBG-EVACUATE when it is not needed, or would not be safe
 */
export function evacuate(options: EvacuateOptions): Promise<UpgradeResult> {
  return withPorts(options, options, ({ ports, config, emit }) =>
    runEvacuate(ports, config, {
      ...runOf(
        options,
        emit,
        `evacuate ${options.member}${options.controllerIsStopped === true ? " --controller-is-stopped" : ""} ` +
          `--stack ${options.environment}`,
        async () => false,
      ),
      member: options.member,
      controllerIsStopped: options.controllerIsStopped ?? false,
      why: options.why ?? null,
    }),
  );
}

/**
 * Deploys the environment's stack, then its members' side by side, and waits until requests are answered. Moves no
 * traffic. @throws DriverError; EBG-GATE when all is deployed and requests still fail
 */
export function up(options: UpOptions): Promise<UpResult> {
  return withPorts(options, { ...options, createStack: true }, ({ ports, config, emit }) =>
    runUp(ports, {
      config,
      environment: options.environment,
      emit,
      stop: options.signal ?? never,
      cancel: options.cancel ?? never,
      probes: probesWanted(),
    }),
  );
}

/** What `upgrade` would do; changes nothing. @throws DriverError */
export function planUpgrade(
  options: LookOptions & Pick<UpgradeOptions, "steps" | "replace">,
): Promise<UpgradePlan & { readonly surroundings: Surroundings }> {
  return withPorts(options, options, async ({ ports, config, surroundings }) => ({
    ...runPlan(await readFamily(ports, options.environment), withSteps(config, options.steps), replaceOf(options)),
    surroundings,
  }));
}

/** Where traffic is, what is under way, and what AWS and the clusters say of it. @throws DriverError */
export function status(options: LookOptions): Promise<StatusReport & { readonly surroundings: Surroundings }> {
  return withPorts(options, options, async ({ ports, surroundings }) => {
    const report = await runStatus(ports, await readFamily(ports, options.environment));
    const { intent } = report.record;
    return { ...report, driver: intent === null ? null : writerLife(intent.by), surroundings };
  });
}

/** Options of `verify`. */
export interface VerifyOptions extends Target, Controls {
  /**
   * Requests to each target group's listener, each on a new connection. Default 1000; 0 sends none, and what they would
   * show is unknown.
   */
  readonly requests?: number;
  /** How many of them at a time. Default 40. */
  readonly concurrency?: number;
}

/**
 * Looks at everything that must hold while several clusters share a target group; changes nothing. @throws DriverError
 */
export function verify(options: VerifyOptions): Promise<VerifyReport> {
  return withPorts(options, options, async ({ ports, region, emit }) => {
    const inspection = new InspectionAdapter(region);
    try {
      const size = {
        requests: probesWanted() ? (options.requests ?? 1000) : 0,
        concurrency: options.concurrency ?? 40,
      };
      return await runVerify({ ...ports, inspection }, await readFamily(ports, options.environment), size, emit);
    } finally {
      inspection.dispose();
    }
  });
}

/** Options of `teardown`. */
export interface TeardownOptions extends Target, Controls {
  /**
   * Must be the environment's name, typed by a person or written in the pipeline; a function is asked when it is
   * needed.
   */
  readonly confirm: string | ((environment: string) => string | Promise<string>);
}

/**
 * Ends the environment: drains, then destroys every member, then the environment's stack, then looks for what is left.
 * @throws DriverError
 */
export function teardown(options: TeardownOptions): Promise<TeardownResult> {
  return withPorts(options, options, async ({ ports, config, region, emit }) => {
    const search = new LeftoverSearch(region);
    const { confirm } = options;
    try {
      return await runTeardown(
        {
          ...ports,
          pulumi: ports.pulumi,
          teardown: {
            protectedResources: () => ports.pulumi.protectedResources(),
            previewEnvironmentDestroy: (signal) => ports.pulumi.previewEnvironmentDestroy(signal),
            destroyEnvironment: (signal) => ports.pulumi.destroyEnvironment(signal),
            leftovers: (name, clusters, adopted) => search.find(name, clusters, adopted),
            inTheWay: (clusters) => search.inTheWay(clusters),
            madeForServices: (cluster, services) => search.madeForServices(cluster, services),
            usersOfGroup: (group, cluster, services) => search.usersOfGroup(group, cluster, services),
          },
        },
        config,
        {
          ...runOf(
            options,
            emit,
            `teardown --stack ${options.environment} --yes-delete ${options.environment}`,
            async () => true,
          ),
          confirm: async (name) => (typeof confirm === "function" ? await confirm(name) : confirm),
        },
      );
    } finally {
      search.dispose();
    }
  });
}

export { DriverError } from "./errors";
export type { DriverErrorCode } from "./errors";
export type { DriverEvent, DriverEventBody, EventSink };
export type * from "./public-types";
