/**
 * `--lbc external`: the sandbox runs no controller of its own, and one is attached to each cluster: by a person with
 * what the sandbox
 * prints, or by the sandbox with `--attach`. Here it is the stand-in's program, run as anybody's controller would be:
 * by run.sh, with its
 * own clock (scale 1), its given certificate and ports. An upgrade and a new workload behind a Service's load balancer
 * come out as they do
 * otherwise.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, openSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { LoadSummary } from "../../sandbox/contract";
import { eventually, Stage } from "./stage";
import { underLoad } from "./traffic";

const dist = resolve(__dirname, "../../dist/sandbox");
const controller = join(dist, "load-balancer-controller/main.js");
const { sandboxStatus } = require(join(dist, "client/start.js")) as typeof import("../../sandbox/client/start");

/** A person at the keyboard who attaches a controller to every cluster as soon as its folder is there. */
class Attacher {
  readonly attached = new Map<string, ChildProcess>();
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly dir: string) {
    this.timer = setInterval(() => this.look(), 200);
  }

  private look(): void {
    const folder = join(this.dir, "lbc");
    if (!existsSync(folder)) return;
    for (const cluster of readdirSync(folder)) {
      const script = join(folder, cluster, "run.sh");
      if (this.attached.has(cluster) || !existsSync(script)) continue;
      const log = openSync(join(this.dir, "logs", `attached-${cluster}.log`), "a");
      this.attached.set(
        cluster,
        spawn(script, [process.execPath, controller], {
          env: { PATH: process.env["PATH"], HOME: this.dir },
          stdio: ["ignore", log, log],
        }),
      );
    }
  }

  end(): void {
    clearInterval(this.timer);
    for (const child of this.attached.values()) child.kill("SIGTERM");
  }
}

/** However short the load was. */
function nobodyNoticed({ failed, idleResets, void: starved, firstFailures, schedulingLagMs }: LoadSummary): void {
  assert.deepEqual(
    [failed, idleResets, starved],
    [0, 0, false],
    JSON.stringify({ failures: firstFailures, lag: schedulingLagMs }, null, 1),
  );
}

async function drive(stage: Stage, ...args: string[]): Promise<void> {
  const run = await stage.drive(args);
  assert.equal(run.code, 0, run.stderr);
}

function healthyTargets(stage: Stage): string[] {
  return stage
    .targetHealth()
    .filter(({ TargetHealth }) => TargetHealth.State === "healthy")
    .map(({ Target }) => Target.Id)
    .sort();
}
const pods = (stage: Stage, member: string): string[] =>
  stage
    .command("kubectl", [
      "--context",
      `dev-${member}`,
      "-n",
      "web",
      "get",
      "pods",
      "-o",
      "jsonpath={.items[*].status.podIP}",
    ])
    .stdout.split(" ")
    .sort();

const readyControllers = (stage: Stage, member: string): string =>
  stage.command("kubectl", [
    "--context",
    `dev-${member}`,
    "-n",
    "kube-system",
    "get",
    "deployment",
    "aws-load-balancer-controller",
    "-o",
    "jsonpath={.status.readyReplicas}",
  ]).stdout;

describe("a controller that somebody attaches (--lbc external)", function () {
  this.timeout(900_000);
  let stage: Stage;
  let attacher: Attacher | null = null;
  afterEach(async () => {
    attacher?.end();
    await stage?.close();
  });

  it("--attach, an upgrade: nothing is lost; a controller ends with its cluster, and one that dies is there again", async () => {
    stage = await Stage.open({
      version: "1.34",
      lbc: "external",
      attach: [process.execPath, controller],
    });
    const attached = async (): Promise<Record<string, number>> =>
      Object.fromEntries(
        (await sandboxStatus(stage.info.dir)).processes.flatMap(({ name, pid }) =>
          name.startsWith("attached-controller-") ? [[name, pid]] : [],
        ),
      );
    await drive(stage, "up");
    await underLoad(stage, async () => {
      stage.want("1.35");
      await drive(stage, "upgrade", "--approve-retire");
    });
    const { placement } = stage.record();
    assert.deepEqual(
      [placement["green"]?.role, placement["green"]?.version, placement["blue"]?.role],
      ["active", "1.35", "absent"],
    );
    assert.deepEqual(healthyTargets(stage), pods(stage, "green"));
    const logs = readdirSync(join(stage.info.dir, "logs"));
    assert.deepEqual(
      logs.filter((name) => name.startsWith("load-balancer-controller-")),
      [],
    );
    assert.deepEqual(logs.filter((name) => name.startsWith("attached-controller-")).sort(), [
      "attached-controller-dev-blue.log",
      "attached-controller-dev-green.log",
    ]);
    const { "attached-controller-dev-green": first, ...others } = await attached();
    assert.ok(first !== undefined);
    assert.deepEqual(others, {}, "blue's went with its cluster");
    process.kill(first, "SIGKILL");
    await eventually("another one is attached to green", async () => {
      const { "attached-controller-dev-green": now } = await attached();
      return now !== undefined && now !== first ? now : null;
    });
    await eventually("and its pods are ready", () => (readyControllers(stage, "green") === "" ? null : true));
  });

  it(
    "by hand: a new workload behind a Service's load balancer; its pods say so when no controller is attached any " +
      "more",
    async () => {
      stage = await Stage.open({ version: "1.35", lbc: "external" });
      attacher = new Attacher(stage.info.dir);
      stage.configure((config) => {
        config["loadBalancer"] = { owner: "service", primary: "blue" };
      });
      await drive(stage, "up");
      await underLoad(stage, () => drive(stage, "admit", "green"), nobodyNoticed);
      assert.deepEqual(healthyTargets(stage), [...pods(stage, "blue"), ...pods(stage, "green")].sort());
      assert.deepEqual([...attacher.attached.keys()].sort(), ["dev-blue", "dev-green"]);
      attacher.attached.get("dev-blue")?.kill("SIGTERM");
      await eventually("the controller's pods are no longer ready", () =>
        readyControllers(stage, "blue") === "" ? true : null,
      );
    },
  );
});
