/** What every command begins with: the ports to the engine, AWS and the clusters; and what it ends with. */
import { resolve } from "node:path";
import type { EventSink } from "../events";
import type { EvacuationPort, Ports } from "../ports";
import { pasteable, pasteableEvents, throwPasteable } from "../text/pasteable";
import { AwsAdapter } from "./aws/aws-adapter";
import { EvacuationAdapter } from "./aws/evacuation-adapter";
import { regionOf } from "./aws/region";
import { systemClock } from "./clock";
import { HookRunner } from "./hooks/hook-runner";
import { KubernetesAdapter } from "./kubernetes/kubernetes-adapter";
import { withTrust } from "./kubernetes/trust";
import { Narrator } from "./narrated-ports";
import { workDirectoryIn } from "./pulumi/project/sandbox-copy";
import { PulumiAdapter } from "./pulumi/pulumi-adapter";
import { readSurroundings, type Surroundings } from "./surroundings";

/** Which environment a command is for, and where its project is. */
export interface Target {
  /** Folder of Pulumi.yaml and the program. */
  readonly projectDirectory: string;
  /** Name of the environment's stack, `dev`. */
  readonly environment: string;
  /** Folder with a Pulumi.yaml and stack settings of its own, when they are not the project's (a rehearsal). */
  readonly workDirectory?: string;
  /** For the engine's process, on top of this process' own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Whether a login that a member's kubeconfig describes otherwise than by `aws eks get-token` may be made. It runs
   * commands that whoever writes the state chooses. Default false.
   */
  readonly allowExec?: boolean;
  /**
   * Whether a member's API server may be asked at the address that the state has while EKS fails to tell it. Whoever
   * writes the state then chooses who gets the driver's token. Default false.
   */
  readonly trustStateAddresses?: boolean;
}

/** Who is told, and who may stop a command. */
export interface Controls {
  readonly onEvent?: EventSink;
  /** Stops at the next safe point; the same call goes on later. */
  readonly signal?: AbortSignal;
  /** Cancels the engine as well; it lets operations in flight end. */
  readonly cancel?: AbortSignal;
}

/** What a command works with. */
export interface Connected {
  readonly ports: Ports & { readonly pulumi: PulumiAdapter; readonly evacuation: EvacuationPort };
  /** The config of the environment's stack. */
  readonly config: Readonly<Record<string, string>>;
  readonly region: string;
  readonly surroundings: Surroundings;
  /** Where the command's events go. */
  readonly emit: EventSink;
}

const quiet: EventSink = () => undefined;

/** What this process asks AWS with, and what the engine's process gets on top of it, must lead to the same place. */
async function surroundingsOf({ env }: Target): Promise<Surroundings> {
  if (env !== undefined) await readSurroundings({ ...process.env, ...env });
  const timeScale = env?.["EKS_BLUE_GREEN_TIME_SCALE"];
  return await readSurroundings(
    timeScale === undefined ? process.env : { ...process.env, EKS_BLUE_GREEN_TIME_SCALE: timeScale },
  );
}

function workDirectoryOf(
  { workDirectory }: Target,
  projectDirectory: string,
  { sandbox }: Surroundings,
): string | null {
  if (workDirectory !== undefined) return resolve(workDirectory);
  return sandbox === null ? null : workDirectoryIn(sandbox.dir, projectDirectory);
}

const sinkOf = (options: Target & Controls): EventSink =>
  pasteableEvents(options.onEvent ?? quiet, options.environment);

export async function withPorts<T>(
  target: Target,
  controls: Controls & { readonly createStack?: boolean },
  work: (connected: Connected) => Promise<T>,
): Promise<T> {
  const surroundings = await surroundingsOf(target);
  const clock = systemClock(surroundings.timeScale);
  const narrator = new Narrator(target.environment, sinkOf({ ...target, ...controls }));
  const { emit } = narrator;
  const projectDirectory = resolve(target.projectDirectory);
  const workDirectory = workDirectoryOf(target, projectDirectory, surroundings);
  const adapter = new PulumiAdapter({
    projectDirectory,
    environment: target.environment,
    ...(workDirectory === null ? {} : { workDirectory }),
    ...(target.env === undefined ? {} : { env: target.env }),
    clock,
    note: (message) => emit({ kind: "note", message }),
    progress: (progress) => emit({ kind: "progress", ...progress }),
  });
  const pulumi = narrator.pulumi(adapter);
  const kubernetesAdapter = new KubernetesAdapter();
  const kubernetes = narrator.kubernetes(kubernetesAdapter);
  let awsAdapter: AwsAdapter | null = null;
  let evacuation: EvacuationAdapter | null = null;
  try {
    if (controls.createStack) await pulumi.ensureEnvironmentStack();
    const config = await pulumi.readConfig();
    const region = await regionOf(config, process.env);
    awsAdapter = new AwsAdapter(region);
    const aws = narrator.aws(awsAdapter);
    evacuation = new EvacuationAdapter(region, (member) => pulumi.forgetKubernetesObjects(member));
    const hooks = new HookRunner(projectDirectory, { ...process.env, ...target.env });
    const ports = { pulumi, aws, kubernetes, clock, evacuation, hooks };
    const trust = { exec: target.allowExec ?? false, addresses: target.trustStateAddresses ?? false };
    const result = await withTrust(trust, () => work({ ports, config, region, surroundings, emit }));
    return pasteable(result, target.environment);
  } catch (error) {
    return throwPasteable(error, target.environment);
  } finally {
    adapter.dispose();
    kubernetesAdapter.dispose();
    awsAdapter?.dispose();
    evacuation?.dispose();
  }
}
