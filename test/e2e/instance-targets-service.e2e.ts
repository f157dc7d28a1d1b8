/**
 * Instance targets behind the load balancer of the primary's Service: under load the primary stands down, keeps the load
 * balancer, and comes back; in the end its controller deletes what it made, and nothing is left.
 */
import assert from "node:assert/strict";
import { deploy, drive, healthy, nodeTargets, ownedByService, registered, verify } from "./instance-targets";
import type { Stage } from "./stage";
import { underLoad } from "./traffic";

describe("instance targets, owner service", function () {
  this.timeout(900_000);
  let stage: Stage;
  before(async () => {
    stage = await deploy(ownedByService);
  });
  after(async () => stage?.close());

  it("the primary stands down by its annotation, keeps the load balancer, and comes back", async () => {
    const balancers = (): readonly string[] => stage.arns("load-balancers");
    const standsBy = (): string =>
      stage.command("kubectl", [
        "--context",
        "dev-blue",
        "-n",
        "web",
        "get",
        "service",
        "web-lb",
        "-o",
        "jsonpath={.metadata.annotations.service\\.beta\\.kubernetes\\.io/aws-load-balancer-target-node-labels}",
      ]).stdout;
    const [before, blue] = [balancers(), nodeTargets(stage, "blue", "web-lb")];
    assert.equal(before.length, 1);
    await underLoad(stage, async () => {
      await drive(stage, "admit", "green");
      assert.deepEqual(registered(stage), healthy([...blue, ...nodeTargets(stage, "green", "web")]));
      await drive(stage, "drain", "blue");
      assert.deepEqual(registered(stage), healthy(nodeTargets(stage, "green", "web")));
      assert.equal(standsBy(), "eks-blue-green/standby=true");
      await verify(stage, ["green"]);
      await drive(stage, "admit", "blue");
      assert.equal(standsBy(), "");
      assert.deepEqual(
        registered(stage),
        healthy([...nodeTargets(stage, "blue", "web-lb"), ...nodeTargets(stage, "green", "web")]),
      );
      await verify(stage, ["blue", "green"]);
    });
    assert.deepEqual(balancers(), before);
  });

  it("a teardown ends the load balancer with its Service, and leaves nothing", async () => {
    const kinds: readonly (readonly string[])[] = [
      ["elbv2", "describe-load-balancers", "--query", "LoadBalancers[].LoadBalancerArn"],
      ["elbv2", "describe-target-groups", "--query", "TargetGroups[].TargetGroupArn"],
      ["eks", "list-clusters", "--query", "clusters"],
      ["ec2", "describe-security-groups", "--query", "SecurityGroups[?GroupName!='default'].GroupId"],
    ];
    const there = (): string[][] => kinds.map((args) => stage.json<string[]>("aws", [...args, "--output", "json"]));
    assert.ok(
      there().every((found) => found.length > 0),
      JSON.stringify(there()),
    );
    await drive(stage, "teardown", "--yes-delete", "dev");
    assert.deepEqual(there(), [[], [], [], []]);
  });
});
