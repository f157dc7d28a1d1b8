import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { exitCodeOfError, exitCodeOfResult, exitCodes } from "../../../automation/cli/exit-codes";
import { cleanEnvironment } from "../../../sandbox/daemon/environment";
import { rehearsalEnvironment } from "../../../automation/cli/rehearsal/driver-process";
import type { RehearsalOptions } from "../../../automation/cli/rehearsal/options";
import { upgrade } from "../../../automation/cli/rehearsal/scenarios/upgrade";
import { copyProject, inspectProject, minorBefore } from "../../../automation/cli/rehearsal/project-copy";
import {
  parseAttach,
  parsePassEnv,
  parseProviders,
  parseTimeScale,
} from "../../../automation/cli/commands/sandbox-options";
import { buildProgram } from "../../../automation/cli/main";
import { DriverError } from "../../../automation/errors";
import { SandboxError } from "../../../sandbox/shared/errors";

const info = {
  env: { AWS_ENDPOINT_URL: "http://127.0.0.1:1", AWS_ACCESS_KEY_ID: "sandbox", PULUMI_HOME: "/s" },
  unset: ["AWS_PROFILE"],
};

describe("the surroundings of a rehearsed driver", () => {
  it("hold nothing that leads to a real account, cluster or backend", () => {
    const real = {
      PATH: "/bin",
      AWS_PROFILE: "prod",
      AWS_ACCESS_KEY_ID: "AKIAREALLOOKING",
      AWS_SESSION_TOKEN: "t",
      AWS_ENDPOINT_URL_EKS: "https://eks.example",
      PULUMI_ACCESS_TOKEN: "pul-1",
      PULUMI_BACKEND_URL: "s3://prod",
      KUBECONFIG: "/prod",
      KUBERNETES_SERVICE_HOST: "x",
      HTTPS_PROXY: "http://p",
      https_proxy: "http://p",
      NODE_OPTIONS: "--require /evil.js",
      HELM_KUBECONTEXT: "prod",
    };
    const env = rehearsalEnvironment(real, info);
    assert.deepEqual(env, { PATH: "/bin", CI: "true", ...info.env });
    // Not even when somebody asks for it.
    assert.deepEqual(rehearsalEnvironment(real, info, Object.keys(real)), env);
  });

  const tokens = {
    GITHUB_TOKEN: "t",
    NPM_TOKEN: "t",
    NODE_AUTH_TOKEN: "t",
    VAULT_TOKEN: "t",
    GOOGLE_APPLICATION_CREDENTIALS: "/key.json",
    SSH_AUTH_SOCK: "/agent",
    CLOUDFLARE_API_TOKEN: "t",
    ARM_CLIENT_SECRET: "t",
    TF_VAR_password: "t",
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: "t",
    COMPANY_SECRET: "t",
    path: "t",
  };
  const plain = { PATH: "/bin", HOME: "/h", LANG: "C", LC_ALL: "C", TERM: "dumb", XDG_CACHE_HOME: "/c", TMPDIR: "/t" };
  it("hold nobody's tokens, but what was asked for by name", () => {
    const given = { ...plain, ...tokens };
    assert.deepEqual(rehearsalEnvironment(given, info), { ...plain, CI: "true", ...info.env });
    const asked = rehearsalEnvironment(given, info, ["CLOUDFLARE_API_TOKEN", "NOT_THERE"]);
    assert.deepEqual(asked, { ...plain, CI: "true", ...info.env, CLOUDFLARE_API_TOKEN: "t" });
  });
  it("reach no process of the sandbox", () => {
    const daemon = cleanEnvironment({ ...plain, ...tokens, EKS_BLUE_GREEN_KEEP_LOGS: "/logs", AWS_PROFILE: "prod" });
    for (const name of [...Object.keys(tokens), "AWS_PROFILE"]) assert.ok(!(name in daemon), name);
    for (const [name, value] of Object.entries(plain)) assert.equal(daemon[name], value);
    assert.equal(daemon["EKS_BLUE_GREEN_KEEP_LOGS"], "/logs");
    // A real child of a real process with them.
    const run = spawnSync(process.execPath, ["-e", "process.stdout.write(JSON.stringify(process.env))"], {
      env: daemon,
      encoding: "utf8",
    });
    assert.doesNotMatch(run.stdout, /TOKEN|SECRET|CREDENTIALS|SSH_|TF_VAR/);
  });
  it("are asked for by names of variables, and never by one that leads out", () => {
    assert.deepEqual(parsePassEnv("VAULT_TOKEN", ["A"]), ["A", "VAULT_TOKEN"]);
    for (const name of ["", "A=B", "a-b", "1A"]) assert.throws(() => parsePassEnv(name, []), /no name of a variable/);
    for (const name of ["AWS_PROFILE", "PULUMI_ACCESS_TOKEN", "KUBECONFIG", "NODE_OPTIONS", "https_proxy"])
      assert.throws(() => parsePassEnv(name, []), /leads out/);
  });
});

