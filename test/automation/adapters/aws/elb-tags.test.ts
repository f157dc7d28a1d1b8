import assert from "node:assert/strict";
import type { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { callAws } from "../../../../automation/adapters/aws/call";
import { describeElbTags } from "../../../../automation/adapters/aws/elb-tags";
import { DriverError } from "../../../../automation/errors";

const arn = (index: number): string => `arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/tg-${index}/0`;

describe("tags in an account that others use", () => {
  const asked: number[] = [];
  /** One that names anything that is gone fails as a whole, as in AWS. */
  const client = (gone: readonly string[], name = "TargetGroupNotFoundException") =>
    ({
      send: async ({ input }: { input: { ResourceArns: string[] } }) => {
        asked.push(input.ResourceArns.length);
        if (input.ResourceArns.length > 20 || input.ResourceArns.some((one) => gone.includes(one)))
          throw Object.assign(new Error("One or more target groups not found"), { name });
        return {
          TagDescriptions: input.ResourceArns.map((ResourceArn) => ({
            ResourceArn,
            Tags: [{ Key: "of", Value: ResourceArn }],
          })),
        };
      },
    }) as unknown as ElasticLoadBalancingV2Client;
  const arns = Array.from({ length: 45 }, (_, index) => arn(index));
  beforeEach(() => void (asked.length = 0));

  it("are asked for by twenty", async () => {
    const found = await describeElbTags(client([]), callAws, [...arns, arn(0), ""]);
    assert.deepEqual([found.size, asked], [45, [20, 20, 5]]);
    assert.deepEqual(found.get(arn(44)), { of: arn(44) });
  });

  it("are told of all that is still there when one was deleted meanwhile", async () => {
    const found = await describeElbTags(client([arn(3), arn(44)]), callAws, arns);
    assert.equal(found.size, 43);
    assert.equal(found.get(arn(3)), undefined);
    assert.deepEqual(asked, [20, ...Array<number>(20).fill(1), 20, 5, 1, 1, 1, 1, 1]);
  });

  it("that are refused for another reason are an error", async () => {
    await assert.rejects(
      describeElbTags(client([arn(3)], "Throttling"), callAws, arns),
      (error: unknown) => error instanceof DriverError && error.code === "EBG-AWS",
    );
  });
});
