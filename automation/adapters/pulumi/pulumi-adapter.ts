/**
 * The Pulumi port on the Automation API: the project's program runs inline, in this process, against the real engine.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DriverContext, EnvironmentOutputs, MemberOutputs, StackProgram } from "../../../stacks/contract";
import { declaresExtension } from "../../../stacks/extension/when";
import type { EnvironmentRecord } from "../../../stacks/record";
import { DriverError } from "../../errors";
import { changesOf, describeOperation, hasWeights, isBinding } from "../../policy/move-policy";
import { foreignStack, readMemberStack } from "../../environment/member-stack";
import type {
  AppliedUpdate,
  Clock,
  Leaves,
  PreviewedUpdate,
  PulumiPort,
  Settled,
  StackOwner,
  StackReading,
  StackRef,
} from "../../ports";
import { regionOf } from "../aws/region";
import { secretsProviderIn } from "./backend/backends";
import { keepBackup } from "./state/backups";
import { configValues } from "./project/config-values";
import { Engine, updateSeconds } from "./engine/engine";
import { forgetObjects } from "./state/drop-kubernetes-objects";
import type { EventCollector } from "./engine/events";
import type { UpdateProgress } from "./engine/progress";
import { loosenPlan } from "./plans/plan-file";
import { makeTemporaryFolder, removeTemporaryFolder } from "../temporary-folders";
import { retireProgram } from "./project/retire-program";
import { inline, loadProgram } from "./project/program";
import { readProject, type Project } from "./project/project";
import { assertOneCopy, installedCopies } from "./project/sdk-copies";
import { clusterOfStack } from "./project/member-cluster";
import { keysOf } from "./project/member-settings";
import { completeReleases, isRefusedByHelm } from "./state/helm-releases";
import { settle } from "./state/settle";
import { exported, refreshOnce, type EksName, type State } from "./state/export";
import { allButStack, ownResources, protectedOwn } from "./state/own-resources";
import { stackName } from "../../text/stack-name";
import { bindingsBelow, forgetComponent } from "./state/drop-component";
import {
  assertRevision,
  enginesOwn,
  hasSecretOutputs,
  missing,
  ownerInState,
  protectedUrns,
  readingOf,
  type StateFile,
} from "./state/read";

export interface PulumiAdapterOptions {
  /** Folder of Pulumi.yaml and the program. */
  readonly projectDirectory: string;
  /**
   * Folder with a Pulumi.yaml of the same name and the stacks' settings, when they are not the project's own (a
   * rehearsal).
   */
  readonly workDirectory?: string;
  readonly environment: string;
  /** For the engine's process, on top of this process' own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly note?: (message: string) => void;
  readonly progress?: (progress: UpdateProgress) => void;
}

const excluding = (urns: readonly string[]): { exclude?: string[] } =>
  urns.length === 0 ? {} : { exclude: [...urns] };

/** The component of a member's bindings of one service. */
const bindingsOf = "eks-blue-green:index:MultiClusterService";

/** Seconds of AWS's time. */
const deadlines = { read: 60, preview: 600, update: updateSeconds, record: 600 };

export class PulumiAdapter implements PulumiPort {
  private readonly project: Project;
  private readonly engine: Engine;
  private readonly workDirectory: string;
  private readonly environment: string;
  private readonly surroundings: Readonly<Record<string, string | undefined>>;
  private loaded: Promise<StackProgram> | null = null;
  /** Stacks whose last update Helm refused because its record of a release is open. */
  private readonly refusedByHelm = new Set<string>();
  /** When this driver began with updates of a stack. */
  private readonly updatesSince = new Map<string, Date>();
  private plans: string | null = null;
  /** URNs that each plan's preview passed over. */
  private readonly excluded = new Map<string, readonly string[]>();
  private planCount = 0;
  private cleanConfig: string | null = null;
  /** The environment's stack was seen to have nothing that the user's own program declares. */
  private ownsNothing = false;