describe("exit codes", () => {
  it("are stable", () => {
    assert.deepEqual(
      (["done", "nothing-to-do", "walked-back", "stopped", "failed"] as const).map((outcome) =>
        exitCodeOfResult({ outcome, code: null }),
      ),
      [0, 0, 5, 6, 7],
    );
    assert.equal(exitCodeOfResult({ outcome: "nothing-to-do", code: "EBG-GATE" }), 9);
    assert.equal(exitCodeOfResult({ outcome: "done", code: "EBG-GATE" }), 9);
    assert.equal(exitCodeOfError(new DriverError("EBG-CONFIG", "m", "r")), exitCodes.usageOrConfig);
    assert.equal(exitCodeOfError(new DriverError("EBG-STACK-LOCKED", "m", "r")), exitCodes.refused);
    // Whatever a hand-over ends with once it was begun is an outcome, not an error that was thrown.
    assert.equal(exitCodeOfError(new DriverError("EBG-ADOPT", "m", "r")), exitCodes.refused);
    assert.equal(exitCodeOfError(new SandboxError("SBX-TOOL-MISSING", "m", "r")), exitCodes.surroundings);
    assert.equal(exitCodeOfError(new TypeError("defect")), exitCodes.unexpected);
  });
  it("and error codes are all documented", () => {
    const docs = readFileSync(join(__dirname, "../../../docs/reference/errors.md"), "utf8");
    const codes = readFileSync(join(__dirname, "../../../automation/errors.ts"), "utf8").match(/"EBG-[A-Z-]+"/g) ?? [];
    assert.ok(codes.length > 15);
    assert.deepEqual(
      codes.filter((code) => !docs.includes(`\`${code.slice(1, -1)}\``)),
      [],
    );
  });
  it("and so are the sandbox's", () => {
    const docs = readFileSync(join(__dirname, "../../../docs/reference/errors.md"), "utf8");
    const root = join(__dirname, "../../../sandbox");
    const files = readdirSync(root, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith(".ts"));
    const codes = new Set(
      files.flatMap((name) => readFileSync(join(root, name), "utf8").match(/"SBX-[A-Z]+(-[A-Z]+)*"/g) ?? []),
    );
    assert.ok(codes.size > 20);
    assert.deepEqual(
      [...codes].filter((code) => !docs.includes(`\`${code.slice(1, -1)}\``)),
      [],
    );
  });
});

