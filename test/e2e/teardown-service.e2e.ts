/**
 * The end of an environment whose load balancer the primary's Service owns, with instance targets: its controller
 * deletes what it made, and nothing is left.
 */
import assert from "node:assert/strict";
import { deploy, drive, ownedByService } from "./instance-targets";

describe("teardown, owner service", function () {
  this.timeout(900_000);

  it("ends the load balancer with its Service, and leaves nothing", async () => {
    const stage = await deploy(ownedByService);
    try {
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
    } finally {
      await stage.close();
    }
  });
});
