import assert from "node:assert/strict";
import { AwsStandIn, awsResources } from "../../../../sandbox/providers/aws/provider";

const about = {
  urn: "urn:pulumi:s::p::aws:lb/targetGroup:TargetGroup::web",
  type: "aws:lb/targetGroup:TargetGroup",
  name: "web",
};
const seed = Buffer.from("seed");

describe("the aws stand-in", () => {
  const provider = new AwsStandIn({ AWS_ENDPOINT_URL: "http://127.0.0.1:1" });

  it("has each type once", () => assert.equal(new Set(awsResources.map((one) => one.token)).size, awsResources.length));

  it("draws the same name from the same seed, keeps it, and another for a replacement", async () => {
    const first = await provider.check({ ...about, olds: {}, news: { port: 80 }, seed });
    assert.match(first.inputs["name"], /^web-[0-9a-f]{7}$/);
    assert.equal(
      (await provider.check({ ...about, olds: {}, news: { port: 80 }, seed })).inputs["name"],
      first.inputs["name"],
    );
    assert.equal(
      (await provider.check({ ...about, olds: first.inputs, news: { port: 81 }, seed: Buffer.from("other") })).inputs[
        "name"
      ],
      first.inputs["name"],
    );
    assert.notEqual(
      (await provider.check({ ...about, olds: {}, news: { port: 81 }, seed: Buffer.from("other") })).inputs["name"],
      first.inputs["name"],
    );
  });
  it("refuses a property that it would ignore", async () => {
    const { failures } = await provider.check({ ...about, olds: {}, news: { slowerStart: 1 }, seed });
    assert.deepEqual(
      failures.map((one) => one.property),
      ["slowerStart"],
    );
  });
  it("replaces on a port, updates on a delay, says nothing about no change", async () => {
    const olds = { port: 80, deregistrationDelay: 300, targetType: "instance" };
    const diff = (news: object) => provider.diff({ ...about, id: "x", oldInputs: olds, oldOutputs: olds, news });
    assert.deepEqual((await diff({ ...olds, port: 81 })).changes, [{ path: "port", kind: "update", replaces: true }]);
    assert.deepEqual((await diff({ ...olds, deregistrationDelay: 60 })).changes, [
      { path: "deregistrationDelay", kind: "update", replaces: false },
    ]);
    assert.deepEqual((await diff(olds)).changes, []);
  });
  it("never talks to anything but this machine", async () => {
    await assert.rejects(new AwsStandIn({}).configure({}), /not a loopback address/);
    await assert.rejects(
      new AwsStandIn({ AWS_ENDPOINT_URL: "https://eks.us-east-1.amazonaws.com" }).configure({}),
      /not a loopback address/,
    );
  });
  it("names a type that it has not", async () => {
    await assert.rejects(
      provider.check({ ...about, type: "aws:s3/buckit:Buckit", olds: {}, news: {}, seed }),
      /has no aws:s3\/buckit:Buckit/,
    );
  });
});
