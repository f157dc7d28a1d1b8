/** What a teardown finds afterwards, in AWS as the sandbox has it. */
import assert from "node:assert/strict";
import {
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  CreateVolumeCommand,
} from "@aws-sdk/client-ec2";
import { CreateTargetGroupCommand } from "@aws-sdk/client-elastic-load-balancing-v2";
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { EvacuationAdapter } from "../../../../automation/adapters/aws/evacuation-adapter";
import type { Leftover } from "../../../../automation/ports";
import { environmentTag, LeftoverSearch } from "../../../../automation/adapters/aws/leftovers";
import { credentials, region, useRig } from "../../../sandbox/aws-front/rig";

describe("the search for leftovers", function () {
  this.timeout(60_000);
  const rig = useRig();
  const before = { ...process.env };
  after(() => {
    for (const key of ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) {
      if (before[key] === undefined) delete process.env[key];
      else process.env[key] = before[key];
    }
  });

  it("names what carries the environment's or its clusters' tags, and nothing of anybody else", async () => {
    const { front, ec2, elb, vpcId } = rig();
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: front.url,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    });
    const search = new LeftoverSearch(region);
    const iam = new IAMClient({ endpoint: front.url, region, credentials, maxAttempts: 1 });
    try {
      assert.deepEqual(await search.find("dev", ["dev-blue", "dev-green"]), []);
      const role = async (RoleName: string, environment: string): Promise<void> =>
        void (await iam.send(
          new CreateRoleCommand({
            RoleName,
            AssumeRolePolicyDocument: "{}",
            Tags: [{ Key: environmentTag, Value: environment }],
          }),
        ));
      await Promise.all([
        role("blue-nodes-1a2b", "dev"),
        role("green-nodes-1a2b", "prod"),
        role("somebody-else", "dev"),
      ]);
      const volume = async (name: string): Promise<string> =>
        (
          await ec2.send(
            new CreateVolumeCommand({
              AvailabilityZone: `${region}a`,
              Size: 1,
              TagSpecifications: [
                { ResourceType: "volume", Tags: [{ Key: `kubernetes.io/cluster/${name}`, Value: "owned" }] },
              ],
            }),
          )
        ).VolumeId ?? "";
      const [ours] = await Promise.all([volume("dev-blue"), volume("prod-blue")]);
      const { GroupId = "" } = await ec2.send(
        new CreateSecurityGroupCommand({ GroupName: "k8s-traffic", Description: "left", VpcId: vpcId }),
      );
      await ec2.send(
        new CreateTagsCommand({ Resources: [GroupId], Tags: [{ Key: "elbv2.k8s.aws/cluster", Value: "dev-green" }] }),
      );
      const group = await elb.send(
        new CreateTargetGroupCommand({
          Name: "left",
          Protocol: "TCP",
          Port: 80,
          VpcId: vpcId,
          TargetType: "ip",
          Tags: [{ Key: environmentTag, Value: "dev" }],
        }),
      );
      await elb.send(
        new CreateTargetGroupCommand({
          Name: "theirs",
          Protocol: "TCP",
          Port: 80,
          VpcId: vpcId,
          TargetType: "ip",
          Tags: [{ Key: environmentTag, Value: "prod" }],
        }),
      );
      const all = await search.find("dev", ["dev-blue", "dev-green"]);
      const found = all.map(({ what, id }) => `${what} ${id}`).sort();
      assert.deepEqual(
        found,
        [
          "IAM role blue-nodes-1a2b",
          `security group ${GroupId}`,
          `target group ${group.TargetGroups?.[0]?.TargetGroupArn ?? ""}`,
          `volume ${ours ?? ""}`,
        ].sort(),
      );
      const adopted = await elb.send(
        new CreateTargetGroupCommand({ Name: "k8s-web", Protocol: "TCP", Port: 80, VpcId: vpcId, TargetType: "ip" }),
      );
      const arn = adopted.TargetGroups?.[0]?.TargetGroupArn ?? "";
      const more = (await search.find("dev", ["dev-blue", "dev-green"], [arn])).map(({ id }) => id);
      assert.deepEqual(
        more.filter((id) => !all.some((one) => one.id === id)),
        [arn],
        "what was handed over has no tag of ours",
      );
      const role1 = all.find(({ what }) => what === "IAM role")?.command ?? "";
      assert.match(role1, /^for policy in .*list-attached-role-policies.* detach-role-policy .* delete-role-policy /);
      assert.match(role1, /"\$policy"; done && aws iam delete-role --role-name blue-nodes-1a2b$/);
    } finally {
      search.dispose();
      iam.destroy();
    }
  });

  it("names what clusters made by themselves, which keeps a network from being deleted", async () => {
    const { ec2, subnets, vpcId } = rig();
    const search = new LeftoverSearch(region);
    const evacuation = new EvacuationAdapter(region, async () => 0);
    try {
      const tagged = async (id: string | undefined, Key: string, Value: string): Promise<string> => {
        await ec2.send(new CreateTagsCommand({ Resources: [id ?? ""], Tags: [{ Key, Value }] }));
        return id ?? "";
      };
      const nic = async (Key: string, Value: string): Promise<string> => {
        const made = await ec2.send(
          new CreateNetworkInterfaceCommand({ SubnetId: subnets[0], Description: "aws-K8S-i-1" }),
        );
        return await tagged(made.NetworkInterface?.NetworkInterfaceId, Key, Value);
      };
      const group = async (name: string, Key: string, Value: string): Promise<string> => {
        const made = await ec2.send(
          new CreateSecurityGroupCommand({ GroupName: name, Description: "left", VpcId: vpcId }),
        );
        return await tagged(made.GroupId, Key, Value);
      };
      const ours = [
        `network interface ${await nic("cluster.k8s.amazonaws.com/name", "own-blue")}`,
        `security group ${await group("eks-cluster-sg-own-blue", "kubernetes.io/cluster/own-blue", "owned")}`,
      ].sort();
      await nic("cluster.k8s.amazonaws.com/name", "own-blue-2");
      await group("shared-by-many", "kubernetes.io/cluster/own-blue", "shared");
      const named = (found: readonly Leftover[]): string[] => found.map(({ what, id }) => `${what} ${id}`).sort();
      assert.deepEqual(named(await search.inTheWay(["own-blue", "own-green"])), ours);
      assert.deepEqual(named(await search.find("own", ["own-blue"])), ours);
      assert.deepEqual(named(await evacuation.leftBehind("own-blue")), ours);
    } finally {
      search.dispose();
      evacuation.dispose();
    }
  });
});
