/**
 * A cluster that does not answer leaves traffic anyway, comes back without doing harm, and serves again. Under load; both
 * members serve at the beginning and at the end.
 */
import assert from "node:assert/strict";
import type { DriverEvent } from "../../automation/events";
import type { LoadSummary } from "../../sandbox/contract";
import { ControlClient } from "../../sandbox/client/control-client";
import { eventually, type Stage } from "./stage";
import { denialsOf, endpointsOf, registeredTargets } from "./traffic";

export function evacuatesTheDead(opened: () => Stage): void {
  describe("a cluster that is dead", function () {
    this.timeout(10 * 60_000);
    let stage: Stage;
    let control: ControlClient;
    let load: { stop: () => Promise<LoadSummary> } | null = null;

    before(() => {
      stage = opened();
      control = new ControlClient(stage.info);
    });
    after(async () => void (await load?.stop()));

    it("is drained, not evacuated, while it is well", async () => {
      const run = await stage.drive(["evacuate", "blue"]);
      assert.equal(run.code, 4, run.stderr);
      assert.match(run.stderr, /EBG-EVACUATE: blue answers[\s\S]*eks-blue-green drain blue/);
      assert.equal(stage.record().evacuation ?? null, null);
    });

    it("leaves when its API server is gone, though the driver is killed in the middle", async () => {
      load = await stage.load();
      await control.stopApiServer("dev-blue");
      const killed = await stage.drive(
        ["evacuate", "blue", "--why", "control plane lost"],
        (event: DriverEvent, kill) => {
          if (event.kind === "phase-finished" && event.phase === "act") kill("SIGKILL");
        },
      );
      assert.equal(killed.code, null, killed.stderr);
      const refused = await stage.drive(["upgrade"]);
      assert.equal(refused.code, 4, refused.stderr);
      assert.match(refused.stderr, /EBG-EVACUATE: blue is being evacuated[\s\S]*evacuate blue/);
      const run = await stage.drive(["evacuate", "blue"]);
      assert.equal(run.code, 0, run.stderr);
      assert.deepEqual(registeredTargets(stage), endpointsOf(stage, "green"));
      const blue = stage.record().placement["blue"];
      assert.equal(blue?.role, "standby");
      assert.match(blue?.evacuated?.why ?? "", /^control plane lost \(its API server does not answer/);
      assert.equal(denialsOf(stage, "blue").length, 1);
    });

    it("puts nothing back when its API server comes again, however its controller tries", async () => {
      await control.startApiServer("dev-blue");
      await eventually("blue's endpoints", () =>
        stage.command("kubectl", ["--context", "dev-blue", "-n", "web", "get", "tgb", "web"]).status === 0
          ? true
          : null,
      );
      // Makes the controller reconcile, as a changed pod would.
      const annotated = stage.command("kubectl", [
        "--context",
        "dev-blue",
        "-n",
        "web",
        "annotate",
        "tgb",
        "web",
        "elbv2.k8s.aws/checkpoint-",
      ]);
      assert.equal(annotated.status, 0, annotated.stderr);
      assert.equal(
        stage.command("kubectl", [
          "--context",
          "dev-blue",
          "-n",
          "kube-system",
          "rollout",
          "restart",
          "deployment",
          "aws-load-balancer-controller",
        ]).status,
        0,
      );
      await eventually("a refusal by AWS in the binding's events", () =>
        /explicit deny in an identity-based policy/.test(
          stage.command("kubectl", ["--context", "dev-blue", "-n", "web", "get", "events", "-o", "json"]).stdout,
        )
          ? true
          : null,
      );
      assert.deepEqual(registeredTargets(stage), endpointsOf(stage, "green"));
      const admit = await stage.drive(["admit", "blue"]);
      assert.notEqual(admit.code, 0);
      assert.match(admit.stderr, /drain blue/);
      const up = await stage.drive(["up"]);
      assert.equal(up.code, 0, up.stderr);
      assert.equal(
        stage.command("pulumi", ["preview", "--non-interactive", "--expect-no-changes", "-s", "dev-blue"]).status,
        0,
      );
    });

    it("is put in order by `drain`, admitted, and serves", async () => {
      // The restart above is this test's own: until it is over `drain` stops (exit 6) and says that the controller does
      // not run yet.
      const restarted = stage.command("kubectl", [
        "--context",
        "dev-blue",
        "-n",
        "kube-system",
        "rollout",
        "status",
        "deployment",
        "aws-load-balancer-controller",
        "--timeout=110s",
      ]);
      assert.equal(restarted.status, 0, restarted.stderr);
      const drain = await stage.drive(["drain", "blue"]);
      assert.equal(drain.code, 0, drain.stderr);
      assert.equal(denialsOf(stage, "blue").length, 0);
      assert.deepEqual(stage.record().placement["blue"], { role: "standby", version: "1.34", workload: "running" });
      const admit = await stage.drive(["admit", "blue"]);
      assert.equal(admit.code, 0, admit.stderr);
      assert.deepEqual(
        registeredTargets(stage),
        [...endpointsOf(stage, "blue"), ...endpointsOf(stage, "green")].sort(),
      );
      const summary = await load!.stop();
      load = null;
      assert.equal(summary.void, false, `the load client starved: ${JSON.stringify(summary.schedulingLagMs)}`);
      assert.equal(summary.failed, 0, JSON.stringify(summary.firstFailures, null, 1));
      console.log(`      ${summary.sent} requests, ${summary.failed} failed, ${summary.idleResets} idle resets`);
    });
  });
}