  constructor(options: PulumiAdapterOptions) {
    this.project = readProject(options.projectDirectory);
    assertOneCopy(installedCopies(this.project));
    this.workDirectory = options.workDirectory ?? options.projectDirectory;
    if (this.workDirectory !== options.projectDirectory) readProject(this.workDirectory);
    this.environment = options.environment;
    this.surroundings = { ...process.env, ...options.env };
    this.engine = new Engine({
      project: this.project,
      workDirectory: this.workDirectory,
      env: options.env ?? {},
      clock: options.clock,
      note: options.note ?? (() => undefined),
      ...(options.progress === undefined ? {} : { progress: options.progress }),
      region: () => this.region(),
      clusterOf: (stack) => this.clusterOf(stack),
    });
  }

  /** Removes the plans' temporary folder. */
  dispose(): void {
    if (this.plans !== null) removeTemporaryFolder(this.plans);
    this.plans = null;
  }

  readEnvironment(): Promise<StackReading<EnvironmentOutputs>> {
    return this.read<EnvironmentOutputs>(this.environment);
  }
  readMember(member: string): Promise<StackReading<MemberOutputs>> {
    return this.readMemberState(member);
  }
  private async readMemberState(member: string): Promise<StackReading<MemberOutputs>> {
    const name = this.nameOf({ kind: "member", member });
    const state = await this.stateToRead(name);
    const settings = this.settingsOf(name);
    if (state === null) return { ...missing<MemberOutputs>(), owner: settings };
    return { ...readingOf<MemberOutputs>(state), owner: ownerInState(state, name) ?? settings };
  }
  /** Whose the stack's settings file says that it is; null: there is none, or it does not say. */
  private settingsOf(name: string): StackOwner | null {
    const { environment, member } = keysOf(this.settingsText(name), this.configNamespace);
    return environment === undefined || member === undefined ? null : { environment, member };
  }
  private settingsText(name: string): string {
    const settings = join(this.workDirectory, `Pulumi.${name}.yaml`);
    return existsSync(settings) ? readFileSync(settings, "utf8") : "";
  }

  async settle(stack: StackRef): Promise<Settled | null> {
    const name = this.nameOf(stack);
    const since = this.refusedByHelm.has(name) ? this.updatesSince.get(name) : undefined;
    const settled = await settle(this.engine, name, { refused: since === undefined ? null : { since } });
    // A stack that was locked, or a server that was silent, has not been looked at.
    this.refusedByHelm.delete(name);
    return settled;
  }

  /**
   * Configuration of the environment's stack as the engine would pass it, other packages' secrets in clear. @throws
   * EBG-CONFIG for a secret of ours
   */
  async readConfig(): Promise<Readonly<Record<string, string>>> {
    const text = await this.engine.command(
      this.environment,
      ["config", "--show-secrets", "--json", "--stack", this.environment],
      deadlines.read,
    );
    return configValues(text, this.environment);
  }

  /**
   * Creates the environment's stack when it has a config file and is not there yet. @throws EBG-UNKNOWN-STACK without a
   * config file
   */
  async ensureEnvironmentStack(): Promise<"created" | "present"> {
    if ((await this.state(this.environment)) !== null) return "present";
    const settings = join(this.workDirectory, `Pulumi.${this.environment}.yaml`);
    if (!existsSync(settings))
      throw new DriverError(
        "EBG-UNKNOWN-STACK",
        `there is neither a stack ${this.environment} nor a Pulumi.${this.environment}.yaml in ${this.workDirectory}`,
        "name the environment's stack with --stack; a new environment begins with its config file",
      );
    await this.makeStack(this.environment);
    return "created";
  }

  async ensureMemberStack(member: string): Promise<"created" | "present"> {
    const name = this.nameOf({ kind: "member", member });
    const reading = await readMemberStack(this, this.environment, member);
    if (!reading.exists) await this.makeStack(name);
    await this.ensureSettings(member);
    return reading.exists ? "present" : "created";
  }

  /**
   * With the secrets provider of the stack's own file, else the environment's: without one, `stack init` takes the
   * backend's default (for a bucket a passphrase) and drops `secretsprovider` from the file.
   */
  private async makeStack(name: string): Promise<void> {
    const provider =
      secretsProviderIn(this.workDirectory, name) ?? secretsProviderIn(this.workDirectory, this.environment);
    const secrets = provider === null ? [] : ["--secrets-provider", provider];
    await this.engine.command(name, ["stack", "init", name, "--no-select", ...secrets], deadlines.read);
  }

