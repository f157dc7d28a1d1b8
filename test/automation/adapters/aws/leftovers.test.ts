/** What a teardown finds afterwards, in AWS as the sandbox has it. */
import assert from "node:assert/strict";
import { CreateSecurityGroupCommand, CreateTagsCommand, CreateVolumeCommand } from "@aws-sdk/client-ec2";
import { CreateTargetGroupCommand } from "@aws-sdk/client-elastic-load-balancing-v2";
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
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
      const found = (await search.find("dev", ["dev-blue", "dev-green"])).map(({ what, id }) => `${what} ${id}`).sort();
      assert.deepEqual(
        found,
        [
          "IAM role blue-nodes-1a2b",
          `security group ${GroupId}`,
          `target group ${group.TargetGroups?.[0]?.TargetGroupArn ?? ""}`,
          `volume ${ours ?? ""}`,
        ].sort(),
      );
    } finally {
      search.dispose();
      iam.destroy();
    }
  });
});
