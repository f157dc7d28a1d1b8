/** Tools built from Go modules whose requirements and sums are committed under go/. */
import { cpus } from "node:os";
import { basename, join } from "node:path";
import { chmodSync, copyFileSync, existsSync, rmSync, cpSync } from "node:fs";
import { SandboxError } from "../shared/errors";
import { packageRoot } from "../processes/scripts";
import type { Cache } from "./cache";
import type { Embeds, GoModule, Tool } from "./catalog";
import { which } from "./path-lookup";
import { type OnProgress, withProgress } from "./progress";
import { outputOf, runLogged } from "./run";

const titles: Record<GoModule, string> = {
  pulumi: "Pulumi",
  "language-host": "Pulumi's Node language host",
  kubernetes: "Kubernetes and etcd",
};
const buildTimeoutMs = 40 * 60_000;
const moduleTimeoutMs = 5 * 60_000;

export function goModuleDir(module: GoModule): string {
  const dir = join(packageRoot(), "sandbox", "tools", "go", module);
  if (!existsSync(join(dir, "go.sum")))
    throw new SandboxError(
      "SBX-PACKAGE",
      `the Go module ${dir} is missing`,
      "Install the package anew; its files are incomplete.",
    );
  return dir;
}

/** The `go` command, from PATH or where its installer puts it. */
export async function findGo(
  missing: readonly string[],
  path: string = process.env["PATH"] ?? "",
  elsewhere: readonly string[] = ["/usr/local/go/bin/go"],
): Promise<string> {
  const candidates = [...which("go", path), ...elsewhere].filter((file) => existsSync(file));
  for (const go of candidates) {
    const match = /go1\.(\d+)/.exec((await outputOf(go, ["version"])) ?? "");
    // From 1.21 on, Go fetches by itself the newer toolchain that a module asks for.
    if (match && Number(match[1]) >= 21) return go;
  }
  throw new SandboxError(
    "SBX-TOOL-MISSING",
    `${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} neither on PATH nor in the cache, and there is ` +
      `no Go (1.21 or newer) to build ${missing.length === 1 ? "it" : "them"} with`,
    "Install Go from https://go.dev/dl, or put the tools on PATH (pulumi at least 3.246 with its " +
      "pulumi-language-nodejs; kube-apiserver, kube-controller-manager and kube-scheduler 1.36.x; etcd at least " +
      "3.5; kubectl at least 1.30; pulumi-resource-kubernetes 4).",
  );
}

/** Builds what is missing of one module into the cache. */
export async function buildModule(
  module: GoModule,
  tools: readonly Tool[],
  go: string,
  cache: Cache,
  onProgress: OnProgress,
): Promise<void> {
  await cache.withLock(module, onProgress, async () => {
    const missing = tools.filter((tool) => !cache.has(tool.name, tool.version));
    if (missing.length === 0) return;
    await withProgress(titles[module], "build", onProgress, (detail) => build(module, missing, go, cache, detail));
  });
}

/** Go embeds only files beside the source that names them. `go mod download` compares the module with go.sum. */
async function copyEmbedded(embeds: Embeds, folder: string, go: string, env: NodeJS.ProcessEnv): Promise<void> {
  const text = await outputOf(go, ["mod", "download", "-json", embeds.module], env, folder, moduleTimeoutMs);
  const found = /"Dir": "([^"]+)"/.exec(text ?? "")?.[1];
  if (found === undefined)
    throw new SandboxError(
      "SBX-TOOL-BUILD",
      `the Go module ${embeds.module} can't be had`,
      "Run the same command again; the Go module proxy (GOPROXY) must be reachable.",
    );
  for (const file of embeds.files) {
    const copy = join(folder, basename(file));
    copyFileSync(join(found, file), copy);
    // Files of Go's cache are read-only; this one is removed with the build.
    chmodSync(copy, 0o600);
  }
}

async function build(
  module: GoModule,
  tools: readonly Tool[],
  go: string,
  cache: Cache,
  detail: (text: string) => void,
): Promise<void> {
  const logFile = cache.logFile(`build-${module}`);
  const work = cache.temporary();
  // A copy: the package may lie on a read-only disk, and Go must find no workspace above it.
  const source = join(work, "source");
  cpSync(goModuleDir(module), source, { recursive: true });
  let downloaded = 0;
  let compiled = 0;
  const onLine = (line: string): void => {
    if (line.startsWith("go: downloading")) downloaded += 1;
    else if (/^[\w.-]+(\/[\w.~-]+)*$/.test(line)) compiled += 1;
    detail(compiled === 0 ? `${downloaded} modules fetched` : `${compiled} packages compiled`);
  };
  try {
    const ldflags = ["-s -w", ...new Set(tools.map((tool) => tool.ldflags).filter((flags) => flags !== ""))].join(" ");
    const out = join(work, "out") + "/";
    const env = { ...process.env, GOFLAGS: "", GOWORK: "off", CGO_ENABLED: "0", GOMAXPROCS: String(cpus().length) };
    for (const tool of tools) if (tool.embeds) await copyEmbedded(tool.embeds, join(source, tool.goPackage), go, env);
    const failure = await runLogged({
      command: go,
      args: [
        "build",
        "-v",
        "-mod=readonly",
        "-trimpath",
        "-buildvcs=false",
        "-ldflags",
        ldflags,
        "-o",
        out,
        ...tools.map((tool) => tool.goPackage),
      ],
      cwd: source,
      env,
      logFile,
      timeoutMs: buildTimeoutMs,
      onLine,
    });
    if (failure !== null)
      throw new SandboxError(
        "SBX-TOOL-BUILD",
        `building ${titles[module]} failed: ${failure}`,
        `The compiler's output is in ${logFile}. The Go module proxy (GOPROXY) must be reachable, and about 4 GB ` +
          "of disk and 3 GB of memory free.",
      );
    for (const tool of tools) cache.install(tool.name, tool.version, join(out, basename(tool.goPackage)));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
