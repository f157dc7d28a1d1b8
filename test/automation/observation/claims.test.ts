import assert from "node:assert/strict";
import type { EvacuationPort } from "../../../automation/ports";
import { contested, settledBy } from "../../../automation/observation/claims";
import { healthOf, learnOwners, noOwners, snapshot } from "../../../automation/observation/target-owners";
import { World } from "../world";
import { member, observation } from "../evacuation/scene";

const blueIds = ["10.0.1.1:80", "10.0.1.2:80"];
const greenIds = ["10.0.2.1:80", "10.0.2.2:80"];

describe("a target that two members claim", () => {
  const forged = observation([member("blue", blueIds), member("green", [...greenIds, ...blueIds])]);

  it("is found, whoever was asked first", () => {
    for (const seen of [
      forged,
      { ...forged, members: { green: forged.members["green"]!, blue: forged.members["blue"]! } },
    ])
      assert.deepEqual(
        contested(seen).map(({ id }) => id),
        blueIds,
      );
  });

  it("keeps the owner that it had before, and has none when nobody knew", () => {
    const before = learnOwners(noOwners, observation([member("blue", blueIds), member("green", greenIds)]));
    assert.deepEqual(snapshot(learnOwners(before, forged), forged, "blue")["web"], blueIds);
    const fresh = learnOwners(noOwners, forged);
    assert.deepEqual([snapshot(fresh, forged, "blue")["web"], snapshot(fresh, forged, "green")["web"]], [[], greenIds]);
  });

  it("does not make a member serve that has no target of its own", () => {
    const seen = observation([member("blue", blueIds), member("green", []), member("amber", blueIds)]);
    assert.equal(healthOf(learnOwners(noOwners, seen), seen, "amber"), "unhealthy");
  });

  it("is settled by EC2 alone, and only when it names one cluster of those that claim it", () => {
    const claim = { key: "web", id: "10.0.1.1:80", members: ["blue", "green"] };
    const cluster = (name: string): string => `dev-${name}`;
    const table: [readonly string[] | null, string | null][] = [
      [["dev-blue"], "blue"],
      [["dev-green"], "green"],
      [["dev-blue", "dev-green"], null],
      [["other"], null],
      [[], null],
      [null, null],
    ];
    for (const [clusters, expected] of table)
      assert.equal(settledBy(claim, clusters === null ? undefined : { clusters, via: "eni-1" }, cluster), expected);
  });
});

describe("a drain of a member whose targets another one claims", () => {
  /** Green's list has blue's addresses as well, from the second bake's beginning on, or from the start. */
  function forging(world: World, ec2: "tells" | "is silent"): void {
    const ports = world.ports.bind(world);
    world.ports = () => {
      const own = ports();
      const evacuation: Partial<EvacuationPort> = {
        leftBehind: async () => [],
        ownersOf: async (ids) =>
          Object.fromEntries(
            ids.map((id) => [
              id,
              { clusters: ec2 === "tells" ? [`dev-${world.targets.get(id)?.member ?? "?"}`] : [], via: "eni-1" },
            ]),
          ),
      };
      const recordedTargets: typeof own.kubernetes.recordedTargets = async (of, ...rest) => {
        const list = await own.kubernetes.recordedTargets(of, ...rest);
        return of.member === "green" && list !== null ? [...list, ...world.pods("blue")] : list;
      };
      return {
        ...own,
        evacuation: evacuation as EvacuationPort,
        kubernetes: { ...own.kubernetes, recordedTargets },
      };
    };
  }

  it("does not begin while nothing proves whose they are: nothing passes for gone that is registered", async () => {
    const world = new World();
    forging(world, "is silent");
    const result = await world.upgrade();
    assert.equal(result.code, "EBG-CLAIM", result.message);
    assert.match(result.remedy ?? "", /aws-lbc-targets/);
    assert.ok(world.clusters.get("blue")?.bound, "blue was not drained");
    assert.ok(world.clusters.has("blue"));
  });

  it("goes by what EC2 says, and says who claims them wrongly", async () => {
    const world = new World();
    forging(world, "tells");
    const result = await world.upgrade();
    assert.equal(result.outcome, "done", result.message);
    const finding = world.events.find((event) => event.kind === "finding" && event.code === "EBG-CLAIM");
    assert.ok(finding !== undefined);
    assert.ok(world.leastHealthy >= 3);
    assert.equal(
      [...world.targets.values()].some(({ member: of, drainingSince }) => of === "blue" && drainingSince === null),
      false,
    );
  });
});
