/**
 * The fault matrix: every operation of AWS and every verb and resource of an API server that driver, kubernetes
 * provider or load balancer
 * controller ask for in an upgrade, under load, each hit by two kinds of fault in turn. The points are those that the
 * sandbox counted
 * while it ran, not what somebody thought of.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { DriverEvent } from "../../automation/events";
import type { LoadSummary } from "../../sandbox/contract";
import { ControlClient } from "../../sandbox/client/control-client";
import type { ListedFault } from "../../sandbox/faults/spec";
import { causesOf, cutOff, isStoodFor, type Kind } from "./fault-points";
import { Stage } from "./stage";
import { assertNobodyNoticed, lightLoad } from "./traffic";

/** The command, and twice the same again. */
const mostRuns = 3;
const driver = "eks-blue-green";
const provider = "pulumi-kubernetes";
const controller = "aws-load-balancer-controller";
/** Some of each, so that a count that lost its way can't pass for a complete one. */
const mustBeAmong = [
  "aws elasticloadbalancing:RegisterTargets",
  "aws elasticloadbalancing:DeregisterTargets",
  "aws eks:CreateCluster",
  "aws eks:DeleteCluster",
  "aws iam:CreateRole",
  `${driver} list endpointslices`,
  `${provider} patch deployments`,
  `${provider} delete services`,
  `${controller} create configmaps`,
  `${controller} patch targetgroupbindings`,
];
const leastPoints = 100;

type Armed = ListedFault & { readonly kind?: Kind };
interface Row {
  readonly calls: number;
  readonly hits: Readonly<Partial<Record<Kind, number>>>;
}

/** Hits each operation once, whichever it is. */
const once = { count: 1, countPer: "operation" } as const;

/** In the order in which they hit: `first` of all, then `second`. */
function faultsOf(kind: Kind): readonly object[] {
  const at = (client: string, verb: string, resource: string, more: object = {}): object => ({
    on: "kubernetes",
    cluster: "*",
    client,
    verb,
    resource,
    kind,
    ...once,
    ...more,
  });
  switch (kind) {
    case "throttle":
      return [
        { operation: "*", kind, ...once },
        ...[driver, provider, controller].map((client) => at(client, "*", "*")),
      ];
    case "error":
      return [
        { operation: "*", kind, ...once },
        at(driver, "*", "*"),
        at(controller, "*", "*"),
        // An API server that stops or starts says 503 and when to come again, and the provider does. A plain 500 ends
        // the provider's update: one get, one patch and one delete get that.
        at(provider, "get", "services"),
        at(provider, "patch", "deployments"),
        at(provider, "delete", "services"),
        at(provider, "*", "*", { status: 503 }),
      ];
    case "timeout":
    case "lost-answer": {
      // Silent so long, then cut. The driver's own patience with an API server (10 s) is to end first, for two calls
      // that stand for the others; AWS' SDK would wait for longer than a test can.
      const silent = (ms: number): object => (kind === "timeout" ? { ms } : {});
      return [
        { operation: "*", kind, ...once, ...silent(500) },
        at(driver, "get", "/readyz", silent(11_000)),
        at(driver, "list", "endpointslices", silent(11_000)),
        at(driver, "*", "*", silent(500)),
        at(controller, "*", "*", silent(500)),
        ...["get", "list", "watch"].map((verb) => at(provider, verb, "*", silent(500))),
        ...cutOff.map(({ verb, resource }) => at(provider, verb, resource, silent(500))),
      ];
    }
    default:
      return kind satisfies never;
  }
}

class Round {
  readonly rows = new Map<string, Row>();
  readonly events: DriverEvent[] = [];
  readonly stops: string[] = [];
  summary: LoadSummary | null = null;
  seconds = 0;
  private readonly control: ControlClient;

  constructor(
    private readonly stage: Stage,
    readonly kinds: readonly [Kind, Kind],
  ) {
    this.control = new ControlClient(stage.info);
  }