  /**
   * The two keys by which the program knows that it runs for a member. A fresh checkout (of CI) has no settings file of
   * a member that another machine has made, and the program would take its stack for an environment's.
   */
  private async ensureSettings(member: string): Promise<void> {
    const name = this.nameOf({ kind: "member", member });
    const has = keysOf(this.settingsText(name), this.configNamespace);
    for (const [key, value] of Object.entries({ environment: this.environment, member })) {
      const now = has[key as "environment" | "member"];
      if (now !== undefined && now !== value)
        throw foreignStack(this.environment, member, `'${now}', as ${key} in Pulumi.${name}.yaml says`);
      if (now === undefined)
        await this.engine.command(
          name,
          ["config", "set", `${this.configNamespace}:${key}`, value, "--stack", name],
          deadlines.read,
        );
    }
  }

  /**
   * An update that targets the stack itself alone: the program runs whole (and fences), outputs are recorded, no
   * resource is touched.
   * Resources that are not in the state yet would put placeholders into the outputs, so a changed config is previewed
   * first.
   */
  async writeRecord(expectedRevision: number, record: EnvironmentRecord, signal?: AbortSignal): Promise<void> {
    const name = this.environment;
    const context = { kind: "record", expectedRevision, record } as const;
    if (this.cleanConfig !== this.configDigest()) {
      const exclude = excluding(ownResources(await this.state(name)));
      const program = inline(await this.program(), context);
      const previewed = await this.engine.run(name, "preview", deadlines.preview, signal, (stack, common) =>
        stack.preview({ ...common, ...exclude, program }),
      );
      this.assertClean(name, previewed);
      this.cleanConfig = this.configDigest();
    }
    const { passesOver, ...passes } = await this.allButTheStack(name);
    const program = inline(await this.program(), { ...context, ...(passesOver === undefined ? {} : { passesOver }) });
    const done = await this.engine.run(name, "writing the record", deadlines.record, signal, (stack, common) =>
      stack.up({ ...common, ...passes, program, message: `eks-blue-green: revision ${record.revision}` }),
    );
    const touched = changesOf(done.operations);
    if (touched.length > 0)
      throw new DriverError(
        "EBG-INTERNAL",
        `writing the record touched ${touched.map(describeOperation).join(", ")}`,
        `pulumi preview --stack ${name}`,
      );
  }

  /**
   * What an update passes over that touches the stack itself alone. Of the user's own resources the program declares
   * none then, and with a target the engine refuses to leave them: they are named one by one, and so is all else. Of ours
   * nothing new is made either.
   */
  private async allButTheStack(
    name: string,
  ): Promise<{ readonly target?: string[]; readonly exclude?: string[]; readonly passesOver?: readonly string[] }> {
    const target = { target: [this.stackUrn(name)] };
    const program = await this.program();
    if (program.extendsEnvironment !== true && this.ownsNothing) return target;
    const state = await this.state(name);
    this.ownsNothing = ownResources(state).length === 0;
    if (this.ownsNothing) return target;
    const passesOver = allButStack(state);
    return { passesOver, exclude: [...passesOver, `urn:pulumi:${name}::${this.project.name}::eks-blue-green:**`] };
  }

  async preview(
    stack: StackRef,
    context: DriverContext | null,
    signal?: AbortSignal,
    leaves: Leaves = "nothing",
  ): Promise<PreviewedUpdate> {
    const name = this.nameOf(stack);
    if (stack.kind === "member") await this.ensureSettings(stack.member);
    const plan = this.newPlan();
    const program = inline(await this.program(), context);
    await this.passOver(plan, name, context, leaves);
    const exclude = this.excludedOf(plan);
    const events = await this.engine.run(name, "preview", deadlines.preview, signal, (handle, common) =>
      handle.preview({ ...common, ...exclude, program, plan, suppressProgress: true }),
    );
    loosenPlan(plan);
    if (stack.kind === "environment" && changesOf(events.operations).length === 0)
      this.cleanConfig = this.configDigest();
    return { operations: events.operations, plan };
  }