describe("flags", () => {
  for (const text of ["0", "0.5", "601", "fast", ""])
    it(`--time-scale '${text}' is refused with the range`, () =>
      assert.throws(() => parseTimeScale(text), /from 1 to 600/));
  it("--attach is a program with its first arguments; files are named from here, all else stays as it is", () => {
    assert.deepEqual(parseAttach(` node  automation/cli/main.ts --flag=a/b ./missing /abs`), [
      "node",
      resolve("automation/cli/main.ts"),
      "--flag=a/b",
      "./missing",
      "/abs",
    ]);
    assert.throws(() => parseAttach(" "), /names no program/);
  });
  it("--time-scale 60 is taken", () => assert.equal(parseTimeScale("60"), 60));
  for (const text of ["kubernetes", "helm=/x", "=x", "aws="])
    it(`--provider '${text}' is refused with the names`, () =>
      assert.throws(() => parseProviders(text, {}), /NAME=PATH with NAME one of aws, eks, kubernetes/));
  for (const args of [
    ["upgrade"],
    ["rehearse", "--rate", "zero"],
    ["rehearse", "--scenario", "frobnicate"],
    ["sandbox", "up", "--time-scale", "0"],
    ["verify", "--stack", "dev", "--concurrency", "0"],
    ["frobnicate"],
  ]) {
    it(`wrong usage ends with 2: ${args.join(" ")}`, async () => {
      const bin = join(__dirname, "../../../bin/eks-blue-green.js");
      const run = spawnSync(process.execPath, [bin, ...args], { encoding: "utf8" });
      assert.equal(run.status, exitCodes.usageOrConfig, run.stderr);
      assert.match(run.stderr, /error: .*\n\(run with --help/);
    });
  }
  for (const [args, said] of [
    [["--to", "1.99"], /no Kubernetes 1\.98.*--from/],
    [["--from", "1.35", "--to", "1.34"], /not newer/],
  ] as const) {
    it(`rehearse ${args.join(" ")} is refused before anything is started`, () => {
      const begun = Date.now();
      const run = spawnSync(
        process.execPath,
        [join(__dirname, "../../../bin/eks-blue-green.js"), "rehearse", ...args, "--cwd", join(__dirname, "../../..")],
        { encoding: "utf8" },
      );
      assert.equal(run.status, exitCodes.usageOrConfig, run.stderr);
      assert.match(run.stderr, said);
      assert.doesNotMatch(run.stdout, /sandbox: started/);
      assert.deepEqual(
        readdirSync(tmpdir()).filter(
          (name) =>
            /^eks-blue-green-\w{6}$/.test(name) &&
            statSync(join(tmpdir(), name)).mtimeMs > begun - 1 &&
            readdirSync(join(tmpdir(), name)).length === 0,
        ),
        [],
      );
    });
  }
  it("every command has a description and an example or options", () => {
    for (const command of buildProgram().commands) {
      assert.ok(command.description().length > 20, command.name());
      assert.ok(command.helpInformation().includes("Usage:"), command.name());
    }
    assert.deepEqual(
      buildProgram().commands.map((command) => command.name()),
      [
        "up",
        "plan",
        "upgrade",
        "rollback",
        "admit",
        "drain",
        "scale",
        "evacuate",
        "adopt",
        "status",
        "verify",
        "teardown",
        "rehearse",
        "sandbox",
      ],
    );
  });
});

describe("the copy of a project under rehearsal", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "ebg-copy-"));
    writeFileSync(join(directory, "Pulumi.yaml"), "name: mine\nruntime: nodejs\nmain: program/\n");
    writeFileSync(join(directory, "Pulumi.dev.yaml"), '# why\nconfig:\n  eks-blue-green:kubernetesVersion: "1.35"\n');
    writeFileSync(join(directory, "Pulumi.dev-blue.yaml"), "config: {}\n");
    writeFileSync(join(directory, "Pulumi.prod.yaml"), "config: {}\n");
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it("has the user's program where it is, the family's configs, and another version without touching the original", () => {
    const copy = copyProject(inspectProject(directory, "dev"), join(directory, "copy"));
    copy.setVersion("1.34");
    assert.match(readFileSync(join(copy.directory, "Pulumi.yaml"), "utf8"), new RegExp(`main: ${directory}/program`));
    assert.match(readFileSync(join(copy.directory, "Pulumi.dev.yaml"), "utf8"), /# why[^]*"1\.34"/);
    assert.match(readFileSync(join(directory, "Pulumi.dev.yaml"), "utf8"), /"1\.35"/);
    assert.throws(() => readFileSync(join(copy.directory, "Pulumi.prod.yaml")), /ENOENT/);
  });
  it("wants none of the user's Secrets, which the rehearsal's clusters don't have", () => {
    writeFileSync(
      join(directory, "Pulumi.dev.yaml"),
      'config:\n  eks-blue-green:kubernetesVersion: "1.35"\n  eks-blue-green:services:\n    - name: web\n      ' +
        "environmentFrom: [web-secrets]\n    - name: api\n",
    );
    const copy = copyProject(inspectProject(directory, "dev"), join(directory, "copy"));
    assert.match(
      readFileSync(join(copy.directory, "Pulumi.dev.yaml"), "utf8"),
      /services:\n\s+- name: web\n\s+- name: api\n/,
    );
  });
  it("runs none of the user's hooks, which are about other clusters, and knows their names", () => {
    writeFileSync(
      join(directory, "Pulumi.dev.yaml"),
      'config:\n  eks-blue-green:kubernetesVersion: "1.35"\n  eks-blue-green:hooks:\n    - name: register\n      ' +
        "at: before-admit\n      command: [./register.sh]\n",
    );
    const project = inspectProject(directory, "dev");
    assert.deepEqual(project.hooks, ["register"]);
    const copy = copyProject(project, join(directory, "copy"));
    assert.doesNotMatch(readFileSync(join(copy.directory, "Pulumi.dev.yaml"), "utf8"), /hooks|register/);
    assert.match(readFileSync(join(directory, "Pulumi.dev.yaml"), "utf8"), /register/);
  });
  it("is refused where somebody else deploys the workloads: a rehearsal has nobody who does", () => {
    writeFileSync(
      join(directory, "Pulumi.dev.yaml"),
      'config:\n  eks-blue-green:kubernetesVersion: "1.35"\n  eks-blue-green:services:\n    - name: web\n      ' +
        "workload: external\n    - name: api\n",
    );
    const options = { projectDirectory: directory, environment: "dev", from: null, to: null };
    assert.throws(
      () => upgrade.plan(options as RehearsalOptions),
      (error: DriverError) =>
        error.code === "EBG-CONFIG" && /the workloads of web \(workload: external\)/.test(error.message),
    );
  });
  it("names the stacks that there are when the wanted one is unknown", () => {
    assert.throws(
      () => inspectProject(directory, "qa"),
      (error: DriverError) =>
        error.code === "EBG-UNKNOWN-STACK" && /Pulumi\.dev\.yaml, Pulumi\.prod\.yaml/.test(error.remedy),
    );
    assert.throws(
      () => inspectProject(join(directory, "nowhere"), "dev"),
      (error: DriverError) => error.code === "EBG-NO-PROJECT",
    );
  });
  it("minors", () => {
    assert.equal(minorBefore("1.35"), "1.34");
    for (const bad of ["1", "v1.35", "1.0", "2.1", ""])
      assert.throws(
        () => minorBefore(bad),
        (error: DriverError) => error.code === "EBG-CONFIG",
      );
  });
});
