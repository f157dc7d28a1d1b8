/**
 * Many services behind one load balancer, the first of them with three ports, on three members that all serve:
 * deployed, looked at, and one
 * member taken out and in again, with a steady load on several listeners. Four services, six in the exhaustive tier; any
 * number by EKS_BLUE_GREEN_TEST_SERVICES.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { get } from "node:http";
import type { VerifyReport } from "../../automation/verify/report";
import type { StatusReport } from "../../automation/index";
import type { LoadSummary } from "../../sandbox/contract";
import { parseConnectTo, type ConnectToEntry } from "../../sandbox/fabric/connect-to";
import { Stage, type DriverRun } from "./stage";
import { exhaustive } from "./tier";
import { assertNobodyNoticed } from "./traffic";

const serviceCount = Number(process.env["EKS_BLUE_GREEN_TEST_SERVICES"] ?? (exhaustive ? 6 : 4));
const members = ["blue", "green", "red"];
const replicas = 2;
const portNames = ["web", "api", "admin"];
const firstPort = 8001;
const listenerCount = serviceCount + portNames.length - 1;

/**
 * At the usual 60 for up to six services. Probes and health checks come as often as their scaled periods say, and cost
 * some 0.7 ms of CPU each: of
 * twenty services' 120 pods they would want two and a half cores, and the deadlines, which are scaled too, would pass
 * meanwhile.
 */
const timeScale = Math.min(60, Math.round(360 / serviceCount));

/** A process each: every listener of the usual six services, some of those of twenty. */
const loadClients = 8;

/** The service behind a listener's port. The first has the first three. */
const serviceAt = (port: number): string =>
  `s${String(Math.max(0, port - firstPort - (portNames.length - 1)) + 1).padStart(2, "0")}`;

function services(): object[] {
  return Array.from({ length: serviceCount }, (_, index) => {
    const name = `s${String(index + 1).padStart(2, "0")}`;
    const ports =
      index === 0
        ? { ports: portNames.map((port, at) => ({ name: port, port: firstPort + at, targetPort: 8080 + at })) }
        : { port: firstPort + portNames.length - 1 + index, targetPort: 8080 };
    return {
      name,
      namespace: name,
      image: "eks-blue-green/echo:1",
      ...ports,
      replicas,
      healthCheckPath: "/healthz",
      deregistrationDelaySeconds: 200,
      preStopSeconds: 200,
      terminationGraceSeconds: 260,
    };
  });
}

/** Which pod answers on a listener. The address comes from the sandbox's table, which holds loopback alone. */
function answeredBy(entry: ConnectToEntry): Promise<string> {
  return new Promise((resolve, reject) => {
    get(
      {
        host: entry.address,
        port: entry.addressPort,
        path: "/",
        agent: false,
        headers: { host: entry.host, connection: "close" },
      },
      (response) => {
        let body = "";
        response
          .setEncoding("utf8")
          .on("data", (text: string) => (body += text))
          .on("end", () => resolve((JSON.parse(body) as { pod: string }).pod));
      },
    ).on("error", reject);
  });
}

describe(`three members with ${serviceCount} services, one of which has three ports`, function () {
  this.timeout(20 * 60_000);
  let stage: Stage;
  let load: { stop: () => Promise<LoadSummary> } | null = null;
  const times: string[] = [];

  async function good(args: readonly string[]): Promise<DriverRun> {
    const began = Date.now();
    const run = await stage.drive(args);
    const phases = run.events.flatMap((event) =>
      event.kind === "step-finished"
        ? [
            `${event.step.type === "move" ? event.step.kind : "bake"}: ${Object.entries(event.phases)
              .map(([phase, seconds]) => `${phase} ${seconds.toFixed(1)}`)
              .join(", ")}`,
          ]
        : [],
    );
    times.push(
      `${args.join(" ")} ${((Date.now() - began) / 1000).toFixed(0)} ` +
        `s${phases.length === 0 ? "" : ` (${phases.join("; ")})`}`,
    );
    assert.equal(run.code, 0, `${args.join(" ")}: ${run.stderr}`);
    return run;
  }
  /** Of a command that answers with one object. */
  const answer = <T>(run: DriverRun, kind: string): T => {
    const found = run.events.find((event) => (event.kind as string) === kind);
    assert.ok(found !== undefined, `no ${kind} in the output`);
    return found as unknown as T;
  };
  async function targetsAre(wanted: Readonly<Record<string, number>>): Promise<void> {
    const status = answer<StatusReport>(await good(["status"]), "status");
    assert.deepEqual(
      Object.fromEntries(Object.entries(status.targets).map(([member, { healthy }]) => [member, healthy])),
      wanted,
    );
    assert.deepEqual(
      status.findings.filter(({ severity }) => severity === "required"),
      [],
    );
  }

  before(async () => {
    stage = await Stage.open({ version: "1.34", timeScale });
    stage.configure((config) => {
      Object.assign(config, { members, services: services() });
      Object.assign(config["rollout"] ?? {}, { strategy: "cycle", bakeSeconds: 60, minCapacityPercent: 60 });
    });
    await good(["up"]);
  });
  after(async () => {
    // Where the time went: printed, never judged.
    for (const time of times) console.log(`      ${time}`);
    await load?.stop();
    await stage?.close();
  });

  it("every listener reaches its own service", async () => {
    load = await stage.load(15 * listenerCount, listenerCount, loadClients);
    const entries = parseConnectTo(readFileSync(stage.info.env.EKS_BLUE_GREEN_CONNECT_TO ?? "", "utf8"));
    assert.deepEqual(
      entries.map(({ port }) => port).sort((a, b) => a - b),
      Array.from({ length: listenerCount }, (_, index) => firstPort + index),
    );
    for (const entry of entries)
      assert.match(await answeredBy(entry), new RegExp(`^${serviceAt(entry.port)}-`), `port ${entry.port}`);
  });

  const all = listenerCount * replicas;
  it("`status` and `verify` count every target of every member", async () => {
    await targetsAre({ blue: all, green: all, red: all });
    const report = answer<VerifyReport>(await good(["verify", "--requests", "200", "--concurrency", "20"]), "verify");
    assert.equal(report.verdict, "good");
    assert.deepEqual(
      report.checks.filter(
        ({ status, severity }) => severity === "required" && status !== "passed" && status !== "skipped",
      ),
      [],
    );
    assert.equal(report.traffic.length, listenerCount * members.length);
    for (const { group, member, healthy, answers } of report.traffic)
      assert.ok(
        healthy === replicas && (answers ?? 0) > 0,
        `${group} ${member}: ${healthy} healthy, ${answers} answers`,
      );
  });

  it("a member leaves every target group, and comes back", async () => {
    await good(["drain", "green"]);
    await targetsAre({ blue: all, green: 0, red: all });
    await good(["admit", "green"]);
    await targetsAre({ blue: all, green: all, red: all });
  });

  it("nobody noticed", async () => {
    const summary = await load?.stop();
    load = null;
    assert.ok(summary !== undefined);
    console.log(
      `      ${summary.sent} requests in ${Math.round(summary.seconds)} s, ${summary.failed} failed, ` +
        `${summary.idleResets} idle resets`,
    );
    assertNobodyNoticed(summary);
  });
});