  async apply(
    stack: StackRef,
    context: DriverContext | null,
    plan: string,
    signal?: AbortSignal,
  ): Promise<AppliedUpdate> {
    if (stack.kind === "member") await this.ensureSettings(stack.member);
    const program = inline(await this.program(), context);
    const exclude = this.excludedOf(plan);
    try {
      return await this.updating(this.nameOf(stack), signal, (handle, common) =>
        handle.up({ ...common, ...exclude, program, plan, suppressProgress: true, message: "eks-blue-green" }),
      );
    } finally {
      rmSync(plan, { force: true });
    }
  }

  async update(stack: StackRef, signal?: AbortSignal): Promise<AppliedUpdate> {
    if (stack.kind === "member") await this.ensureSettings(stack.member);
    const program = inline(await this.program(), null);
    if (stack.kind === "environment") {
      this.cleanConfig = null;
      this.ownsNothing = false;
    }
    const name = this.nameOf(stack);
    const begin = (): Promise<AppliedUpdate> =>
      this.updating(name, signal, (handle, common) => handle.up({ ...common, program, suppressProgress: true }));
    try {
      return await begin();
    } catch (error) {
      // Only this process knows of it: a record that somebody's killed Helm left open is in no state.
      if (!this.refusedByHelm.has(name)) throw error;
      await this.settle(stack);
      return await begin();
    }
  }
  /** Remembers when Helm refused it: the state does not say it, and the next settling has to look. */
  private async updating(
    name: string,
    signal: AbortSignal | undefined,
    work: Parameters<Engine["run"]>[4],
  ): Promise<AppliedUpdate> {
    if (!this.updatesSince.has(name)) this.updatesSince.set(name, new Date());
    try {
      return await this.timed(() => this.engine.run(name, "update", deadlines.update, signal, work));
    } catch (error) {
      if (error instanceof DriverError && isRefusedByHelm(error.message)) this.refusedByHelm.add(name);
      throw error;
    }
  }

  async previewDestroy(member: string, expectedRevision: number, signal?: AbortSignal): Promise<PreviewedUpdate> {
    const name = this.nameOf({ kind: "member", member });
    const plan = this.newPlan();
    const program = this.retire(member, expectedRevision);
    const events = await this.engine.run(name, "preview", deadlines.preview, signal, (handle, common) =>
      handle.preview({ ...common, program, plan, suppressProgress: true }),
    );
    loosenPlan(plan);
    return { operations: events.operations, plan };
  }
  async previewEnvironmentDestroy(signal?: AbortSignal): Promise<PreviewedUpdate> {
    await this.refuseProtected(this.environment);
    return await this.previewDestroyOf({ kind: "environment" }, signal);
  }
  async destroy(member: string, expectedRevision: number, plan: string, signal?: AbortSignal): Promise<AppliedUpdate> {
    const name = this.nameOf({ kind: "member", member });
    const program = this.retire(member, expectedRevision);
    let applied: AppliedUpdate;
    try {
      applied = await this.timed(() =>
        this.engine.run(name, "destroy", deadlines.update, signal, (handle, common) =>
          handle.up({ ...common, program, plan, suppressProgress: true, message: "eks-blue-green: retire" }),
        ),
      );
    } finally {
      rmSync(plan, { force: true });
    }
    await this.destroyEmptyStack(name, signal);
    return applied;
  }
  destroyEnvironment(signal?: AbortSignal): Promise<AppliedUpdate> {
    return this.destroyOf({ kind: "environment" }, signal);
  }
  /**
   * What the engine keeps for itself goes last, and with it what the stack said of a member that is gone. Named one by
   * one: where anything else is in the stack by now, the engine refuses.
   */
  private async destroyEmptyStack(name: string, signal?: AbortSignal): Promise<void> {
    const target = enginesOwn(await this.state(name));
    if (target.length === 0) return;
    await this.engine.run(name, "destroy", deadlines.record, signal, (handle, common) =>
      handle.destroy({ ...common, target, suppressProgress: true, message: "eks-blue-green: retired" }),
    );
  }
  private retire(member: string, expectedRevision: number) {
    return retireProgram(this.engine.sdk, { environment: this.environment, member, expectedRevision });
  }

