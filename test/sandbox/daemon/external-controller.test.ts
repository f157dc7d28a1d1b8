import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { SandboxInfo } from "../../../sandbox/contract";
import { AttachedControllers } from "../../../sandbox/daemon/attached-controllers";
import { externalControllerInstructions, prepareExternalController } from "../../../sandbox/daemon/external-controller";
import type { SandboxStatus } from "../../../sandbox/daemon/status";
import type { Child, ChildOptions } from "../../../sandbox/processes/supervisor";
import { parseFlags } from "../../../sandbox/load-balancer-controller/flags";

describe("instructions for a real controller", () => {
  const info = { dir: "/sand box", region: "eu-west-1", env: {} } as unknown as SandboxInfo;
  const cluster = (name: string): object => ({
    name,
    version: "1.35",
    endpoint: "https://127.0.0.1:5000",
    kubeconfig: `/sand box/kube/${name}.kubeconfig`,
    vpcId: "vpc-1",
    attach: `/sand box/lbc/${name}/run.sh`,
  });
  const lines = (status: object): string =>
    externalControllerInstructions(info, {
      lbc: "external",
      timeScale: 60,
      clusters: [],
      ...status,
    } as unknown as SandboxStatus).join("\n");

  it("are none for the stand-in, and say so while there is no cluster", () => {
    assert.equal(lines({ lbc: "stand-in" }), "");
    assert.match(lines({}), /no cluster yet/);
  });
  it("name each cluster's script", () => {
    const text = lines({ clusters: [cluster("blue"), cluster("green")] });
    for (const wanted of ["'/sand box/lbc/blue/run.sh' CONTROLLER", "'/sand box/lbc/green/run.sh' CONTROLLER"])
      assert.ok(text.includes(wanted), text);
  });
});

describe("controllers that the sandbox attaches itself", () => {
  let dir: string;
  before(() => (dir = mkdtempSync(join(tmpdir(), "ebg attached-"))));
  after(() => rmSync(dir, { recursive: true, force: true }));

  it(
    "run while their cluster is there: one that ends is started again, one whose cluster went is not, whoever has " +
      "the name by now",
    async () => {
      const started: ChildOptions[] = [];
      const stopped: string[] = [];
      const supervisor = {
        start: (options: ChildOptions): Child => {
          started.push(options);
          return { name: options.name, stop: async () => void stopped.push(options.name) } as unknown as Child;
        },
      };
      const attached = new AttachedControllers(supervisor, ["node", "/controller.js"], { A: "b" }, 5);
      const settings = {
        dir,
        cluster: "blue",
        kubeconfig: join(dir, "blue.kubeconfig"),
        region: "eu-west-1",
        vpcId: "vpc-1",
        awsEnv: {},
      };
      const { script } = await attached.prepare(settings);
      await attached.prepare(settings);
      assert.deepEqual(
        started.map(({ name, command, args, env }) => [name, command, args, env]),
        [["attached-controller-blue", script, ["node", "/controller.js"], { A: "b" }]],
      );
      started[0]?.onUnexpectedExit?.("SIGKILL");
      await sleep(50);
      assert.equal(started.length, 2);
      started[1]?.onUnexpectedExit?.("exit code 1");
      await attached.remove("blue");
      await attached.prepare(settings);
      await sleep(50);
      assert.deepEqual([started.length, stopped], [3, ["attached-controller-blue"]]);
    },
  );
});

describe("a cluster's folder for an attached controller", () => {
  let dir: string;
  before(() => (dir = mkdtempSync(join(tmpdir(), "ebg external-"))));
  after(() => rmSync(dir, { recursive: true, force: true }));

  it("runs any program with kubeconfig, VPC, ports, certificate and keys of its own, after the webhooks lead to it", async () => {
    mkdirSync(join(dir, "bin"));
    writeFileSync(join(dir, "bin", "kubectl"), `#!/bin/sh\necho "$KUBECONFIG $*" > "${dir}/applied"\n`, {
      mode: 0o755,
    });
    const settings = {
      dir,
      cluster: "blue",
      kubeconfig: join(dir, "kube", "blue.kubeconfig"),
      region: "eu-west-1",
      vpcId: "vpc-1",
      awsEnv: { AWS_ENDPOINT_URL: "http://127.0.0.1:4000", AWS_ACCESS_KEY_ID: "AKIAOFBLUE" },
    };
    const { script, healthPort } = await prepareExternalController(settings);
    const controller = join(dir, "controller");
    writeFileSync(
      controller,
      `#!/bin/sh\nfor one in "$AWS_ENDPOINT_URL" "$AWS_ACCESS_KEY_ID" "$AWS_PROFILE" "$@"; do echo "$one"; done\n`,
      { mode: 0o755 },
    );
    const run = spawnSync(script, [controller, "--feature-gates=X=true"], {
      encoding: "utf8",
      env: { PATH: process.env["PATH"], AWS_PROFILE: "prod" },
    });
    assert.equal(run.status, 0, run.stderr);
    const [endpoint, key, profile, ...args] = run.stdout.trimEnd().split("\n");
    assert.deepEqual(
      [endpoint, key, profile, args[0]],
      ["http://127.0.0.1:4000", "AKIAOFBLUE", "", "--feature-gates=X=true"],
    );
    const flags = parseFlags(args, {});
    assert.deepEqual(
      [flags.kubeconfig, flags.clusterName, flags.region, flags.vpcId, flags.healthAddress],
      [settings.kubeconfig, "blue", "eu-west-1", "vpc-1", `127.0.0.1:${healthPort}`],
    );
    const certificate = new X509Certificate(readFileSync(flags.webhook?.certFile ?? ""));
    assert.ok(certificate.checkIP("127.0.0.1"));
    const webhooks = JSON.parse(readFileSync(join(dir, "lbc", "blue", "webhooks.json"), "utf8")) as {
      items: { kind: string; webhooks: { clientConfig: { url: string; caBundle: string; service?: object } }[] }[];
    };
    assert.deepEqual(
      webhooks.items.map(({ kind, webhooks: all }) => [kind, all.length]),
      [
        ["MutatingWebhookConfiguration", 3],
        ["ValidatingWebhookConfiguration", 3],
      ],
    );
    for (const { clientConfig } of webhooks.items.flatMap((one) => one.webhooks)) {
      assert.ok(clientConfig.url.startsWith(`https://127.0.0.1:${flags.webhook?.port}/`), clientConfig.url);
      assert.equal(clientConfig.service, undefined);
      assert.ok(certificate.verify(new X509Certificate(Buffer.from(clientConfig.caBundle, "base64")).publicKey));
    }
    assert.equal(
      readFileSync(join(dir, "applied"), "utf8").trim(),
      `${settings.kubeconfig} apply -f ${join(dir, "lbc", "blue", "webhooks.json")}`,
    );
    assert.equal(spawnSync(script, [], { encoding: "utf8" }).status, 2);
  });
});
