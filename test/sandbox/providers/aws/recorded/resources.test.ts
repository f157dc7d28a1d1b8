import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { AwsStandIn, awsResources } from "../../../../../sandbox/providers/aws/provider";
import {
  describeNotPlayed,
  notPlayedFile,
  readNotPlayed,
} from "../../../../../sandbox/providers/aws/recorded/not-played";
import { shapeOf } from "../../../../../sandbox/providers/aws/recorded/shape";
import { UNKNOWN } from "../../../../../sandbox/providers/rpc/values";

const queue = { urn: "urn:pulumi:s::p::aws:sqs/queue:Queue::jobs", type: "aws:sqs/queue:Queue", name: "jobs" };
const record = {
  urn: "urn:pulumi:s::p::aws:route53/record:Record::www",
  type: "aws:route53/record:Record",
  name: "www",
};
const seed = Buffer.from("seed");
const limits = { signal: new AbortController().signal, timeoutSeconds: 0 };

describe("AWS resources that the sandbox does not play", () => {
  const folder = mkdtempSync(join(tmpdir(), "ebg-test-"));
  after(() => rmSync(folder, { recursive: true }));
  const file = notPlayedFile(folder);
  const provider = new AwsStandIn({ NOT_PLAYED_FILE: file });
  const made = async (about: typeof queue, news: object) => {
    const { inputs, failures } = await provider.check({ ...about, olds: {}, news, seed });
    assert.deepEqual(failures, []);
    return { inputs, ...(await provider.create({ ...about, inputs, preview: false }, limits)) };
  };

  it("keeps what the program gives and answers what AWS would tell", async () => {
    const { id, outputs } = await made(queue, { delaySeconds: 5, tags: { team: "shop" } });
    assert.match(id, /^jobs-[0-9a-f]{7}$/);
    assert.equal(outputs["name"], id);
    assert.equal(outputs["delaySeconds"], 5);
    assert.equal(outputs["arn"], `arn:aws:sqs:us-east-1:000000000000:${id}`);
    assert.match(outputs["url"], /^https:\/\/jobs-[0-9a-f]{7}\.us-east-1\.not-played\.invalid\//);
    assert.deepEqual(outputs["tagsAll"], { team: "shop" });
  });
  it("tells no value in a create's preview that only the update knows", async () => {
    const { inputs } = await provider.check({ ...queue, olds: {}, news: {}, seed });
    const { id, outputs } = await provider.create({ ...queue, inputs, preview: true }, limits);
    assert.equal(id, "");
    assert.equal(outputs["url"], UNKNOWN);
    assert.equal(outputs["name"], inputs["name"]);
  });
  it("keeps a drawn name, and what AWS told, through an update and its preview", async () => {
    const { id, inputs, outputs } = await made(queue, {});
    const checked = await provider.check({ ...queue, olds: inputs, news: { delaySeconds: 9 }, seed: Buffer.from("x") });
    assert.equal(checked.inputs["name"], inputs["name"]);
    const change = { ...queue, id, oldInputs: inputs, oldOutputs: outputs, news: checked.inputs };
    assert.deepEqual((await provider.diff(change)).changes, [{ path: "delaySeconds", kind: "add", replaces: false }]);
    for (const preview of [true, false]) {
      const now = await provider.update({ ...change, preview }, limits);
      assert.deepEqual({ ...now, delaySeconds: undefined }, { ...outputs, delaySeconds: undefined });
      assert.equal(now["delaySeconds"], 9);
    }
    const back = { ...change, oldInputs: checked.inputs, oldOutputs: { ...outputs, delaySeconds: 9 }, news: inputs };
    assert.deepEqual(await provider.update({ ...back, preview: false }, limits), outputs);
  });
  it("is replaced by another name, and where the SDK's documentation says so", async () => {
    const type = "aws:s3/filesAccessPoint:FilesAccessPoint";
    const about = { urn: `urn:pulumi:s::p::${type}::files`, type, name: "files" };
    const change = { ...about, id: "x", oldOutputs: {}, oldInputs: { fileSystemId: "a" }, news: { fileSystemId: "b" } };
    assert.deepEqual((await provider.diff(change)).changes, [{ path: "fileSystemId", kind: "update", replaces: true }]);
    const named = { ...queue, id: "a", oldOutputs: {}, oldInputs: { name: "a" }, news: { name: "b" } };
    assert.deepEqual((await provider.diff(named)).changes, [{ path: "name", kind: "update", replaces: true }]);
  });
  it("refuses what the type has not, and a type that the SDK has not", async () => {
    const { failures } = await provider.check({ ...queue, olds: {}, news: { delayMinutes: 1 }, seed });
    assert.deepEqual(failures, [
      { property: "delayMinutes", reason: "aws:sqs/queue:Queue has no argument delayMinutes" },
    ]);
    for (const type of ["aws:sqs/quue:Quue", "aws:sqs/../../secret:Queue", "other:sqs/queue:Queue"])
      await assert.rejects(
        provider.check({ ...queue, type, olds: {}, news: {}, seed }),
        (error: Error & { remedy?: string }) =>
          error.message.includes(`has no ${type}`) && /--provider aws=PATH/.test(error.remedy ?? ""),
      );
  });
  it("imports nothing, because nothing is there", async () => {
    const read = { ...queue, id: "https://queue", inputs: {}, outputs: {} };
    await assert.rejects(provider.read(read), /does not play aws:sqs\/queue:Queue/);
    const { inputs, outputs, id } = await made(queue, {});
    assert.deepEqual(await provider.read({ ...queue, id, inputs, outputs }), { inputs, outputs });
  });
  it("counts what was made, and no preview", async () => {
    rmSync(file, { force: true });
    assert.deepEqual(readNotPlayed(file), {});
    await made(queue, {});
    await made({ ...queue, urn: `${queue.urn}-2`, name: "jobs-2" }, {});
    await made(record, { name: "www.example.org", type: "CNAME", zoneId: "Z1", ttl: 60, records: ["a.example.org"] });
    assert.equal(describeNotPlayed(readNotPlayed(file)), "1 × aws:route53/record:Record, 2 × aws:sqs/queue:Queue");
  });
  it("knows every type of the installed SDK that it does not play", () => {
    const sdk = dirname(require.resolve("@pulumi/aws/package.json"));
    const services = [
      "sqs",
      "sns",
      "s3",
      "rds",
      "route53",
      "dynamodb",
      "elasticache",
      "kms",
      "cloudwatch",
      "iam",
      "eks",
    ];
    const played = new Set(awsResources.map(({ token }) => token));
    const types = services.flatMap((service) =>
      readdirSync(join(sdk, service))
        .filter((name) => name.endsWith(".js"))
        .flatMap(
          (name) => / __pulumiType = '(aws:[^']+)'/.exec(readFileSync(join(sdk, service, name), "utf8"))?.[1] ?? [],
        ),
    );
    assert.ok(types.length > 200, `${types.length}`);
    for (const type of types.filter((one) => !played.has(one))) {
      const shape = shapeOf(type);
      assert.ok(shape !== null, type);
      for (const input of shape.inputs) assert.ok(shape.properties[input] !== undefined, `${type} ${input}`);
    }
  });
});