  /** How often each was asked for so far; AWS' operations by their names, the API servers' with their client. */
  private async counted(): Promise<Map<string, number>> {
    const { aws, kubernetes } = await this.control.operations();
    const ofClients = kubernetes.filter(({ client }) => [driver, provider, controller].includes(client));
    return new Map([
      ...Object.entries(aws).map(([operation, calls]) => [`aws ${operation}`, calls] as const),
      ...ofClients.map(({ client, verb, resource, calls }) => [`${client} ${verb} ${resource}`, calls] as const),
    ]);
  }

  private async read(before: ReadonlyMap<string, number>): Promise<void> {
    // In this order: a call that is counted has met the faults by then.
    const counted = await this.counted();
    const faults = (await this.control.faults(true)) as readonly Armed[];
    for (const [point, all] of counted) {
      const calls = all - (before.get(point) ?? 0);
      if (calls === 0) continue;
      const hits: Partial<Record<Kind, number>> = {};
      for (const { kind, operations } of faults) {
        const struck = operations?.[point.replace(/^aws /, "")];
        if (kind !== undefined && struck !== undefined) hits[kind] = (hits[kind] ?? 0) + struck;
      }
      this.rows.set(point, { calls, hits });
    }
  }

  /** Repeats the command while it stops with a clear error. */
  private async upgrade(): Promise<void> {
    for (let run = 1; ; run += 1) {
      const { code, events, stderr } = await this.stage.drive(["upgrade", "--approve-retire"]);
      this.events.push(...events);
      if (code === 0) return;
      const end = events.findLast((event) => event.kind === "rollout-finished");
      const why =
        end?.kind === "rollout-finished"
          ? `${end.outcome} ${end.code}: ${end.message}`
          : stderr.trim().split("\n").slice(-3).join(" ");
      this.stops.push(`exit ${code} ${why}`);
      assert.ok(code !== null && code >= 3 && code <= 7, `no clear end (${code}):\n${stderr}`);
      assert.ok(run < mostRuns, `still not done after ${run} runs:\n${this.stops.join("\n")}\n${stderr}`);
    }
  }

  async run(): Promise<void> {
    const began = Date.now();
    const load = await this.stage.load(lightLoad);
    try {
      const before = await this.counted();
      for (const kind of this.kinds) for (const fault of faultsOf(kind)) await this.control.addFault(fault);
      try {
        await this.upgrade();
      } finally {
        await this.read(before);
      }
    } finally {
      await this.control.clearFaults();
      this.summary = await load.stop();
      this.seconds = (Date.now() - began) / 1000;
    }
  }

  /**
   * Points that the fault of a kind had no occasion to hit: they were not asked for again after what hit them before.
   */
  notAskedAgain({ calls, hits }: Row): boolean {
    return calls <= Object.values(hits).reduce((sum, one) => sum + one, 0);
  }
  private cell(point: string, row: Row, kind: Kind): string {
    const [client, verb = "", resource = ""] = point.split(" ");
    if ((kind === "timeout" || kind === "lost-answer") && client === provider && isStoodFor(verb, resource))
      return "stood for";
    if ((row.hits[kind] ?? 0) === 0) return this.notAskedAgain(row) ? "not asked again" : "NOT HIT";
    const stopped = this.stops.some((why) => causesOf(why, kind, [point]).length > 0);
    const failed = this.events.some(
      (event) =>
        event.kind === "stack" && event.status === "failed" && causesOf(event.message, kind, [point]).length > 0,
    );
    return stopped ? "by the same command again" : failed ? "by itself, update repeated" : "by itself";
  }
  /** Outcomes of a point, by kind. */
  outcomes(): Map<string, Readonly<Record<string, string>>> {
    return new Map(
      [...this.rows].map(([point, row]) => [
        point,
        Object.fromEntries(this.kinds.map((kind) => [kind, this.cell(point, row, kind)])),
      ]),
    );
  }

