/** A project of its own for tests with the real CLI: a backend in a folder, the provider beside this file, no sandbox. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { systemClock } from "../../../../../automation/adapters/clock";
import { PulumiAdapter } from "../../../../../automation/adapters/pulumi/pulumi-adapter";
import { runCli } from "../../../../../automation/adapters/pulumi/engine/detached-cli";
import { Cache, defaultCacheDir } from "../../../../../sandbox/tools/cache";
import { catalog } from "../../../../../sandbox/tools/catalog";
import { findOnPath } from "../../../../../sandbox/tools/path-lookup";

const repository = resolve(__dirname, "../../../../..");

/** Folder of the pulumi command; null where it is neither installed nor in the cache. */
async function pulumiFolder(): Promise<string | null> {
  if ((await findOnPath(process.env["PATH"] ?? "")).has("pulumi")) return "";
  const tool = catalog.find(({ name }) => name === "pulumi");
  const cache = new Cache(defaultCacheDir());
  return tool !== undefined && cache.has(tool.name, tool.version) ? cache.folder(tool.name, tool.version) : null;
}

export interface Exported {
  readonly deployment: {
    readonly resources?: readonly {
      readonly urn: string;
      readonly type: string;
      readonly inputs?: Readonly<Record<string, unknown>>;
      readonly outputs?: Readonly<Record<string, unknown>>;
    }[];
    readonly pending_operations?: readonly unknown[];
  };
}

export class Bench {
  readonly notes: string[] = [];
  readonly adapter: PulumiAdapter;

  private constructor(
    readonly folder: string,
    private readonly pathBefore: string,
    readonly env: Readonly<Record<string, string>>,
  ) {
    this.adapter = this.another();
  }

  /** `backend`: where the address of its folder stands, or a bucket. `program`: with `pulumi` and two resource classes. */
  static async open(
    program: string,
    backend: "surroundings" | "project" | `s3://${string}` = "surroundings",
  ): Promise<Bench | null> {
    const tools = await pulumiFolder();
    if (tools === null) return null;
    const pathBefore = process.env["PATH"] ?? "";
    const folder = mkdtempSync(join(tmpdir(), "ebg-engine-"));
    for (const name of ["bin", "home", "backend", "project"]) mkdirSync(join(folder, name));
    const script = join(__dirname, "provider.js");
    for (const name of ["kubernetes", "aws"]) {
      const plugin = join(folder, "bin", `pulumi-resource-${name}`);
      writeFileSync(plugin, `#!/bin/sh\nexec "${process.execPath}" "${script}" "$@"\n`, { mode: 0o755 });
      chmodSync(plugin, 0o755);
    }
    const project = join(folder, "project");
    const url = backend.startsWith("s3://") ? backend : `file://${join(folder, "backend")}`;
    const inProject = backend === "project" ? `backend:\n  url: ${url}\n` : "";
    writeFileSync(join(project, "Pulumi.yaml"), `name: bench\nruntime: nodejs\nmain: program.js\n${inProject}`);
    writeFileSync(join(project, "package.json"), "{}");
    writeFileSync(
      join(project, "program.js"),
      `const pulumi = require(${JSON.stringify(join(repository, "node_modules/@pulumi/pulumi"))});
class Resource extends pulumi.CustomResource {
  constructor(type, name, inputs, options) {
    super(type, name, { kubeconfig: undefined, ...inputs }, { version: "4.34.2", ...options });
  }
}
class KubernetesProvider extends pulumi.ProviderResource {
  constructor(name, kubeconfig) { super("kubernetes", name, { kubeconfig }, { version: "4.34.2" }); }
}
module.exports = async (context) => { ${program} };
`,
    );
    writeFileSync(join(project, "Pulumi.dev.yaml"), "config: {}\n");
    // The SDK asks for the command's version in this process' own surroundings.
    process.env["PATH"] = [join(folder, "bin"), tools, pathBefore].filter((one) => one !== "").join(delimiter);
    return new Bench(folder, pathBefore, {
      PATH: process.env["PATH"],
      PULUMI_HOME: join(folder, "home"),
      ...(backend === "project" ? {} : { PULUMI_BACKEND_URL: url }),
      PULUMI_CONFIG_PASSPHRASE: "bench",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PROVIDER_LOG: join(folder, "provider.log"),
      BENCH: folder,
    });
  }

  /** A second driver on the same project. */
  another(): PulumiAdapter {
    return new PulumiAdapter({
      projectDirectory: join(this.folder, "project"),
      environment: "dev",
      env: this.env,
      clock: systemClock(1),
      note: (message) => this.notes.push(message),
    });
  }

  get project(): string {
    return join(this.folder, "project");
  }
  get providerLog(): readonly string[] {
    const file = join(this.folder, "provider.log");
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  }

  async pulumi(...args: readonly string[]): Promise<string> {
    return (await runCli("pulumi", args, { cwd: this.project, env: this.env })).stdout;
  }
  async export(stack: string): Promise<Exported> {
    return JSON.parse(await this.pulumi("stack", "export", "--stack", stack)) as Exported;
  }

  close(): void {
    this.adapter.dispose();
    process.env["PATH"] = this.pathBefore;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
