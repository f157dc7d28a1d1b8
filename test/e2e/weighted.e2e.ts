/**
 * Weighted traffic behind an Application Load Balancer, by hand and by accident: a driver that is killed in its shifts
 * and goes on with the same weights, the way back, a member that comes in beside the other and leaves again, and the
 * end of it all. Under load, and nobody notices.
 */
import assert from "node:assert/strict";
import type { DriverEvent } from "../../automation/events";
import type { EnvironmentOutputs } from "../../stacks/contract";
import { Stage, type DriverRun } from "./stage";
import { assertNobodyNoticed } from "./traffic";

type Weights = Readonly<Record<string, number>>;
interface Rules {
  readonly Rules: readonly {
    readonly Actions: readonly {
      readonly ForwardConfig?: { readonly TargetGroups?: readonly { TargetGroupArn: string; Weight: number }[] };
    }[];
  }[];
}
interface Kill {
  /** Of the member that comes in. */
  readonly share: number;
  readonly phase: "begin" | "act" | "gate";
  readonly engineToo: boolean;
}

describe("weighted traffic", function () {
  this.timeout(25 * 60_000);
  let stage: Stage;
  before(async () => {
    stage = await Stage.open({ version: "1.34", example: "weighted" });
    await good(["up"]);
  });
  after(() => stage?.close());

  async function good(args: readonly string[]): Promise<DriverRun> {
    const began = Date.now();
    const run = await stage.drive(args);
    console.log(`      ${args.join(" ")}: ${((Date.now() - began) / 1000).toFixed(0)} s`);
    assert.equal(run.code, 0, `${args.join(" ")}: ${run.stderr}`);
    return run;
  }

  /** Of each route, by member: as AWS has them. */
  function weights(): Weights[] {
    const { loadBalancer } = stage.json<EnvironmentOutputs>("pulumi", ["stack", "output", "--json", "-s", "dev"]);
    const groups = Object.values(loadBalancer.services);
    const memberOf = new Map(groups.map(({ targetGroupArn, member }) => [targetGroupArn, member ?? "all"]));
    return [...new Set(groups.map(({ listenerArn }) => listenerArn))].flatMap((arn) =>
      stage
        .json<Rules>("aws", ["elbv2", "describe-rules", "--listener-arn", arn, "--output", "json"])
        .Rules.map(({ Actions }) =>
          Object.fromEntries(
            Actions.flatMap(({ ForwardConfig }) => ForwardConfig?.TargetGroups ?? []).map(
              ({ TargetGroupArn, Weight }) => [memberOf.get(TargetGroupArn) ?? "?", Weight],
            ),
          ),
        ),
    );
  }
  const shares = (): Weights =>
    Object.fromEntries(
      Object.entries(stage.record().placement).flatMap(([member, { share }]) =>
        share === undefined ? [] : [[member, share]],
      ),
    );
  function stands(wanted: Weights, recorded: Weights = wanted): void {
    assert.deepEqual(weights(), [wanted, wanted], "in AWS, of both services");
    assert.deepEqual(shares(), recorded, "in the record");
    assert.equal(stage.record().intent, null);
  }

  const leadsTo = (event: DriverEvent, share: number): boolean =>
    event.kind === "step-started" &&
    event.step.type === "move" &&
    event.step.kind === "shift" &&
    event.step.changes["green"]?.to.share === share;

  /** Runs the upgrade until the moment, and kills the driver there. */
  async function killedAt({ share, phase, engineToo }: Kill): Promise<void> {
    let there = false;
    const run = await stage.drive(["upgrade"], (event, kill) => {
      there ||= leadsTo(event, share);
      if (!there || event.kind !== "phase-started" || event.phase !== phase) return;
      there = false;
      // In the middle of it.
      setTimeout(
        () => {
          kill("SIGKILL");
          if (engineToo) stage.killEngine("dev");
        },
        phase === "act" ? 500 : 200,
      );
    });
    assert.equal(
      run.code,
      null,
      `not killed in ${phase} of the shift to ${share}, but ended with ${run.code}: ${run.stderr}`,
    );
    for (const one of weights())
      assert.equal(
        (one["blue"] ?? 0) + (one["green"] ?? 0),
        100,
        `no other vector than one of the plan's: ${JSON.stringify(one)}`,
      );
  }

  it("goes on with the same weights after kill -9, walks back, takes a member in and out, and loses nothing", async () => {
    const load = await stage.load();
    stands({ blue: 100, green: 0 }, { blue: 100 });
    stage.want("1.35");
    await killedAt({ share: 10, phase: "act", engineToo: true });
    await killedAt({ share: 50, phase: "gate", engineToo: false });
    await killedAt({ share: 100, phase: "begin", engineToo: true });
    const { code, stderr } = await stage.drive(["upgrade"]);
    assert.equal(code, 6, `it stops before the old member's end: ${stderr}`);
    stands({ blue: 0, green: 100 }, { green: 100 });
    await good(["rollback"]);
    stands({ blue: 100, green: 0 }, { blue: 100 });
    await good(["admit", "green"]);
    stands({ blue: 100, green: 100 });
    await good(["drain", "blue"]);
    stands({ blue: 0, green: 100 }, { green: 100 });
    assertNobodyNoticed(await load.stop());
  });

  it("ends in order, and nothing is left", async () => {
    await good(["teardown", "--yes-delete", "dev"]);
    assert.deepEqual([stage.arns("load-balancers"), stage.arns("target-groups")], [[], []]);
  });
});
