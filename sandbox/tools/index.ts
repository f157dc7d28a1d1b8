/** Finds, downloads or builds everything the sandbox runs. */
import type { ToolPaths } from "../contract";
import { SandboxError } from "../shared/errors";
import { Cache, defaultCacheDir } from "./cache";
import { catalog, type GoModule, type Tool, type ToolName } from "./catalog";
import { downloadFor, tryDownload } from "./download";
import { buildModule, findGo } from "./go-build";
import { findOnPath } from "./path-lookup";
import type { OnProgress } from "./progress";
import { refuseWithoutPackages } from "./packages";
import { resolvePython } from "./python";

export type { ToolProgress } from "./progress";

export interface ResolveToolsOptions {
  /** Default: `$EKS_BLUE_GREEN_CACHE`, else `$XDG_CACHE_HOME/eks-blue-green`, else `~/.cache/eks-blue-green`. */
  readonly cacheDir?: string;
  /** What `--provider` says: the official kubernetes provider is neither found nor built when another one is named. */
  readonly providers?: Readonly<Record<string, string>>;
  /** Told of every step that takes longer than two seconds. */
  readonly onProgress: OnProgress;
}

/**
 * Each tool from PATH, else the cache, else its official download (only where its sum is pinned), else a build from its
 * Go
 * module; Python's from the cache, else the package index. Throws SBX-TOOL-MISSING, SBX-TOOL-BUILD or SBX-TOOL-INSTALL.
 */
export async function resolveTools(options: ResolveToolsOptions): Promise<ToolPaths> {
  refuseWithoutPackages();
  if (process.platform === "win32")
    throw new SandboxError("SBX-PLATFORM", "the sandbox runs on Linux and macOS", "Use WSL.");
  const cache = new Cache(options.cacheDir ?? defaultCacheDir());
  // Settled both, so that a failure of one leaves no build of the other running behind the caller's back.
  const [go, python] = await Promise.allSettled([
    resolveBinaries(wantedTools(options.providers ?? {}), cache, options.onProgress),
    resolvePython(cache, options.onProgress),
  ]);
  if (go.status === "rejected") throw go.reason;
  if (python.status === "rejected") throw python.reason;
  const at = (name: ToolName): string => go.value.get(name) as string;
  return {
    pulumi: at("pulumi"),
    pulumiLanguageNodejs: at("pulumi-language-nodejs"),
    kubeApiserver: at("kube-apiserver"),
    kubeControllerManager: at("kube-controller-manager"),
    kubeScheduler: at("kube-scheduler"),
    kubectl: at("kubectl"),
    etcd: at("etcd"),
    kubernetesProvider: go.value.get("pulumi-resource-kubernetes") ?? null,
    ...python.value,
  };
}

/** Somebody's own program of a provider is named by its path: nothing has to be built for it. */
export const wantedTools = (providers: Readonly<Record<string, string>>): readonly Tool[] =>
  catalog.filter(({ name }) => name !== "pulumi-resource-kubernetes" || providers["kubernetes"] === undefined);

async function resolveBinaries(
  wanted: readonly Tool[],
  cache: Cache,
  onProgress: OnProgress,
): Promise<Map<ToolName, string>> {
  const found = await findOnPath(process.env["PATH"] ?? "", wanted);
  const rest = wanted.filter((tool) => !found.has(tool.name));
  const uncached = rest.filter((tool) => !cache.has(tool.name, tool.version));
  const toBuild: Tool[] = [];
  for (const tool of uncached) {
    const download = downloadFor(tool);
    if (download === null || !(await tryDownload(tool, download, cache, onProgress))) toBuild.push(tool);
  }
  if (toBuild.length > 0) await buildAll(toBuild, cache, onProgress);
  for (const tool of rest) found.set(tool.name, cache.binary(tool.name, tool.version));
  return found;
}

/** Two builds at a time: while one links on a single core, the other compiles on the rest. */
async function buildAll(tools: readonly Tool[], cache: Cache, onProgress: OnProgress): Promise<void> {
  const go = await findGo(tools.map((tool) => tool.name));
  const one = async (module: GoModule): Promise<void> => {
    const wanted = tools.filter((tool) => tool.module === module);
    if (wanted.length > 0) await buildModule(module, wanted, go, cache, onProgress);
  };
  const results = await Promise.allSettled([one("kubernetes"), one("pulumi").then(() => one("language-host"))]);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
