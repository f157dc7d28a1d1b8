/** Asks the backend whether somebody holds a stack. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { DriverError } from "../../../errors";
import { LockedError } from "../engine/failures";
import { backendOf, updateInProgress, urlIn, type Backend } from "./backend";
import { holderInFiles, isByProject } from "./lock-files";

export interface BackendsOptions {
  readonly project: string;
  readonly workDirectory: string;
  /** PULUMI_BACKEND_URL, which comes before all else. */
  readonly urlInSurroundings: string | undefined;
  /** A CLI command that is not repeated when it meets a lock; answers its stdout. */
  readonly command: (stack: string, args: readonly string[]) => Promise<string>;
}

/** `secretsprovider:` of a stack's own file; null: the backend's default, or a passphrase. */
export function secretsProviderIn(workDirectory: string, stack: string): string | null {
  const file = join(workDirectory, `Pulumi.${stack.split("/").at(-1) ?? stack}.yaml`);
  if (!existsSync(file)) return null;
  const settings = parse(readFileSync(file, "utf8")) as { secretsprovider?: unknown } | null;
  return typeof settings?.secretsprovider === "string" ? settings.secretsprovider : null;
}

export class Backends {
  private known: Promise<Backend> | null = null;

  constructor(private readonly options: BackendsOptions) {}

  /** By the surroundings, by Pulumi.yaml, by `pulumi login`: the CLI knows. */
  backend(): Promise<Backend> {
    this.known ??= this.find().catch((error: unknown) => {
      this.known = null;
      throw error;
    });
    return this.known;
  }

  private async find(): Promise<Backend> {
    const { urlInSurroundings, workDirectory } = this.options;
    if (urlInSurroundings !== undefined && urlInSurroundings !== "") return backendOf(urlInSurroundings, workDirectory);
    const url = urlIn(await this.options.command("", ["whoami", "--json"]));
    if (url === null)
      throw new DriverError("EBG-INTERNAL", "pulumi whoami --json names no backend", "pulumi whoami --verbose");
    return backendOf(url, workDirectory);
  }

  /** A lock that can be seen without an operation. @throws LockedError */
  async assertUnlisted(stack: string): Promise<void> {
    const backend = await this.backend();
    if (backend.kind !== "file") return;
    const holder = holderInFiles(backend.root, this.options.project, stack);
    if (holder !== null) throw new LockedError(stack, holder, null);
  }

  /** Of a stack that is there. @throws LockedError */
  async assertFree(stack: string): Promise<void> {
    const backend = await this.backend();
    await this.assertUnlisted(stack);
    if (backend.kind === "file" && isByProject(backend.root, this.options.project)) return;
    if (backend.kind === "service") return await this.assertNoUpdate(stack);
    await this.assertLockCanBeTaken(stack);
  }

  /** Creating a stack that is there takes its lock, finds it, and changes nothing. */
  private async assertLockCanBeTaken(stack: string): Promise<void> {
    const provider = secretsProviderIn(this.options.workDirectory, stack);
    const secrets = provider === null ? [] : ["--secrets-provider", provider];
    try {
      await this.options.command(stack, ["stack", "init", stack, "--no-select", ...secrets]);
    } catch (error) {
      if (error instanceof LockedError || !(error instanceof DriverError)) throw error;
      if (!/already exists/.test(error.message)) throw error;
    }
  }

  private async assertNoUpdate(stack: string): Promise<void> {
    const list = await this.options.command(stack, ["stack", "ls", "--json", "--project", this.options.project]);
    if (updateInProgress(list, stack)) throw new LockedError(stack, null, null);
  }
}