  private async previewDestroyOf(stack: StackRef, signal?: AbortSignal): Promise<PreviewedUpdate> {
    const events = await this.engine.run(this.nameOf(stack), "preview", deadlines.preview, signal, (handle, common) =>
      handle.previewDestroy(common),
    );
    return { operations: events.operations, plan: "" };
  }

  private async destroyOf(stack: StackRef, signal?: AbortSignal): Promise<AppliedUpdate> {
    return await this.timed(() =>
      this.engine.run(this.nameOf(stack), "destroy", deadlines.update, signal, (handle, common) =>
        handle.destroy({ ...common, suppressProgress: true }),
      ),
    );
  }

  async protectedResources(): Promise<number> {
    const state = await this.state(this.environment);
    const own = new Set(protectedOwn(state));
    return state === null ? 0 : protectedUrns(state, () => true).filter((urn) => !own.has(urn)).length;
  }
  unprotectBindings(member: string): Promise<readonly string[]> {
    return this.unprotect(member, isBinding);
  }
  async unprotectAll(member: string): Promise<readonly string[]> {
    await this.refuseProtected(this.nameOf({ kind: "member", member }));
    return await this.unprotect(member, () => true);
  }
  /** What the user protects is not destroyed with the rest. @throws EBG-PLAN-REFUSED */
  private async refuseProtected(name: string): Promise<void> {
    const urns = protectedOwn(await this.state(name));
    if (urns.length === 0) return;
    throw new DriverError(
      "EBG-PLAN-REFUSED",
      `stack ${name} is to be destroyed, and your own program protects what is in it: ${urns.join(", ")}`,
      "let it go: take `protect` out of the program, or give it `retainOnDelete: true` to keep what is in AWS; deploy " +
        `that (pulumi up --stack ${name}), then run the same command again`,
    );
  }
  private async unprotect(member: string, which: (type: string) => boolean): Promise<readonly string[]> {
    const name = this.nameOf({ kind: "member", member });
    const state = await this.state(name);
    const urns = state === null ? [] : protectedUrns(state, which);
    if (urns.length > 0)
      await this.engine.command(name, ["state", "unprotect", ...urns, "--yes", "--stack", name], deadlines.read);
    return urns;
  }
  async protectAgain(member: string, urns: readonly string[]): Promise<void> {
    const name = this.nameOf({ kind: "member", member });
    const there = new Set(((await this.state(name))?.deployment?.resources ?? []).map((one) => one.urn));
    const left = urns.filter((urn) => there.has(urn));
    if (left.length > 0)
      await this.engine.command(name, ["state", "protect", ...left, "--yes", "--stack", name], deadlines.read);
  }

  /** Kubernetes objects leave the state; their providers stay, which need no API server. */
  async forgetKubernetesObjects(member: string): Promise<number> {
    return await forgetObjects(this.engine, this.nameOf({ kind: "member", member }));
  }

  async refresh(member: string, signal?: AbortSignal): Promise<void> {
    await this.engine.run(
      this.nameOf({ kind: "member", member }),
      "refresh",
      deadlines.update,
      signal,
      (handle, common) => handle.refresh(common),
    );
  }
  refreshBindings(member: string): Promise<number> {
    return this.refreshWhere(this.nameOf({ kind: "member", member }), isBinding);
  }
  refreshRoutes(): Promise<number> {
    return this.refreshWhere(this.environment, hasWeights);
  }
  refreshServices(member: string): Promise<number> {
    return this.refreshWhere(this.nameOf({ kind: "member", member }), (type) => type === "kubernetes:core/v1:Service");
  }
  private async refreshWhere(name: string, wanted: (type: string) => boolean): Promise<number> {
    const urns = ((await this.state(name))?.deployment?.resources ?? [])
      .filter((one) => one.custom === true && wanted(one.type) && one.delete !== true)
      .map((one) => one.urn);
    if (urns.length > 0) await refreshOnce(this.engine, name, urns);
    return urns.length;
  }

