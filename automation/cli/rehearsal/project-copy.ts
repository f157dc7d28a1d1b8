/**
 * The project under rehearsal: the user's program where it is, with copies of its config in a folder of the sandbox's.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseDocument } from "yaml";
import { readProject, type Project } from "../../adapters/pulumi/project/project";
import { projectFileFor, settingsForSandbox } from "../../adapters/pulumi/project/sandbox-copy";
import { DriverError } from "../../errors";

/** What a look at the project finds, before anything is started. */
export interface InspectedProject {
  readonly name: string;
  /** Absolute. */
  readonly main: string;
  readonly text: string;
  readonly directory: string;
  readonly environment: string;
  /** Names of the stack config files of the environment and its members. */
  readonly configFiles: readonly string[];
  /** Wanted Kubernetes minor of the environment's config. */
  readonly wantedVersion: string;
  readonly strategy: string;
  readonly members: readonly string[];
  /** Services whose workloads somebody else deploys. */
  readonly externalServices: readonly string[];
  /** Names of the config's hooks: a rehearsal runs none of them. */
  readonly hooks: readonly string[];
  /** The package's keys in the environment's config, without its name before them; unchecked. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Whether a listener of its config speaks HTTPS. */
export const speaksHttps = ({ settings }: Pick<InspectedProject, "settings">): boolean =>
  (settings["loadBalancer"] as { readonly https?: unknown } | null | undefined)?.https !== undefined;

export interface RehearsedProject {
  readonly environment: string;
  /** Folder with Pulumi.yaml (main made absolute) and the copied stack configs. */
  readonly directory: string;
  readonly setVersion: (version: string) => void;
  /**
   * Writes a value into the environment's config, under the package's name: `set(["loadBalancer", "owner"],
   * "service")`; undefined removes it.
   */
  readonly set: (path: readonly (string | number)[], value: unknown) => void;
}

/** The minor before `1.35` is `1.34`. */
export function minorBefore(version: string): string {
  const match = /^1\.(\d+)$/.exec(version);
  const minor = Number(match?.[1]);
  if (!match || minor < 1)
    throw new DriverError("EBG-CONFIG", `kubernetesVersion '${version}' is not a minor version`, 'Write it as "1.35".');
  return `1.${minor - 1}`;
}

function readWithText(projectDirectory: string): Project & { readonly text: string } {
  const project = readProject(projectDirectory);
  const file = ["Pulumi.yaml", "Pulumi.yml"].find((name) => existsSync(join(projectDirectory, name))) ?? "Pulumi.yaml";
  return { ...project, text: readFileSync(join(projectDirectory, file), "utf8") };
}

/** The package reads its keys under its own name, whatever the project is called. */
const ownName = "eks-blue-green:";
const settingsIn = (config: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) =>
      key.startsWith(ownName) ? [[key.slice(ownName.length), value] as const] : [],
    ),
  );
const versionKey = "eks-blue-green:kubernetesVersion";
const membersKey = "eks-blue-green:members";
const rolloutKey = "eks-blue-green:rollout";
const servicesKey = "eks-blue-green:services";
const hooksKey = "eks-blue-green:hooks";

/** @throws EBG-NO-PROJECT, EBG-UNKNOWN-STACK, EBG-CONFIG */
export function inspectProject(directory: string, environment: string): InspectedProject {
  const project = readWithText(directory);
  const known = readdirSync(directory).filter((name) => /^Pulumi\..+\.yaml$/.test(name));
  const configFile = `Pulumi.${environment}.yaml`;
  if (!known.includes(configFile)) {
    throw new DriverError(
      "EBG-UNKNOWN-STACK",
      `there is no ${configFile} in ${directory}`,
      `Name the environment's stack with --stack; this folder has ${known.join(", ") || "no stack config"}.`,
    );
  }
  const config = (
    parse(readFileSync(join(directory, configFile), "utf8")) as { config?: Record<string, unknown> } | null
  )?.config;
  const wantedVersion = config?.[versionKey];
  if (typeof wantedVersion !== "string")
    throw new DriverError(
      "EBG-CONFIG",
      `${versionKey} is missing in ${configFile}, or is not a string`,
      'Set it to the wanted Kubernetes minor, in quotes: "1.35".',
    );
  const rollout = config?.[rolloutKey] as { strategy?: unknown } | undefined;
  const strategy = typeof rollout?.strategy === "string" ? rollout.strategy : "replace";
  const members = config?.[membersKey];
  const services = config?.[servicesKey];
  const hooks = config?.[hooksKey];
  return {
    ...project,
    strategy,
    members: Array.isArray(members) ? members.map(String) : [],
    externalServices: (Array.isArray(services) ? (services as { name?: unknown; workload?: unknown }[]) : [])
      .filter((service) => service?.workload === "external")
      .map(({ name }) => String(name)),
    hooks: (Array.isArray(hooks) ? (hooks as { name?: unknown }[]) : []).map((hook) => String(hook?.name)),
    settings: settingsIn(config ?? {}),
    directory,
    environment,
    configFiles: known.filter((name) => name === configFile || name.startsWith(`Pulumi.${environment}-`)),
    wantedVersion,
  };
}

/** A program that is not this package's: all that a rehearsal knows of it. */
export interface ForeignProject {
  readonly directory: string;
  readonly environment: string;
}

/** A copy of its Pulumi.yaml (main made absolute) and of its stack's config in `into`. @throws EBG-NO-PROJECT */
export function copyProgram({ directory, environment }: ForeignProject, into: string): void {
  const project = readWithText(directory);
  mkdirSync(into, { recursive: true });
  writeFileSync(join(into, "Pulumi.yaml"), projectFileFor(project.text, project));
  copySettings(directory, `Pulumi.${environment}.yaml`, into);
}

function copySettings(from: string, name: string, into: string): void {
  writeFileSync(join(into, name), settingsForSandbox(readFileSync(join(from, name), "utf8"), null, from));
}

/** Copies of the config files in `into`, beside a Pulumi.yaml whose `main` is the user's program where it is. */
export function copyProject(project: InspectedProject, into: string): RehearsedProject {
  mkdirSync(into, { recursive: true });
  writeFileSync(join(into, "Pulumi.yaml"), projectFileFor(project.text, project));
  for (const name of project.configFiles) copySettings(project.directory, name, into);
  const configFile = join(into, `Pulumi.${project.environment}.yaml`);
  const set: RehearsedProject["set"] = ([key, ...inner], value) => {
    const config = parseDocument(readFileSync(configFile, "utf8"));
    const path = ["config", `eks-blue-green:${key}`, ...inner];
    if (value === undefined) config.deleteIn(path);
    else config.setIn(path, value);
    writeFileSync(configFile, config.toString());
  };
  const config = (parse(readFileSync(configFile, "utf8")) as { config?: Record<string, unknown> } | null)?.config;
  // They are about the user's own clusters and tools.
  set(["hooks"], undefined);
  // The rehearsal's clusters have none of the user's Secrets: pods that want one would never start.
  const services = config?.[servicesKey];
  for (const [index, service] of Array.isArray(services) ? services.entries() : []) {
    if ((service as { environmentFrom?: unknown } | null)?.environmentFrom !== undefined)
      set(["services", index, "environmentFrom"], undefined);
  }
  return {
    environment: project.environment,
    directory: into,
    set,
    setVersion: (version) => set(["kubernetesVersion"], version),
  };
}
