/**
 * Bad greens, for real: each is turned back within its gate or bake, blue serves throughout, and the exit code and the
 * event say why.
 * One sandbox; green is made once and turned back again and again. Also: giving a rollout up, two Ctrl-C, and a kill in
 * the middle of a walk-back.
 *
 * A green that breaks while it is admitted costs its own share of requests: that is inherent. Each of those must be
 * green's doing, by the member that
 * answered or, where nobody did, by the flows that the load balancer saw fail on green's targets; and must lie between
 * the fault and the end of green's
 * drain. Blue's flows must not fail at all.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DriverEvent } from "../../automation/events";
import type { LoadSummary } from "../../sandbox/contract";
import { ControlClient } from "../../sandbox/client/control-client";
import { eventually, Stage, type DriverRun } from "./stage";
import { exhaustive, inTurn } from "./tier";

const upgrade = ["upgrade", "--approve-retire"];
type Finished = Extract<DriverEvent, { kind: "rollout-finished" }>;
interface Row {
  readonly green: string;
  readonly outcome: string;
  readonly why: string;
  readonly failed: number;
  readonly badAnswers: string;
  readonly seconds: number;
}

describe("a bad green", function () {
  this.timeout(12 * 60_000);
  let stage: Stage;
  let control: ControlClient;
  const rows: Row[] = [];

  before(async () => {
    stage = await Stage.open({ version: "1.34" });
    control = new ControlClient(stage.info);
    const file = join(stage.projectDirectory, "Pulumi.dev.yaml");
    // Fifteen seconds here: a green that fails only after ten of them must be caught too. Gates give up after as many.
    writeFileSync(
      file,
      readFileSync(file, "utf8").replace(/bakeSeconds: \d+/, "bakeSeconds: 900\n    gateTimeoutSeconds: 900"),
    );
    const run = await stage.drive(["up"]);
    assert.equal(run.code, 0, run.stderr);
  });
  after(async () => {
    for (const row of rows)
      console.log(
        `      ${row.green.padEnd(34)} ${row.outcome.padEnd(12)} ${String(row.failed).padStart(5)} failed, ` +
          `${row.badAnswers.padEnd(14)} in ${row.seconds.toFixed(1)} s  ${row.why}`,
      );
    await stage?.close();
  });

  const finished = (run: DriverRun): Finished => {
    const end = run.events.findLast((event): event is Finished => event.kind === "rollout-finished");
    assert.ok(end, run.stderr);
    return end;
  };
  const lock = (stack: string): { pid: number } | null => {
    const folder = join(stage.info.dir, "state", ".pulumi", "locks", "organization", "eks-blue-green", stack);
    const file = existsSync(folder) ? readdirSync(folder).find((name) => name.endsWith(".json")) : undefined;
    return file === undefined ? null : (JSON.parse(readFileSync(join(folder, file), "utf8")) as { pid: number });
  };
  const alive = (pid: number): boolean =>
    existsSync(`/proc/${pid}/stat`) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  const blueServes = (): void => {
    const record = stage.record();
    assert.deepEqual(record.placement["blue"], { role: "active", version: "1.34", workload: "running" });
    assert.equal(record.rollout, null);
    assert.equal(record.intent, null);
    for (const stack of ["dev", "dev-blue", "dev-green"]) assert.equal(lock(stack), null, `${stack} is still locked`);
  };

  interface BadGreen {
    readonly name: string;
    readonly fault: object;
    readonly at: (event: DriverEvent, step: string) => boolean;
    readonly why: RegExp;
    readonly costs: boolean;
    readonly killed?: boolean;
    /** Its requests fail because nothing comes in time, which no flow of the load balancer shows. */ readonly late?: boolean;
  }
  const inBake = (event: DriverEvent, step: string): boolean =>
    step === "bake" && event.kind === "gate" && event.status === "waiting" && event.reason === "bake";

  /**
   * Flows that failed on a member's targets so far, as the load balancer counts them: never reached, or broken off by
   * the target.
   */
  async function brokenFlows(): Promise<{ readonly blue: number; readonly others: number }> {
    const slices = stage.json<{ items: { endpoints: { addresses: string[] }[] | null; ports: { port: number }[] }[] }>(
      "kubectl",
      ["--context", "dev-blue", "-n", "web", "get", "endpointslices", "-o", "json"],
    );
    const blues = new Set(
      slices.items.flatMap(({ endpoints, ports }) =>
        (endpoints ?? []).flatMap(({ addresses }) =>
          addresses.flatMap((address) => ports.map(({ port }) => `${address}:${port}`)),
        ),
      ),
    );
    const sum = { blue: 0, others: 0 };
    for (const [id, { failed, reset }] of Object.entries((await control.stats()).targets))
      sum[blues.has(id) ? "blue" : "others"] += failed + reset;
    assert.ok(blues.size >= 3, "blue has lost endpoints");
    return sum;
  }

  async function turnedBack(bad: BadGreen): Promise<void> {
    const before = await brokenFlows();
    const load = await stage.load();
    let summary: LoadSummary;
    let [step, broken, out] = ["", 0, 0];
    let backIn = "";
    let killedAt: string | null = null;
    let back = false;
    const watch = (event: DriverEvent, kill: (signal: NodeJS.Signals) => void): void => {
      if (event.kind === "step-started") step = event.step.type === "move" ? event.step.kind : "bake";
      if (event.kind === "walk-back") [back, backIn] = [true, step];
      if (event.kind === "step-finished" && event.step.type === "move" && event.step.kind === "drain") out = Date.now();
      if (broken === 0 && bad.at(event, step)) {
        broken = Date.now();
        void control.addFault(bad.fault);
      }
      if (bad.killed && killedAt === null && back && event.kind === "phase-started" && event.phase === "act") {
        killedAt = step;
        kill("SIGKILL");
      }
    };
    let run: DriverRun;
    try {
      run = await stage.drive(upgrade, watch);
      if (bad.killed) {
        assert.equal(run.code, null, `the driver was to be killed in the walk-back: ${run.stderr}`);
        assert.equal(killedAt, "drain");
        run = await stage.drive(upgrade, watch);
      }
    } finally {
      summary = await load.stop();
    }
    const ended = Date.now();
    const end = finished(run);
    assert.equal(run.code, 5, `${end.outcome}: ${end.message}\n${run.stderr}`);
    assert.deepEqual([end.outcome, end.code], ["walked-back", "EBG-WALKED-BACK"]);
    assert.match(end.message, bad.why);
    assert.match(end.message, /traffic is on blue/);
    blueServes();
    assert.deepEqual(stage.record().placement["green"], { role: "standby", version: "1.35", workload: "running" });
    assert.ok(broken > 0, "the fault was never injected");
    const answered = summary.failedByMember;
    rows.push({
      green: bad.name,
      outcome: end.outcome,
      why: end.message.slice(0, 110),
      failed: summary.failed,
      badAnswers:
        Object.entries(answered)
          .map(([member, count]) => `${member} ${count}`)
          .join(" ") || "none bad",
      seconds: (ended - broken) / 1000,
    });
    assert.equal(summary.void, false, "the load client starved");
    assert.ok(["admit", "bake"].includes(backIn), `it turned back in '${backIn}'`);
    assert.deepEqual(
      Object.keys(answered).filter((member) => member !== "green"),
      [],
      "bad answers of others than green",
    );
    const after = await brokenFlows();
    const failures = load.failures();
    const late = bad.late ? failures.filter((one) => one.kind === "timeout").length : 0;
    const unanswered = summary.failed - late - (answered["green"] ?? 0) + summary.idleResets;
    const greens = after.others - before.others;
    assert.equal(after.blue - before.blue, 0, "flows to blue failed");
    assert.ok(
      unanswered <= greens,
      `${unanswered} requests that nobody answered, but only ${greens} flows failed on green: ` +
        `${JSON.stringify(summary.firstFailures.filter((one) => one.member === null))}`,
    );
    if (bad.costs) assert.ok(summary.failed > 0, "the fault did nothing to the requests");
    else assert.deepEqual([summary.failed, summary.idleResets], [0, 0], JSON.stringify(summary.firstFailures));
    assert.equal(failures.length, summary.failed, "the ledger has them all");
    // Whoever asked green last waited for five seconds more.
    const last = out + (bad.late ? 5_500 : 0);
    for (const { at } of failures)
      assert.ok(
        Date.parse(at) >= broken && Date.parse(at) <= last,
        `a request failed at ${at}: before the fault (${new Date(broken).toISOString()}) or after green was out ` +
          `(${new Date(out).toISOString()})`,
      );
  }

  it(
    "never ready: nothing is moved; two Ctrl-C end the engine in order; wanting the old version again removes what " +
      "was half made",
    async () => {
      await control.addFault({ on: "pods", cluster: "dev-green", service: "web", kind: "unready" });
      stage.want("1.35");
      const load = await stage.load();
      let engine = 0;
      let timer: NodeJS.Timeout | undefined;
      const started = Date.now();
      const run = await stage.drive(upgrade, (event, kill) => {
        if (event.kind !== "phase-started" || event.phase !== "act" || timer !== undefined) return;
        timer = setInterval(() => {
          const pods = stage.command("kubectl", [
            "--context",
            "dev-green",
            "-n",
            "web",
            "get",
            "pods",
            "-o",
            "name",
            "--request-timeout",
            "2s",
          ]).stdout;
          if (!pods.includes("pod/web")) return;
          clearInterval(timer);
          engine = lock("dev-green")?.pid ?? 0;
          kill("SIGINT");
          setTimeout(() => kill("SIGINT"), 500);
        }, 1_000);
      });
      clearInterval(timer);
      assert.equal(run.code, 6, run.stderr);
      assert.ok(engine > 0, "no engine held the stack when Ctrl-C came");
      assert.match(`${finished(run).message} ${finished(run).remedy}`, /run the same command again/);
      await eventually("the engine to end", () => (alive(engine) ? null : true));
      assert.equal(stage.record().placement["blue"]?.role, "active");
      assert.equal(stage.record().intent?.move.kind, "provision");
      stage.want("1.34");
      const given = await stage.drive(upgrade);
      assert.equal(given.code, 0, given.stderr);
      assert.deepEqual([finished(given).outcome, finished(given).code], ["done", null]);
      assert.match(finished(given).message, /given up: the config wants 1\.34 again; traffic is on blue/);
      blueServes();
      assert.equal(stage.record().placement["green"]?.role, "absent");
      assert.deepEqual(
        stage.json<{ clusters: string[] }>("aws", ["eks", "list-clusters", "--output", "json"]).clusters,
        ["dev-blue"],
      );
      await control.clearFaults();
      const summary = await load.stop();
      assert.deepEqual(
        [summary.failed, summary.idleResets, summary.void],
        [0, 0, false],
        JSON.stringify(summary.firstFailures),
      );
      rows.push({
        green: "never ready, two Ctrl-C, given up",
        outcome: finished(given).outcome,
        why: finished(run).message.slice(0, 110),
        failed: 0,
        badAnswers: "none bad",
        seconds: (Date.now() - started) / 1000,
      });
    },
  );

  const answers: readonly [BadGreen, ...BadGreen[]] = [
    {
      name: "healthy for ELB, answers 500",
      fault: { on: "pods", cluster: "dev-green", service: "web", kind: "answer", status: 500 },
      at: inBake,
      why: /requests to 'web' failed: GET \/ answered status 500/,
      costs: true,
      killed: true,
    },
    {
      name: "fails after ten seconds under load",
      fault: { on: "pods", cluster: "dev-green", service: "web", kind: "answer", status: 500, afterSeconds: 10 },
      at: (event, step) => step === "admit" && event.kind === "phase-started" && event.phase === "begin",
      why: /requests to 'web' failed: GET \/ answered status 500/,
      costs: true,
    },
    {
      name: "healthy for ELB, answers too late",
      fault: { on: "pods", cluster: "dev-green", service: "web", kind: "slow", ms: 8_000 },
      at: inBake,
      why: /requests to 'web' failed: no answer within 5 s/,
      costs: true,
      late: true,
    },
  ];
  const dies: readonly [BadGreen, ...BadGreen[]] = [
    {
      name: "a node dies in the bake",
      fault: { on: "node", cluster: "dev-green", kind: "down" },
      at: inBake,
      why: /bake: .*(green has no (ready endpoint|healthy target)|targets? of green|requests to 'web' failed)/,
      costs: true,
    },
    {
      name: "crash loop after admit",
      fault: { on: "pods", cluster: "dev-green", service: "web", kind: "crash-loop" },
      at: inBake,
      why: /bake: .*(green has no (ready endpoint|healthy target)|targets? of green|requests to 'web' failed)/,
      costs: true,
    },
  ];
  const unready: BadGreen = {
    name: "unready once admitted",
    fault: { on: "pods", cluster: "dev-green", service: "web", kind: "unready" },
    at: (event, step) => step === "admit" && event.kind === "phase-started" && event.phase === "act",
    why: /green serves: (web on green has no ready endpoint|\d of 3 targets of green are healthy)/,
    costs: false,
  };
  // Of those that answer badly the first is also killed on its way back; how one dies is another thing each day.
  const bads = exhaustive ? [...answers, ...dies, unready] : [answers[0], inTurn(dies), unready];
  beforeEach(async () => void (await control.clearFaults()));

  for (const bad of bads)
    it(`${bad.name}: ${bad.killed ? "turned back, through a kill -9 of the driver" : "turned back"}`, async () => {
      stage.want("1.35");
      try {
        await turnedBack(bad);
      } finally {
        await control.clearFaults();
        // Its processes begin anew: "under load" counts from a process' first request.
        await control
          .addFault({ on: "pods", cluster: "dev-green", service: "web", kind: "crash" })
          .catch(() => undefined);
        await eventually("green's pods to be ready again", () => {
          const { status } = stage.json<{ status: { readyReplicas?: number } }>("kubectl", [
            "--context",
            "dev-green",
            "-n",
            "web",
            "get",
            "deployment",
            "web",
            "-o",
            "json",
          ]);
          return status.readyReplicas === 3 ? true : null;
        });
      }
    });

  it("once it is good, the same command finishes, and nobody notices", async () => {
    const file = join(stage.projectDirectory, "Pulumi.dev.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace("bakeSeconds: 900", "bakeSeconds: 300"));
    const load = await stage.load();
    const run = await stage.drive(upgrade);
    const summary = await load.stop();
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual(
      [summary.failed, summary.idleResets, summary.void],
      [0, 0, false],
      JSON.stringify(summary.firstFailures),
    );
    assert.deepEqual(stage.record().placement["green"], { role: "active", version: "1.35", workload: "running" });
  });
});
