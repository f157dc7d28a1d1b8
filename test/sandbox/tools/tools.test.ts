import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { SandboxError } from "../../../sandbox/shared/errors";
import { Cache, defaultCacheDir } from "../../../sandbox/tools/cache";
import { catalog, downloads } from "../../../sandbox/tools/catalog";
import { fetchTo } from "../../../sandbox/tools/download";
import { buildModule, findGo, goModuleDir } from "../../../sandbox/tools/go-build";
import { wantedTools } from "../../../sandbox/tools";
import { findOnPath, parseVersion, which } from "../../../sandbox/tools/path-lookup";
import { withProgress, type ToolProgress } from "../../../sandbox/tools/progress";

let dir = "";
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "ebg-tools-"))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function executable(name: string, text: string): string {
  const file = join(dir, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}

describe("tools on PATH", () => {
  const versions: Record<string, string> = {
    pulumi: "v3.250.1",
    "kube-apiserver": "Kubernetes v1.36.3",
    "kube-controller-manager": "Kubernetes v1.36.3",
    "kube-scheduler": "Kubernetes v1.36.3",
    etcd: "etcd Version: 3.6.13\nGo Version: go1.26.8",
  };
  const put = (changed: Record<string, string> = {}): void => {
    for (const [name, text] of Object.entries({ ...versions, ...changed }))
      executable(name, `printf '%s\\n' '${text}'`);
  };
  const found = async (): Promise<string[]> => [...(await findOnPath(dir)).keys()].sort();

  it("takes those whose versions will do", async () => {
    put({ kubectl: '{"clientVersion": {"major": "1", "gitVersion": "v1.32.4"}}', "pulumi-language-nodejs": "" });
    assert.deepEqual(await found(), [
      "etcd",
      "kube-apiserver",
      "kube-controller-manager",
      "kube-scheduler",
      "kubectl",
      "pulumi",
      "pulumi-language-nodejs",
    ]);
  });
  for (const [what, changed, lost] of [
    ["an older Pulumi", { pulumi: "v3.245.9" }, ["pulumi"]],
    ["a newer major of Pulumi", { pulumi: "v4.0.0" }, ["pulumi"]],
    [
      "another minor of one Kubernetes program",
      { "kube-scheduler": "Kubernetes v1.35.1" },
      ["kube-apiserver", "kube-controller-manager", "kube-scheduler"],
    ],
    [
      "another patch of one Kubernetes program",
      { "kube-scheduler": "Kubernetes v1.36.2" },
      ["kube-apiserver", "kube-controller-manager", "kube-scheduler"],
    ],
    ["an older etcd", { etcd: "etcd Version: 3.4.30" }, ["etcd"]],
    ["something that prints no version", { etcd: "hello" }, ["etcd"]],
  ] as const) {
    it(`passes over ${what}`, async () => {
      put(changed);
      const all = Object.keys(versions).sort();
      assert.deepEqual(
        await found(),
        all.filter((name) => !(lost as readonly string[]).includes(name)),
      );
    });
  }
  it("takes the kubernetes provider, but no launcher of some sandbox, which ends with it", async () => {
    executable("pulumi-resource-kubernetes", "exec somewhere");
    assert.deepEqual(await found(), []);
    writeFileSync(join(dir, "pulumi-resource-kubernetes"), "\x7fELF", { mode: 0o755 });
    assert.deepEqual(await found(), ["pulumi-resource-kubernetes"]);
  });
  it("passes over a program that fails, one that can't be run, and relative entries of PATH", async () => {
    executable("pulumi", "exit 1");
    writeFileSync(join(dir, "etcd"), "");
    assert.deepEqual(await found(), []);
    assert.deepEqual(which("pulumi", ".:sub"), []);
  });
  it("reads any version it is given", () => {
    fc.assert(
      fc.property(fc.nat(99), fc.nat(999), fc.nat(99), (a, b, c) =>
        assert.deepEqual(parseVersion(`Tool v${a}.${b}.${c} (x)`), [a, b, c]),
      ),
    );
  });
});

describe("the kubernetes provider", () => {
  it("is Pulumi's own, which is built unless the command line names a program by its path", () => {
    const names = (providers: Record<string, string>): string[] => wantedTools(providers).map(({ name }) => name);
    assert.ok(names({ aws: "/own/aws" }).includes("pulumi-resource-kubernetes"));
    assert.deepEqual(
      names({}).filter((name) => !names({ kubernetes: "/own/provider" }).includes(name)),
      ["pulumi-resource-kubernetes"],
    );
  });
});

describe("the cache", () => {
  it("is where the variables say", () => {
    assert.equal(defaultCacheDir({ EKS_BLUE_GREEN_CACHE: "/c", XDG_CACHE_HOME: "/x" }), "/c");
    assert.equal(defaultCacheDir({ XDG_CACHE_HOME: "/x" }), "/x/eks-blue-green");
    assert.match(defaultCacheDir({}), /\/\.cache\/eks-blue-green$/);
  });
  it("holds a tool whole or not at all, and leaves nothing beside it", () => {
    const cache = new Cache(join(dir, "cache"));
    assert.equal(cache.has("etcd", "1"), false);
    cache.install("etcd", "1", executable("new-etcd", "exit 0"));
    cache.install("etcd", "1", executable("second", "exit 1"));
    assert.equal(cache.has("etcd", "1"), true);
    assert.match(readFileSync(cache.binary("etcd", "1"), "utf8"), /exit 0/);
    assert.deepEqual(spawnSync("ls", ["-A", cache.dir], { encoding: "utf8" }).stdout.trim().split("\n"), [
      `etcd-1-${process.platform}-${process.arch}`,
    ]);
  });
  it("lets one at a time work, and takes over from the dead", async () => {
    const cache = new Cache(dir);
    writeFileSync(join(dir, ".lock-x"), "999999999 1");
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };
    await Promise.all([1, 2, 3].map(() => cache.withLock("x", () => undefined, work)));
    assert.equal(most, 1);
    assert.equal(existsSync(join(dir, ".lock-x")), false);
  });
  it("gives the lock back when the work fails", async () => {
    const cache = new Cache(dir);
    await assert.rejects(
      cache.withLock(
        "x",
        () => undefined,
        () => Promise.reject(new Error("no")),
      ),
      /no/,
    );
    assert.equal(
      await cache.withLock(
        "x",
        () => undefined,
        () => Promise.resolve(7),
      ),
      7,
    );
  });
});

