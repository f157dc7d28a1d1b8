/** Requests that the policies' reader and the doer would understand differently. */
import assert from "node:assert/strict";
import { AwsError } from "../../../sandbox/aws-front/aws-error";
import { elbAsks } from "../../../sandbox/aws-front/permissions/elb-asks";
import type { Account } from "../../../sandbox/aws-front/permissions/ask";
import { refuseAmbiguous } from "../../../sandbox/aws-front/query-request";
import { signedPost } from "../../../sandbox/shared/signed-post";
import { credentials, region, useRig } from "./rig";

const form = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
interface Sent {
  readonly service?: string;
  readonly method?: string;
  readonly target?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}
const check = ({ service = "ec2", method = "POST", target = "/", headers = form, body = "" }: Sent): void =>
  refuseAmbiguous(service, {
    method,
    target,
    headers,
    url: new URL(target, "http://127.0.0.1"),
    body: Buffer.from(body),
  });

describe("a request of the query protocol", () => {
  const attacks: Record<string, Sent> = {
    "two actions": { body: "Action=DescribeVpcs&Action=DeleteVpc" },
    "two actions, one encoded": { body: "Action=DescribeVpcs&%41ction=DeleteVpc" },
    "two of any parameter": { body: "Action=DeleteVpc&VpcId=vpc-1&VpcId=vpc-2" },
    "an action in URL and body": { target: "/?Action=DeleteVpc", body: "Action=DescribeVpcs" },
    "a parameter in the URL beside a body": { target: "/?VpcId=vpc-1", body: "Action=DeleteVpc" },
    "a target": { headers: { ...form, "x-amz-target": "X.DeleteVpc" }, body: "Action=DescribeVpcs" },
    "an action in a header alone": { headers: { action: "DeleteVpc" } },
    "a form of parts": { headers: { "content-type": "multipart/form-data; boundary=x" }, body: "Action=DescribeVpcs" },
    "a body without a type": { headers: {}, body: "Action=DescribeVpcs" },
    "a type that begins so": { headers: { "content-type": `${form["content-type"].slice(0, 33)}x` }, body: "Action=A" },
    "a packed body": { headers: { ...form, "content-encoding": "gzip" }, body: "Action=DescribeVpcs" },
    "a question mark": { body: "?Action=DescribeVpcs" },
    "a fragment": { method: "GET", headers: {}, target: "/?Action=DescribeVpcs#&Action=DeleteVpc" },
    "another path": { target: "/moto-api/reset", body: "Action=DescribeVpcs" },
    "another path with dots": { target: "/moto-api/..", body: "Action=DescribeVpcs" },
    "another method": { method: "PUT", body: "Action=DescribeVpcs" },
    "a target and an action in the URL": { service: "kms", target: "/?Action=X", headers: { "x-amz-target": "T.Y" } },
    "a target and one in the body": { service: "kms", headers: { "x-amz-target": "T.Y" }, body: '{"a":"&Action=X&"}' },
    "two actions of any service": { service: "monitoring", body: "Action=ListMetrics&Action=DeleteAlarms" },
  };
  for (const [what, sent] of Object.entries(attacks))
    it(`is refused with ${what}`, () =>
      assert.throws(
        () => check(sent),
        (error: unknown) => error instanceof AwsError && error.status === 400,
      ));
  it("is refused when it is too large to be looked at", () =>
    assert.throws(() => check({ body: `Action=A&B=${"x".repeat(1_000_001)}` }), { status: 413 }));

  const sound: Record<string, Sent> = {
    "a form, as SDKs send it": { body: "Action=DescribeVpcs&Version=2016-11-15&Filter.1.Name=a&Filter.2.Name=a" },
    "a presigned URL": { method: "GET", headers: {}, target: "/?Action=A&Version=1&X-Amz-Date=1&X-Amz-Signature=2" },
    "a target with JSON": { service: "kms", headers: { "x-amz-target": "T.Y" }, body: '{"KeyId":"Action"}' },
    "EKS with JSON": { service: "eks", target: "/clusters", body: "{}", headers: {} },
    "bytes for S3": { service: "s3", method: "PUT", target: "/bucket/key", body: "Action=A&Action=B", headers: {} },
  };
  for (const [what, sent] of Object.entries(sound)) it(`passes as ${what}`, () => check(sent));
});

describe("a request of ELBv2 is asked about what it acts on", () => {
  const account = { region, accountId: "1", linked: new Set() } as unknown as Account;
  const asks = (operation: string, body: string) =>
    elbAsks(account, {
      service: "elasticloadbalancing",
      operation,
      path: "/",
      search: new URLSearchParams(),
      body: Buffer.from(body),
    }).map(({ resource }) => resource);

  it("by the parameter of its kind", () => {
    assert.deepEqual(asks("DeleteLoadBalancer", "LoadBalancerArn=lb"), ["lb"]);
    assert.deepEqual(asks("DeleteTargetGroup", "TargetGroupArn=tg"), ["tg"]);
    assert.deepEqual(asks("ModifyListener", "ListenerArn=l&DefaultActions.member.1.TargetGroupArn=tg"), ["l"]);
    assert.deepEqual(asks("DeleteRule", "RuleArn=r"), ["r"]);
    assert.deepEqual(asks("AddTags", "ResourceArns.member.1=a&ResourceArns.member.2=b"), ["a", "b"]);
    assert.deepEqual(asks("SetRulePriorities", "RulePriorities.member.1.RuleArn=r"), ["r"]);
    assert.deepEqual(asks("CreateListener", "LoadBalancerArn=lb"), ["lb"]);
  });
  it("and refused with another resource beside it", () => {
    const attacks: [string, string][] = [
      ["DeleteLoadBalancer", "LoadBalancerArn=theirs&TargetGroupArn=mine"],
      ["DeleteListener", "ListenerArn=theirs&LoadBalancerArn=mine"],
      ["DeleteTargetGroup", "TargetGroupArn=theirs&ResourceArns.member.1=mine"],
      ["AddTags", "ResourceArns.member.1=theirs&RulePriorities.member.1.RuleArn=mine"],
      ["ModifyRule", "RuleArn=theirs&ResourceArn=mine"],
    ];
    for (const [operation, body] of attacks)
      assert.throws(() => asks(operation, body), /ValidationError|has no parameter/, body);
  });
});

describe("the AWS front", function () {
  this.timeout(60_000);
  const rig = useRig();
  it("does nothing of a signed request that names two operations", async () => {
    const post = async (body: string) => {
      const { host } = new URL(rig().front.url);
      const headers = signedPost({ ...credentials, host, region, service: "ec2", headers: form, body });
      return await fetch(rig().front.url, { method: "POST", headers, body });
    };
    const version = "Version=2016-11-15";
    const both = await post(`Action=DescribeVpcs&${version}&Action=DeleteVpc&VpcId=${rig().vpcId}`);
    assert.equal(both.status, 400);
    assert.match(await both.text(), /InvalidQueryParameter/);
    assert.match(await (await post(`Action=DescribeVpcs&${version}`)).text(), new RegExp(rig().vpcId));
  });
});
