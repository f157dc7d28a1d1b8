import assert from "node:assert/strict";
import type { TargetHealthState } from "../../../sandbox/contract";
import { flowHash, routable, type RoutedTarget } from "../../../sandbox/data-plane/routing";
import { lags } from "./rig";

const times = lags().network;
const target = (
  id: string,
  health: TargetHealthState,
  registeredAt: number,
  deregisteredAt: number | null = null,
  healthSince = 0,
): RoutedTarget => ({
  target: { id, address: id, port: 80, registeredAt, deregisteredAt, reachable: true },
  health,
  healthSince,
  wasHealthy: health !== "initial",
});
const ids = (targets: readonly RoutedTarget[], now: number): string[] =>
  routable(targets, now, times, 60).map((t) => t.target.id);

describe("routing", () => {
  it("gives a new target flows only after the registration lag", () => {
    const both = [target("old", "healthy", 0), target("new", "healthy", 10_000)];
    assert.deepEqual(ids(both, 12_999), ["old"]);
    assert.deepEqual(ids(both, 13_000), ["old", "new"]);
  });
  it("goes on giving flows to a deregistered target for the lag", () => {
    const both = [target("a", "healthy", 0), target("b", "healthy", 0, 10_000)];
    assert.deepEqual(ids(both, 12_999), ["a", "b"]);
    assert.deepEqual(ids(both, 13_000), ["a"]);
  });
  it("leaves an unhealthy target after its lag", () => {
    const both = [target("a", "healthy", 0), target("b", "unhealthy", 0, null, 10_000)];
    assert.deepEqual(ids(both, 10_500), ["a", "b"]);
    assert.deepEqual(ids(both, 10_600), ["a"]);
  });
  it("fails open when none is healthy, and has nobody when there is no target", () => {
    assert.deepEqual(ids([target("a", "unhealthy", 0), target("b", "initial", 0)], 60_000), ["a", "b"]);
    assert.deepEqual(ids([], 60_000), []);
  });
  it("spreads neighbouring source ports evenly", () => {
    const counts = [0, 0, 0, 0, 0, 0];
    for (let port = 30_000; port < 36_000; port++) counts[flowHash("127.0.0.1", port) % 6]!++;
    const chi = counts.reduce((sum, n) => sum + (n - 1_000) ** 2 / 1_000, 0);
    assert.ok(chi < 25, `chi-square ${chi} of ${counts.join()}`);
  });
});
