/**
 * A cluster whose controller alone is dead is evacuated and comes back; one whose API server never comes back is
 * destroyed by `upgrade`, or in a teardown. Under load; both members serve at the beginning, and nothing is left at the end.
 */
import assert from "node:assert/strict";
import type { LoadFailure, LoadSummary } from "../../sandbox/contract";
import { ControlClient } from "../../sandbox/client/control-client";
import { eventually, type Stage } from "./stage";
import { denialsOf, endpointsOf, registeredTargets } from "./traffic";

export function destroysWhatIsGoneForGood(opened: () => Stage): void {
  describe("a cluster that is dead for good", function () {
    this.timeout(10 * 60_000);
    let stage: Stage;
    let control: ControlClient;
    let load: { stop: () => Promise<LoadSummary>; failures: () => readonly LoadFailure[] } | null = null;
    let bluePods: readonly string[] = [];

    const deployment = (member: string, namespace: string, name: string): { readonly available: number } => ({
      available:
        stage.json<{ status: { availableReplicas?: number } }>("kubectl", [
          "--context",
          `dev-${member}`,
          "-n",
          namespace,
          "get",
          "deployment",
          name,
          "-o",
          "json",
        ]).status.availableReplicas ?? 0,
    });

    before(async () => {
      stage = opened();
      control = new ControlClient(stage.info);
      load = await stage.load();
    });
    after(async () => void (await load?.stop()));

    it("leaves when only its controller is dead, though its API server answers, and comes back", async () => {
      const fault = await control.addFault({ on: "controller", cluster: "dev-green", kind: "down" });
      await eventually("green's controller is seen to be gone", () =>
        deployment("green", "kube-system", "aws-load-balancer-controller").available === 0 ? true : null,
      );
      const drain = await stage.drive(["drain", "green"]);
      assert.equal(drain.code, 4, drain.stderr);
      assert.match(drain.stderr, /evacuate green/);
      const run = await stage.drive(["evacuate", "green"]);
      assert.equal(run.code, 0, run.stderr);
      assert.deepEqual(registeredTargets(stage), endpointsOf(stage, "blue"));
      assert.match(
        stage.record().placement["green"]?.evacuated?.why ?? "",
        /its load balancer controller does not run/,
      );
      await control.removeFault(fault.id);
      await eventually("green's controller runs again", () =>
        deployment("green", "kube-system", "aws-load-balancer-controller").available > 0 ? true : null,
      );
      for (const args of [
        ["drain", "green"],
        ["admit", "green"],
      ]) {
        const back = await stage.drive(args);
        assert.equal(back.code, 0, back.stderr);
      }
      assert.equal(denialsOf(stage, "green").length, 0);
      assert.deepEqual(
        registeredTargets(stage),
        [...endpointsOf(stage, "blue"), ...endpointsOf(stage, "green")].sort(),
      );
    });

    it("is destroyed by `upgrade` when its API server never comes back, once approved, and nothing of it is left", async () => {
      bluePods = stage
        .json<{ items: { metadata: { name: string } }[] }>("kubectl", [
          "--context",
          "dev-blue",
          "-n",
          "web",
          "get",
          "pods",
          "-o",
          "json",
        ])
        .items.map((pod) => pod.metadata.name);
      await control.stopApiServer("dev-blue");
      const out = await stage.drive(["evacuate", "blue"]);
      assert.equal(out.code, 0, out.stderr);
      const unapproved = await stage.drive(["upgrade"]);
      assert.equal(unapproved.code, 6, unapproved.stderr);
      assert.match(
        unapproved.stderr,
        /destroying blue, which needs approval; connections that clients still keep open to its pods are cut/,
      );
      const run = await stage.drive(["upgrade", "--approve-retire"]);
      assert.equal(run.code, 0, run.stderr);
      assert.match(
        run.stderr,
        /blue's API server does not answer: \d+ Kubernetes objects were taken out of its stack's state/,
      );
      assert.deepEqual(
        stage.json<{ clusters: string[] }>("aws", ["eks", "list-clusters", "--output", "json"]).clusters,
        ["dev-green"],
      );
      const { deployment: state } = stage.json<{
        deployment: { resources?: { type: string }[]; pending_operations?: object[] };
      }>("pulumi", ["stack", "export", "-s", "dev-blue"]);
      assert.deepEqual(
        [(state.resources ?? []).filter((one) => one.type !== "pulumi:pulumi:Stack"), state.pending_operations ?? []],
        [[], []],
      );
      const { placement, rollout, intent } = stage.record();
      assert.deepEqual(
        [placement["blue"]?.role, placement["green"]?.role, rollout, intent],
        ["absent", "active", null, null],
      );
      assert.deepEqual(
        stage
          .json<{ Roles: { RoleName: string }[] }>("aws", ["iam", "list-roles", "--output", "json"])
          .Roles.filter((one) => one.RoleName.startsWith("blue-")),
        [],
      );
      assert.deepEqual(registeredTargets(stage), endpointsOf(stage, "green"));
    });

    it(
      "and nobody noticed, but clients that had kept a connection to its pods until they ended: nobody could tell " +
        "those pods to close it",
      async () => {
        const summary = await load!.stop();
        const failures = load!.failures();
        load = null;
        assert.equal(summary.void, false, `the load client starved: ${JSON.stringify(summary.schedulingLagMs)}`);
        // The end of a process resets a connection whose request it had not read, and closes one whose request it had:
        // the
        // client sees a reset, or an answer that never became complete.
        const others = failures.filter(
          ({ connection, kind, target }) =>
            connection !== "kept-alive" ||
            !["reset", "closed-early"].includes(kind) ||
            !bluePods.includes(target ?? ""),
        );
        assert.deepEqual(others, []);
        assert.equal(summary.failed, failures.length);
        // The client keeps twenty-five; each that led there fails once, and is opened anew elsewhere.
        assert.ok(
          failures.length + summary.idleResets <= 25,
          `${failures.length} connections were cut in use, ${summary.idleResets} while idle`,
        );
        console.log(
          `      ${summary.sent} requests, ${summary.failed} failed on connections that outlived their cluster, ` +
            `${summary.idleResets} idle resets`,
        );
      },
    );

    it("does not keep a teardown from its end, even when it is the last one", async () => {
      await control.stopApiServer("dev-green");
      const teardown = ["teardown", "--yes-delete", "dev"];
      const stuck = await stage.drive(teardown);
      assert.equal(stuck.code, 6, stuck.stderr);
      assert.match(stuck.stderr, /evacuate green/);
      const out = await stage.drive(["evacuate", "green"]);
      assert.equal(out.code, 0, out.stderr);
      const run = await stage.drive(teardown);
      assert.equal(run.code, 0, run.stderr);
      const kinds: readonly (readonly string[])[] = [
        ["elbv2", "describe-load-balancers", "--query", "LoadBalancers[].LoadBalancerArn"],
        ["elbv2", "describe-target-groups", "--query", "TargetGroups[].TargetGroupArn"],
        ["eks", "list-clusters", "--query", "clusters"],
        ["ec2", "describe-security-groups", "--query", "SecurityGroups[?GroupName!='default'].GroupId"],
      ];
      assert.deepEqual(
        kinds.map((args) => stage.json<string[]>("aws", [...args, "--output", "json"])),
        [[], [], [], []],
      );
    });
  });
}
