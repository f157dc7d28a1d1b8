/** What the engine starts as a plugin, as the engine starts it; the provider host's answers are the test's own. */
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installLaunchers, installOfficialKubernetes } from "../../../sandbox/providers/launchers";
import { findPython } from "../../../sandbox/tools/python";

describe("a plugin's launcher", function () {
  this.timeout(30_000);
  let base = "";
  let bin = "";
  let host: Server;
  let asked: { readonly request: { readonly credentials?: unknown }; readonly socket: Socket }[] = [];
  let answer: object = {};
  const started: ChildProcess[] = [];

  before(async () => {
    // A quote and a blank in its name, inside a project whose scripts are ES modules.
    base = mkdtempSync(join(tmpdir(), "ebg-it's a project-"));
    writeFileSync(join(base, "package.json"), '{"type":"module"}');
    bin = join(base, "bin");
    mkdirSync(bin);
    const { file } = await findPython();
    installLaunchers(bin, join(base, "host.sock"), file, ["aws"]);
    host = createServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.once("data", (data) => {
        asked.push({ request: JSON.parse(String(data)) as { readonly credentials?: unknown }, socket });
        socket.write(`${JSON.stringify(answer)}\n`);
      });
    });
    await new Promise<void>((resolve) => host.listen(join(base, "host.sock"), resolve));
  });
  beforeEach(() => {
    asked = [];
    answer = { port: 4711 };
  });
  afterEach(() => {
    for (const child of started.splice(0)) child.kill("SIGKILL");
  });
  after(() => {
    host.close();
    rmSync(base, { recursive: true, force: true });
  });

  /** The engine gives a plugin a process group of its own. */
  function start(args: readonly string[] = [], ownGroup = true, env: NodeJS.ProcessEnv = {}): ChildProcess {
    const file = join(bin, "pulumi-resource-aws");
    const child = spawn(file, [...args], { detached: ownGroup, env, stdio: ["ignore", "pipe", "pipe"] });
    started.push(child);
    return child;
  }
  const firstWords = async (child: ChildProcess): Promise<string> => String((await once(child.stdout!, "data"))[0]);
  async function endOf(child: ChildProcess): Promise<{ code: number | null; errors: string }> {
    let errors = "";
    child.stderr!.on("data", (part) => (errors += String(part)));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, errors };
  }

  it("hands the engine's address to the host, and the host's port to the engine", async () => {
    const child = start(["-v=9", "--tracing", "file:trace", "127.0.0.1:40123"]);
    assert.equal(await firstWords(child), "4711\n");
    assert.deepEqual(
      asked.map(({ request }) => request),
      [{ name: "aws", engineAddress: "127.0.0.1:40123", credentials: {} }],
    );
  });

  it("hands on whose calls the engine makes, and nothing else of its environment", async () => {
    const keys = {
      AWS_ACCESS_KEY_ID: "ASIASANDBOXDEPLOYER0",
      AWS_SECRET_ACCESS_KEY: "secret",
      AWS_SESSION_TOKEN: "token",
    };
    await firstWords(start([], true, { ...keys, GITHUB_TOKEN: "another" }));
    assert.deepEqual(
      asked.map(({ request }) => request.credentials),
      [keys],
    );
  });

  it("stays until the engine ends it with SIGINT", async () => {
    const child = start();
    await firstWords(child);
    const ended = endOf(child);
    child.kill("SIGINT");
    assert.deepEqual(await ended, { code: 0, errors: "" });
  });

  it("outlives a Ctrl-C of the terminal that the engine still needs it for, and ends with the host's connection", async () => {
    const child = start([], false);
    await firstWords(child);
    const ended = endOf(child);
    child.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(child.exitCode, null);
    asked[0]?.socket.end();
    assert.deepEqual(await ended, { code: 0, errors: "" });
  });

  it("ends when the engine that started it was killed", async () => {
    const launcher = JSON.stringify(join(bin, "pulumi-resource-aws"));
    const engine = spawn(
      process.execPath,
      [
        "-e",
        `require("node:child_process").spawn(${launcher}, { detached: true, stdio: "inherit" }); setInterval(() => {}, 1000)`,
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    started.push(engine);
    assert.equal(await firstWords(engine), "4711\n");
    const closed = once(asked[0]!.socket.resume(), "close");
    engine.kill("SIGKILL");
    await closed;
  });

  it("fails with the host's reason", async () => {
    answer = { error: "no stand-in for provider aws" };
    assert.deepEqual(await endOf(start()), { code: 1, errors: "pulumi-resource-aws: no stand-in for provider aws\n" });
  });

  it("says how to look at a sandbox whose host does not answer", async () => {
    const elsewhere = join(base, "elsewhere");
    const { file } = await findPython();
    installLaunchers(elsewhere, join(base, "no.sock"), file, ["eks"]);
    const child = spawn(join(elsewhere, "pulumi-resource-eks"), { stdio: ["ignore", "pipe", "pipe"] });
    const { code, errors } = await endOf(child);
    assert.equal(code, 1);
    assert.match(errors, /^pulumi-resource-eks: the sandbox's provider host does not answer at .*no\.sock \(/);
    assert.match(errors, /eks-blue-green sandbox status\n$/);
  });
});

describe("the official kubernetes provider's launcher", () => {
  it("gives the engine's arguments on, and the sandbox's charts and nobody else's as its way out", () => {
    const base = mkdtempSync(join(tmpdir(), "ebg-it's official-"));
    try {
      const program = join(base, "real");
      writeFileSync(program, '#!/bin/sh\necho "$0" "$@"\nenv\n', { mode: 0o755 });
      const bin = join(base, "bin");
      const authorityFile = join(base, "authority.pem");
      const helmFolder = join(base, "helm");
      installOfficialKubernetes(bin, { program, charts: "http://127.0.0.1:1", authorityFile, helmFolder });
      const { stdout, status } = spawnSync(join(bin, "pulumi-resource-kubernetes"), ["--tracing", "x", "127.0.0.1:9"], {
        env: { HTTPS_PROXY: "http://elsewhere.example.com", AWS_PROFILE: "own" },
        encoding: "utf8",
      });
      assert.equal(status, 0);
      const [called, ...variables] = stdout.trim().split("\n");
      // By a name in the sandbox's folder: so it is found when it is left behind.
      assert.equal(called, `${join(bin, "plugins", "pulumi-resource-kubernetes")} --tracing x 127.0.0.1:9`);
      for (const expected of [
        "HTTPS_PROXY=http://127.0.0.1:1",
        "https_proxy=http://127.0.0.1:1",
        "NO_PROXY=127.0.0.1,localhost",
        `SSL_CERT_FILE=${authorityFile}`,
        `HELM_CACHE_HOME=${join(helmFolder, "cache")}`,
        "AWS_PROFILE=own",
      ])
        assert.ok(variables.includes(expected), expected);
    } finally {
      rmSync(base, { recursive: true, force: true });
    }
  });
});
