/**
 * The fault matrix: every operation of AWS and every verb of an API server that driver, providers or controller ask for in a clean upgrade, each with
 * a throttle, a 5xx, a time-out, and success with the answer lost. The list is what the sandbox counted, not what somebody thought of.
 *
 * One sandbox, three upgrades under load: a clean one for the list, one in which every operation's next two calls are throttled and refused with 5xx,
 * one in which they stay silent and lose their answer. A driver that stops with a clear error is run again, as its message says.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DriverEvent } from "../../automation/events";
import type { LoadSummary } from "../../sandbox/contract";
import { ControlClient } from "../../sandbox/control-client";
import { Stage } from "./stage";

const kinds = ["throttle", "error", "timeout", "lost-answer"] as const;
type Kind = (typeof kinds)[number];
/** Silent so long, then cut. The driver's own patience with an API server ends earlier (10 s), so that is what is met; AWS' SDK and the stand-ins would wait for longer than a test can. */
const silentMs = (client: string): number => (client === "eks-blue-green" ? 11_000 : 2_000);
const mostRuns = 12;
/** An API server that stops or starts answers 503 and says when to come again, which the provider does. A plain 500 ends the provider's update: one for each of its verbs. */
const plain500 = ["get services", "patch deployments", "delete services"].map((call) => `kubernetes pulumi-kubernetes ${call}`);
const refusedWith = (name: string): number => (!name.startsWith("kubernetes pulumi-kubernetes ") || plain500.includes(name) ? 500 : 503);
const clients = ["eks-blue-green", "pulumi-kubernetes", "aws-load-balancer-controller"];

