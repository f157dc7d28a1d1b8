/**
 * Two who want the same: exactly one goes on, and the other is told who holds what since when. One member serves at the
 * beginning, both at the end.
 */
import assert from "node:assert/strict";
import { ControlClient } from "../../sandbox/client/control-client";
import { eventually, type Command, type Stage } from "./stage";

const plain = ["--yes", "--skip-preview", "--non-interactive"];

export function twoAtOnce(opened: () => Stage): void {
  describe("two at once", function () {
    this.timeout(10 * 60_000);
    let stage: Stage;
    before(() => void (stage = opened()));

    const roles = (): Record<string, string> =>
      Object.fromEntries(Object.entries(stage.record().placement).map(([name, one]) => [name, one.role]));

    it(
      "while a driver provisions green: another command, a plain `pulumi up` of green and a `pulumi destroy` of blue " +
        "are refused, and the driver goes on",
      async () => {
        const control = new ControlClient(stage.info);
        // The engine is in the middle of this call, and holds the stack, until the others have met that: however fast or
        // slow the machine is.
        const slow = await control.addFault({
          on: "aws",
          operation: "eks:CreateCluster",
          kind: "delay",
          ms: 3_600_000,
          count: 1,
        });
        const driver = stage.drive(["admit", "green"]);
        const holds = eventually(
          "green's cluster is being created",
          async () => (await control.faults(true)).some((fault) => fault.id === slow.id && fault.hits > 0) || null,
        );
        await Promise.race([holds, driver]);
        const up = await stage.commandBeside("pulumi", ["up", ...plain, "-s", "dev-green"]);
        const other = await stage.drive(["drain", "blue"]);
        await control.removeFault(slow.id);
        const destroy = stage.command("pulumi", ["destroy", ...plain, "-s", "dev-blue"]);
        const first = await driver;
        assert.equal(first.code, 0, first.stderr);
        assert.notEqual(up.status, 0, up.stdout);
        assert.match(`${up.stdout}${up.stderr}`, /currently locked by[\s\S]*created by \S+@\S+ \(pid \d+\) at/);
        assert.equal(other.code, 4, other.stderr);
        assert.match(
          other.stderr,
          /EBG-ROLLOUT-UNDER-WAY: 'admit green' is under way since [\s\S]*begun by \S+@\S+ \d+ at/,
        );
        assert.notEqual(destroy.status, 0, destroy.stdout);
        assert.match(`${destroy.stdout}${destroy.stderr}`, /protected/);
        assert.deepEqual(roles(), { blue: "active", green: "active" });
      },
    );

    it("two drivers with the same command: no more than one moves, and whoever does not says why", async () => {
      const runs = await Promise.all([stage.drive(["drain", "green"]), stage.drive(["drain", "green"])]);
      assert.ok(
        runs.some((run) => run.code === 0),
        runs.map((run) => run.stderr).join("\n"),
      );
      for (const run of runs.filter((one) => one.code !== 0))
        assert.match(run.stderr, /EBG-(FENCED|STACK-LOCKED)[\s\S]*(is held by|under way since|locked by) /);
      const record = stage.record();
      assert.equal(record.placement["green"]?.role, "standby");
      assert.equal(record.intent, null);
      assert.equal(record.rollout, null);
    });

    it(
      "a driver, and plain `pulumi up` of the environment's stack again and again: one waits for the other, and the " +
        "record is the driver's",
      async () => {
        const before = stage.record().revision;
        let ended = false;
        const driver = stage.drive(["admit", "green"]).finally(() => (ended = true));
        const ups: Command[] = [];
        // They meet the driver's updates of that stack, or the moments between them; a few, because each takes as long as
        // the driver's own.
        do ups.push(await stage.commandBeside("pulumi", ["up", ...plain, "-s", "dev"]));
        while (!ended && ups.length < 4);
        const run = await driver;
        assert.equal(run.code, 0, run.stderr);
        for (const up of ups.filter((one) => one.status !== 0))
          assert.match(`${up.stdout}${up.stderr}`, /currently locked by[\s\S]*created by \S+@\S+ \(pid \d+\) at/);
        const record = stage.record();
        assert.deepEqual(roles(), { blue: "active", green: "active" });
        assert.ok(record.revision > before, `revision ${record.revision} after ${before}`);
        assert.equal(record.intent, null);
        assert.equal(record.rollout, null);
        const again = stage.command("pulumi", ["preview", "--non-interactive", "--expect-no-changes", "-s", "dev"]);
        assert.equal(again.status, 0, `${again.stdout}${again.stderr}`);
        assert.equal(stage.record().revision, record.revision);
        console.log(
          `      ${ups.length} times pulumi up -s dev beside the driver, ` +
            `${ups.filter((one) => one.status !== 0).length} refused by its lock`,
        );
      },
    );
  });
}