  /** Points of one client and verb, or one service, with the same outcomes stand on one line. */
  table(): string[] {
    const lines = new Map<string, string[]>();
    for (const [point, cells] of this.outcomes()) {
      const [, group = "", name = ""] = /^(.*)[ :](\S+)$/.exec(point) ?? [];
      const key = `${group} | ${this.kinds.map((kind) => `${kind}: ${cells[kind]}`).join(" | ")}`;
      lines.set(key, [...(lines.get(key) ?? []), name]);
    }
    const failures = this.events.filter((event) => event.kind === "stack" && event.status === "failed").length;
    return [
      ...[...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, names]) => `${key} | ${names.sort().join(" ")}`),
      `${this.rows.size} points, each ${this.kinds.join(" and then ")}: ${failures} updates repeated; the ` +
        `command ran ${this.stops.length + 1} times in ${Math.round(this.seconds)} s; ${this.summary?.sent ?? 0} ` +
        `requests, ${this.summary?.failed ?? 0} failed, ${this.summary?.idleResets ?? 0} idle resets`,
      ...this.stops.map((why) => `stopped: ${why.split("\n").slice(0, 2).join(" ").slice(0, 300)}`),
    ];
  }
}

function nothingIsLeft(stage: Stage, version: string): void {
  const record = stage.record();
  assert.deepEqual(record.placement["green"], { role: "active", version, workload: "running" });
  assert.deepEqual([record.placement["blue"]?.role, record.rollout, record.intent], ["absent", null, null]);
  const folder = (...names: string[]): string => join(stage.info.dir, "state", ".pulumi", ...names);
  for (const stack of ["dev", "dev-blue", "dev-green"]) {
    const locks = folder("locks", "organization", "eks-blue-green", stack);
    assert.deepEqual(existsSync(locks) ? readdirSync(locks) : [], [], `${stack} is still locked`);
    assert.deepEqual(stage.pendingOperations(stack), [], `${stack} has pending operations`);
  }
  const { deployment } = stage.json<{ deployment: { resources?: { type: string }[] } }>("pulumi", [
    "stack",
    "export",
    "-s",
    "dev-blue",
  ]);
  assert.deepEqual(
    (deployment.resources ?? []).filter((one) => one.type !== "pulumi:pulumi:Stack"),
    [],
    "blue's stack has resources",
  );
  assert.deepEqual(stage.json<{ clusters: string[] }>("aws", ["eks", "list-clusters", "--output", "json"]).clusters, [
    "dev-green",
  ]);
}

/**
 * One sandbox, one upgrade under load, two kinds of fault: first `first` at each operation's next call, then `second`
 * at the one after.
 */
export function faultMatrix(first: Kind, second: Kind): void {
  describe(`the fault matrix: ${first}, then ${second}`, function () {
    // Minutes on a calm machine, more on a busy one.
    this.timeout(40 * 60_000);
    let stage: Stage;
    let round: Round;
    before(async () => {
      stage = await Stage.open({ version: "1.34" });
      const run = await stage.drive(["up"]);
      assert.equal(run.code, 0, run.stderr);
      round = new Round(stage, [first, second]);
    });
    after(async () => {
      for (const line of round?.table() ?? []) console.log(`      ${line}`);
      await stage?.close();
    });

    it("every operation of AWS and of the API servers is hit; the upgrade ends where it should, and nobody notices", async () => {
      stage.want("1.35");
      await round.run();
      nothingIsLeft(stage, "1.35");
      assertNobodyNoticed(round.summary ?? assert.fail("there was no load"));
    });

    it("no operation was passed over", () => {
      assert.ok(round.rows.size >= leastPoints, `only ${round.rows.size} points`);
      for (const point of mustBeAmong)
        assert.ok(round.rows.has(point), `${point} was never asked for: ${[...round.rows.keys()].join(", ")}`);
      const cells = [...round.outcomes()].flatMap(([point, outcome]) =>
        Object.entries(outcome).map(([kind, cell]) => ({ text: `${point}: ${kind}`, kind, cell })),
      );
      assert.deepEqual(
        cells.filter(({ cell }) => cell === "NOT HIT").map(({ text }) => text),
        [],
      );
      assert.deepEqual(
        cells.filter(({ kind, cell }) => kind === first && cell === "not asked again").map(({ text }) => text),
        [],
        "the first kind hits the first call",
      );
    });
  });
}