/** Points that an upgrade need not reach a second time, with the reason; by pattern. */
const mayBeMissed: readonly { readonly point: RegExp; readonly kind?: Kind; readonly why: string }[] = [
  { point: /^kubernetes aws-load-balancer-controller (list|watch) /, why: "a controller lists and watches once; after the first fault it goes on with another list, and need not ask again" },
  { point: /^kubernetes aws-load-balancer-controller (get|create|patch) (mutating|validating)webhookconfigurations$/, why: "done once at a controller's start" },
  { point: /^kubernetes pulumi-kubernetes get \/(api|apis)\//, why: "discovery is cached for as long as a provider lives; the first fault may be the last question" },
];

/**
 * A changing call of the provider that is cut off ends its update (client-go repeats only what reads). To the driver all objects of the chart's release are one
 * resource, so one of them stands for the others; else the driver would repeat the update fifty times to learn the same thing.
 */
const cutOnce = ["namespaces", "services", "deployments", "targetgroupbindings", "clusterroles"];
const stoodFor = (name: string, kind: Kind): boolean => /^kubernetes pulumi-kubernetes (patch|delete) /.test(name) && (kind === "timeout" || kind === "lost-answer") && !cutOnce.includes(name.split(" ").at(-1) ?? "");

interface Point { readonly name: string; readonly fault: (kind: Kind) => object }

describe("the fault matrix", function () {
  this.timeout(20 * 60_000);
  let stage: Stage;
  let control: ControlClient;
  let points: readonly Point[] = [];
  const hits = new Map<string, Map<Kind, string>>();
  const stops: string[] = [];
  const rounds: string[] = [];

  before(async () => {
    stage = await Stage.open({ version: "1.33" });
    control = new ControlClient(stage.info.control);
    const run = await stage.drive(["up"]);
    assert.equal(run.code, 0, run.stderr);
  });
  after(async () => {
    for (const line of table()) console.log(`      ${line}`);
    console.log(`      ${points.length} points × ${kinds.length} kinds; runs that stopped and were repeated: ${stops.length === 0 ? "none" : ""}`);
    for (const stop of stops) console.log(`        ${stop}`);
    for (const round of rounds) console.log(`      ${round}`);
    await stage?.close();
  });

  /** Points of one client and verb with the same outcomes stand on one line. */
  function table(): string[] {
    const lines = new Map<string, string[]>();
    for (const [name, row] of hits) {
      const parts = name.split(/[ :]/);
      const group = `${parts.slice(0, -1).join(" ")} | ${kinds.map((kind) => `${kind}: ${row.get(kind) ?? "-"}`).join(", ")}`;
      lines.set(group, [...(lines.get(group) ?? []), parts.at(-1) ?? ""]);
    }
    return [...lines].map(([group, names]) => `${group} | ${names.join(" ")}`);
  }

  /** What became of a fault that hit: `absorbed` by whoever was hit, an update that was `repeated` by the driver, or a driver that was `run again`. */
  function outcomeOf(id: string, events: readonly DriverEvent[]): string {
    const named = (text: string): boolean => new RegExp(`${id}\\b`).test(text);
    if (events.some((event) => event.kind === "rollout-finished" && event.code !== null && named(event.message))) return "run again";
    return events.some((event) => event.kind === "stack" && event.status === "failed" && named(event.message)) ? "repeated" : "absorbed";
  }

  async function counted(): Promise<Map<string, { readonly calls: number; readonly point: Point }>> {
    const { aws, kubernetes } = await control.operations();
    const base = (kind: Kind, client: string): object => ({ kind, count: 1, ...(kind === "timeout" ? { ms: silentMs(client) } : {}) });
    const all = new Map<string, { readonly calls: number; readonly point: Point }>();
    for (const [operation, calls] of Object.entries(aws)) all.set(`aws ${operation}`, { calls, point: { name: `aws ${operation}`, fault: (kind) => ({ on: "aws", operation, ...base(kind, "") }) } });
    for (const { client, verb, resource, calls } of kubernetes.filter((one) => clients.includes(one.client))) {
      const name = `kubernetes ${client} ${verb} ${resource}`;
      all.set(name, { calls, point: { name, fault: (kind) => ({ on: "kubernetes", cluster: "*", client, verb, resource, ...base(kind, client), ...(kind === "error" ? { status: refusedWith(name) } : {}) }) } });
    }
    return all;
  }

  const folder = (...names: string[]): string => join(stage.info.dir, "state", ".pulumi", ...names);
  function nothingIsLeft(old: string, serving: string, version: string): void {
    const record = stage.record();
    assert.deepEqual(record.placement[serving], { role: "active", version, workload: "running" });
    assert.deepEqual([record.placement[old]?.role, record.rollout, record.intent], ["absent", null, null]);
    for (const stack of ["dev", "dev-blue", "dev-green"]) {
      const locks = folder("locks", "organization", "eks-blue-green", stack);
      assert.deepEqual(existsSync(locks) ? readdirSync(locks) : [], [], `${stack} is still locked`);
      const { checkpoint } = JSON.parse(readFileSync(folder("stacks", "eks-blue-green", `${stack}.json`), "utf8")) as { checkpoint: { latest?: { pending_operations?: object[]; resources?: { type: string }[] } } };
      assert.deepEqual(checkpoint.latest?.pending_operations ?? [], [], `${stack} has pending operations`);
      if (stack === `dev-${old}`) assert.deepEqual((checkpoint.latest?.resources ?? []).filter((one) => one.type !== "pulumi:pulumi:Stack"), [], `${stack} has resources`);
    }
    assert.deepEqual(stage.json<{ clusters: string[] }>("aws", ["eks", "list-clusters", "--output", "json"]).clusters, [`dev-${serving}`]);
  }
  function nobodyNoticed(summary: LoadSummary): void {
    assert.deepEqual([summary.failed, summary.idleResets, summary.void], [0, 0, false], JSON.stringify(summary.firstFailures, null, 1));
    assert.ok(summary.sent > 1000);
  }

  /** Repeats the command while it stops with a clear error; answers how often it ran. */
  async function upgradeAnyhow(all: DriverEvent[]): Promise<void> {
    for (let run = 1; ; run += 1) {
      const { code, events, stderr } = await stage.drive(["upgrade", "--approve-retire"]);
      all.push(...events);
      if (code === 0) return;
      const end = events.findLast((event) => event.kind === "rollout-finished");
      const why = end?.kind === "rollout-finished" ? `${end.outcome} ${end.code}: ${end.message.split("\n")[0] ?? ""}` : stderr.trim().split("\n").slice(-2).join(" ");
      stops.push(`exit ${code} ${why.slice(0, 200)}`);
      assert.ok(code !== null && code >= 3 && code <= 7, `no clear end (${code}):\n${stderr}`);
      assert.ok(run < mostRuns, `still not done after ${run} runs:\n${stops.join("\n")}\n${stderr}`);
    }
  }

  /** From whoever serves to the other name, one minor up. */
  async function upgradeWith(faults: readonly Kind[]): Promise<void> {
    const { placement } = stage.record();
    const [old, before] = Object.entries(placement).find(([, one]) => one.role === "active") ?? assert.fail("nobody serves");
    const serving = old === "blue" ? "green" : "blue";
    const version = `1.${Number(before.version?.split(".")[1]) + 1}`;
    const started = Date.now();
    const load = await stage.load(200);
    let summary: LoadSummary;
    try {
      const armed = new Map<string, { readonly point: string; readonly kind: Kind }>();
      for (const point of points) for (const kind of faults) {
        if (stoodFor(point.name, kind)) hits.set(point.name, (hits.get(point.name) ?? new Map<Kind, string>()).set(kind, "as clusterroles"));
        else armed.set((await control.addFault(point.fault(kind))).id, { point: point.name, kind });
      }
      stage.want(version);
      const events: DriverEvent[] = [];
      try {
        await upgradeAnyhow(events);
      } finally {
        for (const { id, state } of await control.faults(true)) {
          const one = armed.get(id);
          if (one === undefined) continue;
          const row = hits.get(one.point) ?? new Map<Kind, string>();
          hits.set(one.point, row.set(one.kind, state === "spent" ? outcomeOf(id, events) : "MISSED"));
        }
      }
    } finally {
      await control.clearFaults();
      summary = await load.stop();
      rounds.push(`${faults.join(" and ") || "clean"}: to ${version} in ${Math.round((Date.now() - started) / 1000)} s, ${summary.sent} requests, ${summary.failed} failed, ${summary.idleResets} idle resets`);
    }
    nothingIsLeft(old, serving, version);
    nobodyNoticed(summary);
  }

  it("a clean upgrade says what there is to hit", async () => {
    const before = await counted();
    await upgradeWith([]);
    // Asked for by this test itself, at the end.
    const own = ["aws eks:ListClusters"];
    points = [...(await counted())].filter(([name, { calls }]) => calls > (before.get(name)?.calls ?? 0) && !own.includes(name)).map(([, { point }]) => point).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const must of ["aws elasticloadbalancing:RegisterTargets", "aws eks:CreateCluster", "kubernetes eks-blue-green list endpointslices", "kubernetes pulumi-kubernetes patch deployments", "kubernetes aws-load-balancer-controller create configmaps"]) assert.ok(points.some(({ name }) => name === must), `${must} was never asked for: ${points.map(({ name }) => name).join(", ")}`);
  });
  it("every operation silent, then its answer lost: it ends where it should, and nobody notices", () => upgradeWith(["timeout", "lost-answer"]));
  it("every operation throttled, then refused with 5xx: it ends where it should, and nobody notices", () => upgradeWith(["throttle", "error"]));
  it("every fault was really hit, or is on the list of those that need not be", () => {
    assert.equal(hits.size, points.length);
    const missed = [...hits].flatMap(([point, row]) => [...row].filter(([kind, state]) => state === "MISSED" && !mayBeMissed.some((one) => one.point.test(point) && (one.kind === undefined || one.kind === kind))).map(([kind]) => `${point}: ${kind}`));
    assert.deepEqual(missed, []);
  });
});