  async adoptedBindings(service: string, member: string): Promise<readonly string[]> {
    const state = await exported(this.engine, this.nameOf({ kind: "member", member }));
    return bindingsBelow(state?.deployment?.resources ?? [], bindingsOf, `${member}-${service}`);
  }
  async forgetAdopted(service: string, member: string, expectedRevision: number): Promise<number> {
    const loadBalancer = await forgetComponent(
      this.engine,
      this.environment,
      "eks-blue-green:index:AdoptedLoadBalancer",
      `${this.environment}-${service}`,
      (state) => assertRevision(state, expectedRevision),
    );
    return (
      loadBalancer +
      (await forgetComponent(this.engine, this.nameOf({ kind: "member", member }), bindingsOf, `${member}-${service}`))
    );
  }

  /**
   * Under `.eks-blue-green/state-backups/` of the work directory, secrets encrypted as in the backend; the newest
   * twenty of each stack.
   */
  async backUpState(stack: StackRef): Promise<string> {
    const name = this.nameOf(stack);
    const text = await this.engine.command(name, ["stack", "export", "--stack", name], deadlines.read);
    return keepBackup(this.workDirectory, name, text);
  }

  /** As the rest of the driver has it. */
  private async region(): Promise<string> {
    return await regionOf(await this.readConfig(), this.surroundings);
  }
  private async clusterOf(stack: string): Promise<EksName | null> {
    const config = await this.readConfig();
    const name = clusterOfStack(config, this.environment, stack);
    return name === null ? null : { name, region: await regionOf(config, this.surroundings) };
  }
  private get configNamespace(): string {
    return "eks-blue-green";
  }
  private nameOf(stack: StackRef): string {
    return stackName(this.environment, stack);
  }
  private stackUrn(name: string): string {
    return `urn:pulumi:${name}::${this.project.name}::pulumi:pulumi:Stack::${this.project.name}-${name}`;
  }
  private program(): Promise<StackProgram> {
    this.loaded ??= loadProgram(this.project);
    return this.loaded;
  }
  /** What the program does not declare in this update and is to stay, and what it is not to look at. */
  private async passOver(plan: string, name: string, context: DriverContext | null, leaves: Leaves): Promise<void> {
    const stays = context !== null && !declaresExtension(context);
    if (!stays && leaves === "nothing") return;
    const state = await this.state(name);
    const releases = leaves === "releases" ? completeReleases(state) : [];
    const own = stays ? ownResources(state) : [];
    this.excluded.set(plan, [...new Set([...releases, ...own])]);
  }
  private excludedOf(plan: string): { exclude?: string[] } {
    return excluding(this.excluded.get(plan) ?? []);
  }
  private newPlan(): string {
    this.plans ??= makeTemporaryFolder("plans");
    this.planCount += 1;
    return join(this.plans, `${this.planCount}.json`);
  }

  private state(name: string): Promise<State | null> {
    return exported(this.engine, name);
  }
  /**
   * With the stack's own outputs in clear. Secrets are decrypted only where these have one: it costs as much as the
   * export itself.
   */
  private async stateToRead(name: string): Promise<StateFile | null> {
    const recent = this.engine.takeExport(name);
    const state = recent === null ? await this.state(name) : (JSON.parse(recent) as StateFile);
    return state !== null && hasSecretOutputs(state) ? await exported(this.engine, name, "with secrets") : state;
  }
  private async read<Outputs>(name: string): Promise<StackReading<Outputs>> {
    const state = await this.stateToRead(name);
    return state === null ? missing() : readingOf<Outputs>(state);
  }

  private async timed(work: () => Promise<EventCollector>): Promise<AppliedUpdate> {
    const started = performance.now();
    const events = await work();
    return { changes: events.changes, seconds: (performance.now() - started) / 1000 };
  }

  private configDigest(): string {
    const file = join(this.workDirectory, `Pulumi.${this.environment}.yaml`);
    return existsSync(file) ? createHash("sha256").update(readFileSync(file)).digest("hex") : "none";
  }
  private assertClean(name: string, previewed: EventCollector): void {
    const changes = changesOf(previewed.operations);
    if (changes.length === 0) return;
    throw new DriverError(
      "EBG-PENDING-CHANGES",
      `${name} has changes that belong to no move:\n${changes.map((one) => `  ${describeOperation(one)}`).join("\n")}`,
      `deploy them first: pulumi up --stack ${name}`,
    );
  }
}
