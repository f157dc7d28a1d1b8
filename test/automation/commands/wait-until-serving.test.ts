import assert from "node:assert/strict";
import type { DriverEventBody } from "../../../automation/events";
import { DriverError } from "../../../automation/errors";
import type { ProbeResult } from "../../../automation/ports";
import { readFamily } from "../../../automation/environment/state";
import { untilServing } from "../../../automation/commands/wait-until-serving";
import { parseEnvironmentConfig } from "../../../stacks/config/parse";
import { config, World } from "../world";

/** The world's own ports, with a load balancer that begins to answer at a time, and once more drops requests later. */
async function wait(
  answers: (atMs: number) => boolean,
  change: (world: World) => void = () => undefined,
): Promise<{ events: DriverEventBody[]; tookMs: number; probes: number }> {
  const world = new World();
  change(world);
  const events: DriverEventBody[] = [];
  const ports = world.ports();
  const began = world.now;
  let probes = 0;
  const probe = async (_url: string, count: number): Promise<ProbeResult> => {
    probes += 1;
    const good = answers(world.now - began);
    return { sent: count, failed: good ? 0 : count, firstFailure: good ? null : "connect ECONNRESET" };
  };
  const aws = Object.assign(Object.create(ports.aws) as typeof ports.aws, { probe });
  const family = await readFamily(ports, "dev");
  await untilServing(
    { ...ports, aws },
    {
      ...family,
      environment: { ...family.environment, config: parseEnvironmentConfig(config, { environment: "dev" }) },
    },
    (event) => events.push(event),
    new AbortController().signal,
  );
  return { events, tookMs: world.now - began, probes };
}

describe("the end of `up`", () => {
  it("waits for a load balancer that does not send to its new targets yet", async () => {
    const { events, tookMs } = await wait((at) => at >= 180_000);
    assert.ok(tookMs >= 180_000);
    assert.deepEqual(
      events.map((event) => (event.kind === "stage" ? event.status : event.kind)),
      ["started", "progress", "finished"],
    );
    assert.match(JSON.stringify(events[1]), /4 of 4 requests to 'web' failed: connect ECONNRESET/);
  });

  it("one good round is not enough", async () => {
    let rounds = 0;
    const { probes } = await wait(() => (rounds += 1) !== 2);
    assert.equal(probes, 5);
  });

  it("is an error when all is deployed and nobody answers", async () => {
    await assert.rejects(
      wait(() => false),
      (error: unknown) =>
        error instanceof DriverError &&
        error.code === "EBG-GATE" &&
        /are deployed, but 4 of 4 requests to 'web' failed/.test(error.message) &&
        /EKS_BLUE_GREEN_PROBE=off/.test(error.remedy),
    );
  });

  it("is not over while a member in traffic has no healthy targets, though the others answer every request", async () => {
    const idle = wait(
      () => true,
      (world) => {
        world.record = {
          ...world.record,
          placement: { ...world.record.placement, green: { role: "active", version: "1.34", workload: "running" } },
        };
        world.clusters.set("green", { ...world.member("1.34", true), sick: true });
        world.reconcile();
      },
    );
    await assert.rejects(
      idle,
      (error: unknown) =>
        error instanceof DriverError &&
        error.code === "EBG-GATE" &&
        /green: fewer than half of its targets are healthy/.test(error.message),
    );
  });

  it("asks nobody when no member is in traffic", async () => {
    const { probes } = await wait(
      () => false,
      (world) => {
        const { blue } = world.record.placement;
        if (blue === undefined) throw new Error("no blue");
        world.record = {
          ...world.record,
          placement: { ...world.record.placement, blue: { ...blue, role: "standby" } },
        };
      },
    );
    assert.equal(probes, 0);
  });
});
