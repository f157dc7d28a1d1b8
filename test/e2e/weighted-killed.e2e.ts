/**
 * Weighted traffic behind a Network Load Balancer, in one sandbox and under load: the driver is killed with its engine in
 * the middle of a shift, and killed again while a shift holds; somebody changes weights by hand, in a hold and at rest;
 * then everything is torn down.
 */
import assert from "node:assert/strict";
import type { DriverEvent } from "../../automation/events";
import { thingsOfAws } from "../../automation/cli/rehearsal/scenarios/teardown";
import { Stage, type DriverRun } from "./stage";
import { lightLoad, underLoad } from "./traffic";

const upgrade = ["upgrade", "--approve-retire"];

interface Forward {
  readonly TargetGroups: readonly { readonly TargetGroupArn: string; readonly Weight: number }[];
}
interface Listeners {
  readonly Listeners: readonly {
    readonly ListenerArn: string;
    readonly DefaultActions: readonly { readonly ForwardConfig: Forward }[];
  }[];
}

describe("weighted traffic", function () {
  this.timeout(30 * 60_000);
  let stage: Stage;
  before(async () => {
    stage = await Stage.open({ version: "1.34" });
    stage.configure((config) => {
      Object.assign(config, { traffic: "weighted" });
      Object.assign(config["rollout"] ?? {}, { steps: [50, 100], stepSeconds: 60, bakeSeconds: 60 });
    });
    const run = await stage.drive(["up"]);
    assert.equal(run.code, 0, run.stderr);
  });
  after(async () => await stage?.close());

  const listener = (): Listeners["Listeners"][number] => {
    const [loadBalancer = ""] = stage.arns("load-balancers");
    const answer = stage.json<Listeners>("aws", [
      "elbv2",
      "describe-listeners",
      "--load-balancer-arn",
      loadBalancer,
      "--output",
      "json",
    ]);
    const [only] = answer.Listeners;
    assert.ok(only);
    return only;
  };
  /** By member, as AWS has them. */
  const weights = (): Record<string, number> =>
    Object.fromEntries(
      (listener().DefaultActions[0]?.ForwardConfig.TargetGroups ?? []).map(({ TargetGroupArn, Weight }) => [
        /dev-web-(\w+)/.exec(TargetGroupArn)?.[1] ?? TargetGroupArn,
        Weight,
      ]),
    );
  /** `aws elbv2 modify-listener`, as somebody types it. */
  const byHand = async (wanted: Readonly<Record<string, number>>): Promise<void> => {
    const { ListenerArn, DefaultActions } = listener();
    const groups = (DefaultActions[0]?.ForwardConfig.TargetGroups ?? []).map(({ TargetGroupArn }) => ({
      TargetGroupArn,
      Weight: wanted[/dev-web-(\w+)/.exec(TargetGroupArn)?.[1] ?? ""] ?? 0,
    }));
    const action = [{ Type: "forward", ForwardConfig: { TargetGroups: groups } }];
    const args = [
      "elbv2",
      "modify-listener",
      "--listener-arn",
      ListenerArn,
      "--default-actions",
      JSON.stringify(action),
    ];
    const done = await stage.commandBeside("aws", args);
    assert.equal(done.status, 0, done.stderr);
  };
  const shares = (): Record<string, number | undefined> =>
    Object.fromEntries(Object.entries(stage.record().placement).map(([name, { share }]) => [name, share]));

  /** Kills the driver in this phase of the nth shift; the engine too when it is at work on the listener. */
  async function killedIn(nth: number, phase: "act" | "gate"): Promise<DriverRun> {
    let shifts = 0;
    let timer: NodeJS.Timeout | undefined;
    const run = await stage.drive(upgrade, (event: DriverEvent, kill) => {
      if (event.kind === "step-started" && event.step.type === "move" && event.step.kind === "shift") shifts += 1;
      if (shifts !== nth || event.kind !== "phase-started" || event.phase !== phase || timer !== undefined) return;
      if (phase === "gate") {
        timer = setTimeout(() => kill("SIGKILL"), 3000);
        return;
      }
      const until = Date.now() + 6000;
      timer = setInterval(() => {
        if (stage.pendingOperations("dev").length === 0 && Date.now() < until) return;
        clearInterval(timer);
        kill("SIGKILL");
        stage.killEngine("dev");
      }, 10);
    });
    clearInterval(timer);
    assert.equal(run.code, null, `it was not killed, but ended with ${run.code}:\n${run.stderr}`);
    return run;
  }

  it("goes over step by step though the driver is killed in a shift and in a hold, and weights are changed by hand", async () => {
    stage.want("1.35");
    await underLoad(
      stage,
      async () => {
        assert.deepEqual(weights(), { blue: 100, green: 0 });
        await killedIn(1, "act");
        assert.equal(stage.record().intent?.move.kind, "shift");
        await killedIn(1, "gate");
        assert.deepEqual(weights(), { blue: 50, green: 50 });
        let meddled: Promise<void> | null = null;
        const run = await stage.drive(upgrade, (event) => {
          if (meddled !== null || event.kind !== "gate" || event.reason !== "hold" || !event.gate.includes("%")) return;
          meddled = byHand({ blue: 30, green: 70 });
        });
        await meddled;
        assert.equal(run.code, 0, run.stderr);
        assert.ok(meddled !== null, "there was no hold to meddle with");
        assert.ok(
          run.events.some(
            (event) => event.kind === "note" && event.message.startsWith("writing the weights once more"),
          ),
          "nobody wrote them again",
        );
        assert.deepEqual(weights(), { blue: 0, green: 100 });
        assert.deepEqual(shares(), { blue: undefined, green: 100 });
      },
      undefined,
      lightLoad,
    );
  });

  it("names weights that somebody changed, moves nothing meanwhile, and what the remedy says puts them back", async () => {
    await byHand({ blue: 10, green: 90 });
    const verified = await stage.drive(["verify", "--requests", "0"]);
    assert.notEqual(verified.code, 0);
    stage.want("1.36");
    const refused = await stage.drive(upgrade);
    const finding = refused.events.find((event) => event.kind === "finding" && event.code === "EBG-DRIFT");
    assert.ok(finding?.kind === "finding", refused.stderr);
    assert.match(finding.message, /'web' has .*blue 10.* instead of/);
    assert.equal(stage.record().rollout, null);
    assert.match(finding.remedy, /pulumi up --refresh --stack dev/);
    const put = stage.command("pulumi", ["up", "--refresh", "--yes", "--skip-preview", "--stack", "dev"]);
    assert.equal(put.status, 0, put.stderr + put.stdout);
    assert.deepEqual(weights(), { blue: 0, green: 100 });
  });

  it("is torn down, and nothing is left", async () => {
    const run = await stage.drive(["teardown", "--yes-delete", "dev"]);
    assert.equal(run.code, 0, run.stderr);
    const left = thingsOfAws.flatMap(({ what, args }) =>
      stage.json<string[]>("aws", [...args, "--output", "json"]).map((id) => `${what}: ${id}`),
    );
    assert.deepEqual(left, []);
  });
});