describe("downloads", () => {
  let server: Server | null = null;
  afterEach(() => server?.close());
  const listen = async (made: Server): Promise<string> => {
    server = made;
    await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(made.address() as AddressInfo).port}/x`;
  };
  it("give the sum of what arrived", async () => {
    const body = Buffer.alloc(300_000, "a");
    const url = await listen(createHttpServer((_, response) => void response.end(body)));
    assert.equal(await fetchTo(url, join(dir, "x"), () => undefined), createHash("sha256").update(body).digest("hex"));
    assert.equal(readFileSync(join(dir, "x")).length, body.length);
  });
  it("give up on a server that takes the connection and says nothing", async () => {
    const sockets = new Set<{ destroy(): void }>();
    const url = await listen(createServer((socket) => void sockets.add(socket)));
    await assert.rejects(
      fetchTo(url, join(dir, "x"), () => undefined, { firstByteMs: 200, stallMs: 200 }),
      /did not answer in 0\.2 s/,
    );
    for (const socket of sockets) socket.destroy();
  });
  it("give up on one that stops halfway", async () => {
    const made = createHttpServer((_, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write("half");
    });
    const url = await listen(made);
    await assert.rejects(
      fetchTo(url, join(dir, "x"), () => undefined, { firstByteMs: 2_000, stallMs: 200 }),
      /stalled/,
    );
    made.closeAllConnections();
  });
  it("are pinned, every one", () => {
    for (const [name, one] of Object.entries(downloads)) {
      assert.match(one.sha256, /^[0-9a-f]{64}$/, name);
      assert.match(one.url, /^https:\/\//, name);
    }
  });
});

describe("builds", () => {
  const etcd = catalog.filter((tool) => tool.name === "etcd");
  it("have a committed module with sums for every tool", () => {
    for (const tool of catalog) assert.ok(existsSync(join(goModuleDir(tool.module), "go.sum")), tool.name);
  });
  it("put what Go made into the cache, once", async () => {
    const calls = join(dir, "calls");
    const go = executable(
      "go",
      `echo "$@" >> ${calls}\nwhile [ "$1" != -o ]; do shift; done\nmkdir -p "$2"\necho built > "$2etcd"`,
    );
    const cache = new Cache(join(dir, "cache"));
    await Promise.all([1, 2].map(() => buildModule("kubernetes", etcd, go, cache, () => undefined)));
    assert.equal(readFileSync(cache.binary("etcd", "3.6.13"), "utf8"), "built\n");
    assert.equal(readFileSync(calls, "utf8").trim().split("\n").length, 1);
    assert.match(readFileSync(calls, "utf8"), /-mod=readonly -trimpath/);
  });
  it("put beside their main what it embeds from another module, as Go has checked that module", async () => {
    const module = join(dir, "module", "cmd", "pulumi-resource-kubernetes");
    mkdirSync(module, { recursive: true });
    for (const name of ["schema.json", "terraform-mapping.json"]) writeFileSync(join(module, name), name);
    const go = executable(
      "go",
      `if [ "$1" = mod ]; then echo '"Dir": "${join(dir, "module")}"'; exit; fi\n` +
        `cat pulumi-resource-kubernetes/*.json > ${join(dir, "embedded")} || exit 1\n` +
        `while [ "$1" != -o ]; do shift; done\nmkdir -p "$2"\necho built > "$2pulumi-resource-kubernetes"`,
    );
    const provider = catalog.filter((tool) => tool.name === "pulumi-resource-kubernetes");
    const cache = new Cache(join(dir, "cache"));
    await buildModule("pulumi", provider, go, cache, () => undefined);
    assert.equal(readFileSync(join(dir, "embedded"), "utf8"), "schema.jsonterraform-mapping.json");
    const lost = executable("go", "exit 1");
    await assert.rejects(
      buildModule("pulumi", provider, lost, new Cache(join(dir, "other")), () => undefined),
      {
        code: "SBX-TOOL-BUILD",
        message: /pulumi-kubernetes\/provider\/v4 can't be had/,
      },
    );
  });
  it("that fail name the log, and leave no tool", async () => {
    const go = executable("go", "echo 'undefined: broken' >&2\nexit 2");
    const cache = new Cache(join(dir, "cache"));
    const error = await buildModule("kubernetes", etcd, go, cache, () => undefined).then(
      () => null,
      (caught: unknown) => caught as SandboxError,
    );
    assert.equal(error?.code, "SBX-TOOL-BUILD");
    const log = join(cache.dir, "logs", "build-kubernetes.log");
    assert.ok(error?.remedy.includes(log));
    assert.match(readFileSync(log, "utf8"), /undefined: broken/);
    assert.equal(cache.has("etcd", "3.6.13"), false);
  });
  it("need a Go that is new enough, and say what else helps", async () => {
    for (const answer of [null, "go version go1.20.14 linux/amd64", "nonsense"]) {
      if (answer !== null) executable("go", `echo ${answer}`);
      await assert.rejects(findGo(["pulumi"], dir, []), {
        code: "SBX-TOOL-MISSING",
        message: /^pulumi is neither on PATH nor in the cache/,
        remedy: /go\.dev.*3\.246/,
      });
    }
    const go = executable("go", "echo go version go1.26.8 linux/amd64");
    assert.equal(await findGo(["pulumi"], dir, []), go);
  });
});

describe("progress", () => {
  it("is silent about quick steps and tells of failed ones", async () => {
    const told: ToolProgress[] = [];
    await withProgress(
      "x",
      "build",
      (one) => told.push(one),
      () => Promise.resolve(),
    );
    assert.equal(told.length, 0);
    await assert.rejects(
      withProgress(
        "x",
        "build",
        (one) => told.push(one),
        () => Promise.reject(new Error("no")),
      ),
    );
    assert.deepEqual(
      told.map((one) => one.status),
      ["failed"],
    );
  });
});
