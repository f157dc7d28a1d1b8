/** Secrets that a container mounts, as files that follow them as late as a kubelet's. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ApiClient } from "../../kubernetes/api-client";
import { orGone, sleep } from "../../kubernetes/retry";
import type { ContainerSpec, Pod } from "../../kubernetes/types";
import { scaledMs } from "../../shared/clock";
import type { ProgramContext, RunningProgram, StartProgram } from "../programs/program";
import { CreateContainerConfigError } from "./environment";

/** A kubelet looks at a pod's Secrets with every sync of the pod, each minute and half as much again at random. */
const syncSeconds = { least: 60, most: 90 };

interface Secret {
  readonly data?: Readonly<Record<string, string>>;
}

export interface SecretVolumeSettings {
  readonly client: ApiClient;
  /** Where volumes are; each gets a folder of its own. */
  readonly folder: string;
  readonly timeScale: number;
  /** Ends with the container. */
  readonly signal: AbortSignal;
}

/**
 * Mounts the first Secret of the container, and keeps its files up to date.
 * @returns its folder; null when the container mounts none
 * @throws CreateContainerConfigError while the Secret is not there, unless it is optional
 */
export async function mountSecret(
  pod: Pod,
  container: ContainerSpec,
  settings: SecretVolumeSettings,
): Promise<string | null> {
  const mounted = new Set((container.volumeMounts ?? []).map(({ name }) => name));
  const volume = pod.spec.volumes?.find(({ name, secret }) => secret !== undefined && mounted.has(name));
  const name = volume?.secret?.secretName;
  if (volume === undefined || name === undefined) return null;
  const path = `/api/v1/namespaces/${pod.metadata.namespace ?? "default"}/secrets/${name}`;
  const folder = join(settings.folder, `${pod.metadata.uid ?? pod.metadata.name}-${volume.name}`);
  const read = (): Promise<Secret | undefined> => orGone(settings.client.get<Secret>(path));
  const first = await read();
  if (first === undefined && volume.secret?.optional !== true)
    throw new CreateContainerConfigError(
      `MountVolume.SetUp failed for volume "${volume.name}": secret "${name}" not found`,
    );
  write(folder, first);
  void keepUpToDate(folder, read, JSON.stringify(first?.data), settings);
  return folder;
}

/** Starts a program with the Secret that its container mounts; its files go with the program, or when `signal` aborts. */
export async function startWithSecret(
  pod: Pod,
  context: ProgramContext,
  settings: Omit<SecretVolumeSettings, "timeScale">,
  start: StartProgram,
): Promise<RunningProgram> {
  const ended = new AbortController();
  const { timeScale, container } = context;
  const signal = AbortSignal.any([ended.signal, settings.signal]);
  const certificates = await mountSecret(pod, container, { ...settings, timeScale, signal });
  const program = await start({ ...context, certificates });
  void program.ended.then(() => ended.abort());
  return program;
}

async function keepUpToDate(
  folder: string,
  read: () => Promise<Secret | undefined>,
  first: string | undefined,
  { timeScale, signal }: SecretVolumeSettings,
): Promise<void> {
  for (let last = first; !signal.aborted;) {
    const { least, most } = syncSeconds;
    await sleep(scaledMs(least + Math.random() * (most - least), timeScale), signal);
    // While it can't be asked, or is gone, the files stay as they are.
    const now = signal.aborted ? undefined : await read().catch(() => undefined);
    const data = JSON.stringify(now?.data);
    if (now === undefined || data === last) continue;
    last = data;
    write(folder, now);
  }
  rmSync(folder, { recursive: true, force: true });
}

function write(folder: string, secret: Secret | undefined): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const [name, value] of Object.entries(secret?.data ?? {})) {
    const file = join(folder, name);
    writeFileSync(`${file}.new`, Buffer.from(value, "base64"), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
}
